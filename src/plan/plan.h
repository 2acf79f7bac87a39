/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: everything one container start will do, decided before anything is done.
 *
 * plan_build() translates config.json and the facts of this machine into it; every refusal of a bundle happens there,
 * with the place in config.json. Afterwards it is const. What is below (run/, cgroup/) does not see config.json:
 * optional values are resolved here, a field of the plan has a value, never "present or not".
 */
#pragma once

#include "base/error.h"
#include "plan/mounts.h"
#include "plan/resources.h"
#include "plan/seccomp.h"
#include "plan/types.h"

struct oci_config;
struct oci_linux;
struct oci_process;

/* ---- namespaces (plan/namespaces.c) ------------------------------------------------------------------------------ */

struct ns_join {
	int flag;	  /* CLONE_NEW* */
	const char *path; /* absolute, in the caller's mount namespace */
	unsigned index;	  /* linux.namespaces[index] */
};

struct time_offset {
	const char *clock; /* "monotonic" or "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

struct ns_plan {
	int fresh;		 /* CLONE_NEW* flags of the namespaces to make */
	int listed;		 /* all flags that config.json lists, made or joined */
	struct ns_join joins[8]; /* the ones to join */
	size_t n_joins;
	struct id_maps maps; /* for a new user namespace */
	struct time_offset offsets[2];
	size_t n_offsets;
};

/* A device of the runtime's network namespace that is moved into the container's (plan/network.c). */
struct net_device {
	const char *host;
	const char *name;  /* in the container; the kernel replaces "%d" by a free number */
	const char *where; /* its place in config.json */
};

/* A group of the resctrl file system (plan/rdt.c). */
struct rdt_plan {
	bool set;
	const char *group;   /* directory below the root of the file system, "" the root itself */
	bool named;	     /* by closID: it outlives the container */
	const char *monitor; /* the same for a monitoring group, NULL: none */
	const char *l3, *mb; /* what an existing named group must have, NULL: anything */
	const char **lines;  /* all that is written to its schemata, in order */
	size_t n_lines;
};

/* ---- one process: init or exec (plan/process.c) -------------------------------------------------------------------- */

enum cap_set {
	CAP_SET_BOUNDING,
	CAP_SET_EFFECTIVE,
	CAP_SET_INHERITABLE,
	CAP_SET_PERMITTED,
	CAP_SET_AMBIENT,
	CAP_SETS
};

struct rlimit_plan {
	int resource;
	uint64_t soft, hard;
	unsigned index; /* process.rlimits[index] */
};

struct sched_plan {
	bool set;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct mempolicy_plan {
	bool set;
	int mode; /* with its flag bits */
	const unsigned long *nodes;
	unsigned long max_node; /* in bits; 0 without nodes */
};

/* CPUs to run on. */
struct cpu_plan {
	const unsigned long *words;
	unsigned long bits; /* 0: not said */
};

struct process_plan {
	bool exists; /* process may be absent until start */
	const char *const *args;
	const char **env; /* NULL-terminated; HOME may still be missing */
	size_t n_env;
	bool has_home;
	const char *cwd;

	bool terminal;
	uint16_t rows, columns; /* 0: unknown */

	uid_t uid;
	gid_t gid;
	mode_t umask;
	const gid_t *groups;
	size_t n_groups;
	bool keep_groups; /* annotation: leave the caller's groups */
	const char *user_name,
		*group_name; /* exec only: names to be looked up in the container; NULL: none */
	bool keep_gid;	     /* beside user_name: gid is not that of its entry */

	uint64_t caps[CAP_SETS];
	bool no_new_privileges;
	const char *apparmor, *selinux; /* profile, label; NULL: none */
	bool apparmor_stack;		/* the profile is added to what confines the runtime */

	const struct rlimit_plan *rlimits;
	size_t n_rlimits;
	bool has_oom_score_adj;
	int oom_score_adj;
	struct sched_plan sched;
	int ioprio; /* ioprio_set(2) value, -1: leave */
	bool has_personality;
	unsigned long personality;
	struct mempolicy_plan mempolicy;
	struct cpu_plan affinity_initial, affinity_final; /* exec only */
};

/* ---- hooks --------------------------------------------------------------------------------------------------------- */

enum hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS
};

struct hook {
	const char *path;
	const char *const *args; /* NULL-terminated, never empty */
	const char *const *env;	 /* NULL: the runtime's own */
	unsigned timeout;	 /* seconds, 0: the default deadline */
};

struct hooks {
	const struct hook *list;
	size_t n;
};

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

