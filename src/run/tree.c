/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "plan/labels.h"
#include "run/cgroupfs.h"
#include "run/copyup.h"
#include "run/revealing.h"
#include "sys/lsm.h"
#include "sys/syscalls.h"

#define PROC_ROOT_INODE 1
#define SYSFS_SUPER_MAGIC 0x62656572
#define MQUEUE_MAGIC 0x19800202

/* Options of one file system as mount(2) takes them: at most a page. */
#define OLD_DATA_MAX 4096

const struct proc *tree_proc(struct tree *t, struct error *err)
{
	if (t->sources->proc.fd < 0 && proc_open(&t->sources->proc, PROC_PIDS, err))
		return NULL;
	return &t->sources->proc;
}

static const struct mount_set nothing = { 0 };

/* ---- targets ------------------------------------------------------------------------------------------------------- */

/* Files of procfs that may be mounted over: they inform, and nothing of ours or of the kernel's safety hangs on them. */
static const char *const proc_files[] = {
	"/cpuinfo",
	"/diskstats",
	"/loadavg",
	"/meminfo",
	"/slabinfo",
	"/stat",
	"/swaps",
	"/uptime",
	"/sys/kernel/ns_last_pid",
	"/sys/crypto/fips_enabled",
};

static bool is_proc_root(int fd)
{
	struct stat st;

	return proc_holds(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

/*
 * The target lies on procfs. Decided on what it is, not on what it is called: its name must be one of the list below the
 * root of a procfs, reached without a link, and lead to the very inode and mount.
 */
static bool may_cover(const struct tree *t, const char *path, int target)
{
	for (size_t i = 0; i < ARRAY_SIZE(proc_files); i++) {
		char parent[4096];
		auto_fd int above = -1, file = -1;
		struct root proc;

		if (!str_ends(path, proc_files[i]) || strlen(path) >= sizeof(parent))
			continue;
		snprintf(parent, sizeof(parent), "%.*s/",
			 (int)(strlen(path) - strlen(proc_files[i])), path);
		above = root_find(&t->root, parent, ROOT_DIRECTORY);
		if (above < 0 || !is_proc_root(above))
			continue;
		proc = (struct root){ above, "procfs" };
		file = root_find(&proc, proc_files[i] + 1, ROOT_REAL);
		return file >= 0 && root_is_same(file, target) &&
		       mount_id(file) == mount_id(target);
	}
	return false;
}

static int check_proc_target(const struct tree *t, const struct fs_mount *m, int target,
			     const struct source *source, struct error *err)
{
	if (is_proc_root(target)) {
		if (m->kind == FS_REMOUNT || (m->kind == FS_NEW && str_eq(m->type, "proc")) ||
		    (source && source->fd >= 0 && is_proc_root(source->fd)))
			return 0;
		return error_set(err, ERR_CONFIG,
				 "only a proc file system may be mounted over /proc");
	}
	if (m->kind == FS_REMOUNT || may_cover(t, m->target, target))
		return 0;
	return error_set(err, ERR_CONFIG,
			 "what is inside of a proc file system may not be mounted over");
}

/*
 * proc and sysfs are what masks and our own checks rely on: they go where no volume can move them, a directory of the
 * rootfs itself, or over one of their kind.
 */
static int check_real_target(const struct fs_mount *m, const struct statx *st, uint64_t magic,
			     struct error *err)
{
	uint64_t own_magic = str_eq(m->type, "proc") ? PROC_SUPER_MAGIC : SYSFS_SUPER_MAGIC;

	if (magic == own_magic && st->stx_ino == PROC_ROOT_INODE)
		return 0;
	return error_set(err, ERR_CONFIG,
			 "the target of a %s file system must be a directory of the rootfs itself",
			 m->type);
}

static int check_target(const struct tree *t, const struct fs_mount *m, int target,
			const struct source *source, struct error *err)
{
	struct statx st;
	struct statfs fs;
	bool on_root;

	if (statx(target, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_TYPE | STATX_INO | STATX_MNT_ID, &st) ||
	    fstatfs(target, &fs))
		return error_sys(err, "stat");
	on_root = !(st.stx_mask & STATX_MNT_ID) || st.stx_mnt_id == t->root_mnt;
	if (on_root && st.stx_ino == t->root_inode && root_is_same(target, t->root.fd))
		return error_set(err, ERR_CONFIG, "the target is the container's root");
	if (source && S_ISDIR(st.stx_mode) != S_ISDIR(source->mode))
		return error_errno(err, ENOTDIR, "the source is %s, the destination is %s",
				   S_ISDIR(source->mode) ? "a directory" : "a file",
				   S_ISDIR(st.stx_mode) ? "a directory" : "a file");
	if (fs.f_type == PROC_SUPER_MAGIC && check_proc_target(t, m, target, source, err))
		return -1;
	return m->real_target && !on_root ? check_real_target(m, &st, (uint64_t)fs.f_type, err) : 0;
}

static int make_target(struct tree *t, const struct fs_mount *m, mode_t type, bool *ret_made,
		       struct error *err)
{
	enum root_look look = m->real_target	   ? ROOT_REAL_DIRECTORY
			      : m->target_nofollow ? ROOT_NOFOLLOW
			      : m->kind == FS_BIND ? ROOT_ANY
						   : ROOT_DIRECTORY;

	return root_make(&t->root, m->target, look, type, ret_made, err);
}

int tree_find_mounted(struct tree *t, const char *path, enum root_look look, struct error *err)
{
	auto_fd int fd = root_open(&t->root, path, look, err);

	if (fd >= 0 && !mount_is_root(fd))
		return error_set(err, ERR_SYSTEM, "\"%s\" changed while it was mounted on", path);
	return fd_take(&fd);
}

/* ---- attributes and attaching -------------------------------------------------------------------------------------- */

static bool is_empty(const struct mount_set *set)
{
	return !set->set && !set->clear && !set->propagation;
}

/* *ret_pending: the new call does not exist, and the mount must be attached before the old form can do it. */
static int set_detached(int mnt, unsigned how, const struct mount_set *change, bool *ret_pending,
			struct error *err)
{
	char locked[96];

	if (is_empty(change) || mount_set(mnt, how, change) == 0)
		return 0;
	if (mount_call_is_missing(errno) && !mount_set_is_there()) {
		*ret_pending = true;
		return 0;
	}
	if (errno != EPERM)
		return error_sys(err, "mount_setattr");
	/* What the owner of the host's mount has set cannot be cleared in another user namespace. */
	mount_locked_names(mnt, change, locked, sizeof(locked));
	return error_errno(err, EPERM, "mount_setattr%s%s%s",
			   locked[0] ? " (the source has, locked: " : "", locked,
			   locked[0] ? ")" : "");
}

int tree_set(struct tree *t, int mnt, unsigned how, const struct mount_set *change,
	     struct error *err)
{
	bool pending = false;
	const struct proc *proc;

	if (set_detached(mnt, how, change, &pending, err))
		return -1;
	if (!pending)
		return 0;
	proc = tree_proc(t, err);
	return proc ? mount_old_set(proc, mnt, how, change, err) : -1;
}

static int attach_old(struct tree *t, const struct source *source, int target, const char *path,
		      unsigned how, const struct mount_set *below, const struct mount_set *top,
		      struct error *err)
{
	const struct proc *proc = tree_proc(t, err);
	auto_fd int mnt = -1;

	if (!proc || mount_old_bind(proc, source->fd, target, how, err))
		return -1;
	if (is_empty(below) && is_empty(top))
		return 0;
	mnt = tree_find_mounted(t, path, ROOT_ANY, err);
	if (mnt < 0 || tree_set(t, mnt, how, below, err))
		return -1;
	return tree_set(t, mnt, 0, top, err);
}

int tree_attach(struct tree *t, struct source *source, int target, const char *path, unsigned how,
		const struct mount_set *below, const struct mount_set *top, struct error *err)
{
	bool below_pending = false, top_pending = false;
	auto_fd int copy = -1;
	int mnt = source->fd;

	if (!source->detached)
		return attach_old(t, source, target, path, how, below, top, err);
	if (source->used) {
		copy = mnt = mount_clone(source->fd, how);
		if (copy < 0 && mount_call_is_missing(errno))
			return attach_old(t, source, target, path, how, below, top, err);
		if (copy < 0)
			return error_sys(err, "open_tree");
	}
	if (set_detached(mnt, how, below, &below_pending, err) ||
	    set_detached(mnt, 0, top, &top_pending, err) || mount_attach(mnt, target, err))
		return -1;
	source->used = true;
	if ((below_pending && tree_set(t, mnt, how, below, err)) ||
	    (top_pending && tree_set(t, mnt, 0, top, err)))
		return -1;
	return 0;
}

/* ---- new file systems ---------------------------------------------------------------------------------------------- */

/* An option was refused: say which one, and what may have been meant. */
static int option_failed(const struct fs_mount *m, const struct fs_option *option,
			 struct error *err)
{
	size_t used = strlen(err->text);

	if (option->nearest && err->errnum == EINVAL)
		snprintf(err->text + used, sizeof(err->text) - used, ", did you mean \"%s\"?",
			 option->nearest);
	if (option->index == FS_MOUNT_LABEL)
		return error_at(err, "/linux/mountLabel");
	return error_at(err, "/mounts/%u/options/%u", m->index, option->index);
}

static int configure(const struct fs_mount *m, int fs, struct error *err)
{
	for (size_t i = 0; i < m->n_options; i++)
		if (mount_option(fs, m->options[i].key, m->options[i].value, err))
			return option_failed(m, &m->options[i], err);
	return mount_super_flags(fs, m->super, m->super_clear, err);
}

/* A tmpfs over a directory that was there looks like it, unless its options say otherwise. */
static const char *kept_mode(const struct fs_mount *m, int target, bool made, char buf[8])
{
	struct stat st;

	if (!m->keeps_mode || made || fstat(target, &st))
		return NULL;
	snprintf(buf, 8, "%o", (unsigned)(st.st_mode & 07777));
	return buf;
}

static int create_detached(const struct fs_mount *m, int fs, const char *mode, struct error *err)
{
	if (mount_option(fs, "source", m->source, err) ||
	    (mode && mount_option(fs, "mode", mode, err)) || configure(m, fs, err))
		return -1;
	return mount_create(fs, m->top.set, err);
}

static int old_data(const struct fs_mount *m, const char *mode, char buf[OLD_DATA_MAX],
		    struct error *err)
{
	size_t used = 0;

	buf[0] = '\0';
	if (mode)
		used = (size_t)snprintf(buf, OLD_DATA_MAX, "mode=%s", mode);
	for (size_t i = 0; i < m->n_options; i++) {
		const struct fs_option *o = &m->options[i];

		/* The commas of a SELinux label are its own. */
		const char *quote = o->value && label_is_option(o->key) ? "\"" : "";

		used += (size_t)snprintf(buf + used, OLD_DATA_MAX - used, "%s%s%s%s%s%s",
					 used ? "," : "", o->key, o->value ? "=" : "", quote,
					 o->value ? o->value : "", quote);
		if (used >= OLD_DATA_MAX)
			return error_errno(err, E2BIG, "options of the file system");
	}
	return 0;
}

static int create_old(struct tree *t, const struct fs_mount *m, int target, const char *mode,
		      struct error *err)
{
	const struct proc *proc = tree_proc(t, err);
	char data[OLD_DATA_MAX];

	if (!proc || old_data(m, mode, data, err) ||
	    mount_old(proc, target, m->type, m->source, m->top.set, m->super, data, err))
		return -1;
	return tree_find_mounted(t, m->target, m->target_nofollow ? ROOT_NOFOLLOW : ROOT_ANY, err);
}

/* The handle of the new mount; *ret_attached where it stands at its target already. */
static int create(struct tree *t, const struct fs_mount *m, int target, bool made,
		  bool *ret_attached, struct error *err)
{
	char buf[8];
	const char *mode = kept_mode(m, target, made, buf);
	auto_fd int fs = -1;

	*ret_attached = false;
	if (!m->old_call && !t->sources->old_calls) {
		fs = mount_begin(m->type);
		if (fs >= 0)
			return create_detached(m, fs, mode, err);
		if (errno == ENODEV) {
			error_sys(err, "fsopen");
			return error_at(err, "/mounts/%u/type", m->index);
		}
		if (!mount_call_is_missing(errno))
			return error_sys(err, "fsopen");
	}
	*ret_attached = true;
	return create_old(t, m, target, mode, err);
}

/*
 * The host's tree in the place of a file system that the kernel does not make for us, which it shows all the same. All that
 * was asked for holds for what is mounted below it, too.
 */
static int mount_instead(struct tree *t, const struct fs_mount *m, int target, struct error *err)
{
	struct source *source = &t->sources->list[m->opened];
	const struct mount_set below = { m->top.set, m->top.set,
					 m->propagation ? m->propagation : MS_SLAVE };
	int result = tree_attach(t, source, target, m->target, MOUNT_TREE, &below, &nothing, err);

	source_close(source);
	return result ? error_in(err, "\"%s\" of the host in its place", m->instead) : 0;
}

/* The directory may be there without the file system. */
static bool can_stand_in(const struct source *source, const char *type)
{
	static const struct {
		const char *type;
		unsigned magic;
	} magics[] = { { "proc", PROC_SUPER_MAGIC },
		       { "sysfs", SYSFS_SUPER_MAGIC },
		       { "mqueue", MQUEUE_MAGIC } };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (str_eq(magics[i].type, type))
			return source->fd >= 0 && fstatfs(source->fd, &fs) == 0 &&
			       (unsigned)fs.f_type == magics[i].magic;
	return false;
}

static int mount_refused(struct tree *t, const struct fs_mount *m, int target, struct error *err)
{
	struct error unused;
	const struct proc *proc;

	if (m->instead && can_stand_in(&t->sources->list[m->opened], m->type))
		return mount_instead(t, m, target, err);
	if (m->instead)
		return error_hint(err,
				  "what it shows is not the container's own, and the host's \"%s\" "
				  "cannot be had in its place",
				  m->instead);
	proc = m->real_target ? tree_proc(t, &unused) : NULL;
	if (proc)
		revealing_explain(proc, m->type, m->top.set & MOUNT_ATTR_RDONLY, t->arena, err);
	return -1;
}

static int mount_new(struct tree *t, const struct fs_mount *m, struct error *err)
{
	const struct mount_set propagation = { .propagation = m->propagation };
	bool made, attached;
	auto_fd int target = make_target(t, m, S_IFDIR, &made, err);
	auto_fd int mnt = -1;

	if (target < 0 || check_target(t, m, target, NULL, err))
		return -1;
	mnt = create(t, m, target, made, &attached, err);
	if (mnt < 0 && err->errnum == EPERM)
		return mount_refused(t, m, target, err);
	if (mnt >= 0 && m->root_label && lsm_set_file_label(mnt, m->root_label, err))
		return error_at(err, "/linux/mountLabel");
	if (mnt < 0 || (m->copyup && copyup(tree_proc(t, err), target, mnt, m->keeps_mode, err)) ||
	    (!attached && mount_attach(mnt, target, err)) || tree_set(t, mnt, 0, &propagation, err))
		return -1;
	if (m->late_readonly)
		tree_note_late(t, &mnt);
	return 0;
}

void tree_note_late(struct tree *t, int *mnt)
{
	struct sources *s = t->sources;

	s->late_readonly[s->n_late_readonly++] = mnt ? fd_take(mnt) : -1;
}

int tree_close_late(struct tree *t, const struct fs_mount *m, size_t *at, struct error *err)
{
	const struct mount_set readonly = { MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0 };
	int mnt;

	if (!m->late_readonly)
		return 0;
	mnt = t->sources->late_readonly[(*at)++];
	if (mnt < 0 || tree_set(t, mnt, 0, &readonly, err) == 0)
		return 0;
	error_in(err, "make \"%s\" read-only", m->target);
	return error_at(err, "/mounts/%u", m->index);
}

int tree_tmpfs(struct tree *t, int target, const char *path, uint64_t attributes,
	       const struct fs_option *options, size_t n_options, bool *ret_attached,
	       struct error *err)
{
	struct fs_option all[8];
	const struct fs_mount m = {
		.kind = FS_NEW,
		.target = path,
		.type = "tmpfs",
		.source = "tmpfs",
		.options = all,
		.n_options = n_options + !!t->fs->label,
		.top = { attributes, attributes },
	};

	memcpy(all, options, n_options * sizeof(all[0]));
	if (t->fs->label)
		all[n_options] = *t->fs->label;
	return create(t, &m, target, true, ret_attached, err);
}

/* ---- binds --------------------------------------------------------------------------------------------------------- */

/* copy-symlink: the link itself is made, or is there already. */
static int copy_link(struct tree *t, const struct fs_mount *m, const char *text, struct error *err)
{
	char parent[4096], there[4096];
	const char *name = strrchr(m->target, '/') + 1;
	auto_fd int dir = -1, fd = -1;
	bool made;

	if ((size_t)(name - m->target) >= sizeof(parent))
		return error_errno(err, ENAMETOOLONG, "make the link");
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - m->target), m->target);
	dir = root_make(&t->root, parent, ROOT_DIRECTORY, S_IFDIR, NULL, err);
	if (dir < 0 || root_symlink(dir, name, text, &made, err))
		return -1;
	if (made)
		return 0;
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || root_read_link(fd, there, sizeof(there)) < 0 || !str_eq(there, text))
		return error_errno(err, EEXIST,
				   "symlink to \"%s\": something else is at the destination", text);
	return 0;
}

