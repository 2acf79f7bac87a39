/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup2.h"
#include "cgroup/devrules.h"
#include "cgroup/hierarchy.h"
#include "cgroup/knob.h"
#include "cgroup/systemd.h"

#define CONTENT_MAX ((size_t)1 << 20)

struct note {
	struct note *before;
	struct hierarchy *h;
	const char *path; /* below the root */
	const char *text; /* to be written */
};

/* ---- noting ---------------------------------------------------------------------------------------------------------- */

/* Files of lines that each begin with a key, and what takes away the line of a key that was not there. */
static const struct pair keyed[] = {
	{ "blkio.throttle.", "0" },
	{ "blkio.weight_device", "0" },
	{ "blkio.leaf_weight_device", "0" },
	{ "blkio.bfq.weight_device", "default" },
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.latency", "target=0" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "net_prio.ifpriomap", "0" },
	{ "rdma.max", "hca_handle=max hca_object=max" },
};

static const char *find_line(const char *text, const char *key, size_t length)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n > length && strncmp(text, key, length) == 0 && text[length] == ' ')
			return text;
		text += n + (text[n] == '\n');
	}
	return NULL;
}

const char *journal_reverse(const char *file, const char *now, const char *value, struct arena *a)
{
	size_t length = strcspn(value, " ");
	const char *line;

	for (size_t i = 0; value[length] && i < ARRAY_SIZE(keyed); i++) {
		if (!str_starts(file, keyed[i].key))
			continue;
		line = find_line(now, value, length);
		if (line)
			return arena_strndup(a, line, strcspn(line, "\n"));
		return arena_printf(a, "%.*s %s", (int)length, value, keyed[i].value);
	}
	/* "oom_kill_disable 0" and more lines, which tell of something else. */
	if (str_eq(file, "memory.oom_control") && strchr(now, ' '))
		now = strchr(now, ' ') + 1;
	return arena_strndup(a, now, strcspn(now, "\n"));
}

static struct note *note(struct hierarchy *h, const char *path, const char *value)
{
	struct arena *a = h->journal->cg->arena;
	auto_fd int fd = hierarchy_open(h, path, O_RDONLY);
	const char *now = fd < 0 ? NULL : fd_read_all(a, fd, CONTENT_MAX, NULL);
	const char *slash = strrchr(path, '/');
	struct note *n = arena_new(a, struct note);

	if (!now)
		return NULL;
	*n = (struct note){ h->journal->last, h, arena_strdup(a, path),
			    journal_reverse(slash ? slash + 1 : path, now, value, a) };
	return n;
}

int journal_write_path(struct hierarchy *h, const char *path, const char *value)
{
	struct note *n = h->journal ? note(h, path, value) : NULL;
	auto_fd int fd = -1;

	/* A file without anything to be read sets something off, which cannot be put back. */
	if (h->journal && !n && errno != EACCES)
		return -1;
	fd = hierarchy_open(h, path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -1;
	if (n)
		h->journal->last = n;
	return 0;
}

int journal_write(struct hierarchy *h, const char *file, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", h->path, file);
	return journal_write_path(h, path, value);
}

/* ---- undoing --------------------------------------------------------------------------------------------------------- */

static int put_back(const struct note *n)
{
	auto_fd int fd = hierarchy_open(n->h, n->path, O_WRONLY);

	return fd >= 0 && write(fd, n->text, strlen(n->text)) >= 0 ? 0 : -1;
}

static void add_text(struct error *err, const char *text)
{
	size_t used = strlen(err->text);

	snprintf(err->text + used, sizeof(err->text) - used, "%s", text);
}

/* Without rules every device may be used that the cgroup above may use. */
static int put_back_devices(struct journal *j, struct error *err)
{
	static const struct device_rule all = { true,
						'a',
						DEVICE_ANY,
						DEVICE_ANY,
						DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD,
						DEVICE_RULE_OWN };
	static const struct cgroup_plan open_plan = { .devices = &all, .n_devices = 1 };
	bool judged = j->before && j->before->n_devices;

	return devrules_apply(j->cg, judged ? j->before : &open_plan, err);
}

void cgroup_undo(struct journal *j, struct error *err)
{
	bool changed = j->last || j->devices;
	struct error failure;
	char text[400] = "";

	for (size_t i = 0; i < j->cg->n; i++)
		j->cg->list[i].journal = NULL;
	if (j->devices && put_back_devices(j, &failure))
		snprintf(text, sizeof(text), " the device rules (%.200s)", failure.text);
	for (const struct note *n = j->last; n; n = n->before) {
		size_t used = strlen(text);

		if (put_back(n) < 0)
			snprintf(text + used, sizeof(text) - used, "%s \"%s\" of \"%s%s\" (%s)",
				 used ? "," : "", n->text, n->h->mount, n->path, error_text(errno));
	}
	/* A reload of it must not bring back what has been taken back. */
	if (j->told && systemd_tell_files(j->cg, &failure))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " systemd (%.200s)",
			 failure.text);
	j->last = NULL;
	j->devices = false;
	j->told = false;
	if (*text) {
		add_text(err, "; could not be put back:");
		add_text(err, text);
	} else if (changed) {
		add_text(err, "; what had been changed before is as it was");
	}
}

