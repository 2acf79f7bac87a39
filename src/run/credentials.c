/* SPDX-License-Identifier: Apache-2.0 */
#include "run/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"
#include "run/limits.h"
#include "sys/lsm.h"
#include "sys/proc.h"
#include "sys/security.h"
#include "sys/syscalls.h"

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

static int apply_attributes(const struct process_plan *p, struct error *err)
{
	if (p->has_personality && personality(p->personality) < 0) {
		error_sys(err, "personality %#lx", p->personality);
		return error_at(err, "/linux/personality");
	}
	if (p->mempolicy.set &&
	    sys_set_mempolicy(p->mempolicy.mode, p->mempolicy.max_node ? p->mempolicy.nodes : NULL,
			      p->mempolicy.max_node ? p->mempolicy.max_node + 1 : 0) < 0) {
		error_sys(err, "set_mempolicy mode %#x", (unsigned)p->mempolicy.mode);
		return error_at(err, "/linux/memoryPolicy");
	}
	return 0;
}

static const struct proc *find_proc(const struct credentials *c, struct proc *own,
				    struct error *err)
{
	if (c->proc)
		return c->proc;
	return proc_open(own, PROC_PIDS, err) ? NULL : own;
}

/* A user namespace whose maker may not set groups says "deny" here; then the list cannot be emptied. */
static bool groups_denied(const struct credentials *c)
{
	auto_proc struct proc own = { .fd = -1 };
	char text[16] = "";
	struct error unused;
	const struct proc *proc = find_proc(c, &own, &unused);

	return proc && proc_read(proc, "self/setgroups", text, sizeof(text), &unused) > 0 &&
	       str_starts(text, "deny");
}

static int apply_groups(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;

	if (p->keep_groups || setgroups(p->n_groups, p->groups) == 0)
		return 0;
	if (errno != EPERM || !groups_denied(c))
		return error_sys(err, "setgroups with %zu groups", p->n_groups);
	if (p->n_groups == 0)
		return 0;
	return error_errno(err, EPERM,
			   "setgroups with %zu groups: the user namespace denies it "
			   "(/proc/self/setgroups), because an ordinary user mapped its groups",
			   p->n_groups);
}

static int apply_ids(const struct process_plan *p, struct error *err)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return error_sys(err, "setresgid to %u", p->gid);
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return error_sys(err, "setresuid to %u", p->uid);
	if (getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0)
		return error_sys(err, "getresuid");
	if (r != p->uid || e != p->uid || s != p->uid || gr != p->gid || ge != p->gid ||
	    gs != p->gid)
		return error_set(err, ERR_SYSTEM, "the process did not become user %u, group %u",
				 p->uid, p->gid);
	return 0;
}

/* The kernel names a directory outside our root "(unreachable)...": a descriptor led out of the container. */
static int verify_cwd(struct error *err)
{
	char path[4096];
	long n = syscall(SYS_getcwd, path, sizeof(path));

	if (n < 0 && errno != ENAMETOOLONG && errno != ERANGE && errno != ENOENT)
		return error_sys(err, "getcwd");
	if ((n < 0 && errno == ENOENT) || (n > 0 && path[0] != '/'))
		return error_set(err, ERR_CONFIG, PHRASE_BREAKOUT);
	return 0;
}

static int cwd_failed(const struct process_plan *p, struct error *err)
{
	return error_sys(err, PHRASE_CWD, p->cwd);
}

/* Root's chdir comes first; what root may not enter (NFS, a user namespace) the user is tried for. */
static int become_user(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;
	const char *where = c->where;
	bool entered = chdir(p->cwd) == 0;

	if (!entered && errno != EACCES && errno != EPERM) {
		cwd_failed(p, err);
		return error_at(err, "%s/cwd", where);
	}
	if (apply_groups(c, err))
		return error_at(err, "%s/user/additionalGids", where);
	if (apply_ids(p, err))
		return error_at(err, "%s/user", where);
	if (!entered && chdir(p->cwd) < 0) {
		cwd_failed(p, err);
		return error_at(err, "%s/cwd", where);
	}
	if (verify_cwd(err))
		return error_at(err, "%s/cwd", where);
	return 0;
}

