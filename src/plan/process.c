/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process object: of config.json for init, of the process file for exec. Everything about the program, its
 * credentials and its limits that can be judged without running it.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>

#include "oci_spec.h"
#include "base/phrases.h"
#include "plan/labels.h"
#include "plan/plan.h"
#include "spec/names.h"

/* The place of the process object, and what the parts below need. */
struct context {
	const char *where;
	const struct host *host;
	struct arena *arena;
	struct plan_warnings *warnings;
	struct error *err;
};

static int refuse(struct context *c, const char *member, const char *fmt, ...) PRINTF(3, 4);

static int refuse(struct context *c, const char *member, const char *fmt, ...)
{
	char text[512], where[112];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(where, sizeof(where), "%s/%s", c->where, member);
	return error_config(c->err, where, "%s", text);
}

static int plan_program(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	if (!from->cwd || !*from->cwd)
		return refuse(c, "cwd", PHRASE_NO_CWD);
	if (from->cwd[0] != '/')
		return refuse(c, "cwd", PHRASE_RELATIVE_CWD ", not \"%s\"", from->cwd);
	if (from->n_args == 0)
		return refuse(c, "args", PHRASE_NO_ARGS);
	to->cwd = from->cwd;
	to->args = from->args;
	return 0;
}

/*
 * Later entries of a name replace earlier ones. Names are found again through a small hash table: an environment may
 * have thousands of entries.
 */
static int plan_environment(struct context *c, const struct oci_process *from,
			    struct process_plan *to)
{
	size_t slots = 16;
	size_t *table; /* index + 1 into env */

	while (slots < 2 * (from->n_env + 1))
		slots *= 2;
	table = arena_new_n(c->arena, size_t, slots);
	/* Room for what the runtime adds: HOME, LISTEN_*, NOTIFY_SOCKET. */
	to->env = arena_new_n(c->arena, const char *, from->n_env + 8);
	for (size_t i = 0; i < from->n_env; i++) {
		const char *entry = from->env[i], *equal = strchr(entry, '=');
		uint32_t hash = 2166136261u;
		size_t slot, length;

		if (!equal || equal == entry) {
			char member[32];

			snprintf(member, sizeof(member), "env/%zu", i);
			return refuse(c, member, PHRASE_BAD_VARIABLE,
				      equal ? "name cannot be empty" : "missing '='");
		}
		length = (size_t)(equal - entry) + 1;
		for (const char *p = entry; p < equal; p++)
			hash = (hash ^ (unsigned char)*p) * 16777619u;
		for (slot = hash & (slots - 1); table[slot]; slot = (slot + 1) & (slots - 1))
			if (strncmp(to->env[table[slot] - 1], entry, length) == 0)
				break;
		if (!table[slot])
			table[slot] = ++to->n_env;
		to->env[table[slot] - 1] = entry;
		if (length == 5 && memcmp(entry, "HOME=", 5) == 0)
			to->has_home = entry[5] != '\0';
	}
	return 0;
}

static int plan_user(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	const struct oci_user *user = from->user;

	to->umask = 0022;
	if (!user)
		return 0;
	/* -1 means "leave alone" to setresuid(2): the program would stay root. */
	if (user->uid == UINT32_MAX)
		return refuse(c, "user/uid", "%u is no user id", user->uid);
	if (user->gid == UINT32_MAX)
		return refuse(c, "user/gid", "%u is no group id", user->gid);
	to->uid = user->uid;
	to->gid = user->gid;
	if (user->has_umask) {
		if (user->umask > 0777)
			return refuse(c, "user/umask", "%u is greater than 511", user->umask);
		to->umask = user->umask;
	}
	for (size_t i = 0; i < user->n_additional_gids; i++)
		if (user->additional_gids[i] == UINT32_MAX)
			return refuse(c, "user/additionalGids", "%u is no group id",
				      user->additional_gids[i]);
	to->groups = user->additional_gids;
	to->n_groups = user->n_additional_gids;
	return 0;
}

static uint64_t plan_cap_set(struct context *c, const char *set, const char *const *names, size_t n)
{
	uint64_t mask = 0;
	char where[112];

	for (size_t i = 0; i < n; i++) {
		cap_value_t cap;

		/* An unknown name is a warning by the letter of the specification. */
		if (strncmp(names[i], "CAP_", 4) == 0 && cap_from_name(names[i], &cap) == 0 &&
		    cap <= (cap_value_t)c->host->last_capability) {
			mask |= UINT64_C(1) << cap;
			continue;
		}
		snprintf(where, sizeof(where), "%s/capabilities/%s/%zu", c->where, set, i);
		plan_warn(c->warnings, where, "unknown capability \"%s\" is left out", names[i]);
	}
	return mask;
}

