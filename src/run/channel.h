/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the runtime and the init process say to each other while a container is made.
 *
 *	parent (the runtime)				child (init)
 *	-------------------------------------------------------------------------------------------
 *	id maps, idmapped sources, devices	GO  -->	joins, mounts
 *	opens the gate, if it does so ahead	<--	APART	it has a table of descriptors of its own
 *	prestart, createRuntime hooks	<--	MOUNTED	the file tree is complete, not yet entered
 *					HOOKED	--> createContainer hooks, pivot, credentials
 *	limits, record			<--	READY	nothing left but the filter and the program
 *	fetches the listener		<-- LISTENER	number that the seccomp listener's descriptor will have
 *	undo, report			<--	FAILED	a struct error
 *	likewise			<--	REFUSED	errno of execve, by a relay (sys/relay.h)
 *
 * A message is one fixed struct in one packet of a SOCK_SEQPACKET pair. GO is sent always, and READY where somebody waits for
 * it (not where the gate is opened ahead of init); the plan says which of the others this container needs, and without a
 * cgroup init waits for GO until its pid is recorded. Any other message than the expected one, a deadline that passes and the
 * end of the conversation are errors; the end is never success here.
 *
 * Beside the messages both processes share one page, where each notes the phase it is in and when it entered it. A child
 * that dies without a word is reported with its phase; a phase is also where tests inject faults.
 *
 * A filter may forbid any call, and one that notifies may make any of them wait for somebody else. So nothing is said
 * under a filter but through the shared page, and the parent fetches the listener itself (run/listener.h).
 *
 * The gate is two FIFOs in the state directory and a page. The child sleeps in one read of the first FIFO. It never
 * writes to the second one, whose end of file says that the program has been executed, since the descriptor is
 * close-on-exec, or that the child has died: the page, which is memory to the child, tells them apart, and holds the
 * child's error if its program does not run. A relay that cannot execute it writes to the second FIFO. Of a gate that the
 * runtime itself opens, ahead of the child, only the first FIFO is in the state, by which others see that the container has
 * not been started; such a child also wakes at the end of the conversation, since nobody else can open it then.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "state/state.h"

/* The phases of a start, in order; the names stand in errors and in the timeline. */
enum phase {
	PHASE_NONE,
	/* parent; what stands before the claim is noted by the timeline alone, and so is the start */
	PHASE_LOAD,
	PHASE_PLAN,
	PHASE_CLAIM,
	PHASE_CLONE,
	PHASE_CGROUP,
	PHASE_SOURCES,
	PHASE_MAPS,
	PHASE_RUNTIME_HOOKS,
	PHASE_WAIT,
	PHASE_LIMITS,
	PHASE_ARRIVAL, /* and the next one: of exec, as run/arrival.h says */
	PHASE_TAKEN,
	PHASE_RECORD,
	PHASE_START,
	/* child */
	PHASE_JOIN,
	PHASE_ATTACH,
	PHASE_MOUNTS,
	PHASE_CONTAINER_HOOKS,
	PHASE_PIVOT,
	PHASE_FINISH,
	PHASE_CREDENTIALS,
	PHASE_FORGET, /* and the next one: likewise */
	PHASE_ENTER,
	PHASE_GATE,
	PHASE_START_HOOKS,
	PHASE_COPY, /* and the next one: likewise */
	PHASE_SETTLE,
	PHASE_EXEC,
	PHASES
};

const char *phase_name(enum phase phase);

/* A point in time (CLOCK_MONOTONIC), and the CPU time that a process had used by then; nanoseconds. */
struct moment {
	uint64_t wall, cpu;
};

struct moment moment_now(void);

/* The page both processes see. */
struct progress {
	volatile uint32_t child_phase; /* where the child is */
	volatile bool leaving;	       /* nothing but execve is left ... */
	char program[256];	       /* ... of this program */
	volatile pid_t pid;	       /* of a child that was born through a go-between */
	volatile bool timed;	       /* CPU time is noted as well */
	volatile struct moment stamps[PHASES];
	/* What is said under a filter, which may forbid any call. */
	volatile bool silent; /* the child has one: it sends nothing any more */
	volatile bool taken;  /* the parent has fetched its listener */
	volatile bool failed; /* the child ends: `failure` says why */
	struct error failure;
};

