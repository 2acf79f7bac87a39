/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one table of commands, each with its options. Parsing and help text both come from it.
 *
 * The grammar: `teu [GLOBAL OPTIONS] COMMAND [OPTIONS] ARGS`. Long options take one dash or two, their value after "=" or as
 * the next word; a flag takes "=true" or "=false"; one-letter options may be bundled. Global options may also follow the
 * command. Options may follow arguments, save for commands whose arguments are another command line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* The values of an option that may be repeated. */
struct values {
	const char **list;
	size_t n;
};

/* Every value that some option sets; what is not given is 0, false or NULL. */
struct settings {
	/* global */
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *criu;
	bool debug, systemd_cgroup, version, help;
	/* create, run */
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file, *preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, detach, keep;
	bool timeline;
	const char *timeline_format;
	/* kill, delete */
	const char *signal;
	bool all, force;
	/* list, spec */
	const char *format, *file;
	bool quiet, spec_rootless;
	/* check */
	bool strict;
	/* exec */
	const char *process, *cwd, *user, *apparmor, *process_label;
	struct values env, caps, groups, cgroups;
	int tty, no_new_privileges;
	bool ignore_paused;
	/* update */
	const char *resources, *blkio_weight, *cpu_burst, *cpu_idle, *cpu_period, *cpu_quota,
		*cpu_rt_period, *cpu_rt_runtime, *cpu_share, *cpuset_cpus, *cpuset_mems, *memory,
		*memory_reservation, *memory_swap, *pids_limit, *kernel_memory, *kernel_memory_tcp,
		*l3_cache_schema, *mem_bw_schema;
	/* events */
	const char *interval;
	bool stats;
};

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_SWITCH, /* int: 1 for true, -1 for false, 0 where it is not given */
	OPTION_VALUE,  /* const char * */
	OPTION_VALUES, /* struct values */
};

struct option {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of its member in struct settings */
	const char *value, *help;
};

struct invocation {
	const struct command *command;
	struct settings set;
	char **args; /* what is left: the arguments of the command */
	int n_args;
	char **argv; /* as we were started */
	bool begun;  /* the command line was right, the command runs */
	struct arena *arena;
};

struct command {
	const char *name, *args, *help;
	int min_args, max_args; /* max -1: any number */
	bool own_words;		/* options end at the first argument */
	int failure;		/* exit status when `run` fails; 0 means 1 */
	const struct option *options;
	size_t n_options;
	/* Returns the exit status, or -1 with *err. */
	int (*run)(struct invocation *in, struct error *err);
};

extern const struct command command_create, command_run, command_start, command_kill,
	command_delete, command_state, command_list, command_spec, command_exec, command_features,
	command_pause, command_resume, command_ps, command_update, command_seccomp, command_check,
	command_mounts, command_events;

/* Parses the whole command line. With "help" or "version" asked for, nothing else need be right. */
int options_parse(struct invocation *in, int argc, char **argv, struct error *err);

/* The options that decide where errors go, found before the rest is judged. */
void options_find_log(struct settings *set, int argc, char **argv);

/* Help for one command, or for the program (NULL). */
void options_help(const struct command *command);

const struct command *command_find(const char *name);

/* Opens an existing container by the first argument and the global options. */
struct container;
int invocation_open(struct invocation *in, bool lock, struct container *ret, struct error *err);

/*
 * Where systemd will be asked, for this container or for one that is to be made (NULL): goes on in a program that can do so,
 * which begins with the command line.
 */
int invocation_reach_manager(const struct invocation *in, const struct container *c,
			     struct error *err);

/* The facts of this machine, with what the global options say of cgroups. */
struct host;
int invocation_host(struct invocation *in, struct host *ret, struct error *err);

/* The timeline that the options ask for, begun; `process` is what the process that is made is called in it. */
struct timeline;
int invocation_timeline(struct invocation *in, const char *process, struct timeline *ret,
			struct error *err);

#define TIMELINE_OPTIONS                                                              \
	OPTION(OPTION_FLAG, "timeline", 0, timeline, NULL,                            \
	       "say on standard error how long each phase took"),                     \
		OPTION(OPTION_VALUE, "timeline-format", 0, timeline_format, "FORMAT", \
		       "the same as text (default) or json")

/* The state root: --root or the default, absolute. */
int invocation_root(struct invocation *in, const char **ret, struct error *err);

/* A number of descriptors. */
int invocation_preserve_fds(const struct invocation *in, unsigned *ret, struct error *err);

/* The directory of a bundle, absolute and without links; NULL and "" are the current one. */
int invocation_bundle(struct invocation *in, const char *bundle, const char **ret,
		      struct error *err);

/* A path made absolute by the caller's working directory. */
const char *invocation_path(struct invocation *in, const char *path);

#define OPTION(kind, name, letter, member, value, help)                            \
	{                                                                          \
		name, letter, kind, offsetof(struct settings, member), value, help \
	}
