/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/security.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/proc.h"
#include "sys/syscalls.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/*
 * All for the possessor; for others of the same user only to be found by its name, which /proc/keys does not tell them then
 * (keyctl_setperm(3)).
 */
#define KEYRING_PERMISSIONS 0x3f080000u

/* A line "Name:\t<hexadecimal>". */
static bool read_mask(const char *text, const char *name, uint64_t *ret)
{
	const char *line = strstr(text, name);

	if (!line)
		return false;
	*ret = strtoull(line + strlen(name), NULL, 16);
	return true;
}

/* One file in the place of a system call for each capability and for each signal. */
int inheritance_read(struct inheritance *ret, struct error *err)
{
	auto_fd int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char text[8192];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return error_sys(err, "read /proc/self/status");
	text[n] = '\0';
	if (!proc_holds(fd) || !read_mask(text, "\nCapBnd:", &ret->bounding) ||
	    !read_mask(text, "\nCapPrm:", &ret->permitted) ||
	    !read_mask(text, "\nSigIgn:", &ret->ignored_signals))
		return error_set(err, ERR_SYSTEM, "/proc/self/status is not what it should be");
	/* libcap has asked the kernel when we began. */
	ret->last_capability = (unsigned)cap_max_bits() - 1;
	return 0;
}

int caps_limit_bounding(uint64_t keep, unsigned last, struct error *err)
{
	for (unsigned cap = 0; cap <= last; cap++) {
		if (keep & UINT64_C(1) << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) < 0) {
			/* Without CAP_SETPCAP only what is absent already counts as dropped. */
			if (errno == EPERM && prctl(PR_CAPBSET_READ, cap) == 0)
				continue;
			return error_sys(err, "prctl PR_CAPBSET_DROP of capability %u", cap);
		}
	}
	return 0;
}

int caps_keep(bool keep, struct error *err)
{
	if (prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) < 0)
		return error_sys(err, "prctl PR_SET_KEEPCAPS");
	return 0;
}

static int set_flag(cap_t caps, cap_flag_t flag, uint64_t mask)
{
	for (cap_value_t cap = 0; mask; cap++, mask >>= 1)
		if ((mask & 1) && cap_set_flag(caps, flag, 1, &cap, CAP_SET) < 0)
			return -1;
	return 0;
}

int caps_raise(struct error *err)
{
	cap_t caps = cap_get_proc();
	int result = -1;

	if (!caps)
		return error_sys(err, "capget");
	if (cap_fill(caps, CAP_EFFECTIVE, CAP_PERMITTED) == 0 && cap_set_proc(caps) == 0)
		result = 0;
	else
		error_sys(err, "capset of the permitted capabilities as effective");
	cap_free(caps);
	return result;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct error *err)
{
	cap_t caps = cap_init();
	int result = -1;

	if (!caps)
		return error_sys(err, "cap_init");
	if (set_flag(caps, CAP_EFFECTIVE, effective) == 0 &&
	    set_flag(caps, CAP_PERMITTED, permitted) == 0 &&
	    set_flag(caps, CAP_INHERITABLE, inheritable) == 0 && cap_set_proc(caps) == 0)
		result = 0;
	else
		error_sys(err, "capset");
	cap_free(caps);
	return result;
}

int caps_apply(uint64_t effective, uint64_t permitted, uint64_t inheritable, uint64_t ambient,
	       struct error *err)
{
	if (caps_set(effective, permitted, inheritable, err))
		return -1;
	/* cap_reset_ambient() would ask for each first. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return error_sys(err, "prctl PR_CAP_AMBIENT_CLEAR_ALL");
	for (cap_value_t cap = 0; ambient; cap++, ambient >>= 1)
		if ((ambient & 1) && cap_set_ambient(cap, CAP_SET) < 0)
			return error_sys(err, "prctl PR_CAP_AMBIENT_RAISE of capability %d", cap);
	return 0;
}

bool changed_user_is_dumpable(void)
{
	auto_fd int fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
	char value;

	return fd < 0 || read(fd, &value, 1) != 1 || value == '1';
}

int no_new_privileges_set(struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys(err, "prctl PR_SET_NO_NEW_PRIVS");
	return 0;
}

/* The line of proc_key_users(5) for us: "uid: usage keys/instantiated keys/most bytes/most". */
static bool read_quota(unsigned quota[4])
{
	auto_proc struct proc proc = { .fd = -1 };
	char text[16384];
	struct error unused;

	if (proc_open(&proc, PROC_ALL, &unused) ||
	    proc_read(&proc, "key-users", text, sizeof(text), &unused) < 0)
		return false;
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		unsigned uid;

		if (sscanf(p, "%u: %*u %*u/%*u %u/%u %u/%u", &uid, &quota[0], &quota[1], &quota[2],
			   &quota[3]) == 5 &&
		    uid == geteuid())
			return true;
	}
	return false;
}

/* What errno says of it, "disk quota exceeded", misleads. */
static int quota_exceeded(const char *name, struct error *err)
{
	unsigned quota[4];

	error_set(
		err, ERR_SYSTEM,
		"keyctl join session keyring \"%s\": the kernel's key quota of user %u is used up",
		name, geteuid());
	if (read_quota(quota))
		error_hint(err, "%u of %u keys, %u of %u bytes", quota[0], quota[1], quota[2],
			   quota[3]);
	return error_hint(
		err, "raise kernel.keys.maxkeys and kernel.keys.maxbytes (for the host's root "
		     "root_maxkeys and root_maxbytes), or do without a keyring (--no-new-keyring)");
}

int keyring_join(const char *name, struct error *err)
{
	long serial = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)(uintptr_t)name, 0, 0);

	/* A kernel without keyrings has none to keep apart. */
	if (serial < 0 && errno == ENOSYS)
		return 0;
	if (serial < 0 && errno == EDQUOT)
		return quota_exceeded(name, err);
	if (serial < 0)
		return error_sys(err, "keyctl join session keyring \"%s\"", name);
	if (sys_keyctl(KEYCTL_SETPERM, (unsigned long)serial, KEYRING_PERMISSIONS, 0) < 0)
		return error_sys(err, "keyctl setperm of the session keyring");
	return 0;
}

int filter_load(const struct sock_filter *code, uint16_t n, unsigned flags, struct error *err)
{
	struct sock_fprog program = { .len = n, .filter = (struct sock_filter *)(uintptr_t)code };
	int result = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);

	if (result < 0)
		return error_sys(err, "seccomp set filter of %u instructions with flags %#x", n,
				 flags);
	/* With TSYNC a positive number names a thread that could not be synchronised. */
	if (result > 0 && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return error_set(err, ERR_SYSTEM, "seccomp: thread %d cannot take the filter",
				 result);
	return result;
}

bool filter_flag_is_known(unsigned flag)
{
	/* This one is for filters with a listener. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Flags are judged before the program is read. */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}
