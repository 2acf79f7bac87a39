/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "sys/mounttable.h"
#include "sys/syscalls.h"

#define ALL_OPEN_TREE_FLAGS (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)

bool mount_call_is_missing(int errnum)
{
	return errnum == ENOSYS || errnum == EPERM;
}

bool mount_can_attach(void)
{
	/* A kernel that has the call and lets us mount complains of the descriptor. */
	return sys_move_mount(-1, "", -1, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
		       0 &&
	       errno == EBADF;
}

/* ---- a new file system ------------------------------------------------------------------------------------------- */

int mount_begin(const char *type)
{
	return sys_fsopen(type, FSOPEN_CLOEXEC);
}

/*
 * What the kernel has to say is read from the configuration descriptor, a message at a time: "e tmpfs: Bad value for
 * 'size'". The last error is the one that counts.
 */
static int explained(int fs, struct error *err)
{
	char message[256], last[256] = "";
	ssize_t n;
	size_t used;

	while ((n = read(fs, message, sizeof(message) - 1)) > 0) {
		message[n] = '\0';
		message[strcspn(message, "\n")] = '\0';
		if (message[0] == 'e' && message[1] == ' ')
			memcpy(last, message + 2, strlen(message + 2) + 1);
	}
	used = strlen(err->text);
	if (last[0])
		snprintf(err->text + used, sizeof(err->text) - used, " (%s)", last);
	return -1;
}

int mount_option(int fs, const char *key, const char *value, struct error *err)
{
	enum fsconfig_command how = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (sys_fsconfig(fs, how, key, value, 0) == 0)
		return 0;
	error_sys(err, "fsconfig %s%s%s", key, value ? "=" : "", value ? value : "");
	return explained(fs, err);
}

int mount_super_flags(int fs, uint32_t set, uint32_t clear, struct error *err)
{
	static const struct {
		uint32_t flag;
		const char *on, *off;
	} names[] = {
		{ MS_RDONLY, "ro", "rw" },
		{ MS_SYNCHRONOUS, "sync", "async" },
		{ MS_DIRSYNC, "dirsync", NULL },
		{ MS_MANDLOCK, "mand", "nomand" },
		{ MS_LAZYTIME, "lazytime", "nolazytime" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = set & names[i].flag	   ? names[i].on
				   : clear & names[i].flag ? names[i].off
							   : NULL;

		if (name && mount_option(fs, name, NULL, err))
			return -1;
	}
	return 0;
}

int mount_create(int fs, uint64_t attributes, struct error *err)
{
	int mnt;

	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		error_sys(err, "fsconfig create");
		return explained(fs, err);
	}
	mnt = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (mnt < 0) {
		error_sys(err, "fsmount");
		return explained(fs, err);
	}
	return mnt;
}

int mount_pick(int mnt)
{
	return sys_fspick(mnt, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
}

int mount_change(int fs, struct error *err)
{
	if (sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) == 0)
		return 0;
	error_sys(err, "fsconfig reconfigure");
	return explained(fs, err);
}

/* ---- the old forms ------------------------------------------------------------------------------------------------ */

static unsigned long old_flags(uint64_t attributes)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
	} flags[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (attributes & flags[i].attribute)
			result |= flags[i].flag;
	return result;
}

static const struct {
	long flag; /* of statfs(2) */
	uint64_t attribute;
	const char *name;
} attribute_flags[] = {
	{ 0x0001, MOUNT_ATTR_RDONLY, "ro" },
	{ 0x0002, MOUNT_ATTR_NOSUID, "nosuid" },
	{ 0x0004, MOUNT_ATTR_NODEV, "nodev" },
	{ 0x0008, MOUNT_ATTR_NOEXEC, "noexec" },
	{ 0x0400, MOUNT_ATTR_NOATIME, "noatime" },
	{ 0x0800, MOUNT_ATTR_NODIRATIME, "nodiratime" },
	{ 0x2000, MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" },
};

/* The attributes that a mount has. */
static int read_attributes(int mnt, uint64_t *ret)
{
	struct statfs fs;

	if (fstatfs(mnt, &fs))
		return -1;
	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(attribute_flags); i++)
		if (fs.f_flags & attribute_flags[i].flag)
			*ret |= attribute_flags[i].attribute;
	if (!(fs.f_flags & 0x1400)) /* neither noatime nor relatime */
		*ret |= MOUNT_ATTR_STRICTATIME;
	return 0;
}

static const char *access_time_name(uint64_t attributes)
{
	return attributes & MOUNT_ATTR_NOATIME	     ? "noatime"
	       : attributes & MOUNT_ATTR_STRICTATIME ? "strictatime"
						     : "relatime";
}

