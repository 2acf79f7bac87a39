/* SPDX-License-Identifier: Apache-2.0 */
/* Rules are given to libseccomp, whose program is taken over. */
#include "plan/seccomp.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci_spec.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC
#define SECCOMP_FILTER_FLAG_TSYNC (1UL << 0)
#endif
#ifndef SECCOMP_FILTER_FLAG_LOG
#define SECCOMP_FILTER_FLAG_LOG (1UL << 1)
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif
#define FLAG_WAIT_KILLABLE_RECV (1UL << 5)

static const struct word flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FLAG_WAIT_KILLABLE_RECV },
};

static const struct word action_words[] = {
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
};

static const struct word op_words[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static int parse_action(const char *name, bool has_errno, uint32_t errnum, const char *where,
			uint32_t *ret, struct error *err)
{
	uint64_t action;

	if (!word_find(action_words, ARRAY_SIZE(action_words), name, &action))
		return error_config(err, where, "unknown action \"%s\"", name);
	if (action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0)) {
		if (!has_errno)
			errnum = EPERM;
		if (errnum > 4095)
			return error_config(err, where, "errno %u is greater than 4095", errnum);
		action |= errnum;
	} else if (has_errno) {
		return error_config(err, where, "%s takes no errno", name);
	}
	*ret = (uint32_t)action;
	return 0;
}

static int add_architectures(scmp_filter_ctx ctx, const struct oci_seccomp *p, struct arena *a,
			     struct error *err)
{
	for (size_t i = 0; i < p->n_architectures; i++) {
		const char *name = p->architectures[i];
		char lower[32];
		uint32_t arch = 0;
		int result;

		if (str_starts(name, "SCMP_ARCH_") && strlen(name) < sizeof(lower)) {
			snprintf(lower, sizeof(lower), "%s", name + 10);
			for (char *c = lower; *c; c++)
				*c = (char)tolower((unsigned char)*c);
			arch = seccomp_arch_resolve_name(lower);
		}
		if (!arch)
			return error_config(err,
					    arena_printf(a, "/linux/seccomp/architectures/%zu", i),
					    "unknown architecture \"%s\"", name);
		result = seccomp_arch_add(ctx, arch);
		if (result < 0 && result != -EEXIST)
			return error_errno(err, -result, "seccomp_arch_add %s", name);
	}
	return 0;
}