static int mount_bind(struct tree *t, const struct fs_mount *m, struct error *err)
{
	struct source *source = &t->sources->list[m->opened];
	const struct mount_set below = { m->tree.set, m->tree.clear, m->tree_propagation };
	const struct mount_set top = { m->top.set, m->top.clear, m->propagation };
	auto_fd int target = -1;

	if (source->link)
		return copy_link(t, m, source->link, err);
	target = make_target(t, m, S_ISDIR(source->mode) ? S_IFDIR : S_IFREG, NULL, err);
	if (target < 0 || check_target(t, m, target, source, err) ||
	    tree_attach(t, source, target, m->target, m->recursive ? MOUNT_TREE : 0, &below, &top,
			err))
		return -1;
	source_close(source);
	return 0;
}

/* ---- remount ------------------------------------------------------------------------------------------------------- */

static int change_super(struct tree *t, const struct fs_mount *m, int mnt, struct error *err)
{
	char data[OLD_DATA_MAX];
	const struct proc *proc;
	auto_fd int fs = -1;

	if (m->per_mount || (!m->n_options && !m->super && !m->super_clear))
		return 0;
	if (!m->old_call)
		fs = mount_pick(mnt);
	if (fs >= 0)
		return configure(m, fs, err) || mount_change(fs, err) ? -1 : 0;
	if (!m->old_call && !mount_call_is_missing(errno))
		return error_sys(err, "fspick");
	proc = tree_proc(t, err);
	if (!proc || old_data(m, NULL, data, err))
		return -1;
	return mount_old_change(proc, mnt, m->super, data, err);
}

