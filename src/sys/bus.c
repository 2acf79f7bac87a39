/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/bus.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/buslib.h"

#define SERVICE "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define MAX_ENDED 8

/* ---- the library ----------------------------------------------------------------------------------------------------- */

/* The public interface of libsystemd since version 240, as sd-bus(3) documents it; these types are opaque or given there. */
struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;

struct bus_error {
	const char *name, *message;
	int need_free;
};

static struct {
	bool open;
	int (*new)(struct sd_bus **ret);
	int (*set_address)(struct sd_bus *, const char *);
	int (*start)(struct sd_bus *);
	int (*open_system)(struct sd_bus **ret);
	int (*open_user)(struct sd_bus **ret);
	int (*is_ready)(struct sd_bus *);
	int (*process)(struct sd_bus *, struct sd_bus_message **ret);
	int (*wait)(struct sd_bus *, uint64_t microseconds);
	int (*call)(struct sd_bus *, struct sd_bus_message *, uint64_t microseconds,
		    struct bus_error *, struct sd_bus_message **ret);
	int (*add_match_async)(struct sd_bus *, struct sd_bus_slot **ret, const char *match,
			       int (*found)(struct sd_bus_message *, void *, struct bus_error *),
			       int (*installed)(struct sd_bus_message *, void *,
						struct bus_error *),
			       void *userdata);
	int (*add_filter)(struct sd_bus *, struct sd_bus_slot **ret,
			  int (*handler)(struct sd_bus_message *, void *, struct bus_error *),
			  void *userdata);
	void (*close)(struct sd_bus *);
	struct sd_bus *(*unref)(struct sd_bus *);
	void (*error_free)(struct bus_error *);
	int (*new_method_call)(struct sd_bus *, struct sd_bus_message **ret, const char *service,
			       const char *path, const char *interface, const char *member);
	struct sd_bus_message *(*message_unref)(struct sd_bus_message *);
	int (*append_basic)(struct sd_bus_message *, char type, const void *);
	int (*open_container)(struct sd_bus_message *, char type, const char *contents);
	int (*close_container)(struct sd_bus_message *);
	int (*read_basic)(struct sd_bus_message *, char type, void *);
	int (*is_signal)(struct sd_bus_message *, const char *interface, const char *member);
} lib;

static const struct buslib_symbol symbols[] = {
	{ "sd_bus_new", &lib.new },
	{ "sd_bus_set_address", &lib.set_address },
	{ "sd_bus_start", &lib.start },
	{ "sd_bus_open_system", &lib.open_system },
	{ "sd_bus_open_user", &lib.open_user },
	{ "sd_bus_is_ready", &lib.is_ready },
	{ "sd_bus_process", &lib.process },
	{ "sd_bus_wait", &lib.wait },
	{ "sd_bus_call", &lib.call },
	{ "sd_bus_add_match_async", &lib.add_match_async },
	{ "sd_bus_add_filter", &lib.add_filter },
	{ "sd_bus_close", &lib.close },
	{ "sd_bus_unref", &lib.unref },
	{ "sd_bus_error_free", &lib.error_free },
	{ "sd_bus_message_new_method_call", &lib.new_method_call },
	{ "sd_bus_message_unref", &lib.message_unref },
	{ "sd_bus_message_append_basic", &lib.append_basic },
	{ "sd_bus_message_open_container", &lib.open_container },
	{ "sd_bus_message_close_container", &lib.close_container },
	{ "sd_bus_message_read_basic", &lib.read_basic },
	{ "sd_bus_message_is_signal", &lib.is_signal },
};

static int open_library(struct error *err)
{
	if (!lib.open && buslib_open(symbols, ARRAY_SIZE(symbols), err))
		return -1;
	lib.open = true;
	return 0;
}

/* ---- the connection -------------------------------------------------------------------------------------------------- */

struct bus {
	struct arena *arena;
	struct sd_bus *bus;
	bool user;
	unsigned seconds;
	struct {
		const char *job, *result;
	} ended[MAX_ENDED]; /* jobs of the unit that is watched */
	size_t n_ended;
	const char *watched;
	bool removed; /* the unit that is watched */
};

static uint64_t microseconds_left(uint64_t deadline)
{
	uint64_t now = clock_now();

	return now >= deadline ? 0 : (deadline - now) / 1000;
}

static const char *whose(const struct bus *bus)
{
	return bus->user ? "the user's systemd" : "systemd";
}

