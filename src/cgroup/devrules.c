/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/devrules.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* ---- v1: one default and exceptions ---------------------------------------------------------------------------------- */

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide == DEVICE_ANY || wide == narrow;
}

static bool covers(const struct device_rule *wide, const struct device_rule *narrow)
{
	return wide->type == narrow->type && number_covers(wide->major, narrow->major) &&
	       number_covers(wide->minor, narrow->minor);
}

static bool numbers_meet(int64_t a, int64_t b)
{
	return a == DEVICE_ANY || b == DEVICE_ANY || a == b;
}

static bool meet(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && numbers_meet(a->major, b->major) &&
	       numbers_meet(a->minor, b->minor);
}

/* Takes a rule that agrees with the default out of the exceptions. */
static int take_out(struct device_list *list, const struct device_rule *rule, struct error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device_rule *e = &list->except[i];
		unsigned common = e->access & rule->access;

		if (!common || !meet(e, rule))
			continue;
		if (covers(rule, e)) {
			e->access &= ~rule->access;
			continue;
		}
		/* Everybody may make nodes of any kind; taking that for one device would take it for all. */
		if (e->index == DEVICE_RULE_OWN && common == DEVICE_MKNOD)
			continue;
		error_set(err, ERR_CONFIG,
			  "cgroup v1 cannot %s a part of what an earlier rule %s as a whole",
			  rule->allow ? "allow" : "deny", rule->allow ? "denies" : "allows");
		return error_at(err, "/linux/resources/devices/%u", rule->index);
	}
	return 0;
}

static void add_exception(struct device_list *list, const struct device_rule *rule)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device_rule *e = &list->except[i];

		if (covers(e, rule) && covers(rule, e)) {
			e->access |= rule->access;
			return;
		}
	}
	list->except[list->n++] = *rule;
}

/* The kernel wants one exception that allows all that is asked at once, so each also has what a wider one allows. */
static void widen(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < list->n; k++)
			if (covers(&list->except[k], &list->except[i]) && list->except[i].access)
				list->except[i].access |= list->except[k].access;
}

int devrules_reduce(const struct cgroup_plan *plan, struct arena *a, struct device_list *ret,
		    struct error *err)
{
	struct device_list list = { .allow = plan->devices[0].allow };
	size_t n = 0;

	list.except = arena_new_n(a, struct device_rule, plan->n_devices);
	for (size_t i = 1; i < plan->n_devices; i++) {
		const struct device_rule *rule = &plan->devices[i];

		if (rule->allow != list.allow)
			add_exception(&list, rule);
		else if (take_out(&list, rule, err))
			return -1;
	}
	if (!list.allow)
		widen(&list);
	for (size_t i = 0; i < list.n; i++)
		if (list.except[i].access)
			list.except[n++] = list.except[i];
	list.n = n;
	*ret = list;
	return 0;
}

static char *number(int64_t value, char *buf, size_t size)
{
	if (value == DEVICE_ANY)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%jd", (intmax_t)value);
	return buf;
}

char *devrules_line(const struct device_rule *rule, char *buf, size_t size)
{
	char major[24], minor[24];

	number(rule->major, major, sizeof(major));
	number(rule->minor, minor, sizeof(minor));
	snprintf(buf, size, "%c %s:%s %s%s%s", rule->type, major, minor,
		 rule->access & DEVICE_READ ? "r" : "", rule->access & DEVICE_WRITE ? "w" : "",
		 rule->access & DEVICE_MKNOD ? "m" : "");
	return buf;
}

/* ---- v1: the files --------------------------------------------------------------------------------------------------- */

static int write_line(struct hierarchy *h, int fd, const char *file, const char *line,
		      const struct device_rule *rule, struct error *err)
{
	if (write(fd, line, strlen(line)) >= 0)
		return 0;
	/* What even the cgroup above may not use, nobody asked for: it is only less than others have. */
	if (errno == EPERM && rule->index == DEVICE_RULE_OWN && rule->allow)
		return 0;
	error_sys(err, "write \"%s\" to \"%s%s/%s\"", line, h->mount, h->path, file);
	if (rule->index == DEVICE_RULE_OWN)
		return error_at(err, "/linux/resources/devices");
	return error_at(err, "/linux/resources/devices/%u", rule->index);
}

/*
 * Everything is denied before something is allowed. A new cgroup has what the one above has, and may not be given more, so
 * "allow everything" is what it starts with.
 */
static int apply1(struct hierarchy *h, const struct cgroup_plan *plan, bool fresh, struct arena *a,
		  struct error *err)
{
	struct device_list list;
	auto_fd int fd = -1;
	const char *file;

