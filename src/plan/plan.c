/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <ctype.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/phrases.h"
#include "oci_spec.h"
#include "plan/placement.h"
#include "spec/names.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

void plan_warn(struct plan_warnings *w, const char *where, const char *fmt, ...)
{
	struct plan_warning *warning = arena_new(w->arena, struct plan_warning);
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	warning->where = arena_strdup(w->arena, where);
	warning->text = arena_strdup(w->arena, text);
	if (!w->last)
		w->last = &w->first;
	*w->last = warning;
	w->last = &warning->next;
}

int plan_list_bits(const char *list, struct arena *a, const unsigned long **ret_words,
		   unsigned long *ret_bits)
{
	const unsigned width = 8 * sizeof(unsigned long);
	unsigned long words[8192 / (8 * sizeof(unsigned long))] = { 0 }, bits = 0;
	const char *p = list;

	while (*p) {
		unsigned long from = 0, to;
		int n;

		p += strspn(p, ", ");
		if (!*p)
			break;
		if (!isdigit((unsigned char)*p) || sscanf(p, "%4lu%n", &from, &n) != 1)
			return -1;
		p += n;
		to = from;
		if (*p == '-') {
			p++;
			if (!isdigit((unsigned char)*p) || sscanf(p, "%4lu%n", &to, &n) != 1)
				return -1;
			p += n;
		}
		if ((*p && *p != ',' && *p != ' ') || to < from || to >= 8192)
			return -1;
		for (unsigned long i = from; i <= to; i++)
			words[i / width] |= 1ul << (i % width);
		bits = MAX(bits, to + 1);
	}
	if (ret_words) {
		unsigned long *copy = arena_alloc(a, sizeof(words));

		memcpy(copy, words, sizeof(words));
		*ret_words = copy;
	}
	*ret_bits = bits;
	return 0;
}

static int plan_hook_list(const struct oci_hook *from, size_t n, const char *kind, struct arena *a,
			  struct hooks *ret, struct error *err)
{
	struct hook *list = arena_new_n(a, struct hook, n);

	for (size_t i = 0; i < n; i++) {
		const char *where = arena_printf(a, "/hooks/%s/%zu", kind, i);
		const char **args;

		if (from[i].path[0] != '/')
			return error_config(err, where, "hook path \"%s\" must be absolute",
					    from[i].path);
		list[i].path = from[i].path;
		list[i].env = from[i].env;
		list[i].timeout = from[i].has_timeout ? (unsigned)from[i].timeout : 0;
		list[i].args = from[i].args;
		if (from[i].n_args == 0) {
			args = arena_new_n(a, const char *, 2);
			args[0] = from[i].path;
			list[i].args = args;
		}
	}
	*ret = (struct hooks){ list, n };
	return 0;
}

static int plan_hooks(const struct oci_config *config, struct arena *a, struct plan *plan,
		      struct error *err)
{
	const struct oci_hooks *h = config->hooks;

	if (!h)
		return 0;
	const struct {
		const struct oci_hook *list;
		size_t n;
	} kinds[HOOK_KINDS] = {
		[HOOK_PRESTART] = { h->prestart, h->n_prestart },
		[HOOK_CREATE_RUNTIME] = { h->create_runtime, h->n_create_runtime },
		[HOOK_CREATE_CONTAINER] = { h->create_container, h->n_create_container },
		[HOOK_START_CONTAINER] = { h->start_container, h->n_start_container },
		[HOOK_POSTSTART] = { h->poststart, h->n_poststart },
		[HOOK_POSTSTOP] = { h->poststop, h->n_poststop },
	};

	for (unsigned kind = 0; kind < HOOK_KINDS; kind++)
		if (plan_hook_list(kinds[kind].list, kinds[kind].n,
				   word_name(hook_words.table, hook_words.n, kind), a,
				   &plan->hooks[kind], err))
			return -1;
	return 0;
}

static int plan_annotations(const struct oci_config *config, struct arena *a, struct plan *plan,
			    struct error *err)
{
	struct pair *pairs = arena_new_n(a, struct pair, config->n_annotations);

	for (size_t i = 0; i < config->n_annotations; i++) {
		const struct oci_pair *from = &config->annotations[i];

		if (!*from->key)
			return error_config(err, "/annotations", "an annotation key is empty");
		pairs[i] = (struct pair){ from->key, from->value };
		if (str_eq(from->key, ANNOTATION_KEEP_GROUPS))
			plan->process.keep_groups =
				!str_eq(from->value, "0") && !str_eq(from->value, "false");
		else if (str_eq(from->key, ANNOTATION_HOOKS_STDOUT))
			plan->hooks_stdout = from->value;
		else if (str_eq(from->key, ANNOTATION_HOOKS_STDERR))
			plan->hooks_stderr = from->value;
	}
	plan->annotations = pairs;
	plan->n_annotations = config->n_annotations;
	return 0;
}