/* Conditions on one argument cannot be combined by the library: each becomes a rule of its own. */
static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr, const struct scmp_arg_cmp *args,
		    unsigned n)
{
	unsigned seen = 0;
	bool twice = false;

	for (unsigned i = 0; i < n; i++) {
		twice |= seen >> args[i].arg & 1;
		seen |= 1u << args[i].arg;
	}
	if (!twice)
		return seccomp_rule_add_array(ctx, action, nr, n, args);
	for (unsigned i = 0; i < n; i++) {
		int result = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static int add_syscall(scmp_filter_ctx ctx, const struct oci_syscall *s, size_t index,
		       uint32_t default_action, struct plan_warnings *warnings, struct arena *a,
		       bool *notify, struct error *err)
{
	const char *where = arena_printf(a, "/linux/seccomp/syscalls/%zu", index);
	struct scmp_arg_cmp *args = arena_new_n(a, struct scmp_arg_cmp, s->n_args);
	uint32_t action;

	if (parse_action(s->action, s->has_errno_ret, s->errno_ret, where, &action, err))
		return -1;
	for (size_t i = 0; i < s->n_args; i++) {
		uint64_t op;

		if (!word_find(op_words, ARRAY_SIZE(op_words), s->args[i].op, &op))
			return error_config(err, arena_printf(a, "%s/args/%zu/op", where, i),
					    "unknown operator \"%s\"", s->args[i].op);
		if (s->args[i].index > 5)
			return error_config(err, arena_printf(a, "%s/args/%zu/index", where, i),
					    "%u is greater than 5", s->args[i].index);
		args[i] = (struct scmp_arg_cmp){ s->args[i].index, (enum scmp_compare)op,
						 s->args[i].value, s->args[i].value_two };
	}
	if (action == SCMP_ACT_NOTIFY)
		*notify = true;
	if (action == default_action)
		return 0;
	for (size_t i = 0; i < s->n_names; i++) {
		int nr = seccomp_syscall_resolve_name(s->names[i]), result;

		if (nr == __NR_SCMP_ERROR) {
			plan_warn(warnings, arena_printf(a, "%s/names/%zu", where, i),
				  "unknown system call \"%s\" is left out", s->names[i]);
			continue;
		}
		if (action == SCMP_ACT_NOTIFY &&
		    (str_eq(s->names[i], "write") || str_eq(s->names[i], "sendmsg")))
			return error_config(err, where, "SCMP_ACT_NOTIFY cannot serve \"%s\"",
					    s->names[i]);
		result = add_rule(ctx, action, nr, args, (unsigned)s->n_args);
		if (result < 0 && result != -EEXIST)
			return error_errno(err, -result, "seccomp_rule_add %s", s->names[i]);
	}
	return 0;
}

static int export(scmp_filter_ctx ctx, struct arena *a, struct seccomp_plan *plan,
		  struct error *err)
{
	auto_fd int fd = memfd_create("filter", MFD_CLOEXEC);
	size_t size;
	char *code;
	int result;

	if (fd < 0)
		return error_sys(err, "memfd_create");
	result = seccomp_export_bpf(ctx, fd);
	if (result < 0)
		return error_errno(err, -result, "seccomp_export_bpf");
	if (lseek(fd, 0, SEEK_SET) < 0 || !(code = fd_read_all(a, fd, (size_t)1 << 20, &size)))
		return error_sys(err, "read the seccomp program");
	plan->code = (const struct sock_filter *)(void *)code;
	plan->n_code = (uint16_t)(size / sizeof(struct sock_filter));
	return 0;
}

static int build(scmp_filter_ctx ctx, const struct oci_seccomp *p, uint32_t default_action,
		 struct plan_warnings *warnings, struct arena *a, struct seccomp_plan *plan,
		 struct error *err)
{
	/* What the engines' profiles say of other architectures' calls is up to the default of the library: kill. */
	if (add_architectures(ctx, p, a, err))
		return -1;
	for (size_t i = 0; i < p->n_syscalls; i++)
		if (add_syscall(ctx, &p->syscalls[i], i, default_action, warnings, a, &plan->notify,
				err))
			return -1;
	return export(ctx, a, plan, err);
}

int plan_seccomp(const struct oci_seccomp *p, const struct pair *annotations UNUSED,
		 size_t n_annotations UNUSED, struct arena *a, struct plan_warnings *warnings,
		 const struct seccomp_plan **ret, struct error *err)
{
	struct seccomp_plan *plan;
	uint32_t default_action;
	scmp_filter_ctx ctx;
	uint64_t flag;
	int result;

	*ret = NULL;
	if (!p)
		return 0;
	plan = arena_new(a, struct seccomp_plan);
	plan->listener_path = p->listener_path && *p->listener_path ? p->listener_path : NULL;
	plan->listener_metadata = p->listener_metadata;
	if (parse_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret,
			 "/linux/seccomp/defaultAction", &default_action, err))
		return -1;
	if (default_action == SCMP_ACT_NOTIFY)
		return error_config(err, "/linux/seccomp/defaultAction",
				    "SCMP_ACT_NOTIFY cannot be the default action");
	if (p->listener_metadata && *p->listener_metadata && !plan->listener_path)
		return error_config(err, "/linux/seccomp/listenerMetadata",
				    "must not be set without listenerPath");
	for (size_t i = 0; i < p->n_flags; i++) {
		if (!word_find(flag_words, ARRAY_SIZE(flag_words), p->flags[i], &flag))
			return error_config(err, "/linux/seccomp/flags", "unknown flag \"%s\"",
					    p->flags[i]);
		plan->flags |= (unsigned)flag;
	}
	if (!p->flags)
		plan->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	ctx = seccomp_init(default_action);
	if (!ctx)
		return error_set(err, ERR_SYSTEM, "seccomp_init failed");
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	result = build(ctx, p, default_action, warnings, a, plan, err);
	seccomp_release(ctx);
	if (result)
		return error_at(err, "/linux/seccomp");
	if (plan->notify && !plan->listener_path)
		return error_config(err, "/linux/seccomp/listenerPath",
				    "SCMP_ACT_NOTIFY needs a listener");
	*ret = plan;
	return 0;
}
