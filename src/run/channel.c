/* SPDX-License-Identifier: Apache-2.0 */
#include "run/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "run/program.h"

struct message {
	uint32_t type;
	int32_t value;
};

static const char *const phase_names[] = {
	[PHASE_NONE] = "none",
	[PHASE_LOAD] = "load",
	[PHASE_PLAN] = "plan",
	[PHASE_CLAIM] = "claim",
	[PHASE_CLONE] = "clone",
	[PHASE_CGROUP] = "cgroup",
	[PHASE_SOURCES] = "sources",
	[PHASE_MAPS] = "maps",
	[PHASE_RUNTIME_HOOKS] = "runtime-hooks",
	[PHASE_WAIT] = "wait",
	[PHASE_LIMITS] = "limits",
	[PHASE_ARRIVAL] = "arrival",
	[PHASE_TAKEN] = "taken",
	[PHASE_RECORD] = "record",
	[PHASE_START] = "start",
	[PHASE_JOIN] = "join",
	[PHASE_ATTACH] = "attach",
	[PHASE_MOUNTS] = "mounts",
	[PHASE_CONTAINER_HOOKS] = "container-hooks",
	[PHASE_PIVOT] = "pivot",
	[PHASE_FINISH] = "finish",
	[PHASE_CREDENTIALS] = "credentials",
	[PHASE_FORGET] = "forget",
	[PHASE_ENTER] = "enter",
	[PHASE_GATE] = "gate",
	[PHASE_START_HOOKS] = "start-hooks",
	[PHASE_COPY] = "copy",
	[PHASE_SETTLE] = "settle",
	[PHASE_EXEC] = "exec",
};
_Static_assert(ARRAY_SIZE(phase_names) == PHASES, "every phase has a name");

static const char *const message_names[] = {
	[MSG_GO] = "go",	 [MSG_APART] = "apart",	      [MSG_MOUNTED] = "mounted",
	[MSG_HOOKED] = "hooked", [MSG_LISTENER] = "listener", [MSG_READY] = "ready",
	[MSG_FAILED] = "failed", [MSG_REFUSED] = "refused",
};

const char *phase_name(enum phase phase)
{
	return (unsigned)phase < PHASES ? phase_names[phase] : "unknown";
}

int channel_open(struct channel *ret_parent, struct channel *ret_child, struct error *err)
{
	struct progress *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fds[2];

	if (page == MAP_FAILED)
		return error_sys(err, "mmap of a shared page");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return error_sys(err, "socketpair");
	*ret_parent = (struct channel){ fds[0], -1, "the container's init", page };
	*ret_child = (struct channel){ fds[1], -1, "the runtime", page };
	return 0;
}

/* An error in memory that the container may have written to. */
static void close_strings(struct error *err)
{
	err->text[sizeof(err->text) - 1] = '\0';
	err->where[sizeof(err->where) - 1] = '\0';
	err->file[sizeof(err->file) - 1] = '\0';
}