void mount_locked_names(int mnt, const struct mount_set *change, char *buf, size_t size)
{
	uint64_t now, cleared;
	size_t used = 0;

	buf[0] = '\0';
	if (read_attributes(mnt, &now))
		return;
	/* The mode of access times is locked as a whole. */
	if (change->clear & MOUNT_ATTR__ATIME && (now ^ change->set) & MOUNT_ATTR__ATIME)
		used = (size_t)snprintf(buf, size, "%s", access_time_name(now));
	cleared = now & change->clear & ~change->set & ~(uint64_t)MOUNT_ATTR__ATIME;
	for (size_t i = 0; i < ARRAY_SIZE(attribute_flags) && used < size; i++)
		if (cleared & attribute_flags[i].attribute)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "," : "",
						 attribute_flags[i].name);
}

/* mount(2) with paths below procfs, which becomes our working directory: SOURCE -1 takes `name`. */
static int mount_at(const struct proc *proc, int source, const char *name, int target,
		    const char *type, unsigned long flags, const void *data)
{
	char from[32], to[32];

	if (fchdir(proc->fd))
		return -1;
	snprintf(from, sizeof(from), "self/fd/%d", source);
	snprintf(to, sizeof(to), "self/fd/%d", target);
	return sys_mount(source >= 0 ? from : name, to, type, flags, data);
}

int mount_old(const struct proc *proc, int target, const char *type, const char *source,
	      uint64_t attributes, unsigned long flags, const char *data, struct error *err)
{
	if (mount_at(proc, -1, source, target, type, flags | old_flags(attributes), data))
		return error_sys(err, "mount with data \"%s\"", data ? data : "");
	return 0;
}

int mount_old_change(const struct proc *proc, int mnt, unsigned long flags, const char *data,
		     struct error *err)
{
	uint64_t attributes;

	if (read_attributes(mnt, &attributes))
		return error_sys(err, "statfs");
	return mount_old(proc, mnt, NULL, NULL, attributes, MS_REMOUNT | flags, data, err);
}

int mount_old_bind(const struct proc *proc, int source, int target, unsigned how, struct error *err)
{
	if (mount_at(proc, source, NULL, target, NULL, MS_BIND | (how & MOUNT_TREE ? MS_REC : 0),
		     NULL))
		return error_sys(err, "mount --%sbind", how & MOUNT_TREE ? "r" : "");
	return 0;
}

int mount_old_set(const struct proc *proc, int mnt, unsigned how, const struct mount_set *change,
		  struct error *err)
{
	uint64_t attributes;
	unsigned long relatime;

	if (change->clear || change->set) {
		if (how & MOUNT_TREE)
			return error_errno(err, ENOSYS,
					   "mount_setattr (attributes of a whole tree)");
		if (read_attributes(mnt, &attributes))
			return error_sys(err, "statfs");
		attributes = (attributes & ~change->clear) | change->set;
		/* Without any word on access times mount(2) would keep the ones that are. */
		relatime = attributes & MOUNT_ATTR__ATIME ? 0 : MS_RELATIME;
		if (mount_at(proc, -1, NULL, mnt, NULL,
			     MS_REMOUNT | MS_BIND | relatime | old_flags(attributes), NULL))
			return error_sys(err, "remount");
	}
	if (change->propagation &&
	    mount_at(proc, -1, NULL, mnt, NULL,
		     change->propagation | (how & MOUNT_TREE ? MS_REC : 0), NULL))
		return error_sys(err, "change propagation");
	return 0;
}

/* ---- part of the tree --------------------------------------------------------------------------------------------- */

int mount_clone_path(const char *path, unsigned how)
{
	return sys_open_tree(AT_FDCWD, path,
			     ALL_OPEN_TREE_FLAGS | AT_NO_AUTOMOUNT |
				     (how & MOUNT_TREE ? AT_RECURSIVE : 0) |
				     (how & MOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0));
}

int mount_clone(int fd, unsigned how)
{
	return sys_open_tree(fd, "",
			     ALL_OPEN_TREE_FLAGS | AT_EMPTY_PATH |
				     (how & MOUNT_TREE ? AT_RECURSIVE : 0));
}

int mount_open_path(const char *path, unsigned how)
{
	return open(path, O_PATH | O_CLOEXEC | (how & MOUNT_NOFOLLOW ? O_NOFOLLOW : 0));
}

