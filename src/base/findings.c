/* SPDX-License-Identifier: Apache-2.0 */
#include "base/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

static void add(struct findings *f, bool warning, const struct error *err)
{
	struct finding *new;

	for (const struct finding *old = f->first; old; old = old->next)
		if (str_eq(old->error.text, err->text) && str_eq(old->error.where, err->where))
			return;
	new = arena_new(f->arena, struct finding);
	new->warning = warning;
	new->error = *err;
	if (!f->last)
		f->last = &f->first;
	*f->last = new;
	f->last = &new->next;
	if (warning)
		f->n_warnings++;
	else
		f->n_errors++;
}

void findings_add(struct findings *f, const struct error *err)
{
	add(f, false, err);
}

void findings_warn(struct findings *f, const char *where, const char *fmt, ...)
{
	struct error err = { .kind = ERR_CONFIG };
	va_list args;

	va_start(args, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	snprintf(err.where, sizeof(err.where), "%s", where);
	add(f, true, &err);
}