static int remount(struct tree *t, const struct fs_mount *m, struct error *err)
{
	const struct mount_set below = { m->tree.set, m->tree.clear, m->tree_propagation };
	const struct mount_set top = { m->top.set, m->top.clear, m->propagation };
	auto_fd int mnt =
		root_open(&t->root, m->target, m->target_nofollow ? ROOT_NOFOLLOW : ROOT_ANY, err);

	if (mnt < 0)
		return -1;
	if (!mount_is_root(mnt))
		return error_errno(err, EINVAL, "remount: nothing is mounted there");
	if (check_target(t, m, mnt, NULL, err) || change_super(t, m, mnt, err) ||
	    tree_set(t, mnt, MOUNT_TREE, &below, err))
		return -1;
	return tree_set(t, mnt, 0, &top, err);
}

/* ---- one mount ----------------------------------------------------------------------------------------------------- */

static int mount_cgroups(struct tree *t, const struct fs_mount *m, struct error *err)
{
	auto_fd int target = make_target(t, m, S_IFDIR, NULL, err);

	if (target < 0 || check_target(t, m, target, NULL, err))
		return -1;
	return cgroupfs_mount(t, m, target, err);
}

int tree_mount(struct tree *t, const struct fs_mount *m, struct error *err)
{
	int result = -1;

	switch (m->kind) {
	case FS_NEW:
		result = mount_new(t, m, err);
		break;
	case FS_BIND:
		result = mount_bind(t, m, err);
		break;
	case FS_REMOUNT:
		result = remount(t, m, err);
		break;
	case FS_CGROUP:
		result = mount_cgroups(t, m, err);
		break;
	}
	if (result == 0)
		return 0;
	error_in(err, "mount \"%s\" on \"%s\"", m->kind == FS_BIND ? m->source : m->type,
		 m->target);
	return error_at(err, "/mounts/%u", m->index);
}
