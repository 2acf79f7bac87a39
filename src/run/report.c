/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report.h"

#include "run/outcome.h"

void report_annotations(struct json_writer *w, const struct pair *annotations, size_t n)
{
	if (!n)
		return;
	json_key(w, "annotations");
	json_open_object(w);
	for (size_t i = 0; i < n; i++)
		json_member_string(w, annotations[i].key, annotations[i].value);
	json_close_object(w);
}

const char *report_state(const char *id, const char *status, pid_t pid, const char *bundle,
			 const struct pair *annotations, size_t n, const struct outcome *outcome,
			 struct arena *a)
{
	struct json_writer w;

	json_begin(&w, a, NULL);
	json_open_object(&w);
	json_member_string(&w, "ociVersion", SPEC_VERSION);
	json_member_string(&w, "id", id);
	json_member_string(&w, "status", status);
	if (pid)
		json_member_int(&w, "pid", pid);
	json_member_string(&w, "bundle", bundle);
	report_annotations(&w, annotations, n);
	if (outcome)
		outcome_write(outcome, &w);
	json_close_object(&w);
	return w.text;
}

const char *report_hook_state(const struct plan *plan, const char *status, pid_t pid,
			      struct arena *a)
{
	return report_state(plan->id, status, pid, plan->bundle, plan->annotations,
			    plan->n_annotations, NULL, a);
}