static int plan_names(const struct oci_config *config, struct plan *plan, struct error *err)
{
	plan->hostname = config->hostname && *config->hostname ? config->hostname : NULL;
	plan->domainname = config->domainname && *config->domainname ? config->domainname : NULL;
	if (plan->hostname && !(plan->ns.listed & CLONE_NEWUTS))
		return error_config(
			err, "/hostname",
			"setting the hostname needs a uts namespace in linux.namespaces");
	if (plan->domainname && !(plan->ns.listed & CLONE_NEWUTS))
		return error_config(
			err, "/domainname",
			"setting the domainname needs a uts namespace in linux.namespaces");
	if (plan->hostname && strlen(plan->hostname) > 64)
		return error_config(err, "/hostname", "longer than 64 bytes");
	if (plan->domainname && strlen(plan->domainname) > 64)
		return error_config(err, "/domainname", "longer than 64 bytes");
	return 0;
}

/*
 * Dots and slashes both separate; if the first separator is a slash, dots belong to the name (sysctl.d(5)). The path
 * form, or NULL if a part is empty, "." or "..", or holds an odd byte.
 */
static const char *sysctl_path(const char *key, struct arena *a)
{
	char *path = arena_strdup(a, key);
	size_t first = strcspn(key, "./"), start = 0;

	if (key[first] == '.')
		for (char *p = path; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	for (size_t i = 0;; i++) {
		if (path[i] && path[i] != '/') {
			if (!isalnum((unsigned char)path[i]) && !strchr("_:@.-", path[i]))
				return NULL;
			continue;
		}
		if (i == start || (i - start == 1 && path[start] == '.') ||
		    (i - start == 2 && path[start] == '.' && path[start + 1] == '.'))
			return NULL;
		if (!path[i])
			return path;
		start = i + 1;
	}
}

const char *plan_sysctl_refusal(const char *path, int own)
{
	static const struct {
		const char *path; /* a trailing slash stands for everything below */
		int ns;
	} namespaced[] = {
		{ "kernel/msgmax", CLONE_NEWIPC },
		{ "kernel/msgmnb", CLONE_NEWIPC },
		{ "kernel/msgmni", CLONE_NEWIPC },
		{ "kernel/sem", CLONE_NEWIPC },
		{ "kernel/shmall", CLONE_NEWIPC },
		{ "kernel/shmmax", CLONE_NEWIPC },
		{ "kernel/shmmni", CLONE_NEWIPC },
		{ "kernel/shm_rmid_forced", CLONE_NEWIPC },
		{ "kernel/msg_next_id", CLONE_NEWIPC },
		{ "kernel/sem_next_id", CLONE_NEWIPC },
		{ "kernel/shm_next_id", CLONE_NEWIPC },
		{ "fs/mqueue/", CLONE_NEWIPC },
		{ "net/", CLONE_NEWNET },
		{ "kernel/domainname", CLONE_NEWUTS },
		{ "user/", CLONE_NEWUSER },
	};

	if (str_eq(path, "kernel/hostname"))
		return "is set by the member hostname";
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		if (str_ends(namespaced[i].path, "/") ? !str_starts(path, namespaced[i].path)
						      : !str_eq(path, namespaced[i].path))
			continue;
		if (own & namespaced[i].ns)
			return NULL;
		return "needs a namespace of its own in linux.namespaces";
	}
	return "is not confined to a namespace and would change the host";
}

static int plan_sysctl(const struct oci_linux *os, struct arena *a, struct plan *plan,
		       struct error *err)
{
	struct pair *pairs = arena_new_n(a, struct pair, os->n_sysctl);

	for (size_t i = 0; i < os->n_sysctl; i++) {
		const char *key = os->sysctl[i].key, *path = sysctl_path(key, a);
		const char *refusal =
			path ? plan_sysctl_refusal(path, plan->ns.listed) : "is no sysctl name";

		if (refusal)
			return error_config(err, "/linux/sysctl", "sysctl \"%s\" %s", key, refusal);
		pairs[i] = (struct pair){ path, os->sysctl[i].value };
	}
	plan->sysctl = pairs;
	plan->n_sysctl = os->n_sysctl;
	return 0;
}

