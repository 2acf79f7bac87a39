/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/mount_words.h"

#include <linux/mount.h>
#include <stdlib.h>

#include "base/str.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define SET(name, bit)                                \
	{                                             \
		name, WORD_ATTRIBUTE, false, bit, bit \
	}
#define CLEAR(name, bit)                            \
	{                                           \
		name, WORD_ATTRIBUTE, false, 0, bit \
	}
#define RSET(name, bit)                              \
	{                                            \
		name, WORD_ATTRIBUTE, true, bit, bit \
	}
#define RCLEAR(name, bit)                          \
	{                                          \
		name, WORD_ATTRIBUTE, true, 0, bit \
	}
/* The times of access are one field of the attributes, which a change clears as a whole. */
#define ATIME(name, value)                                            \
	{                                                             \
		name, WORD_ATTRIBUTE, false, value, MOUNT_ATTR__ATIME \
	}
#define RATIME(name, value)                                          \
	{                                                            \
		name, WORD_ATTRIBUTE, true, value, MOUNT_ATTR__ATIME \
	}
#define SUPER(name, bit)                               \
	{                                              \
		name, WORD_SUPERBLOCK, false, bit, bit \
	}
#define NO_SUPER(name, bit)                          \
	{                                            \
		name, WORD_SUPERBLOCK, false, 0, bit \
	}
#define PROPAGATION(name, bit)                        \
	{                                             \
		name, WORD_PROPAGATION, false, bit, 0 \
	}
#define RPROPAGATION(name, bit)                      \
	{                                            \
		name, WORD_PROPAGATION, true, bit, 0 \
	}

/*
 * "norelatime" asks for the kernel's default, which is relatime: nothing to do. "ro" and "rw" are attributes; for a file
 * system of its own the plan adds the superblock flag.
 */