/* ---- changing -------------------------------------------------------------------------------------------------------- */

/* v1's kernel refuses a limit below what is used; v2's makes room, by killing where nothing else helps. */
static int check_usage(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	const struct limit *limit = plan_find_limit(plan, LIMIT_MEMORY);
	struct hierarchy *h;
	char text[32];
	uint64_t used;

	if (!plan->check_usage || !limit || limit->value < 0)
		return 0;
	if (knob_find_place(cg, limit, &h, err))
		return -1;
	if (h->version == 2 && hierarchy_read(h, "memory.current", text, sizeof(text)) &&
	    str_to_u64(text, &used) && used > (uint64_t)limit->value)
		return error_config(err, limit->where,
				    "the limit of %jd bytes is less than what is in use already, "
				    "%s",
				    (intmax_t)limit->value, text);
	return 0;
}

static int write_files(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct hierarchy *v2 = cgroup_find_v2(cg);

	if (knob_apply(cg, plan, true, err) || knob_apply(cg, plan, false, err))
		return -1;
	return v2 && plan->n_unified ? cgroup2_apply_unified(v2, plan, cg->arena, err) : 0;
}

static int change_all(struct cgroup *cg, const struct cgroup_plan *plan, struct journal *j,
		      struct error *err)
{
	if (write_files(cg, plan, err))
		return -1;
	if (!plan->n_devices)
		return 0;
	j->devices = true;
	return devrules_apply(cg, plan, err);
}

/*
 * The kernel's refusals come first, as they are the likely ones. systemd then writes the files anew, and where it rounds a
 * value the exact one is written once more.
 */
static int tell_systemd(struct cgroup *cg, const struct cgroup_plan *plan, struct journal *j,
			struct error *err)
{
	struct hierarchy *v2 = cgroup_find_v2(cg);
	char exact[64], now[64];

	if (!cg->unit)
		return 0;
	/* A quota is hundredths of a CPU to systemd, which may write its own whatever else is changed. */
	if (!v2 || !hierarchy_read(v2, "cpu.max", exact, sizeof(exact)))
		exact[0] = '\0';
	if (systemd_update(cg, plan, err))
		return -1;
	j->told = true;
	if (write_files(cg, plan, err))
		return -1;
	if (exact[0] && hierarchy_read(v2, "cpu.max", now, sizeof(now)) && !str_eq(now, exact) &&
	    hierarchy_write(v2, "cpu.max", exact))
		return error_sys(err, "write \"%s\" to \"%s%s/cpu.max\"", exact, v2->mount,
				 v2->path);
	return 0;
}

int cgroup_update(struct cgroup *cg, const struct cgroup_plan *plan,
		  const struct cgroup_plan *before, struct journal *journal, struct error *err)
{
	*journal = (struct journal){ .cg = cg, .before = before };
	if (!plan->n_limits && !plan->n_unified && !plan->n_devices)
		return 0;
	if (!cg->n)
		return error_set(err, ERR_STATE, "the container has no cgroup to limit it with");
	/* Nothing is changed where one of them cannot be had at all. */
	if (knob_check(cg, plan, err) || devrules_check(cg, plan, err) ||
	    check_usage(cg, plan, err))
		return -1;
	for (size_t i = 0; i < cg->n; i++)
		cg->list[i].journal = journal;
	if (change_all(cg, plan, journal, err) || tell_systemd(cg, plan, journal, err)) {
		cgroup_undo(journal, err);
		return -1;
	}
	return 0;
}