/* What the command line decides. */
struct plan_options {
	const char *id;
	const char *bundle;    /* absolute */
	const char *state_dir; /* absolute directory of this container, for the notify socket */
	bool no_pivot;	       /* MS_MOVE and chroot instead of pivot_root(2) */
	const char *keyring;   /* name of its session keyring, NULL: the caller's */
	unsigned preserve_fds; /* descriptors 3 .. 3 + n - 1 stay open, LISTEN_FDS ones included */
	unsigned listen_fds;
	const char *listen_fdnames; /* NULL: none */
	bool notify;		    /* NOTIFY_SOCKET is to be relayed */
};

struct plan {
	const char *id, *bundle;
	struct ns_plan ns;
	struct fs_plan fs;
	struct process_plan process;
	struct cgroup_plan cgroup;
	struct rdt_plan rdt;
	const struct seccomp_plan *seccomp; /* NULL: none */
	struct hooks hooks[HOOK_KINDS];
	const char *hooks_stdout,
		*hooks_stderr;		   /* annotation: files that hooks write to; NULL: none */
	const char *hostname, *domainname; /* NULL: leave */
	const struct pair *sysctl;
	size_t n_sysctl;
	const struct pair *annotations;
	size_t n_annotations;
	const char *keyring; /* name of the session keyring, NULL: keep the caller's */
	const struct net_device *net_devices;
	size_t n_net_devices;
	unsigned preserve_fds;
	bool loopback;	/* bring "lo" up */
	bool traceable; /* exec only: somebody in the pid namespace may have CAP_SYS_PTRACE */
	bool traces;	/* exec only: the process itself may have it */
};

/* The plan for creating a container. *ret lives in the arena. */
int plan_build(const struct oci_config *config, const struct plan_options *options,
	       const struct host *host, struct arena *a, struct plan_warnings *warnings,
	       const struct plan **ret, struct error *err);

/*
 * What the command line of exec says of the process. Without a process file it is that of config.json, without its terminal;
 * what neither says of a process file is as in config.json.
 */
struct process_options {
	const struct oci_process *file; /* NULL: none */
	const char *const *args;	/* the command; n_args 0: the file's */
	size_t n_args;
	const char *const *env; /* added, or in the place of others of the same name */
	size_t n_env;
	const char *const *caps; /* added */
	size_t n_caps;
	const char *const *groups; /* added */
	size_t n_groups;
	const char *cwd, *user, *apparmor, *selinux; /* NULL: as before; user is USER[:GROUP] */
	int terminal, no_new_privileges;	     /* 1: yes, -1: no, 0: as before */
};

/*
 * The plan for a further process in the container of `config`: id, bundle, annotations, namespaces (ns), the process, its
 * filter and keyring are filled in. Errors have their place below "/process", wherever the process comes from.
 */
int plan_exec(const struct oci_config *config, const struct process_options *process,
	      const struct plan_options *options, const struct host *host, struct arena *a,
	      struct plan_warnings *warnings, const struct plan **ret, struct error *err);

/*
 * The plan for mounts in a running container: of `config`, whose mounts are the new ones, id, bundle, namespaces (ns), mounts
 * and hidden paths (fs) are filled in. There is no rootfs: it is the container's root.
 */
int plan_graft(const struct oci_config *config, const struct plan_options *options,
	       const struct host *host, struct arena *a, struct plan_warnings *warnings,
	       const struct plan **ret, struct error *err);

/* The process object that results (plan/override.c); names of --user go to *ret_names. */
int plan_override(const struct oci_process *base, const struct process_options *options,
		  struct arena *a, struct oci_process *ret, struct process_plan *ret_names,
		  struct error *err);

/* The parts, in the order plan_build() runs them; `where` is the JSON pointer of the process object. */
int plan_namespaces(const struct oci_config *config, const struct host *host, struct arena *a,
		    struct plan_warnings *warnings, struct ns_plan *ret, struct error *err);
int plan_process(const struct oci_process *process, const char *where, const struct host *host,
		 struct arena *a, struct plan_warnings *warnings, struct process_plan *ret,
		 struct error *err);
/* Refuses ids of the process that a new user namespace does not map, and groups that it does not let us set. */
int plan_check_ids(const struct process_plan *p, const struct ns_plan *ns, const struct host *host,
		   struct error *err);
int plan_rdt(const struct oci_linux *os, const char *id, struct arena *a,
	     struct plan_warnings *warnings, struct rdt_plan *ret, struct error *err);
int plan_net_devices(const struct oci_linux *os, struct arena *a, struct plan *plan,
		     struct error *err);

/* CPU or memory-node lists ("0-3,7"): the highest number + 1 and, where words is not NULL, the bits. */
int plan_list_bits(const char *list, struct arena *a, const unsigned long **ret_words,
		   unsigned long *ret_bits);

/* Whether `id` of the inner side is in one of the map's ranges. */
bool id_map_holds(const struct id_map *map, size_t n, uint32_t id);

/* Whether sysctl `key` belongs to a namespace in `own` (CLONE_NEW* flags); NULL or why it is refused. */
const char *plan_sysctl_refusal(const char *key, int own);