int mount_attach(int mnt, int target, struct error *err)
{
	if (sys_move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return error_sys(err, "move_mount");
	return 0;
}

/* ---- attributes --------------------------------------------------------------------------------------------------- */

static unsigned at_flags(unsigned how)
{
	return AT_EMPTY_PATH | (how & MOUNT_TREE ? AT_RECURSIVE : 0);
}

int mount_set(int mnt, unsigned how, const struct mount_set *change)
{
	struct sys_mount_attr attr = {
		.attr_set = change->set,
		.attr_clr = change->clear,
		.propagation = change->propagation,
	};

	if (!change->set && !change->clear && !change->propagation)
		return 0;
	return sys_mount_setattr(mnt, "", at_flags(how), &attr);
}

bool mount_set_is_there(void)
{
	struct sys_mount_attr nothing = { 0 };

	return sys_mount_setattr(AT_FDCWD, "", AT_EMPTY_PATH, &nothing) == 0;
}

int mount_map_ids(int mnt, unsigned how, int user_namespace)
{
	struct sys_mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)user_namespace,
	};

	return sys_mount_setattr(mnt, "", at_flags(how), &attr);
}

int mount_propagate(const char *path, uint32_t propagation)
{
	return sys_mount(NULL, path, NULL, MS_REC | propagation, NULL);
}

/* ---- roots -------------------------------------------------------------------------------------------------------- */

int mount_pivot(int root, struct error *err)
{
	if (fchdir(root))
		return error_sys(err, "fchdir to the new root");
	/* Both roots end up at "/", the old one on top, and "." is in it. */
	if (sys_pivot_root(".", "."))
		return error_sys(err, "pivot_root");
	if (sys_umount2(".", MNT_DETACH))
		return error_sys(err, "umount the old root");
	if (chdir("/"))
		return error_sys(err, "chdir to the new root");
	return 0;
}

static int hide(const char *place, struct error *err)
{
	/* It may lie below one that is gone already. */
	if (sys_umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	/* Locked by a user namespace: an empty directory on top hides it as well. */
	if (sys_mount("tmpfs", place, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		      "size=4k,nr_inodes=2,mode=0"))
		return error_sys(err, "hide \"%s\"", place);
	return 0;
}

static int hide_kernel_mounts(char *info, unsigned root_id, struct arena *a, struct error *err)
{
	size_t n = 0;
	unsigned *inside;
	struct mount_line line;

	for (const char *p = info; *p; p++)
		n += *p == '\n';
	inside = arena_new_n(a, unsigned, n + 1);
	inside[0] = root_id;
	n = 1;
	while (mount_table_next(&info, &line)) {
		bool ours = false;

		for (size_t i = 0; i < n; i++)
			ours |= line.parent == inside[i] || line.id == root_id;
		if (ours)
			inside[n++] = line.id;
		else if ((strcmp(line.type, "proc") == 0 || strcmp(line.type, "sysfs") == 0) &&
			 hide(line.place, err))
			return -1;
	}
	return 0;
}

int mount_move_root(const struct proc *proc, int root, struct arena *a, struct error *err)
{
	char *info = mount_table_read(proc, a, err);

	if (!info)
		return -1;
	if (hide_kernel_mounts(info, (unsigned)mount_id(root), a, err))
		return -1;
	if (fchdir(root) || sys_mount(".", "/", NULL, MS_MOVE, NULL))
		return error_sys(err, "move the root mount");
	return mount_chroot(root, err);
}

int mount_chroot(int root, struct error *err)
{
	if (fchdir(root) || chroot(".") || chdir("/"))
		return error_sys(err, "chroot");
	return 0;
}

uint64_t mount_unique_id(int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID_UNIQUE, &st) ||
	    !(st.stx_mask & STATX_MNT_ID_UNIQUE))
		return mount_id(fd);
	return st.stx_mnt_id;
}

int mount_remove(const struct proc *proc, int mnt, struct error *err)
{
	char handle[32];

	snprintf(handle, sizeof(handle), "self/fd/%d", mnt);
	if (fchdir(proc->fd) || sys_umount2(handle, MNT_DETACH))
		return error_sys(err, "umount2");
	return 0;
}

int mount_detach(const char *path, uint64_t unique_id, struct error *err)
{
	auto_proc struct proc proc = { .fd = -1 };
	auto_fd int fd = mount_open_path(path, MOUNT_NOFOLLOW);
	auto_fd int cwd = mount_open_path(".", 0);
	int result;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_sys(err, "open \"%s\"", path);
	if (!unique_id || mount_unique_id(fd) != unique_id)
		return 0;
	if (proc_open(&proc, PROC_PIDS, err))
		return -1;
	result = mount_remove(&proc, fd, err);
	if (result)
		error_in(err, "unmount \"%s\"", path);
	return fchdir(cwd) && result == 0 ? error_sys(err, "return to the working directory")
					  : result;
}

bool mount_is_root(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}
