/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types that several parts of the plan share. Strings and arrays live in the arena or in the text of config.json and
 * stay as they are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"

/* Who makes cgroups. */
enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

/* One line of uid_map or gid_map. */
struct id_map {
	uint32_t container, host, size;
};

struct id_maps {
	const struct id_map *uid, *gid;
	size_t n_uid, n_gid;
};

/* What the plan has to know of this machine and of the caller; gathered once, before planning. */
struct host {
	uid_t euid;
	gid_t egid;
	bool in_userns;	 /* we are not in the initial user namespace */
	bool rootless;	 /* a cgroup that may not be written is tolerated */
	const char *cwd; /* absolute */
	uint64_t
		namespaces[8]; /* inode numbers of our own namespaces, in the order of ns_types[] */
	unsigned last_capability; /* /proc/sys/kernel/cap_last_cap */
	enum cgroup_manager manager;
	unsigned systemd_seconds; /* that systemd may take for an answer, 0: as usual */
	uint64_t bounding;	  /* our own capability sets */
	uint64_t permitted;
	bool apparmor, selinux; /* the kernel enforces it, so that a profile or label can be had */
	uint64_t ignored_signals; /* bit n - 1 for signal n */
	struct id_maps own_maps;  /* in_userns: of our own user namespace */
};

/* What the plan wants said at level "warning", with the place in config.json ("" if none). */
struct plan_warnings {
	struct arena *arena;
	struct plan_warning {
		const char *where, *text;
		struct plan_warning *next;
	} * first, **last;
};

/* Whether we may map any id of our own user namespace into a new one; an ordinary user may not. */
bool host_can_map_ids(const struct host *host);

void plan_warn(struct plan_warnings *w, const char *where, const char *fmt, ...) PRINTF(3, 4);