/*
 * The AppArmor profile and the SELinux label that the next execve(2) of this process, or of a child of it, gives the
 * program.
 */
static int set_labels(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;
	auto_proc struct proc own = { .fd = -1 };
	const struct proc *proc;

	if (!p->apparmor && !p->selinux)
		return 0;
	proc = find_proc(c, &own, err);
	if (!proc)
		return -1;
	if (p->apparmor && lsm_set_profile(proc, p->apparmor, p->apparmor_stack, err))
		return error_at(err, "%s/apparmorProfile", c->where);
	if (p->selinux && lsm_set_exec_label(proc, p->selinux, err))
		return error_at(err, "%s/selinuxLabel", c->where);
	return 0;
}

/* The keyring is the container's, so it has its label. */
static int join_keyring(const struct credentials *c, struct error *err)
{
	const char *label = c->process->selinux;
	auto_proc struct proc own = { .fd = -1 };
	const struct proc *proc;

	if (!label)
		return keyring_join(c->keyring, err);
	proc = find_proc(c, &own, err);
	if (!proc)
		return -1;
	if (lsm_set_key_label(proc, label, err))
		return error_at(err, "%s/selinuxLabel", c->where);
	return keyring_join(c->keyring, err) || lsm_set_key_label(proc, NULL, err) ? -1 : 0;
}

int credentials_become(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;

	if ((c->keyring && join_keyring(c, err)) || set_labels(c, err))
		return -1;
	if (apply_attributes(p, err) || rlimits_set(p, c->where, err))
		return -1;
	if (caps_limit_bounding(p->caps[CAP_SET_BOUNDING], c->last_capability, err))
		return error_at(err, "%s/capabilities/bounding", c->where);
	if (caps_keep(true, err) || become_user(c, err) || caps_keep(false, err))
		return -1;
	umask(p->umask);
	return p->no_new_privileges ? no_new_privileges_set(err) : 0;
}

int credentials_drop(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;
	uint64_t for_filter = 0;

	if (c->seccomp && !p->no_new_privileges)
		for_filter = UINT64_C(1) << CAP_SYS_ADMIN;
	if (caps_apply(p->caps[CAP_SET_EFFECTIVE] | for_filter,
		       p->caps[CAP_SET_PERMITTED] | for_filter, p->caps[CAP_SET_INHERITABLE],
		       p->caps[CAP_SET_AMBIENT], err))
		return error_at(err, "%s/capabilities", c->where);
	return 0;
}

int credentials_drop_filtered(const struct credentials *c, struct error *err)
{
	const struct process_plan *p = c->process;

	if (credentials_drop(c, err) || filter_enter(c->seccomp, err))
		return -1;
	if (caps_set(p->caps[CAP_SET_EFFECTIVE], p->caps[CAP_SET_PERMITTED],
		     p->caps[CAP_SET_INHERITABLE], err))
		return error_at(err, "%s/capabilities", c->where);
	return 0;
}

int filter_announce(const struct seccomp_plan *seccomp, int *ret_listener, struct error *err)
{
	auto_fd int lowest = -1;

	*ret_listener = -1;
	if (!seccomp || !seccomp->notify)
		return 0;
	lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (lowest < 0)
		return error_sys(err, "find a descriptor for the seccomp listener");
	*ret_listener = lowest;
	return 0;
}

int filter_enter(const struct seccomp_plan *seccomp, struct error *err)
{
	unsigned flags = seccomp ? seccomp->flags : 0;

	if (seccomp && seccomp->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (seccomp && filter_load(seccomp->code, seccomp->n_code, flags, err) < 0)
		return error_at(err, "/linux/seccomp");
	return 0;
}