static int plan_personality(const struct oci_linux *os, struct plan *plan, struct error *err)
{
	if (!os->personality)
		return 0;
	if (os->personality->n_flags)
		return error_config(err, "/linux/personality/flags",
				    "no personality flag is supported, found \"%s\"",
				    os->personality->flags[0]);
	plan->process.has_personality = true;
	plan->process.personality =
		(unsigned long)words_value(&personality_words, os->personality->domain);
	return 0;
}

static int plan_mempolicy(const struct oci_linux *os, struct arena *a, struct plan *plan,
			  struct error *err)
{
	const struct oci_memory_policy *from = os->memory_policy;
	struct mempolicy_plan *to = &plan->process.mempolicy;
	uint64_t mode;
	bool has_nodes;

	if (!from)
		return 0;
	mode = words_value(&mempolicy_mode_words, from->mode);
	has_nodes = from->nodes && *from->nodes;
	if (has_nodes && plan_list_bits(from->nodes, a, &to->nodes, &to->max_node))
		return error_config(err, "/linux/memoryPolicy/nodes", "\"%s\" is no list of nodes",
				    from->nodes);
	if (!has_nodes && mode != 0 && mode != 1 && mode != 4)
		return error_config(err, "/linux/memoryPolicy/nodes", "%s needs at least one node",
				    from->mode);
	if (has_nodes && (mode == 0 || mode == 4))
		return error_config(err, "/linux/memoryPolicy/nodes", "%s takes no nodes",
				    from->mode);
	for (size_t i = 0; i < from->n_flags; i++)
		mode |= words_value(&mempolicy_flag_words, from->flags[i]);
	to->mode = (int)mode;
	to->set = true;
	return 0;
}

static void add_variable(struct process_plan *p, const char *variable)
{
	size_t length = (size_t)(strchr(variable, '=') - variable) + 1;

	for (size_t i = 0; i < p->n_env; i++)
		if (strncmp(p->env[i], variable, length) == 0) {
			p->env[i] = variable;
			return;
		}
	p->env[p->n_env++] = variable;
}

static void plan_activation(const struct plan_options *options, struct arena *a, struct plan *plan)
{
	struct process_plan *p = &plan->process;

	plan->preserve_fds = options->preserve_fds;
	if (!p->exists)
		return;
	if (options->listen_fds) {
		add_variable(p, arena_printf(a, "LISTEN_FDS=%u", options->listen_fds));
		add_variable(p, "LISTEN_PID=1");
		if (options->listen_fdnames)
			add_variable(p,
				     arena_printf(a, "LISTEN_FDNAMES=%s", options->listen_fdnames));
	}
	if (options->notify)
		add_variable(p, "NOTIFY_SOCKET=/run/notify/notify.sock");
}

static int plan_program(const struct oci_process *process, const struct host *host, struct arena *a,
			struct plan_warnings *warnings, struct plan *plan, struct error *err)
{
	struct host inside = *host;
	bool keep_groups = plan->process.keep_groups;

	plan->process.ioprio = -1;
	if (!process)
		return 0;
	/* The first process of a new user namespace has every capability there. */
	if (plan->ns.listed & CLONE_NEWUSER)
		inside.bounding = inside.permitted = (UINT64_C(2) << host->last_capability) - 1;
	if (plan_process(process, "/process", &inside, a, warnings, &plan->process, err))
		return -1;
	plan->process.keep_groups = keep_groups;
	return plan_check_ids(&plan->process, &plan->ns, host, err);
}

/* What the kernel shall hold against every process of the container. */
static int plan_confinement(const struct oci_linux *os, struct arena *a,
			    struct plan_warnings *warnings, struct plan *plan, struct error *err)
{
	return plan_personality(os, plan, err) || plan_mempolicy(os, a, plan, err) ||
			       plan_seccomp(os->seccomp, plan->annotations, plan->n_annotations, a,
					    warnings, &plan->seccomp, err)
		       ? -1
		       : 0;
}

/* SemVer 2.0.0: three numbers without leading zeros, then -prerelease and +build of [0-9A-Za-z.-]. */
static bool is_semver(const char *p)
{
	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(p, "0123456789");

		if (digits == 0 || (digits > 1 && *p == '0') || (part < 2 && p[digits] != '.'))
			return false;
		p += digits + (part < 2);
	}
	for (const char *mark = "-+"; *mark; mark++)
		if (*p == *mark) {
			size_t n = 0;

			while (isalnum((unsigned char)p[1 + n]) ||
			       (p[1 + n] && strchr(".-", p[1 + n])))
				n++;
			if (n == 0)
				return false;
			p += 1 + n;
		}
	return !*p;
}

