/* SPDX-License-Identifier: Apache-2.0 */
#include "run/become.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "plan/seccomp.h"
#include "run/account.h"
#include "run/program.h"
#include "run/rootfs.h"
#include "sys/file.h"
#include "sys/lsm.h"
#include "sys/relay.h"
#include "sys/syscalls.h"
#include "sys/tty.h"

int become_session(const struct host *host, bool hide, const char *name, struct error *err)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_sys(err, "prctl PR_SET_PDEATHSIG");
	if (hide && prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_sys(err, "prctl PR_SET_DUMPABLE");
	/* We handle none, so that what was ignored is all that is not the default. */
	for (int sig = 1; sig <= 64; sig++)
		if (host->ignored_signals & UINT64_C(1) << (sig - 1))
			(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() < 0)
		return error_sys(err, "setsid");
	prctl(PR_SET_NAME, name);
	return 0;
}

/* The first id of a map: what a new user namespace can make us. */
static uint32_t first_id(const struct id_map *map, size_t n)
{
	uint32_t first = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		first = MIN(first, map[i].container);
	return first;
}

int become_root(const struct ns_plan *ns, struct error *err)
{
	bool fresh = ns->fresh & CLONE_NEWUSER;
	uid_t uid = fresh ? first_id(ns->maps.uid, ns->maps.n_uid) : 0;
	gid_t gid = fresh ? first_id(ns->maps.gid, ns->maps.n_gid) : 0;

	if (!(ns->listed & CLONE_NEWUSER))
		return 0;
	/* Groups of the host mean nothing here and may deny access; where they cannot be set they stay. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return error_sys(err, "setgroups in the user namespace");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_sys(err, "become user %u, group %u of the user namespace", uid, gid);
	return 0;
}

int become_terminal(const struct process_plan *p, const struct fs_plan *fs, int console,
		    struct error *err)
{
	struct terminal tty;
	auto_fd int root = -1, primary = -1, peer = -1;

	if (!p->terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, "open the container's root");
	if (terminal_open(root, &tty, err))
		return error_at(err, "/process/terminal");
	primary = tty.primary;
	peer = tty.peer;
	if (terminal_resize(peer, p->rows, p->columns, err) ||
	    (fs && rootfs_console(fs, peer, err)) || terminal_adopt(peer, p->uid, err))
		return error_at(err, "/process/terminal");
	return console < 0 ? 0 : socket_send_fd(console, "/dev/ptmx", primary, err);
}

int become_foreground(const struct process_plan *p, struct error *err)
{
	return p->terminal && terminal_control(err) ? error_at(err, "/process/terminal") : 0;
}

static void complete_environment(const struct process_plan *p, struct arena *a)
{
	size_t n = p->n_env;

	if (p->has_home)
		return;
	for (size_t i = 0; i < n; i++)
		if (str_starts(p->env[i], "HOME=")) {
			n = i;
			break;
		}
	p->env[n] = arena_printf(a, "HOME=%s", account_home(p->uid, a));
}

int become_user(const struct credentials *c, struct arena *a, const char **ret_program,
		struct error *err)
{
	const struct process_plan *p = c->process;

	complete_environment(p, a);
	if (stdio_adopt(p->uid, err) || credentials_become(c, err))
		return -1;
	return program_find(p, c->where, a, ret_program, err);
}

static int compare_descriptors(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int become_enclosed(unsigned preserve, int *keep, size_t n, struct error *err)
{
	unsigned first = 3 + preserve;

	qsort(keep, n, sizeof(keep[0]), compare_descriptors);
	for (size_t i = 0; i <= n; i++) {
		unsigned last = i < n ? (unsigned)keep[i] - 1 : ~0u;

		if (first <= last && sys_close_range(first, last, 0) < 0)
			return error_sys(err, "close_range");
		first = last + 2;
	}
	return 0;
}

int become_confined(const struct credentials *c, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return error_sys(err, "prctl PR_SET_PDEATHSIG");
	return credentials_drop(c, err);
}

/* No call is certain to pass, so nothing but time can end this: some seconds, where a millisecond is usual. */
static bool wait_until_taken(const struct progress *page)
{
	for (uint32_t i = 0; i < UINT32_MAX && !page->taken; i++)
		__asm__ volatile("" ::: "memory");
	return page->taken;
}

int become_filtered(const struct seccomp_plan *seccomp, const struct channel *ch, struct error *err)
{
	int listener;

	if (!seccomp || !seccomp->notify)
		return filter_enter(seccomp, err);
	if (filter_announce(seccomp, &listener, err) ||
	    channel_send(ch, MSG_LISTENER, listener, err) || filter_enter(seccomp, err))
		return -1;
	ch->progress->silent = true;
	if (!wait_until_taken(ch->progress))
		return error_set(err, ERR_TIMEOUT, "%s did not fetch the seccomp listener",
				 ch->peer);
	return 0;
}

/* More than a start of ours has open. */
#define REPORTS 64

static bool passes(const struct seccomp_plan *filter, int report)
{
	struct relay_call calls[RELAY_CALLS];

	relay_describe(report, calls);
	for (size_t i = 0; i < RELAY_CALLS; i++)
		if (!seccomp_permits(filter, calls[i].nr, calls[i].args))
			return false;
	return true;
}

bool become_may_relay(const struct plan *plan, const struct host *host)
{
	const struct process_plan *p = &plan->process;
	const struct seccomp_plan *filter = plan->seccomp;
	int first = 3 + (int)plan->preserve_fds;

	if (p->apparmor || p->selinux || host->selinux ||
	    (host->apparmor && !lsm_is_unconfined()) || (filter && filter->notify))
		return false;
	/* Which numbers the descriptors will have is not known yet, and a filter may look at them. */
	for (int i = 0; filter && i < REPORTS; i++)
		if (!passes(filter, first + i))
			return false;
	return true;
}

int become_prepare(const struct process_plan *p, const char *where, const char *program, int report,
		   struct leap *leap, struct arena *a, struct error *err)
{
	size_t n = 0;

	if (leap->relay < 0)
		return 0;
	if (program_check(program, err))
		return error_at(err, "%s/args/0", where);
	while (p->args[n])
		n++;
	leap->argv = arena_new_n(a, const char *, n + 2);
	memcpy(leap->argv + 1, p->args, n * sizeof(leap->argv[0]));
	return fcntl(report, F_SETFD, 0) < 0 ? error_sys(err, "fcntl F_SETFD") : 0;
}

int become_program(const struct process_plan *p, const char *where, const char *program,
		   const struct leap *leap, struct error *err)
{
	if (leap->relay >= 0)
		relay_execute(leap->relay, program, leap->argv, p->env);
	else
		execve(program, (char *const *)(uintptr_t)p->args,
		       (char *const *)(uintptr_t)p->env);
	program_explain(program, errno, err);
	return error_at(err, "%s/args/0", where);
}