/* Of these no peer tells: it was too slow, or has gone. */
static bool is_silence(int result)
{
	static const int silences[] = { ETIMEDOUT, ECONNRESET, ENOTCONN, EPIPE, ESHUTDOWN };

	for (size_t i = 0; i < ARRAY_SIZE(silences); i++)
		if (result == -silences[i])
			return true;
	return false;
}

/* How it ended where the peer did not say: `result` is a negative errno. */
static int fail(const struct bus *bus, int result, const char *what, const char *unit,
		struct error *err)
{
	const char *of = unit ? unit : "";

	if (result == -ETIMEDOUT || result == 0)
		return error_set(err, ERR_TIMEOUT,
				 "%s did not answer within %u seconds when asked for %s%s%s",
				 whose(bus), bus->seconds, what, unit ? " " : "", of);
	if (is_silence(result)) {
		error_set(err, ERR_SYSTEM, "%s closed the connection when asked for %s%s%s",
			  whose(bus), what, unit ? " " : "", of);
		err->errnum = ECONNRESET;
		return -1;
	}
	error_errno(err, -result, "ask %s for %s%s%s", whose(bus), what, unit ? " " : "", of);
	return -1;
}

static int connect_address(struct bus *bus, const char *address)
{
	int result = lib.new(&bus->bus);

	if (result >= 0)
		result = lib.set_address(bus->bus, address);
	if (result >= 0)
		result = lib.start(bus->bus);
	if (result < 0 && bus->bus)
		bus->bus = lib.unref(bus->bus);
	return result;
}

/* systemd's own socket, for those who may use it: it works without a bus, but hears of all units. */
static int connect_private(struct bus *bus)
{
	const char *runtime = bus->user ? getenv("XDG_RUNTIME_DIR") : "/run";
	char *address, *to;

	if (!runtime || *runtime != '/')
		return -ENOENT;
	runtime = arena_printf(bus->arena, "%s/systemd/private", runtime);
	if (access(runtime, W_OK) < 0)
		return -errno;
	address = arena_alloc(bus->arena, 3 * strlen(runtime) + 16);
	to = mempcpy(address, "unix:path=", 10);
	for (const char *p = runtime; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_/.", *p))
			*to++ = *p;
		else
			to += snprintf(to, 4, "%%%02x", (unsigned char)*p);
	}
	return connect_address(bus, address);
}

static int connect_once(struct bus *bus)
{
	int result = bus->user ? lib.open_user(&bus->bus) : lib.open_system(&bus->bus), other;

	if (result >= 0 || result == -EAGAIN)
		return result;
	other = connect_private(bus);
	return other >= 0 || other == -EAGAIN ? other : result;
}

/* Does what there is to do, or waits until there is: 0 at the deadline, negative errno. */
static int work(struct bus *bus, uint64_t deadline)
{
	int result = lib.process(bus->bus, NULL);

	if (result == 0 && !microseconds_left(deadline))
		return 0;
	if (result == 0)
		result = lib.wait(bus->bus, microseconds_left(deadline));
	return result < 0 && result != -EINTR ? result : 1;
}

/* Until the other side has let us in. */
static int wait_ready(struct bus *bus, uint64_t deadline)
{
	for (;;) {
		int result = lib.is_ready(bus->bus);

		if (result)
			return result;
		result = work(bus, deadline);
		if (result <= 0)
			return result ? result : -ETIMEDOUT;
	}
}

