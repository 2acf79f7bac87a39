/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"

/* The kernel takes and gives at most a page. */
#define ATTRIBUTE_MAX 4096

/* ---- texts --------------------------------------------------------------------------------------------------------- */

char *lsm_profile_name(char *text)
{
	char *mode;

	text[strcspn(text, "\n")] = '\0';
	/* A name may have blanks and brackets itself; the mode is one word in the last place. */
	mode = strrchr(text, ' ');
	if (mode && mode > text && mode[1] == '(' && str_ends(mode, ")") && !strchr(mode + 2, '('))
		*mode = '\0';
	return text;
}

bool lsm_is_profile(char *text, const char *profile)
{
	const char *name = lsm_profile_name(text);

	if (!*name)
		return false;
	/* The kernel has its own spelling of names with a policy namespace and of stacks; that it took one is enough. */
	if (profile[0] == ':' || strstr(profile, "//&"))
		return !str_eq(name, "unconfined");
	return str_eq(name, profile);
}

/* Up to the level: "user:role:type". */
static size_t context_length(const char *label)
{
	const char *p = label;

	for (int i = 0; i < 3; i++) {
		p += strcspn(p, ":");
		if (!*p || i == 2)
			break;
		p++;
	}
	return (size_t)(p - label);
}

bool lsm_is_label(char *text, const char *label)
{
	size_t n = context_length(label);

	text[strcspn(text, "\n")] = '\0';
	return *text && context_length(text) == n && memcmp(text, label, n) == 0 &&
	       (text[n] == ':') == (label[n] == ':') && (!text[n] || text[n + 1]);
}

bool lsm_says_enabled(const char *text)
{
	return str_eq(text, "Y") || str_eq(text, "Y\n");
}

/* ---- what the kernel has ------------------------------------------------------------------------------------------- */

static bool read_host(const char *path, char *buf, size_t size)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

bool lsm_apparmor_is_enabled(void)
{
	char text[256];

	/* Some kernels let only root read it; securityfs is not there in a user namespace. */
	if (read_host("/sys/module/apparmor/parameters/enabled", text, sizeof(text)))
		return lsm_says_enabled(text);
	return errno != ENOENT &&
	       read_host("/proc/self/attr/apparmor/current", text, sizeof(text)) && *text;
}

bool lsm_is_unconfined(void)
{
	char text[ATTRIBUTE_MAX];

	return (read_host("/proc/self/attr/apparmor/current", text, sizeof(text)) ||
		read_host("/proc/self/attr/current", text, sizeof(text))) &&
	       str_eq(lsm_profile_name(text), "unconfined");
}

bool lsm_selinux_is_enabled(void)
{
	/* As libselinux sees it: a container that is kept from its file system does not use it. */
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

/* ---- attributes ---------------------------------------------------------------------------------------------------- */

static ssize_t read_attribute(const struct proc *proc, const char *path, char buf[ATTRIBUTE_MAX],
			      struct error *err)
{
	auto_fd int fd = proc_open_file(proc, path, O_RDONLY, err);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, ATTRIBUTE_MAX - 1);
	if (n < 0)
		return error_sys(err, "read \"/proc/%s\"", path);
	buf[n] = '\0';
	return n;
}

/* Before Linux 5.8 AppArmor has no attributes of its own, but then nobody else has these. */
static const char *apparmor_path(const struct proc *proc, const char *own, const char *shared)
{
	auto_fd int fd = proc_find_file(proc, own, O_PATH);

	return fd >= 0 || errno != ENOENT ? own : shared;
}

static int is_confined(const struct proc *proc, struct error *err)
{
	const char *path = apparmor_path(proc, "thread-self/attr/apparmor/current",
					 "thread-self/attr/current");
	char text[ATTRIBUTE_MAX];

	if (read_attribute(proc, path, text, err) < 0)
		return -1;
	return !str_eq(lsm_profile_name(text), "unconfined");
}

int lsm_set_profile(const struct proc *proc, const char *profile, bool stack, struct error *err)
{
	const char *path =
		apparmor_path(proc, "thread-self/attr/apparmor/exec", "thread-self/attr/exec");
	int confined = is_confined(proc, err);
	char text[ATTRIBUTE_MAX];

	if (confined < 0)
		return error_in(err, "AppArmor profile \"%s\"", profile);
	/* Nothing can be added to be less confined: then it is for the kernel to allow or refuse it. */
	stack = (stack || confined) && !str_eq(profile, "unconfined");
	if ((size_t)snprintf(text, sizeof(text), "%s %s", stack ? "stack" : "exec", profile) >=
	    sizeof(text))
		return error_errno(err, ENAMETOOLONG, "AppArmor profile \"%.64s...\"", profile);
	if (proc_write(proc, path, text, err)) {
		if (err->errnum == ENOENT)
			return error_errno(err, ENOENT, "AppArmor profile \"%s\" is not loaded",
					   profile);
		return error_in(err, "AppArmor profile \"%s\"", profile);
	}
	if (read_attribute(proc, path, text, err) < 0)
		return error_in(err, "AppArmor profile \"%s\"", profile);
	if (!lsm_is_profile(text, profile))
		return error_set(err, ERR_SYSTEM,
				 "AppArmor profile \"%s\" was not taken: \"/proc/%s\" says \"%s\"",
				 profile, path, text);
	return 0;
}

/* Engines know a failure with SELinux by the path in back quotes. */
static int set_label(const struct proc *proc, const char *path, const char *label,
		     struct error *err)
{
	char text[ATTRIBUTE_MAX];

	if (strlen(label) >= sizeof(text))
		return error_errno(err, ENAMETOOLONG, "SELinux label \"%.64s...\"", label);
	if (proc_write(proc, path, label, err))
		return error_errno(err, err->errnum,
				   "SELinux label \"%s\": write to " PHRASE_ATTRIBUTE, label, path);
	if (read_attribute(proc, path, text, err) < 0)
		return error_in(err, "SELinux label \"%s\"", label);
	if (!lsm_is_label(text, label))
		return error_set(err, ERR_SYSTEM,
				 "SELinux label \"%s\" was not taken: " PHRASE_ATTRIBUTE
				 " says \"%s\"",
				 label, path, text);
	return 0;
}

int lsm_set_exec_label(const struct proc *proc, const char *label, struct error *err)
{
	return set_label(proc, "thread-self/attr/exec", label, err);
}

int lsm_set_key_label(const struct proc *proc, const char *label, struct error *err)
{
	static const char path[] = "thread-self/attr/keycreate";

	/* An empty line takes it back. */
	return label ? set_label(proc, path, label, err) : proc_write(proc, path, "\n", err);
}

int lsm_set_file_label(int dir, const char *label, struct error *err)
{
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0))
		return error_sys(err, "SELinux label \"%s\": fsetxattr security.selinux", label);
	return 0;
}
