/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree of a container, decided: root, mounts, devices, links, masked and read-only paths.
 *
 * Everything optional has a value here, every word is a bit, every path is absolute; what cannot be done has been refused
 * with its place in config.json. Paths below the rootfs are still text: only the kernel, inside the rootfs and at the
 * moment of use, can say what they name (run/rootfs.h). They have no empty and no "." parts, but keep their "..".
 */
#pragma once

#include "base/error.h"
#include "plan/types.h"

struct oci_config;
struct plan_options;
struct ns_plan;

/* Data of a file system: "key" or "key=value". */
struct fs_option {
	const char *key, *value; /* value NULL: a flag */
	const char *nearest;	 /* what may have been meant, NULL: nothing is near */
	unsigned index;		 /* mounts[].options[index], or FS_MOUNT_LABEL */
};

/* The option comes from linux.mountLabel. */
#define FS_MOUNT_LABEL UINT32_MAX

enum fs_kind {
	FS_NEW,	    /* a file system of its own */
	FS_BIND,    /* part of the host's tree */
	FS_REMOUNT, /* changes what is mounted at the target */
	FS_CGROUP,  /* the container's own cgroups, as this host has them */
};

/* Mount attributes (MOUNT_ATTR_* of mount_setattr(2)); what is set is in `clear`, too. */
struct fs_attributes {
	uint64_t set, clear;
};

#define FS_NO_SOURCE UINT32_MAX

struct fs_mount {
	enum fs_kind kind;
	uint32_t index;	    /* mounts[index] */
	const char *target; /* in the container */
	const char *type;   /* FS_NEW, FS_REMOUNT; "" where there is none */
	const char *source; /* FS_BIND: a path on the host; otherwise a name */
	uint32_t
		opened; /* FS_BIND and `instead`: its number among the sources that the parent opens, otherwise FS_NO_SOURCE */
	const char *
		instead; /* FS_NEW: the host's tree to bind where the kernel does not make ours, NULL: none */

	const struct fs_option *options; /* FS_NEW and FS_REMOUNT */
	size_t n_options;
	const char *root_label; /* FS_NEW: SELinux label to give its root, NULL: none */
	uint32_t super,
		super_clear; /* MS_* flags of the superblock, to set and to clear (the latter for FS_REMOUNT) */
	struct fs_attributes top,
		tree;		   /* of the mount alone; of it and all below, which comes first */
	uint32_t propagation;	   /* MS_SHARED ... of the mount alone, 0: leave */
	uint32_t tree_propagation; /* of it and all below, which comes first */

	bool recursive;	       /* FS_BIND: with what is mounted below the source */
	bool per_mount;	       /* FS_REMOUNT: with "bind": the superblock stays as it is */
	bool real_target;      /* proc and sysfs: no link may lead to the target */
	bool late_readonly;    /* made read-only when everything is in it */
	bool old_call;	       /* needs mount(2): what is asked does not go through fsconfig(2) */
	bool keeps_mode;       /* tmpfs without mode=: takes the mode of the directory it covers */
	bool copyup;	       /* begins with a copy of what it covers */
	bool source_nofollow;  /* FS_BIND: a link is itself the source */
	bool target_nofollow;  /* a link at the target is itself the target */
	bool copy_symlink;     /* FS_BIND: where the source is a link, make the same link */
	bool writable_cgroups; /* FS_CGROUP: not read-only */

	bool idmap;	     /* FS_BIND: ids are mapped */
	bool idmap_tree;     /* in what is mounted below, too */
	struct id_maps maps; /* empty: those of the container's user namespace */
};

#define FS_DEFAULT_DEVICE UINT32_MAX

struct fs_device {
	uint32_t
		index; /* linux.devices[index], FS_DEFAULT_DEVICE for those that every container has */
	const char *path; /* whole path in the container, and where a bind is needed on the host */
	const char *dir, *name; /* the same in two parts */
	mode_t mode;		/* with the type, S_IFCHR, S_IFBLK or S_IFIFO */
	unsigned major, minor;
	uid_t uid;
	gid_t gid;
	uint32_t
		opened; /* its number among the sources, where it is bound from the host; otherwise FS_NO_SOURCE */
};

/* How the container's root becomes the process' root. */
enum fs_enter {
	FS_PIVOT,     /* pivot_root(2), in a mount namespace of its own */
	FS_MOVE_ROOT, /* the same without pivot_root: rootfs on an initial ramfs */
	FS_CHROOT,    /* chroot(2), in a mount namespace that others use */
};

struct fs_plan {
	const char *rootfs; /* absolute path on the host, NULL: only mounts are added */
	bool readonly;	    /* at the end */
	enum fs_enter enter;
	bool undo; /* the mounts go into the caller's namespace and must be taken away again */
	const char *joined;  /* path of the mount namespace that is joined, NULL: none */
	bool user_namespace; /* there is one: device nodes cannot be made */
	const char
		*joined_user; /* its path where it is joined, NULL: it is new, or there is none */
	bool cgroup_namespace;
	uint32_t
		propagation; /* of the root in the end: MS_SLAVE, MS_PRIVATE, MS_SHARED or MS_UNBINDABLE */
	bool propagation_tree; /* of everything below, too */

	const struct fs_option *label; /* for each file system that is made, NULL: none */
	const struct fs_mount *mounts;
	size_t n_mounts;
	const struct fs_device *devices;
	size_t n_devices;
	const char *const *masked;
	size_t n_masked;
	const char *const *readonly_paths;
	size_t n_readonly_paths;

	uint32_t n_opened; /* sources that the parent opens */
	bool idmaps;	   /* at least one of them is idmapped */
};

/* The plan of the file tree. */
int plan_mounts(const struct oci_config *config, const struct plan_options *options,
		const struct host *host, const struct ns_plan *ns, struct arena *a,
		struct plan_warnings *warnings, struct fs_plan *ret, struct error *err);

/* A path made absolute, without empty and "." parts; ".." stays, as what it means depends on links. Often the text itself. */
const char *fs_clean_path(const char *path, struct arena *a);
