/* SPDX-License-Identifier: Apache-2.0 */
/* What tests/filter cannot ask libseccomp: refusals, warnings, flags, limits, and verdicts that are known by heart. */
#include "plan/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "check.h"
#include "oci_spec.h"
#include "plan/bpf.h"

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))
#define X86_64 AUDIT_ARCH_X86_64

static struct plan_warnings warnings;

/* Profiles are written with ' for ". */
static const struct oci_seccomp *parse(const char *text, struct arena *a)
{
	char *whole =
		arena_printf(a, "{'ociVersion':'1.2.0','root':{'path':'/'},'linux':{'seccomp':%s}}",
			     text);
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	struct error err;

	for (char *c = whole; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (oci_config_parse(whole, strlen(whole), a, &config, &unknown, &err)) {
		printf("# %s: %s %s\n", text, err.where, err.text);
		exit(99);
	}
	return config->linux_->seccomp;
}

static const struct seccomp_plan *plan(const char *text, const struct pair *annotations, size_t n,
				       struct arena *a, struct error *err)
{
	const struct seccomp_plan *result = NULL;

	warnings = (struct plan_warnings){ .arena = a };
	if (plan_seccomp_for(X86_64, parse(text, a), annotations, n, a, &warnings, &result, err))
		return NULL;
	return result;
}

static void check_verdict(const char *text, uint32_t arch, uint32_t nr, uint64_t arg, uint32_t want)
{
	struct seccomp_data call = { .nr = (int)nr, .arch = arch, .args = { arg } };
	const struct seccomp_plan *p;
	struct arena a = { 0 };
	struct error err;
	uint32_t got = 1;

	p = plan(text, NULL, 0, &a, &err);
	CHECK(p && bpf_run(p->code, p->n_code, &call, &got, NULL));
	if (!CHECK_INT(got, want))
		printf("# %s: call %u of %#x with %#llx\n", text, nr, arch,
		       (unsigned long long)arg);
	arena_release(&a);
}

#define ONLY_MKDIR                                                          \
	"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':13,'syscalls'" \
	":[{'names':['mkdir'],'action':'SCMP_ACT_ALLOW'}]}"
#define ON_READ(rules) "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[" rules "]}"
#define READ(errnum, args) \
	"{'names':['read'],'action':'SCMP_ACT_ERRNO','errnoRet':" #errnum ",'args':[" args "]}"
#define ARG(op, value) "{'index':0,'value':" #value ",'op':'SCMP_CMP_" #op "'}"

static void test_verdicts(void)
{
	static const char deny[] =
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdir'],'action':"
		"'SCMP_ACT_ERRNO'}]}";
	static const char deny_x86[] =
		"{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_X32'],"
		"'syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_ERRNO'}]}";

	check_verdict(deny, X86_64, 83, 0, ERRNO(EPERM));
	check_verdict(deny, X86_64, 84, 0, ALLOW);
	/* Nothing slips past by an architecture that nobody listed. */
	check_verdict(deny, AUDIT_ARCH_I386, 39, 0, SECCOMP_RET_KILL_THREAD);
	check_verdict(deny, AUDIT_ARCH_I386, 3, 0, SECCOMP_RET_KILL_THREAD);
	check_verdict(deny, X86_64, 0x40000000 | 83, 0, SECCOMP_RET_KILL_THREAD);
	check_verdict(deny, X86_64, 0x40000000, 0, SECCOMP_RET_KILL_THREAD);
	check_verdict(deny_x86, AUDIT_ARCH_I386, 39, 0, ERRNO(EPERM));
	check_verdict(deny_x86, X86_64, 0x40000000 | 83, 0, ERRNO(EPERM));
	check_verdict(deny_x86, X86_64, 83, 0, ERRNO(EPERM));
	/* 64 bits. */
	check_verdict(ON_READ(READ(5, ARG(GT, 4294967295))), X86_64, 0, 0x100000000, ERRNO(5));
	check_verdict(ON_READ(READ(5, ARG(GT, 4294967295))), X86_64, 0, 0xffffffff, ALLOW);
	check_verdict(ON_READ(READ(5, ARG(LT, 4294967297))), X86_64, 0, 0x100000000, ERRNO(5));
	check_verdict(ON_READ(READ(5, ARG(LT, 4294967297))), X86_64, 0, 0x100000001, ALLOW);
	check_verdict(ON_READ(READ(5, ARG(NE, 4294967297))), X86_64, 0, 1, ERRNO(5));
	check_verdict(ON_READ(READ(5, ARG(NE, 4294967297))), X86_64, 0, 0x100000001, ALLOW);
	check_verdict(ON_READ(READ(5, ARG(EQ, 18446744073709551615))), X86_64, 0, UINT64_MAX,
		      ERRNO(5));
	/* The rule that libseccomp 2.5.4 loses. */
	check_verdict(ON_READ(READ(5, ARG(LE, 4)) "," READ(5, ARG(LE, 17179869193))), X86_64, 0, 5,
		      ERRNO(5));
}

/* Newer than mkdir, or than what the profile says of it. */
static void test_newer(void)
{
	static const struct pair off = { "teu.seccomp.no_enosys", "1" };
	static const struct pair not_off = { "teu.seccomp.no_enosys", "false" };
	struct seccomp_data call = { .nr = 84, .arch = X86_64 };
	struct arena a = { 0 };
	const struct seccomp_plan *p;
	struct error err;
	uint32_t got = 0;

	check_verdict(ONLY_MKDIR, X86_64, 82, 0, ERRNO(13));
	check_verdict(ONLY_MKDIR, X86_64, 84, 0, ERRNO(ENOSYS));
	check_verdict(ONLY_MKDIR, X86_64, 0x3fffffff, 0, ERRNO(ENOSYS));
	check_verdict(ONLY_MKDIR, X86_64, 0x40000000, 0, SECCOMP_RET_KILL_THREAD);
	check_verdict("{'defaultAction':'SCMP_ACT_ERRNO'}", X86_64, 9999, 0, ERRNO(EPERM));
	check_verdict("{'defaultAction':'SCMP_ACT_LOG','syscalls':[{'names':['read'],'action':"
		      "'SCMP_ACT_KILL'}]}",
		      X86_64, 9999, 0, SECCOMP_RET_LOG);
	p = plan(ONLY_MKDIR, &off, 1, &a, &err);
	CHECK(p && bpf_run(p->code, p->n_code, &call, &got, NULL));
	CHECK_INT(got, ERRNO(13));
	p = plan(ONLY_MKDIR, &not_off, 1, &a, &err);
	CHECK(p && bpf_run(p->code, p->n_code, &call, &got, NULL));
	CHECK_INT(got, ERRNO(ENOSYS));
	arena_release(&a);
}

static void test_refusals(void)
{
	static const struct {
		const char *profile, *where;
	} rows[] = {
		{ "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}",
		  "/linux/seccomp/defaultErrnoRet" },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4096}",
		  "/linux/seccomp/defaultErrnoRet" },
		{ "{'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/x'}",
		  "/linux/seccomp/defaultAction" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'x'}",
		  "/linux/seccomp/listenerMetadata" },
		{ ON_READ("{'names':['read'],'action':'SCMP_ACT_NOTIFY'}"),
		  "/linux/seccomp/listenerPath" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','flags':["
		  "'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']}",
		  "/linux/seccomp/flags" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_PPC']}",
		  "/linux/seccomp/architectures/1" },
		{ ON_READ("{'names':['read'],'action':'SCMP_ACT_KILL','errnoRet':1}"),
		  "/linux/seccomp/syscalls/0/errnoRet" },
		{ ON_READ(READ(1, ARG(EQ, 1)) "," READ(2, ARG(EQ, 1))),
		  "/linux/seccomp/syscalls/1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena a = { 0 };
		struct error err = { .where = "" };

		CHECK(!plan(rows[i].profile, NULL, 0, &a, &err));
		CHECK_STR(err.where, rows[i].where);
		arena_release(&a);
	}
}