enum message_type {
	MSG_GO = 1,
	MSG_APART,
	MSG_MOUNTED,
	MSG_HOOKED,
	MSG_LISTENER,
	MSG_READY,
	MSG_FAILED,
	MSG_REFUSED
};

/* One end of the conversation. */
struct channel {
	int fd;
	int peer_pidfd;	  /* of the peer, -1: unknown; see channel_expect() */
	const char *peer; /* "the runtime" or "the container's init" */
	struct progress *progress;
};

/* Makes both ends and the shared page. */
int channel_open(struct channel *ret_parent, struct channel *ret_child, struct error *err);

/* Fails; with the peer's own error where it has gone and said why. */
int channel_send(const struct channel *ch, enum message_type type, int value, struct error *err);

/* Child: leaves word of the failure, for when it has ended, and says it at once where it may. */
void channel_fail(const struct channel *ch, const struct error *failure);

/*
 * Waits for exactly this message. FAILED is turned into the child's own error. `seconds` 0: no deadline (the peer is busy
 * with something that has one). *ret_value may be NULL.
 */
int channel_expect(const struct channel *ch, enum message_type type, unsigned seconds,
		   int *ret_value, struct error *err);

/*
 * The process says, without a system call, that nothing but execve is left; the other waits until its program has been
 * executed, which closes its end. Its own error, or its relay's, if it has not, ERR_GONE if it was killed.
 */
void channel_leave(const struct channel *ch, const char *program);
int channel_expect_end(const struct channel *ch, unsigned seconds, struct error *err);

/* The last words of a peer that has ended, once: its own error, or ERR_GONE. Always -1. */
int channel_reason(const struct channel *ch, struct error *err);

/* Notes that this process enters a phase. Fails only where a test build was told to fail here. */
int phase_enter(const struct channel *ch, enum phase phase, struct error *err);

/* ---- the gate ------------------------------------------------------------------------------------------------------ */

struct gate {
	int fd;	    /* first FIFO: the child reads, whoever opens the gate writes */
	int answer; /* child: write end of the second */
	int reader; /* its read end, for whoever opens the gate, -1: that takes gate_find() */
	struct gate_page *page;
};

enum gate_kind {
	GATE_SHARED, /* any command may open it, by what is in the state */
	GATE_OWN,    /* only the one that makes it; others see that it is closed */
};

#define GATE_INIT                                                  \
	{                                                          \
		.fd = -1, .answer = -1, .reader = -1, .page = NULL \
	}

/* Makes it, with all that the child inherits and that opens it. */
int gate_make(const struct state *s, enum gate_kind kind, struct gate *ret, struct error *err);
void gate_close(struct gate *gate);

/* Once the child has descriptors of its own: the answer shall end with it. */
void gate_settle(struct gate *gate);

/* Child: sleeps until somebody opens the gate; ERR_GONE if the conversation `ch` ends before (NULL: it may). */
int gate_wait(const struct gate *gate, const struct channel *ch, struct error *err);

/* Child: nothing but execve of the program can fail now. No system call. */
void gate_pass(const struct gate *gate, const char *program);

/* Child: says why the program does not run, once it ends. No system call. */
void gate_answer(const struct gate *gate, const struct error *failure);

/* Whether an init sleeps behind the gate: the program has not been executed. */
bool gate_is_closed(const struct state *s);

/* The gate of a container that another command has made; ERR_STATE if nobody waits behind it. */
int gate_find(const struct state *s, struct gate *ret, struct error *err);

/* Opens the gate, at which the child may not even have arrived. */
int gate_open(const struct gate *gate, const struct state *s, struct error *err);

/*
 * Waits until the program has been executed behind the open gate. The child's own error if it has not, ERR_GONE if it was
 * killed.
 */
int gate_expect(struct gate *gate, unsigned seconds, struct error *err);