static int check_version(const char *version, struct error *err)
{
	if (!is_semver(version))
		return error_config(err, "/ociVersion", "\"%s\" is not a SemVer version", version);
	if (!str_starts(version, "1."))
		return error_config(err, "/ociVersion",
				    "version \"%s\" is not supported, this runtime takes 1.x.y",
				    version);
	return 0;
}

int plan_build(const struct oci_config *config, const struct plan_options *options,
	       const struct host *host, struct arena *a, struct plan_warnings *warnings,
	       const struct plan **ret, struct error *err)
{
	struct plan *plan = arena_new(a, struct plan);
	const struct oci_linux *os = config->linux_;

	plan->id = options->id;
	plan->bundle = options->bundle;
	if (check_version(config->oci_version, err) || plan_annotations(config, a, plan, err) ||
	    plan_namespaces(config, host, a, warnings, &plan->ns, err) ||
	    plan_program(config->process, host, a, warnings, plan, err) ||
	    plan_names(config, plan, err) || plan_hooks(config, a, plan, err) ||
	    plan_mounts(config, options, host, &plan->ns, a, warnings, &plan->fs, err) ||
	    plan_cgroup(os, options->id, host, a, warnings, &plan->cgroup, err) ||
	    plan_delegation(plan, a, err))
		return -1;
	if (os && (plan_sysctl(os, a, plan, err) || plan_net_devices(os, a, plan, err) ||
		   plan_rdt(os, options->id, a, warnings, &plan->rdt, err) ||
		   plan_confinement(os, a, warnings, plan, err)))
		return -1;
	plan_activation(options, a, plan);
	plan->loopback = plan->ns.fresh & CLONE_NEWNET;
	plan->keyring = options->keyring;
	*ret = plan;
	return 0;
}

static bool is_named(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

/* Who shares a pid namespace that was there before is not known. */
static bool is_traceable(const struct oci_process *init, const struct ns_plan *ns)
{
	const struct oci_capabilities *caps = init ? init->capabilities : NULL;

	if (ns->listed & ~ns->fresh & CLONE_NEWPID)
		return true;
	return caps && (is_named(caps->bounding, caps->n_bounding, "CAP_SYS_PTRACE") ||
			is_named(caps->permitted, caps->n_permitted, "CAP_SYS_PTRACE"));
}

int plan_exec(const struct oci_config *config, const struct process_options *options,
	      const struct plan_options *where, const struct host *host, struct arena *a,
	      struct plan_warnings *warnings, const struct plan **ret, struct error *err)
{
	struct plan *plan = arena_new(a, struct plan);
	const struct oci_linux *os = config->linux_;
	struct process_plan names = { 0 };
	struct oci_process process;

	plan->id = where->id;
	plan->bundle = where->bundle;
	plan->preserve_fds = where->preserve_fds;
	if (!config->process && !options->file)
		return error_config(err, "/process", PHRASE_NO_PROCESS);
	if (plan_override(config->process, options, a, &process, &names, err) ||
	    plan_annotations(config, a, plan, err) ||
	    plan_namespaces(config, host, a, warnings, &plan->ns, err) ||
	    plan_program(&process, host, a, warnings, plan, err) ||
	    (os && plan_confinement(os, a, warnings, plan, err)))
		return -1;
	plan->process.user_name = names.user_name;
	plan->process.group_name = names.group_name;
	plan->process.keep_gid = names.keep_gid;
	plan->traceable = is_traceable(config->process, &plan->ns);
	plan->traces =
		(plan->process.caps[CAP_SET_BOUNDING] | plan->process.caps[CAP_SET_PERMITTED]) &
		UINT64_C(1) << CAP_SYS_PTRACE;
	plan->keyring = where->keyring;
	*ret = plan;
	return 0;
}

int plan_graft(const struct oci_config *config, const struct plan_options *options,
	       const struct host *host, struct arena *a, struct plan_warnings *warnings,
	       const struct plan **ret, struct error *err)
{
	struct plan *plan = arena_new(a, struct plan);
	struct fs_plan *fs = &plan->fs;

	plan->id = options->id;
	plan->bundle = options->bundle;
	if (plan_namespaces(config, host, a, warnings, &plan->ns, err) ||
	    plan_mounts(config, options, host, &plan->ns, a, warnings, fs, err))
		return -1;
	for (size_t i = 0; i < fs->n_mounts; i++)
		if (fs->mounts[i].kind == FS_REMOUNT)
			return error_config(err, arena_printf(a, "/mounts/%u", fs->mounts[i].index),
					    "what is mounted cannot be changed, only added to");
	fs->rootfs = NULL;
	fs->n_devices = 0;
	/* The user namespace is the one that init is in. */
	fs->joined_user = NULL;
	*ret = plan;
	return 0;
}
