/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container leaves on disk: one directory ROOT/ID with
 *
 *	record		what may exist because of us, written before it is made (struct record)
 *	config.json	the configuration as it was at create, for later commands
 *	resources.json	what it may use since the last update, if there was one
 *	exec.fifo	the gate: its reader is an init that has not run its program yet
 *	exec.answer	a FIFO that init holds open until its program runs
 *	exec.page	memory of init's: how far it came, why its program did not run
 *	traced		a process that joined may trace those that join after it; empty
 *	notify/		the socket that stands in for the caller's NOTIFY_SOCKET
 *
 * The directory is locked (flock(2) on its descriptor) by whoever changes the container; a record that says "creating"
 * while nobody holds the lock was left by a runtime that died. Files are replaced by rename(2), so a reader without the
 * lock sees the old or the new one. No link is followed, and nothing that is not in this list is ever removed. ROOT and
 * ROOT/ID are used only if they belong to us or to root and nobody else may write there (ERR_STATE).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

#define STATE_GATE "exec.fifo"
#define STATE_ANSWER "exec.answer"
#define STATE_PAGE "exec.page"
#define STATE_CONFIG "config.json"
#define STATE_RESOURCES "resources.json"
#define STATE_TRACED "traced"
#define STATE_NOTIFY "notify"
#define STATE_NOTIFY_SOCKET "notify.sock"

struct state {
	const char *root, *id;
	int fd; /* the container's directory */
};

#define auto_state __attribute__((cleanup(state_close)))
#define STATE_INIT       \
	{                \
		.fd = -1 \
	}

/* The directory that holds all containers when --root does not say. */
const char *state_default_root(struct arena *a);

/* Refuses what is no container id: [A-Za-z0-9_+.-]+, not beginning with a dot or '-', at most 255 bytes. */
int state_check_id(const char *id, struct error *err);

/* Makes ROOT/ID, which must not exist (ERR_EXISTS), and locks it. */
int state_claim(const char *root, const char *id, struct state *ret, struct error *err);

/* Opens ROOT/ID (ERR_NOT_FOUND). state_lock() waits for whoever holds the lock, 30 seconds at most. */
int state_open(const char *root, const char *id, struct state *ret, struct error *err);
int state_lock(const struct state *s, struct error *err);

/* Lets others change the container. */
void state_unlock(const struct state *s);

/* Whether somebody holds the lock now. */
bool state_is_locked(const struct state *s);

/* Whether it is kept in memory alone, so that it cannot be of an earlier boot. */
bool state_is_volatile(const struct state *s);

/* Removes the files and the directory; what is already gone is fine. */
int state_remove(const struct state *s, struct error *err);
void state_close(struct state *s);

/* The ids under ROOT, sorted bytewise. A missing ROOT is an error (ERR_NOT_FOUND). */
int state_list(const char *root, struct arena *a, const char *const **ret, size_t *ret_n,
	       struct error *err);

/* Replaces a file (mode 0600) in the directory; reads a whole one. */
int state_write_file(const struct state *s, const char *name, const void *data, size_t size,
		     struct error *err);
char *state_read_file(const struct state *s, const char *name, struct arena *a, size_t *ret_size,
		      struct error *err);

/* An empty file: makes it, which may have been done before, or asks for it. Takes no lock. */
int state_mark(const struct state *s, const char *name, struct error *err);
bool state_is_marked(const struct state *s, const char *name);

/* ---- the record: lines of "key value" ---------------------------------------------------------------------------- */

/*
 * Keys may repeat and their order is kept; what a key means is the business of the layer that writes it. The text ends
 * with a line that holds a checksum, so a cut-off or foreign file is recognised.
 */
struct record {
	struct arena *arena;
	struct pair *lines;
	size_t n, room;
};

void record_begin(struct record *r, struct arena *a);
void record_add(struct record *r, const char *key, const char *value);
void record_add_u64(struct record *r, const char *key, uint64_t value);

/* Replaces the first line of that key, or adds one. */
void record_set(struct record *r, const char *key, const char *value);
void record_set_u64(struct record *r, const char *key, uint64_t value);

/* The value of the first line of that key, or NULL; the number, or 0. */
const char *record_get(const struct record *r, const char *key);
uint64_t record_get_u64(const struct record *r, const char *key);

int record_write(const struct state *s, const struct record *r, struct error *err);

/* ERR_NOT_FOUND if there is no record, ERR_STATE if it is broken. */
int record_read(const struct state *s, struct arena *a, struct record *ret, struct error *err);