/* Where connect_once() has looked. */
static void tell_places(const struct bus *bus, struct error *err)
{
	const char *runtime = bus->user ? getenv("XDG_RUNTIME_DIR") : "/run";
	const char *address =
		getenv(bus->user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");

	if (!runtime || *runtime != '/')
		error_hint(err, "XDG_RUNTIME_DIR names no directory; the bus is %s",
			   address ? address : "not set either");
	else
		error_hint(err, "tried the message bus at %s, and %s/systemd/private",
			   address     ? address
			   : bus->user ? arena_printf(bus->arena, "%s/bus", runtime)
				       : "/run/dbus/system_bus_socket",
			   runtime);
}

int bus_open(struct arena *a, bool user, unsigned seconds, struct bus **ret, struct error *err)
{
	struct bus *bus = arena_new(a, struct bus);
	uint64_t deadline = deadline_in(seconds);
	int result;

	*bus = (struct bus){ .arena = a, .user = user, .seconds = seconds };
	if (open_library(err))
		return -1;
	/*
	 * A socket whose queue is full is one of a systemd that is busy. One that is not connected has nothing that poll(2) could
	 * wait for, and the library's does not block.
	 */
	while ((result = connect_once(bus)) == -EAGAIN && microseconds_left(deadline))
		(void)poll(NULL, 0, 20);
	if (result >= 0)
		result = wait_ready(bus, deadline);
	if (result < 0) {
		fail(bus, result == -EAGAIN ? -ETIMEDOUT : result, "a connection", NULL, err);
		if (err->kind != ERR_TIMEOUT && !is_silence(result))
			tell_places(bus, err);
		bus_close(bus);
		return -1;
	}
	*ret = bus;
	return 0;
}

void bus_close(struct bus *bus)
{
	if (!bus || !bus->bus)
		return;
	lib.close(bus->bus);
	bus->bus = lib.unref(bus->bus);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------- */

static void note(struct bus_call *c, int result)
{
	if (result < 0 && c->failed == 0)
		c->failed = result;
}

void bus_call_begin(struct bus *bus, const char *method, const char *unit, struct bus_call *ret)
{
	struct sd_bus_message *m = NULL;

	*ret = (struct bus_call){ .bus = bus, .method = method, .unit = unit };
	note(ret, lib.new_method_call(bus->bus, &m, SERVICE, MANAGER_PATH, MANAGER, method));
	ret->message = m;
}

void bus_put_text(struct bus_call *c, char type, const char *text)
{
	if (c->failed == 0)
		note(c, lib.append_basic(c->message, type, text));
}

void bus_put_number(struct bus_call *c, char type, uint64_t number)
{
	uint32_t word = (uint32_t)number;
	uint16_t half = (uint16_t)number;
	uint8_t byte = (uint8_t)number;
	const void *p = &number;

	if (strchr("biu", type))
		p = &word;
	else if (strchr("nq", type))
		p = &half;
	else if (type == 'y')
		p = &byte;
	if (c->failed == 0)
		note(c, lib.append_basic(c->message, type, p));
}

void bus_put_real(struct bus_call *c, double number)
{
	if (c->failed == 0)
		note(c, lib.append_basic(c->message, 'd', &number));
}

void bus_begin(struct bus_call *c, char container, const char *contents)
{
	if (c->failed == 0)
		note(c, lib.open_container(c->message, container, contents));
}

void bus_end(struct bus_call *c)
{
	if (c->failed == 0)
		note(c, lib.close_container(c->message));
}

/* What systemd said, with what it was asked. */
static int refused(const struct bus_call *c, const struct bus_error *error,
		   enum bus_answer *ret_answer, struct error *err)
{
	static const struct word answers[] = {
		{ SERVICE ".NoSuchUnit", BUS_NO_SUCH_UNIT },
		{ SERVICE ".UnitExists", BUS_UNIT_EXISTS },
		{ "org.freedesktop.DBus.Error.PropertyReadOnly", BUS_NOT_SUPPORTED },
		{ "org.freedesktop.DBus.Error.UnknownProperty", BUS_NOT_SUPPORTED },
		{ "org.freedesktop.DBus.Error.InvalidArgs", BUS_NOT_SUPPORTED },
	};
	char message[500];
	uint64_t answer;

	if (word_find(answers, ARRAY_SIZE(answers), error->name, &answer))
		*ret_answer = (enum bus_answer)answer;
	str_printable(error->message ? error->message : error->name, message, sizeof(message));
	return error_set(err, ERR_SYSTEM, "%s refused %s %s: %s", whose(c->bus), c->method, c->unit,
			 message);
}

int bus_call(struct bus_call *c, enum bus_answer *ret_answer, const char **ret_job,
	     struct error *err)
{
	struct bus *bus = c->bus;
	struct bus_error error = { 0 };
	struct sd_bus_message *reply = NULL;
	const char *job = NULL;
	int result = c->failed;

	*ret_answer = BUS_DONE;
	if (result >= 0)
		result = lib.call(bus->bus, c->message, (uint64_t)bus->seconds * 1000000, &error,
				  &reply);
	if (result >= 0 && ret_job) {
		result = lib.read_basic(reply, 'o', &job);
		if (result > 0)
			*ret_job = arena_strdup(bus->arena, job);
		else
			result = -EBADMSG;
	}
	if (result < 0 && error.name && !is_silence(result))
		refused(c, &error, ret_answer, err);
	else if (result < 0)
		fail(bus, result, c->method, c->unit, err);
	/* What the bus makes of a value that has not the type of its property. */
	if (result == -ENXIO)
		error_hint(err, "a property has another type");
	lib.error_free(&error);
	if (reply)
		lib.message_unref(reply);
	if (c->message)
		lib.message_unref(c->message);
	c->message = NULL;
	return result < 0 ? -1 : 0;
}

/* ---- jobs ------------------------------------------------------------------------------------------------------------ */

/* A signal of the manager that names the unit in its argument `arg`. */
static int listen_to(struct bus *bus, const char *unit, const char *signal, unsigned arg,
		     int (*handler)(struct sd_bus_message *, void *, struct bus_error *),
		     const char *what, struct error *err)
{
	const char *match = arena_printf(bus->arena,
					 "type='signal',interface='" MANAGER
					 "',member='%s',path='" MANAGER_PATH "',arg%u='%s'",
					 signal, arg, unit);
	int result = lib.add_filter(bus->bus, NULL, handler, bus);

	bus->watched = unit;
	if (result >= 0)
		result = lib.add_match_async(bus->bus, NULL, match, NULL, NULL, NULL);
	return result < 0 ? fail(bus, result, what, unit, err) : 0;
}

/* JobRemoved(u id, o job, s unit, s result). */
static int note_end(struct sd_bus_message *m, void *userdata, struct bus_error *error UNUSED)
{
	struct bus *bus = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	if (lib.is_signal(m, MANAGER, "JobRemoved") <= 0 || lib.read_basic(m, 'u', &id) <= 0 ||
	    lib.read_basic(m, 'o', &job) <= 0 || lib.read_basic(m, 's', &unit) <= 0 ||
	    lib.read_basic(m, 's', &result) <= 0 || !str_eq(unit, bus->watched))
		return 0;
	bus->ended[bus->n_ended % MAX_ENDED].job = arena_strdup(bus->arena, job);
	bus->ended[bus->n_ended++ % MAX_ENDED].result = arena_strdup(bus->arena, result);
	return 0;
}

/*
 * The bus is told of the unit, or with many containers each would hear of the jobs of all. The library cannot compare an
 * argument behind a number, so everything that comes is looked at here.
 */
int bus_watch(struct bus *bus, const char *unit, struct error *err)
{
	return listen_to(bus, unit, "JobRemoved", 2, note_end, "the ends of jobs of", err);
}

static const char *find_end(const struct bus *bus, const char *job)
{
	for (size_t i = 0; i < bus->n_ended && i < MAX_ENDED; i++)
		if (str_eq(bus->ended[i].job, job))
			return bus->ended[i].result;
	return NULL;
}

int bus_wait_job(struct bus *bus, const char *job, const char *unit, struct error *err)
{
	uint64_t deadline = deadline_in(bus->seconds);

	for (;;) {
		const char *end = find_end(bus, job);
		int result;

		if (end && str_eq(end, "done"))
			return 0;
		if (end)
			return error_set(err, ERR_SYSTEM, "%s ended the job for %s with \"%s\"",
					 whose(bus), unit, end);
		result = work(bus, deadline);
		if (result == 0)
			return error_set(err, ERR_TIMEOUT,
					 "%s did not end its job for %s (%s) within %u seconds",
					 whose(bus), unit, job, bus->seconds);
		if (result < 0)
			return fail(bus, result, "the end of its job for", unit, err);
	}
}

/* ---- removal --------------------------------------------------------------------------------------------------------- */

/* UnitRemoved(s id, o unit). */
static int note_removal(struct sd_bus_message *m, void *userdata, struct bus_error *error UNUSED)
{
	struct bus *bus = userdata;
	const char *unit;

	if (lib.is_signal(m, MANAGER, "UnitRemoved") > 0 && lib.read_basic(m, 's', &unit) > 0)
		bus->removed |= str_eq(unit, bus->watched);
	return 0;
}

/* Of jobs systemd tells who began them, of units only those who have subscribed. */
int bus_watch_removal(struct bus *bus, const char *unit, struct error *err)
{
	enum bus_answer answer;
	struct bus_call c;

	if (listen_to(bus, unit, "UnitRemoved", 0, note_removal, "the removal of", err))
		return -1;
	bus_call_begin(bus, "Subscribe", unit, &c);
	return bus_call(&c, &answer, NULL, err);
}

int bus_wait_removal(struct bus *bus, uint64_t deadline, struct error *err)
{
	while (!bus->removed) {
		int result = work(bus, deadline);

		if (result <= 0)
			return result ? fail(bus, result, "the removal of", bus->watched, err) : 0;
	}
	bus->removed = false;
	return 1;
}