static void warn_missing(struct context *c, const char *set, uint64_t missing)
{
	char where[112];

	snprintf(where, sizeof(where), "%s/capabilities/%s", c->where, set);
	for (cap_value_t cap = 0; missing; cap++, missing >>= 1)
		if (missing & 1) {
			char *name = cap_to_name(cap);

			for (char *p = name; p && *p; p++)
				*p = (char)toupper((unsigned char)*p);
			plan_warn(c->warnings, where, "%s cannot be granted here and is left out",
				  name ? name : "a capability");
			cap_free(name);
		}
}

/*
 * Each set is used as given, minus what this process could not grant anyway: that is warned about, not refused. In a new
 * user namespace everything can be granted, so `host->bounding` says nothing there and the caller passes all bits.
 */
static void plan_capabilities(struct context *c, const struct oci_process *from,
			      struct process_plan *to)
{
	const struct oci_capabilities *caps = from->capabilities;
	uint64_t *sets = to->caps;

	if (!caps)
		return;
	sets[CAP_SET_BOUNDING] = plan_cap_set(c, "bounding", caps->bounding, caps->n_bounding);
	sets[CAP_SET_EFFECTIVE] = plan_cap_set(c, "effective", caps->effective, caps->n_effective);
	sets[CAP_SET_INHERITABLE] =
		plan_cap_set(c, "inheritable", caps->inheritable, caps->n_inheritable);
	sets[CAP_SET_PERMITTED] = plan_cap_set(c, "permitted", caps->permitted, caps->n_permitted);
	sets[CAP_SET_AMBIENT] = plan_cap_set(c, "ambient", caps->ambient, caps->n_ambient);

	warn_missing(c, "bounding", sets[CAP_SET_BOUNDING] & ~c->host->bounding);
	warn_missing(c, "permitted", sets[CAP_SET_PERMITTED] & ~c->host->permitted);
	warn_missing(c, "effective",
		     sets[CAP_SET_EFFECTIVE] & c->host->permitted & ~sets[CAP_SET_PERMITTED]);
	warn_missing(c, "inheritable", sets[CAP_SET_INHERITABLE] & ~c->host->bounding);
	warn_missing(c, "ambient",
		     sets[CAP_SET_AMBIENT] &
			     ~(sets[CAP_SET_PERMITTED] & sets[CAP_SET_INHERITABLE]));
	sets[CAP_SET_BOUNDING] &= c->host->bounding;
	sets[CAP_SET_PERMITTED] &= c->host->permitted;
	sets[CAP_SET_EFFECTIVE] &= sets[CAP_SET_PERMITTED];
	sets[CAP_SET_INHERITABLE] &= c->host->bounding;
	sets[CAP_SET_AMBIENT] &= sets[CAP_SET_PERMITTED] & sets[CAP_SET_INHERITABLE];
}

static int plan_rlimits(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	struct rlimit_plan *limits = arena_new_n(c->arena, struct rlimit_plan, from->n_rlimits);
	uint64_t seen = 0;

	for (size_t i = 0; i < from->n_rlimits; i++) {
		const struct oci_rlimit *r = &from->rlimits[i];
		uint64_t resource;
		char member[48];

		snprintf(member, sizeof(member), "rlimits/%zu", i);
		if (!word_find(rlimit_words.table, rlimit_words.n, r->type, &resource))
			return refuse(c, member, "unknown rlimit \"%s\"", r->type);
		if (seen & UINT64_C(1) << resource)
			return refuse(c, member, "%s is given twice", r->type);
		seen |= UINT64_C(1) << resource;
		if (r->soft > r->hard)
			return refuse(c, member, "%s: soft limit %ju is above the hard limit %ju",
				      r->type, (uintmax_t)r->soft, (uintmax_t)r->hard);
		limits[i] = (struct rlimit_plan){ (int)resource, r->soft, r->hard, (unsigned)i };
	}
	to->rlimits = limits;
	to->n_rlimits = from->n_rlimits;
	return 0;
}

static int plan_scheduler(struct context *c, const struct oci_process *from,
			  struct process_plan *to)
{
	const struct oci_scheduler *s = from->scheduler;
	struct sched_plan *plan = &to->sched;
	bool realtime, deadline;

