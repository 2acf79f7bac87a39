/* SPDX-License-Identifier: Apache-2.0 */
/* What every command asks of its command line. */
#include <unistd.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "run/container.h"
#include "run/timeline.h"

const char *invocation_path(struct invocation *in, const char *path)
{
	char cwd[4096];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return path;
	return str_eq(path, ".")
		       ? arena_strdup(in->arena, cwd)
		       : arena_printf(in->arena, "%s/%s", str_eq(cwd, "/") ? "" : cwd, path);
}

int invocation_timeline(struct invocation *in, const char *process, struct timeline *ret,
			struct error *err)
{
	const char *format = in->set.timeline_format;

	*ret = (struct timeline){ .on = in->set.timeline || format,
				  .json = format && str_eq(format, "json"),
				  .process = process };
	if (format && !ret->json && !str_eq(format, "text"))
		return error_set(err, ERR_USAGE, "invalid timeline-format \"%s\": text or json",
				 format);
	timeline_note(ret, PHASE_LOAD);
	return 0;
}

int invocation_root(struct invocation *in, const char **ret, struct error *err)
{
	const char *root = in->set.root;

	if (!root || !*root) {
		*ret = state_default_root(in->arena);
		return 0;
	}
	if (str_eq(root, "/"))
		return error_set(err, ERR_USAGE, "Option --root argument should not be set to /");
	*ret = invocation_path(in, root);
	return 0;
}

int invocation_open(struct invocation *in, bool lock, struct container *ret, struct error *err)
{
	const char *root;

	if (invocation_root(in, &root, err))
		return -1;
	return container_open(root, in->args[0], lock, in->arena, ret, err);
}

int invocation_preserve_fds(const struct invocation *in, unsigned *ret, struct error *err)
{
	const char *text = in->set.preserve_fds;
	uint64_t n = 0;

	if (text && (!str_to_u64(text, &n) || n > 1000000))
		return error_set(err, ERR_USAGE, "invalid value \"%s\" of option --preserve-fds",
				 text);
	*ret = (unsigned)n;
	return 0;
}
