/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that exists, as later commands find it: its record, its init, its cgroup, and what follows from them.
 */
#pragma once

#include <stdbool.h>

#include "run/cgroups.h"
#include "plan/types.h"
#include "state/state.h"
#include "sys/clone.h"

/* Keys of the record. */
#define RECORD_STATUS "status" /* creating, created */
#define RECORD_PID "pid"       /* of init, 0 while unknown */
#define RECORD_START "start"   /* its start time */
#define RECORD_BOOT "boot"     /* the boot those belong to */
#define RECORD_BUNDLE "bundle"
#define RECORD_ROOTFS "rootfs"
#define RECORD_TIME "created"
#define RECORD_OWNER "owner" /* uid of the creator */
#define RECORD_OWN_PIDNS "own-pidns"
#define RECORD_NO_PROCESS "no-process" /* config.json has none */
#define RECORD_ANNOTATION "annotation"
#define RECORD_VALUE "annotation-value"
#define RECORD_HOOKS_STDOUT "hooks-stdout"
#define RECORD_HOOKS_STDERR "hooks-stderr"
#define RECORD_KEYRING "keyring" /* name of its session keyring; none: it has that of its creator */
#define RECORD_START_SECONDS "start-seconds" /* what startContainer hooks may take */

#define RECORD_CREATING "creating"
#define RECORD_CREATED "created"

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

const char *container_status_name(enum container_status status);

struct container {
	const char *id;
	struct arena *arena;
	struct state state;
	struct record record;
	struct process init; /* pid 0 if the record is of another boot or has none yet */
	struct cgroup *cgroup;
	enum container_status status;
	bool aborted;  /* its creator died before it was created */
	bool executed; /* whoever made it has not waited to start it */
};

/* Opens and reads a container (ERR_NOT_FOUND); `lock` holds it against other changes. Close it with container_close(). */
int container_open(const char *root, const char *id, bool lock, struct arena *a,
		   struct container *ret, struct error *err);
void container_close(struct container *c);

#define auto_container __attribute__((cleanup(container_close)))
#define CONTAINER_INIT              \
	{                           \
		.state = STATE_INIT \
	}

/* Whether its cgroup is a unit of systemd. */
bool container_has_unit(const struct container *c);

/* The annotations kept in the record. */
const struct pair *container_annotations(const struct container *c, size_t *ret_n);

/* The name of the user who created it, "#uid" if it has none. */
const char *container_owner(const struct container *c);

/* Fills in start time and boot of init, for whom it is running. */
int container_note_start(struct record *r, pid_t pid, struct error *err);

/* The compact or indented object that `state` prints (pid 0 when stopped), as a member of `w`. */
struct json_writer;
void container_report(const struct container *c, struct json_writer *w);

/*
 * Runs the created container's program and its poststart hooks. If the program does not run or a hook fails, the container
 * is destroyed and its poststop hooks run. Where the caller has a NOTIFY_SOCKET, *ret_notify (may be NULL) relays to it, or
 * without it the call waits until the container is ready.
 */
struct notify;
int container_start(struct container *c, struct notify *ret_notify, struct error *err);

/* Sends a signal to init, or to every process of the container. */
int container_kill(struct container *c, int sig, bool all, struct error *err);

/* Stops all processes until they are resumed; ERR_STATE for a container that is not running, or not paused. */
int container_pause(const struct container *c, struct error *err);
int container_resume(const struct container *c, struct error *err);

/*
 * Init, our child, has ended with that wait status: takes the lock, which others may have had meanwhile, and remembers it, with
 * `keep` for later commands. ERR_NOT_FOUND if the container has been deleted.
 */
int container_end(struct container *c, int status, bool keep, struct error *err);

/* A change to what the container may use: all of it is done, or nothing. */
struct container_change {
	const struct cgroup_plan *plan;
	const struct cgroup_plan
		*before;     /* with the device rules that are in force, where the plan has some */
	const char *l3, *mb; /* schemata of its resctrl group, NULL: none */
	const char *resources;	      /* what holds afterwards, for the state directory */
	const char *resources_before; /* what stands there now, NULL: nothing */
};
int container_update(struct container *c, const struct container_change *change, struct error *err);

/* Removes the container; with `force` it is killed first. Runs the poststop hooks. */
int container_delete(struct container *c, bool force, struct error *err);