static int send_message(const struct channel *ch, const struct message *m)
{
	return send(ch->fd, m, sizeof(*m), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int channel_reason(const struct channel *ch, struct error *err)
{
	if (channel_expect(ch, MSG_READY, 1, NULL, err) == 0)
		error_set(err, ERR_GONE, "%s ended after it said \"ready\"", ch->peer);
	return -1;
}

int channel_send(const struct channel *ch, enum message_type type, int value, struct error *err)
{
	struct message m = { .type = type, .value = value };

	if (send_message(ch, &m) == 0)
		return 0;
	/* A peer that has gone may have said why. */
	if (errno == EPIPE || errno == ECONNRESET)
		return channel_reason(ch, err);
	return error_sys(err, "tell %s \"%s\"", ch->peer, message_names[type]);
}

void channel_fail(const struct channel *ch, const struct error *failure)
{
	const struct message m = { .type = MSG_FAILED };

	ch->progress->failure = *failure;
	ch->progress->failed = true;
	/* Nobody may be left to hear it. */
	if (!ch->progress->silent)
		(void)send_message(ch, &m);
}

/*
 * Waits for a message or for the end of the peer: 0 at the deadline. While both processes share one table of descriptors
 * the connection has no end, so the peer is watched by its pidfd as well.
 */
static int wait_peer(const struct channel *ch, unsigned seconds)
{
	struct pollfd list[] = { { .fd = ch->fd, .events = POLLIN },
				 { .fd = ch->peer_pidfd, .events = POLLIN } };
	uint64_t deadline = seconds ? deadline_in(seconds) : 0;
	int n;

	do
		n = poll(list, ARRAY_SIZE(list), deadline_left(deadline));
	while (n < 0 && errno == EINTR);
	return n;
}

int channel_expect(const struct channel *ch, enum message_type type, unsigned seconds,
		   int *ret_value, struct error *err)
{
	const char *wanted = message_names[type];
	struct message m = { 0 };
	ssize_t n;

	if (wait_peer(ch, seconds) == 0)
		return error_set(err, ERR_TIMEOUT,
				 "%s did not say \"%s\" within %u seconds (phase %s)", ch->peer,
				 wanted, seconds,
				 phase_name((enum phase)ch->progress->child_phase));
	/* A peer that ended without reading all that we said resets the connection once; what it said comes after that. */
	do
		n = recv(ch->fd, &m, sizeof(m), MSG_DONTWAIT);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	/* No message: it was the pidfd. */
	if (n < 0 && errno == EAGAIN)
		n = 0;
	if (n < 0)
		return error_sys(err, "wait for %s to say \"%s\"", ch->peer, wanted);
	if ((n <= 0 || m.type == MSG_FAILED) && ch->progress->failed) {
		*err = ch->progress->failure;
		close_strings(err);
		return -1;
	}
	if (n <= 0)
		return error_set(err, ERR_GONE, "%s ended before it said \"%s\"", ch->peer, wanted);
	if (m.type != (uint32_t)type || (size_t)n != sizeof(m))
		return error_set(err, ERR_CHILD, "%s said \"%s\" instead of \"%s\"", ch->peer,
				 m.type < ARRAY_SIZE(message_names) && m.type
					 ? message_names[m.type]
					 : "something unknown",
				 wanted);
	if (ret_value)
		*ret_value = m.value;
	return 0;
}

/* `program` is in memory that the container may have written to. */
static int refuse(const char program[256], int errnum, struct error *err)
{
	char shown[256];

	snprintf(shown, sizeof(shown), "%.255s", program);
	program_refused(shown, errnum, err);
	return error_at(err, "/process/args/0");
}

int channel_expect_end(const struct channel *ch, unsigned seconds, struct error *err)
{
	int errnum;

	if (channel_expect(ch, MSG_REFUSED, seconds, &errnum, err) == 0)
		return refuse(ch->progress->program, errnum, err);
	if (err->kind == ERR_GONE && ch->progress->leaving)
		return 0;
	if (err->kind == ERR_GONE)
		return error_set(err, ERR_GONE, "%s ended before its program ran", ch->peer);
	if (err->kind == ERR_TIMEOUT)
		return error_set(err, ERR_TIMEOUT,
				 "%s did not run its program within %u seconds (phase %s)",
				 ch->peer, seconds,
				 phase_name((enum phase)ch->progress->child_phase));
	return -1;
}

void channel_leave(const struct channel *ch, const char *program)
{
	snprintf(ch->progress->program, sizeof(ch->progress->program), "%s", program);
	ch->progress->leaving = true;
}

#ifdef TEU_FAULTS
/* TEU_FAULT=PHASE:kill dies on entering a phase, TEU_FAULT=PHASE:fail makes it fail. */
static int inject(enum phase phase, struct error *err)
{
	static char fault[64];
	const char *wanted = getenv("TEU_FAULT"), *name = phase_names[phase];

	/* Who arrives in a container has forgotten its environment by then. */
	if (wanted && !fault[0])
		snprintf(fault, sizeof(fault), "%s", wanted);
	if (!str_starts(fault, name) || fault[strlen(name)] != ':')
		return 0;
	if (str_eq(fault + strlen(name) + 1, "kill")) {
		raise(SIGKILL);
		/* The first process of a pid namespace dies of no signal of its own, but of a trap. */
		signal(SIGILL, SIG_DFL);
		__builtin_trap();
	}
	return error_errno(err, EIO, "injected fault in phase %s", name);
}
#else
static int inject(enum phase phase UNUSED, struct error *err UNUSED)
{
	return 0;
}
#endif

struct moment moment_now(void)
{
	return (struct moment){ clock_now(), clock_cpu(0) };
}

int phase_enter(const struct channel *ch, enum phase phase, struct error *err)
{
	if (ch->progress && phase >= PHASE_JOIN)
		ch->progress->child_phase = phase;
	/* Under a filter even a clock is too much to ask. */
	if (ch->progress && (phase < PHASE_JOIN || !ch->progress->silent)) {
		ch->progress->stamps[phase].wall = clock_now();
		/* Behind the gate a filter may deny the call. */
		if (ch->progress->timed && phase <= PHASE_GATE)
			ch->progress->stamps[phase].cpu = clock_cpu(0);
	}
	/* The child's phases are in the page: what it wrote might come after the command has ended. */
	if (phase < PHASE_JOIN)
		log_debug("phase %s", phase_names[phase]);
	return inject(phase, err);
}

/* ---- the gate ------------------------------------------------------------------------------------------------------ */

struct gate_page {
	volatile uint32_t passed; /* nothing but execve is left ... */
	char program[256];	  /* ... of this program */
	volatile uint32_t failed; /* `failure` says why */
	struct error failure;
};

static int open_answer(const struct state *s)
{
	return openat(s->fd, STATE_ANSWER, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

static int open_page(const struct state *s, int flags)
{
	return openat(s->fd, STATE_PAGE, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static struct gate_page *map_page(int fd, int protection)
{
	struct gate_page *page = mmap(NULL, sizeof(*page), protection,
				      MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

static int make_page(const struct state *s, enum gate_kind kind, struct gate *gate,
		     struct error *err)
{
	auto_fd int fd = kind == GATE_OWN ? -1 : open_page(s, O_RDWR | O_CREAT | O_EXCL);

	if (kind == GATE_OWN || (fd >= 0 && ftruncate(fd, sizeof(*gate->page)) == 0))
		gate->page = map_page(fd, PROT_READ | PROT_WRITE);
	return gate->page ? 0 : error_sys(err, "make \"%s/%s/" STATE_PAGE "\"", s->root, s->id);
}

static int make_answer(const struct state *s, enum gate_kind kind, struct gate *gate)
{
	int fds[2];

	if (kind == GATE_SHARED) {
		auto_fd int reader = -1;

		if (mkfifoat(s->fd, STATE_ANSWER, 0600) < 0)
			return -1;
		/* A writer cannot be opened without a reader. */
		reader = open_answer(s);
		gate->answer = openat(s->fd, STATE_ANSWER, O_WRONLY | O_CLOEXEC);
		return reader < 0 || gate->answer < 0 ? -1 : 0;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	gate->reader = fds[0];
	gate->answer = fds[1];
	return 0;
}

int gate_make(const struct state *s, enum gate_kind kind, struct gate *ret, struct error *err)
{
	struct gate gate = GATE_INIT;

	if (mkfifoat(s->fd, STATE_GATE, 0600) < 0)
		return error_sys(err, "mkfifo in \"%s/%s\"", s->root, s->id);
	/* Open for writing as well, the reader never sees an end of file when somebody only looks at the gate. */
	gate.fd = openat(s->fd, STATE_GATE, O_RDWR | O_CLOEXEC);
	if (gate.fd < 0 || make_answer(s, kind, &gate))
		error_sys(err, "make the gate in \"%s/%s\"", s->root, s->id);
	else if (make_page(s, kind, &gate, err) == 0) {
		*ret = gate;
		return 0;
	}
	gate_close(&gate);
	return -1;
}

void gate_close(struct gate *gate)
{
	fd_close(&gate->fd);
	fd_close(&gate->answer);
	fd_close(&gate->reader);
	if (gate->page)
		(void)munmap(gate->page, sizeof(*gate->page));
	gate->page = NULL;
}

void gate_settle(struct gate *gate)
{
	fd_close(&gate->answer);
}

int gate_wait(const struct gate *gate, const struct channel *ch, struct error *err)
{
	struct pollfd list[] = { { .fd = gate->fd, .events = POLLIN }, { .fd = ch ? ch->fd : -1 } };
	char byte;
	ssize_t n;

	if (ch) {
		do
			n = poll(list, ARRAY_SIZE(list), -1);
		while (n < 0 && errno == EINTR);
		if (n > 0 && !(list[0].revents & POLLIN))
			return error_set(err, ERR_GONE, "%s ended before it opened the gate",
					 ch->peer);
	}
	do
		n = read(gate->fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return error_sys(err, "read from the gate");
	return 0;
}

void gate_pass(const struct gate *gate, const char *program)
{
	snprintf(gate->page->program, sizeof(gate->page->program), "%s", program);
	gate->page->passed = 1;
}

void gate_answer(const struct gate *gate, const struct error *failure)
{
	gate->page->failure = *failure;
	gate->page->failed = 1;
}

static int open_gate(const struct state *s)
{
	return openat(s->fd, STATE_GATE, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

bool gate_is_closed(const struct state *s)
{
	/* Without a reader this fails with ENXIO; init's descriptor is closed by its execve. */
	auto_fd int fd = open_gate(s);

	return fd >= 0;
}

static struct gate_page *find_page(const struct state *s)
{
	auto_fd int fd = open_page(s, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	/* What is not in the file would be a fault to read. */
	if (st.st_size < (off_t)sizeof(struct gate_page)) {
		errno = ENODATA;
		return NULL;
	}
	return map_page(fd, PROT_READ);
}

int gate_find(const struct state *s, struct gate *ret, struct error *err)
{
	struct gate gate = GATE_INIT;

	gate.reader = open_answer(s);
	gate.fd = gate.reader < 0 ? -1 : open_gate(s);
	if (gate.fd < 0 && (errno == ENXIO || errno == ENOENT)) {
		error_set(err, ERR_STATE, "no process waits to be started");
	} else {
		gate.page = gate.fd < 0 ? NULL : find_page(s);
		if (gate.page) {
			*ret = gate;
			return 0;
		}
		error_sys(err, "open the gate in \"%s/%s\"", s->root, s->id);
	}
	gate_close(&gate);
	return -1;
}

int gate_open(const struct gate *gate, const struct state *s, struct error *err)
{
	return fd_write_all(gate->fd, "", 1) < 0
		       ? error_sys(err, "write to \"%s/%s/" STATE_GATE "\"", s->root, s->id)
		       : 0;
}

int gate_expect(struct gate *gate, unsigned seconds, struct error *err)
{
	struct message message;
	int events;

	/* Whoever has it open could be taken for the child that waits. */
	fd_close(&gate->fd);
	events = fd_wait(gate->reader, POLLIN, deadline_in(seconds));
	if (events < 0)
		return error_sys(err, "wait for the program to be executed");
	if (events == 0)
		return error_set(err, ERR_TIMEOUT, "the program was not executed within %u seconds",
				 seconds);
	if (gate->page->failed) {
		*err = gate->page->failure;
		close_strings(err);
		return -1;
	}
	if (read(gate->reader, &message, sizeof(message)) == sizeof(message))
		return refuse(gate->page->program, message.value, err);
	if (!gate->page->passed)
		return error_set(err, ERR_GONE, "container init was killed before its program ran");
	return 0;
}