static void test_names_and_flags(void)
{
	static const struct pair strict = { "run.oci.seccomp_fail_unknown_syscall", "1" };
	static const struct pair log = { "teu.seccomp.log", "" };
	static const char unknown[] =
		ON_READ("{'names':['read','nocall'],'action':'SCMP_ACT_KILL'}");
	struct arena a = { 0 };
	const struct seccomp_plan *p;
	struct error err;

	p = plan(unknown, NULL, 0, &a, &err);
	CHECK(p && warnings.first && !warnings.first->next);
	CHECK_STR(warnings.first->where, "/linux/seccomp/syscalls/0/names/1");
	CHECK_INT(p->flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	CHECK(!p->notify);
	CHECK(!plan(unknown, &strict, 1, &a, &err));
	CHECK_STR(err.where, "/linux/seccomp/syscalls/0/names/1");
	p = plan("{'defaultAction':'SCMP_ACT_ALLOW','flags':[]}", NULL, 0, &a, &err);
	CHECK_INT(p->flags, 0);
	CHECK_INT(p->n_code > 0, 1);
	p = plan("{'defaultAction':'SCMP_ACT_ALLOW','flags':[]}", &log, 1, &a, &err);
	CHECK_INT(p->flags, SECCOMP_FILTER_FLAG_LOG);
	p = plan("{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','listenerMetadata':'y',"
		 "'syscalls':[{'names':['write'],'action':'SCMP_ACT_NOTIFY'}]}",
		 NULL, 0, &a, &err);
	CHECK(p && p->notify);
	CHECK_STR(p->listener_path, "/x");
	CHECK_STR(p->listener_metadata, "y");
	arena_release(&a);
}

/* Neighbours with different verdicts make jumps longer than 255, and in the end more than the kernel takes. */
static char *many_rules(const char *const *calls, size_t n_calls, unsigned values, struct arena *a)
{
	size_t room = n_calls * values * 128 + 128, n;
	char *text = arena_alloc(a, room);

	n = (size_t)snprintf(text, room, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[");
	for (size_t i = 0; i < n_calls; i++)
		for (unsigned v = 0; v < values; v++)
			n += (size_t)snprintf(
				text + n, room - n,
				"%s{'names':['%s'],'action':'SCMP_ACT_ERRNO','errnoRet':%u,'args':["
				"{'index':0,'value':%u,'op':'SCMP_CMP_EQ'}]}",
				i || v ? "," : "", calls[i], (unsigned)i + v + 1, v);
	snprintf(text + n, room - n, "]}");
	return text;
}

static void test_size(void)
{
	static const char *const calls[] = { "read",   "write", "open",	   "close", "stat",
					     "fstat",  "lstat", "poll",	   "lseek", "mmap",
					     "brk",    "ioctl", "pread64", "readv", "pipe",
					     "select", "msync", "dup",	   "pause", "getpid" };
	static const unsigned values[] = { 30, 250 };

	for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
		struct arena a = { 0 };
		const struct seccomp_plan *p;
		struct error err = { .where = "" };

		p = plan(many_rules(calls, ARRAY_SIZE(calls), values[k], &a), NULL, 0, &a, &err);
		CHECK_INT(p != NULL, k == 0);
		for (size_t i = 0; p && i < ARRAY_SIZE(calls); i++) {
			static const int numbers[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
						       12, 16, 17, 19, 22, 23, 26, 32, 34, 39 };
			bool ok = true;

			for (unsigned v = 0; v <= 30; v++) {
				struct seccomp_data call = { .nr = numbers[i],
							     .arch = X86_64,
							     .args = { v } };
				uint32_t got = 0;

				ok &= bpf_run(p->code, p->n_code, &call, &got, NULL) &&
				      got == (v < 30 ? ERRNO(i + v + 1) : ALLOW);
			}
			CHECK(ok);
		}
		if (!p)
			CHECK_CONTAINS(err.text, "4096");
		arena_release(&a);
	}
}

/* Programs that the kernel would not take have no verdict. */
static void test_interpreter(void)
{
	static const struct sock_filter rows[][2] = {
		{ { BPF_JMP | BPF_JA, 0, 0, 1 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 62 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 64 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 } },
		{ { 0xffff, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
	};
	const struct seccomp_data call = { 0 };
	uint32_t got;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(!bpf_run(rows[i], 2, &call, &got, NULL));
}

static void test_permits(void)
{
	static const struct {
		const char *profile;
		uint64_t arg;
		bool want;
	} rows[] = {
		{ "{'defaultAction':'SCMP_ACT_ALLOW'}", 0, true },
		{ "{'defaultAction':'SCMP_ACT_LOG'}", 0, true },
		{ "{'defaultAction':'SCMP_ACT_ERRNO'}", 0, false },
		{ "{'defaultAction':'SCMP_ACT_TRACE'}", 0, false },
		{ ON_READ(READ(1, ARG(EQ, 7))), 7, false },
		{ ON_READ(READ(1, ARG(EQ, 7))), 8, true },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','syscalls':"
		  "[{'names':['read'],'action':'SCMP_ACT_NOTIFY'}]}",
		  0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint64_t args[6] = { rows[i].arg };
		const struct seccomp_plan *p = NULL;
		struct arena a = { 0 };
		struct error err;

		warnings = (struct plan_warnings){ .arena = &a };
		CHECK_INT(plan_seccomp(parse(rows[i].profile, &a), NULL, 0, &a, &warnings, &p,
				       &err),
			  0);
		if (!CHECK_INT(p && seccomp_permits(p, SYS_read, args), rows[i].want))
			printf("# %s\n", rows[i].profile);
		arena_release(&a);
	}
}

int main(void)
{
	test_verdicts();
	test_newer();
	test_refusals();
	test_names_and_flags();
	test_size();
	test_interpreter();
	test_permits();
	return check_done();
}