const struct mount_word mount_words[] = {
	{ "", WORD_NOTHING },
	NO_SUPER("async", MS_SYNCHRONOUS),
	ATIME("atime", MOUNT_ATTR_RELATIME),
	{ "bind", WORD_BIND },
	{ "copy-symlink", WORD_COPY_SYMLINK },
	{ "defaults", WORD_NOTHING },
	{ "dest-nofollow", WORD_DEST_NOFOLLOW },
	CLEAR("dev", MOUNT_ATTR_NODEV),
	CLEAR("diratime", MOUNT_ATTR_NODIRATIME),
	SUPER("dirsync", MS_DIRSYNC),
	CLEAR("exec", MOUNT_ATTR_NOEXEC),
	{ "idmap", WORD_IDMAP },
	SUPER("iversion", MS_I_VERSION),
	SUPER("lazytime", MS_LAZYTIME),
	NO_SUPER("loud", MS_SILENT),
	SUPER("mand", MS_MANDLOCK),
	ATIME("noatime", MOUNT_ATTR_NOATIME),
	SET("nodev", MOUNT_ATTR_NODEV),
	SET("nodiratime", MOUNT_ATTR_NODIRATIME),
	SET("noexec", MOUNT_ATTR_NOEXEC),
	NO_SUPER("noiversion", MS_I_VERSION),
	NO_SUPER("nolazytime", MS_LAZYTIME),
	NO_SUPER("nomand", MS_MANDLOCK),
	{ "norelatime", WORD_NOTHING },
	ATIME("nostrictatime", MOUNT_ATTR_RELATIME),
	SET("nosuid", MOUNT_ATTR_NOSUID),
	SET("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	PROPAGATION("private", MS_PRIVATE),
	{ "rasync", WORD_REFUSED },
	RATIME("ratime", MOUNT_ATTR_RELATIME),
	{ "rbind", WORD_BIND, true },
	RCLEAR("rdev", MOUNT_ATTR_NODEV),
	RCLEAR("rdiratime", MOUNT_ATTR_NODIRATIME),
	{ "rdirsync", WORD_REFUSED },
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	{ "remount", WORD_REMOUNT },
	RCLEAR("rexec", MOUNT_ATTR_NOEXEC),
	{ "ridmap", WORD_IDMAP, true },
	{ "rmand", WORD_REFUSED },
	RATIME("rnoatime", MOUNT_ATTR_NOATIME),
	RSET("rnodev", MOUNT_ATTR_NODEV),
	RSET("rnodiratime", MOUNT_ATTR_NODIRATIME),
	RSET("rnoexec", MOUNT_ATTR_NOEXEC),
	{ "rnomand", WORD_REFUSED },
	{ "rnorelatime", WORD_NOTHING },
	RATIME("rnostrictatime", MOUNT_ATTR_RELATIME),
	RSET("rnosuid", MOUNT_ATTR_NOSUID),
	RSET("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	SET("ro", MOUNT_ATTR_RDONLY),
	RPROPAGATION("rprivate", MS_PRIVATE),
	RATIME("rrelatime", MOUNT_ATTR_RELATIME),
	RSET("rro", MOUNT_ATTR_RDONLY),
	RCLEAR("rrw", MOUNT_ATTR_RDONLY),
	RPROPAGATION("rshared", MS_SHARED),
	RPROPAGATION("rslave", MS_SLAVE),
	RATIME("rstrictatime", MOUNT_ATTR_STRICTATIME),
	RCLEAR("rsuid", MOUNT_ATTR_NOSUID),
	RCLEAR("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	{ "rsync", WORD_REFUSED },
	RPROPAGATION("runbindable", MS_UNBINDABLE),
	CLEAR("rw", MOUNT_ATTR_RDONLY),
	PROPAGATION("shared", MS_SHARED),
	SUPER("silent", MS_SILENT),
	PROPAGATION("slave", MS_SLAVE),
	{ "src-nofollow", WORD_SRC_NOFOLLOW },
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	CLEAR("suid", MOUNT_ATTR_NOSUID),
	CLEAR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	SUPER("sync", MS_SYNCHRONOUS),
	{ "tmpcopyup", WORD_COPYUP },
	PROPAGATION("unbindable", MS_UNBINDABLE),
};

const size_t n_mount_words = ARRAY_SIZE(mount_words);

/* Options of file systems that containers use; it only decides whether a nearest word is looked for. */
static const char *const data_words[] = {
	"context",   "fscontext", "gid",	  "hidepid",	 "huge",    "index",
	"lowerdir",  "metacopy",  "mode",	  "newinstance", "noswap",  "nr_blocks",
	"nr_inodes", "ptmxmode",  "redirect_dir", "rootcontext", "size",    "subset",
	"uid",	     "upperdir",  "userxattr",	  "volatile",	 "workdir", "xino",
};

static int compare_words(const void *name, const void *word)
{
	return strcmp(name, ((const struct mount_word *)word)->name);
}

const struct mount_word *mount_word_find(const char *name)
{
	return bsearch(name, mount_words, n_mount_words, sizeof(mount_words[0]), compare_words);
}

static int compare_names(const void *name, const void *word)
{
	return strcmp(name, *(const char *const *)word);
}

bool mount_data_is_known(const char *name)
{
	return bsearch(name, data_words, ARRAY_SIZE(data_words), sizeof(data_words[0]),
		       compare_names);
}

const char *mount_word_nearest(const char *name)
{
	unsigned best = (unsigned)MIN(strlen(name) - 1, (size_t)2) + 1, distance;
	const char *nearest = NULL;

	if (strlen(name) < 2)
		return NULL;
	for (size_t i = 0; i < n_mount_words + ARRAY_SIZE(data_words); i++) {
		const char *word =
			i < n_mount_words ? mount_words[i].name : data_words[i - n_mount_words];

		if (i < n_mount_words &&
		    (mount_words[i].kind == WORD_REFUSED || !*mount_words[i].name))
			continue;
		distance = str_distance(name, word, best - 1);
		if (distance < best) {
			best = distance;
			nearest = word;
		}
	}
	return nearest;
}
