/* SPDX-License-Identifier: Apache-2.0 */
/* What every command asks of its command line. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/phrases.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "run/container.h"
#include "run/host.h"
#include "run/timeline.h"

#define SYSTEMD_SECONDS_MAX 3600

const char *invocation_path(struct invocation *in, const char *path)
{
	char cwd[4096];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return path;
	return str_eq(path, ".")
		       ? arena_strdup(in->arena, cwd)
		       : arena_printf(in->arena, "%s/%s", str_eq(cwd, "/") ? "" : cwd, path);
}

static bool wants_systemd(const struct invocation *in)
{
	const char *word = in->set.cgroup_manager;

	return in->set.systemd_cgroup || (word && str_eq(word, "systemd"));
}

/* Whoever does not ask systemd is not bothered. */
static int read_patience(struct host *host, struct error *err)
{
	const char *seconds = getenv("TEU_SYSTEMD_TIMEOUT");
	uint64_t n;

	if (host->manager != CGROUP_SYSTEMD || !seconds || !*seconds)
		return 0;
	if (!str_to_u64(seconds, &n) || n < 1 || n > SYSTEMD_SECONDS_MAX)
		return error_set(err, ERR_USAGE,
				 "invalid value \"%s\" of the environment variable "
				 "TEU_SYSTEMD_TIMEOUT: a number of seconds from 1 to %d",
				 seconds, SYSTEMD_SECONDS_MAX);
	host->systemd_seconds = (unsigned)n;
	return 0;
}

int invocation_host(struct invocation *in, struct host *ret, struct error *err)
{
	const char *word = in->set.cgroup_manager, *rootless = in->set.rootless;

	if (host_read(ret, in->arena, err))
		return -1;
	ret->manager = CGROUP_CGROUPFS;
	if (wants_systemd(in))
		ret->manager = CGROUP_SYSTEMD;
	else if (word && str_eq(word, "disabled"))
		ret->manager = CGROUP_DISABLED;
	if (!rootless || str_eq(rootless, "auto"))
		ret->rootless = ret->euid != 0 || ret->in_userns;
	else
		ret->rootless = str_eq(rootless, "true");
	return read_patience(ret, err);
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

int invocation_bundle(struct invocation *in, const char *bundle, const char **ret,
		      struct error *err)
{
	char path[PATH_MAX];

	if (!bundle || !*bundle)
		bundle = ".";
	if (!realpath(bundle, path))
		return error_sys(err, "bundle \"%s\"", bundle);
	*ret = arena_strdup(in->arena, path);
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
		return error_set(err, ERR_USAGE, PHRASE_ROOT);
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

int invocation_reach_manager(const struct invocation *in, const struct container *c,
			     struct error *err)
{
	if (c ? container_has_unit(c) : wants_systemd(in))
		return host_reach_systemd(in->argv, err);
	return 0;
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