	if (!s)
		return 0;
	if (str_eq(s->policy, "SCHED_ISO"))
		return refuse(c, "scheduler/policy", "SCHED_ISO is not supported by Linux");
	realtime = str_eq(s->policy, "SCHED_FIFO") || str_eq(s->policy, "SCHED_RR");
	deadline = str_eq(s->policy, "SCHED_DEADLINE");
	if (s->nice < -20 || s->nice > 19)
		return refuse(c, "scheduler/nice", "%d is not within -20..19", s->nice);
	if (realtime ? s->priority < 1 || s->priority > 99 : s->priority != 0)
		return refuse(c, "scheduler/priority", "%d does not go with %s", s->priority,
			      s->policy);
	if (!deadline && (s->runtime || s->deadline || s->period))
		return refuse(c, "scheduler",
			      "runtime, deadline and period go with SCHED_DEADLINE only");
	if (deadline && (s->runtime > s->deadline || (s->period && s->deadline > s->period)))
		return refuse(c, "scheduler", "runtime <= deadline <= period does not hold");
	*plan = (struct sched_plan){ .set = true,
				     .policy =
					     (uint32_t)words_value(&sched_policy_words, s->policy),
				     .nice = s->nice,
				     .priority = (uint32_t)s->priority,
				     .runtime = s->runtime,
				     .deadline = s->deadline,
				     .period = s->period };
	for (size_t i = 0; i < s->n_flags; i++)
		plan->flags |= words_value(&sched_flag_words, s->flags[i]);
	return 0;
}

static int plan_io_priority(const struct oci_process *from)
{
	const struct oci_io_priority *io = from->io_priority;

	return io ? (int)words_value(&ioprio_class_words, io->class) << 13 | (int)io->priority : -1;
}

static int plan_cpus(struct context *c, const char *list, const char *member, struct cpu_plan *ret)
{
	if (!list || !*list)
		return 0;
	if (plan_list_bits(list, c->arena, &ret->words, &ret->bits) || !ret->bits)
		return refuse(c, member, "\"%s\" is no list of CPUs", list);
	return 0;
}

static int plan_affinity(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	const struct oci_cpu_affinity *affinity = from->exec_cpu_affinity;

	if (!affinity)
		return 0;
	return plan_cpus(c, affinity->initial, "execCPUAffinity/initial", &to->affinity_initial) ||
			       plan_cpus(c, affinity->final, "execCPUAffinity/final",
					 &to->affinity_final)
		       ? -1
		       : 0;
}

static int plan_terminal(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	const struct oci_console_size *size = from->console_size;

	to->terminal = from->terminal;
	if (!from->terminal || !size)
		return 0;
	if (!size->has_height || !size->has_width)
		return refuse(c, "consoleSize", "height and width are required");
	if (size->height > UINT16_MAX || size->width > UINT16_MAX)
		return refuse(c, "consoleSize", "%ju x %ju does not fit a terminal",
			      (uintmax_t)size->height, (uintmax_t)size->width);
	to->rows = (uint16_t)size->height;
	to->columns = (uint16_t)size->width;
	return 0;
}

static int plan_labels(struct context *c, const struct oci_process *from, struct process_plan *to)
{
	const char *profile = from->apparmor_profile, *label = from->selinux_label;

	if (profile && *profile) {
		bool unconfined = str_eq(profile, "unconfined");

		if (!c->host->apparmor && !unconfined)
			return refuse(c, "apparmorProfile",
				      "AppArmor profile \"%s\" is asked for, but AppArmor is not "
				      "enabled on this kernel",
				      profile);
		if (strpbrk(profile, "\n\r\t") || profile[0] == ' ' || str_ends(profile, " "))
			return refuse(c, "apparmorProfile", "\"%s\" is no profile name", profile);
		to->apparmor = c->host->apparmor ? profile : NULL;
		to->apparmor_stack = c->host->in_userns;
	}
	if (label && *label) {
		const char *refusal = label_refusal(label);

		if (!c->host->selinux)
			return refuse(c, "selinuxLabel", PHRASE_NO_SELINUX);
		if (refusal)
			return refuse(c, "selinuxLabel", "label \"%s\" %s", label, refusal);
		to->selinux = label;
	}
	return 0;
}

int plan_process(const struct oci_process *process, const char *where, const struct host *host,
		 struct arena *a, struct plan_warnings *warnings, struct process_plan *ret,
		 struct error *err)
{
	struct context c = { where, host, a, warnings, err };

	*ret = (struct process_plan){ .exists = true };
	if (plan_program(&c, process, ret) || plan_environment(&c, process, ret) ||
	    plan_user(&c, process, ret) || plan_rlimits(&c, process, ret) ||
	    plan_scheduler(&c, process, ret) || plan_affinity(&c, process, ret) ||
	    plan_terminal(&c, process, ret) || plan_labels(&c, process, ret))
		return -1;
	plan_capabilities(&c, process, ret);
	ret->no_new_privileges = process->no_new_privileges;
	ret->ioprio = plan_io_priority(process);
	ret->has_oom_score_adj = process->has_oom_score_adj;
	ret->oom_score_adj = process->oom_score_adj;
	return 0;
}