	if (devrules_reduce(plan, a, &list, err))
		return -1;
	if (!list.allow || !fresh) {
		file = list.allow ? "devices.allow" : "devices.deny";
		fd = hierarchy_open_file(h, file, O_WRONLY);
		if (fd < 0)
			return error_sys(err, "open \"%s%s/%s\"", h->mount, h->path, file);
		if (write_line(h, fd, file, "a", &plan->devices[0], err))
			return -1;
		fd_close(&fd);
	}
	if (!list.n)
		return 0;
	file = list.allow ? "devices.deny" : "devices.allow";
	fd = hierarchy_open_file(h, file, O_WRONLY);
	if (fd < 0)
		return error_sys(err, "open \"%s%s/%s\"", h->mount, h->path, file);
	for (size_t i = 0; i < list.n; i++) {
		char line[64];

		devrules_line(&list.except[i], line, sizeof(line));
		if (write_line(h, fd, file, line, &list.except[i], err))
			return -1;
	}
	return 0;
}

/* ---- v2: the program ------------------------------------------------------------------------------------------------- */

#define INSN(code_, dst, src, off_, imm_)     \
	((struct bpf_insn){ .code = (code_),  \
			    .dst_reg = (dst), \
			    .src_reg = (src), \
			    .off = (off_),    \
			    .imm = (imm_) })
#define LOAD(dst, member)                               \
	INSN(BPF_LDX | BPF_W | BPF_MEM, dst, BPF_REG_1, \
	     offsetof(struct bpf_cgroup_dev_ctx, member), 0)
#define MOVE(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVE_VALUE(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define AND_VALUE(dst, value) INSN(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, value)
#define SHIFT_RIGHT(dst, value) INSN(BPF_ALU64 | BPF_RSH | BPF_K, dst, 0, 0, value)
#define JUMP_UNLESS(dst, value) INSN(BPF_JMP | BPF_JNE | BPF_K, dst, 0, 0, value)
#define JUMP_IF(dst, value) INSN(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, 0, value)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum {
	REG_RESULT = BPF_REG_0,
	REG_TYPE = BPF_REG_2,
	REG_ACCESS = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
	REG_SCRATCH = BPF_REG_6
};

#define INSNS_PER_RULE 9
#define INSNS_AROUND 8

static int access_bits(unsigned access)
{
	return (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
}

/*
 * One rule: if the device is another, on to the next. Denied is what denies any of the access that is still open; allowed is
 * what allows the last of it.
 */
static struct bpf_insn *put_rule(struct bpf_insn *p, const struct device_rule *rule)
{
	struct bpf_insn *first = p, *tests_end;
	int bits = access_bits(rule->access);

	*p++ = JUMP_UNLESS(REG_TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major != DEVICE_ANY)
		*p++ = JUMP_UNLESS(REG_MAJOR, (int)rule->major);
	if (rule->minor != DEVICE_ANY)
		*p++ = JUMP_UNLESS(REG_MINOR, (int)rule->minor);
	tests_end = p;
	if (rule->allow) {
		*p++ = AND_VALUE(REG_ACCESS, ~bits);
		*p++ = JUMP_UNLESS(REG_ACCESS, 0);
	} else {
		*p++ = MOVE(REG_SCRATCH, REG_ACCESS);
		*p++ = AND_VALUE(REG_SCRATCH, bits);
		*p++ = JUMP_IF(REG_SCRATCH, 0);
	}
	p[-1].off = 2;
	*p++ = MOVE_VALUE(REG_RESULT, rule->allow);
	*p++ = EXIT();
	for (struct bpf_insn *jump = first; jump < tests_end; jump++)
		jump->off = (short)(p - jump - 1);
	return p;
}

const struct bpf_insn *devrules_compile(const struct cgroup_plan *plan, struct arena *a,
					size_t *ret_n)
{
	struct bpf_insn *code = arena_new_n(a, struct bpf_insn,
					    INSNS_PER_RULE * plan->n_devices + INSNS_AROUND),
			*p = code;

	*p++ = LOAD(REG_TYPE, access_type);
	*p++ = MOVE(REG_ACCESS, REG_TYPE);
	*p++ = AND_VALUE(REG_TYPE, 0xffff);
	*p++ = SHIFT_RIGHT(REG_ACCESS, 16);
	*p++ = LOAD(REG_MAJOR, major);
	*p++ = LOAD(REG_MINOR, minor);
	/* The last rule wins, so it comes first; what no rule has decided is the first one's. */
	for (size_t i = plan->n_devices - 1; i > 0; i--)
		p = put_rule(p, &plan->devices[i]);
	*p++ = MOVE_VALUE(REG_RESULT, plan->devices[0].allow);
	*p++ = EXIT();
	*ret_n = (size_t)(p - code);
	return code;
}

/* ---- v2: the cgroup -------------------------------------------------------------------------------------------------- */

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int load_program(const struct bpf_insn *code, size_t n)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = (unsigned)n;
	/* No helper is called, so no licence matters to the kernel. */
	attr.license = (uintptr_t) "Apache-2.0";
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* In the place of `old`, or beside those that there are if that is negative. */
static int attach_program(int dir, int program, int old)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (unsigned)dir;
	attr.attach_bpf_fd = (unsigned)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (unsigned)old;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

static size_t query_programs(int dir, unsigned *ids, size_t room)
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (unsigned)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = (unsigned)room;
	return sys_bpf(BPF_PROG_QUERY, &attr) < 0 ? 0 : MIN((size_t)attr.query.prog_cnt, room);
}

