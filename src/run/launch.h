/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container start, as the two processes see it: parent.c carries out the runtime's steps, child.c those of init.
 *
 * What is made before the clone the child has by inheritance. Cgroups and sources are made while the child makes its
 * namespaces, each of which takes the kernel a while; until GO both share one table of descriptors, and what they are is told
 * through memory that both see. So no descriptor is ever sent, and the child closes none before GO.
 */
#pragma once

#include "base/arena.h"
#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "run/channel.h"
#include "run/join.h"
#include "run/netdev.h"
#include "run/rdtgroup.h"
#include "run/rootfs.h"
#include "state/state.h"

/* What the command line asks of a start beside the plan. */
struct launch_options {
	const char *root;	    /* state root */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	const char *pid_file;	    /* NULL: none */
	bool notify;		    /* NOTIFY_SOCKET is relayed */
	bool timed;		    /* the phases note CPU time, too (run/timeline.h) */
	bool attached; /* `run` in the foreground: we keep the terminal's primary end */
	bool starts;   /* `run`: nobody is told of the container before its program runs */
};

struct handover {
	struct cgroup_joins joins;
	uint64_t sources[]; /* sources_give() */
};

struct launch {
	const struct plan *plan;
	const struct host *host;
	const struct launch_options *options;
	const char *config; /* the text of config.json, kept in the state */
	size_t config_size;
	struct arena *arena;

	struct state state;
	struct record record;
	struct cgroup *cgroup;
	struct sources sources;
	struct rdtgroup rdtgroup;
	struct net_devices net_devices;
	struct gate gate;
	struct channel parent, child; /* our end and the child's */
	int console;		      /* socket for the terminal's primary end, -1: none */
	int console_peer;	      /* attached: where the primary end arrives, -1: none */
	int agent;		      /* connection to the listener's agent, -1: none */
	int join_fds[8];	      /* plan->ns.joins, in that order; -1: done by the parent */

	struct handover *handover; /* written by the parent before GO, read by the child after it */
	int relay;     /* by which init executes its program (sys/relay.h), -1: without */
	int own_pidfd; /* of the runtime, for the child to watch */
	bool settled; /* the child has a table of descriptors of its own, and what was for it is closed */
	bool limited;  /* limits and device rules are in force */
	bool ahead;    /* nothing has to wait for init: the gate is opened before it is there */
	bool executed; /* and its program has been */
	pid_t pid;     /* of init, as we see it */
	int pidfd;
	bool hooked; /* a hook has run, so a failure runs the poststop hooks */
};

/*
 * Decides how the program's own file is kept from the container; the program may begin anew (sys/selfexe.h). The relay is for a
 * container in which nobody can be before its program: that of `run`, with a pid namespace of its own.
 */
int parent_protect(struct launch *l, char **argv, struct error *err);

/*
 * Makes the container up to "created", or, l->executed, until its program has been executed. On failure everything is undone.
 * On success l->pid and l->pidfd are init's, the state is locked, and l->console_peer (attached) delivers the terminal.
 */
int parent_create(struct launch *l, struct error *err);

/* The namespaces that init is born in; it makes the others itself, beside the parent. */
int launch_birth_flags(const struct plan *plan);

/* Makes l->handover and init: l->pid, l->pidfd. From here until GO it shares our descriptors. */
int launch_clone(struct launch *l, struct error *err);

/* Init's life from the clone to the program; never returns. */
NORETURN void child_main(struct launch *l);
