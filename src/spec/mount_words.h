/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every word that may stand in the options of a mount (config.md "Linux mount options", and the words of mount(8) and of
 * other runtimes that we take); whatever is not in this table is data for the file system. `features` prints it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mount_word_kind {
	WORD_NOTHING,	   /* accepted, asks for nothing: defaults */
	WORD_ATTRIBUTE,	   /* MOUNT_ATTR_* of the mount */
	WORD_SUPERBLOCK,   /* MS_* of the file system */
	WORD_PROPAGATION,  /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE */
	WORD_BIND,	   /* recursive: rbind */
	WORD_REMOUNT,	   /* change the mount that is there */
	WORD_IDMAP,	   /* recursive: ridmap */
	WORD_COPYUP,	   /* tmpcopyup */
	WORD_COPY_SYMLINK, /* a source that is a link is made again, not mounted */
	WORD_SRC_NOFOLLOW, /* a source that is a link is mounted itself */
	WORD_DEST_NOFOLLOW,
	WORD_REFUSED, /* no such thing can be done: superblock flags of a whole tree */
};

struct mount_word {
	const char *name;
	enum mount_word_kind kind;
	bool recursive;	     /* the whole tree (AT_RECURSIVE) */
	uint64_t set, clear; /* bits, as the kind says */
};

/* Sorted by name. */
extern const struct mount_word mount_words[];
extern const size_t n_mount_words;

/* NULL if it is none of them. */
const struct mount_word *mount_word_find(const char *name);

/* What was probably meant by an option that the file system refused: a word of the table, or an option that file systems
 * know ("size"); NULL if nothing is near. */
const char *mount_word_nearest(const char *name);

/* Whether `name` is a well-known option of some file system, so that no nearest word need be sought. */
bool mount_data_is_known(const char *name);