static int open_program(unsigned id)
{
	union bpf_attr attr = { 0 };

	attr.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int detach_program(int dir, unsigned id)
{
	union bpf_attr attr = { 0 };
	auto_fd int program = open_program(id);

	if (program < 0)
		return -1;
	attr.target_fd = (unsigned)dir;
	attr.attach_bpf_fd = (unsigned)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return sys_bpf(BPF_PROG_DETACH, &attr);
}

/*
 * One program takes the place of the other at once. Kernels before 5.6 cannot do that: there, and beside further ones, the new
 * one is attached before older ones go. All programs of a cgroup must agree, so that never is more allowed.
 */
static int replace_programs(int dir, int program, const unsigned *old, size_t n)
{
	auto_fd int first = n ? open_program(old[0]) : -1;
	bool replaced = first >= 0 && attach_program(dir, program, first) == 0;

	if (!replaced && attach_program(dir, program, -1) < 0)
		return -1;
	for (size_t i = replaced; i < n; i++)
		if (detach_program(dir, old[i]) < 0)
			return -1;
	return 0;
}

static int load_rules(const struct cgroup_plan *plan, struct arena *a, struct error *err)
{
	size_t n;
	const struct bpf_insn *code = devrules_compile(plan, a, &n);
	int program = load_program(code, n);

	if (program >= 0)
		return program;
	error_sys(err, "load the device rules as a BPF program of %zu instructions", n);
	return error_at(err, "/linux/resources/devices");
}

static int apply2(struct cgroup *cg, struct hierarchy *h, const struct cgroup_plan *plan,
		  struct error *err)
{
	auto_fd int dir = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);
	auto_fd int program = cg->device_program - 1;
	bool fresh = cg->made && !h->existed;
	unsigned old[64];
	size_t n_old;

	cg->device_program = 0;
	if (dir < 0)
		return error_sys(err, "open cgroup \"%s%s\"", h->mount, h->path);
	n_old = fresh ? 0 : query_programs(dir, old, ARRAY_SIZE(old));
	if (program < 0)
		program = load_rules(plan, cg->arena, err);
	if (program < 0)
		return -1;
	if (replace_programs(dir, program, old, n_old) == 0)
		return 0;
	error_sys(err, "attach the device rules to cgroup \"%s%s\" in the place of those it had",
		  h->mount, h->path);
	return error_at(err, "/linux/resources/devices");
}

/* ---- both ------------------------------------------------------------------------------------------------------------ */

/* Where rules are enforced; NULL if there is no place. */
static int find_place(struct cgroup *cg, struct hierarchy **ret, struct error *err)
{
	if (cgroup_find_controller(cg, CONTROLLER_DEVICES, ret, err))
		return -1;
	if (!*ret)
		*ret = cgroup_find_v2(cg);
	return 0;
}

bool devrules_are_atomic(struct cgroup *cg)
{
	struct hierarchy *h;
	struct error unused;

	return find_place(cg, &h, &unused) == 0 && (!h || h->version == 2);
}

int devrules_check(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct device_list unused;
	struct hierarchy *h;

	if (!plan->n_devices)
		return 0;
	if (find_place(cg, &h, err))
		return -1;
	if (h && h->version == 1)
		return devrules_reduce(plan, cg->arena, &unused, err);
	if (!h && !cg->rootless)
		return error_config(err, "/linux/resources/devices",
				    "this host can restrict devices neither with the cgroup "
				    "controller devices nor with cgroup v2");
	return 0;
}

void devrules_prepare(struct cgroup *cg, const struct cgroup_plan *plan)
{
	struct hierarchy *h = NULL;
	struct error unused;

	if (plan->n_devices && !cg->device_program && find_place(cg, &h, &unused) == 0 && h &&
	    h->version == 2)
		cg->device_program = 1 + load_rules(plan, cg->arena, &unused);
}

void devrules_forget(struct cgroup *cg)
{
	int program = cg->device_program - 1;

	fd_close(&program);
	cg->device_program = 0;
}

int devrules_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
	struct hierarchy *h;
	int result;

	if (!plan->n_devices)
		return 0;
	if (find_place(cg, &h, err))
		return -1;
	if (!h)
		return 0;
	result = h->version == 1 ? apply1(h, plan, cg->made && !h->existed, cg->arena, err)
				 : apply2(cg, h, plan, err);
	/* In a user namespace no rule can be set, nor a device node be made. */
	return result && cg->in_userns && (err->errnum == EPERM || err->errnum == EACCES) ? 0
											  : result;
}
