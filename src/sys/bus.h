/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to systemd's Manager object (org.freedesktop.systemd1(5)), by the sd-bus of libsystemd, which is opened at first
 * use: a command that does not ask systemd does not pay for it.
 *
 * The way is the system's bus or the user's (DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR tell
 * where), which passes on only what concerns the caller; without a bus it is systemd's own socket. Every wait has the
 * deadline of the connection, and an error says what systemd was asked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct bus;

/* Connects to the system's manager or to that of the user; `seconds` is the time for each answer. */
int bus_open(struct arena *a, bool user, unsigned seconds, struct bus **ret, struct error *err);

/* NULL is fine. */
void bus_close(struct bus *bus);

/* A call that is being put together: bus_call_begin(), what it holds, bus_call(). A mistake in between shows at the end. */
struct bus_call {
	struct bus *bus;
	void *message;
	const char *method, *unit;
	int failed; /* negative errno */
};

void bus_call_begin(struct bus *bus, const char *method, const char *unit, struct bus_call *ret);

/* One value of a basic type: text of "s", "o", "g"; a number of "b", "y", "n", "q", "i", "u", "x", "t"; a real one of "d". */
void bus_put_text(struct bus_call *c, char type, const char *text);
void bus_put_number(struct bus_call *c, char type, uint64_t number);
void bus_put_real(struct bus_call *c, double number);

/* 'a' array, 'r' tuple, 'v' variant; `contents` is the signature of what is in it. */
void bus_begin(struct bus_call *c, char container, const char *contents);
void bus_end(struct bus_call *c);

enum bus_answer {
	BUS_DONE,
	BUS_NO_SUCH_UNIT,
	BUS_UNIT_EXISTS,
	BUS_NOT_SUPPORTED, /* this systemd does not know a property, or not its value */
};

/*
 * Sends it and waits for the answer. What a caller may want to handle is *ret_answer; *err is filled for it all the same.
 * *ret_job (may be NULL) is the job that systemd began. The call is void afterwards.
 */
int bus_call(struct bus_call *c, enum bus_answer *ret_answer, const char **ret_job,
	     struct error *err);

/* Listens for the ends of the unit's jobs, which must be done before one is begun. */
int bus_watch(struct bus *bus, const char *unit, struct error *err);

/* Waits until the job has ended; an error unless it ended well. errnum ECONNRESET: the connection broke. */
int bus_wait_job(struct bus *bus, const char *job, const char *unit, struct error *err);

/*
 * Listens for the removal of the unit, and waits for it: 1 it has gone since the last time, 0 the deadline (base/fd.h) has
 * passed.
 */
int bus_watch_removal(struct bus *bus, const char *unit, struct error *err);
int bus_wait_removal(struct bus *bus, uint64_t deadline, struct error *err);
