/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes calls under programs of random profiles, and holds what happens against what the interpreter (plan/bpf.h) says
 * would: the interpreter reads programs as the kernel does, and the kernel takes them.
 *
 *	kernel [-n random profiles] [-s first seed]
 *
 * The calls are some that change nothing and look at no argument, so that every argument can be given. On x86_64 they
 * are made as x86_64, x32 and i386 calls. Each is made by a process of its own, which has the filter for this one call.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "oci_spec.h"
#include "plan/bpf.h"
#include "plan/seccomp.h"
#include "random.h"
#include "sys/security.h"

#define CALLS 12 /* per profile */

enum outcome { NOTHING, RETURNED, TRAPPED, KILLED, NOT_LOADED };

struct seen {
	enum outcome outcome;
	long value; /* returned, or the data of a trap */
};

static struct seen *page; /* shared with the process that makes the call */

static const char *const names[] = {
	"getuid", "getgid", "geteuid", "getegid", "getppid", "getpid"
};

static void on_trap(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	*page = (struct seen){ TRAPPED, info->si_errno };
	__builtin_trap();
}

static long call(uint32_t arch, uint32_t nr, const uint64_t *args)
{
#ifdef __x86_64__
	register long r13 __asm__("r13") = (long)args[5];
	register long r10 __asm__("r10") = (long)args[3];
	register long r8 __asm__("r8") = (long)args[4];
	register long r9 __asm__("r9") = (long)args[5];
	long result;

	if (arch == SCMP_ARCH_X86) {
		/* The sixth argument is in ebp, which the compiler may need for itself. */
		__asm__ volatile(
			"mov %%rbp, %%r12\n\tmov %%r13, %%rbp\n\tint $0x80\n\tmov %%r12, %%rbp"
			: "=a"(result)
			: "a"(nr), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]),
			  "D"(args[4]), "r"(r13)
			: "memory", "r8", "r9", "r10", "r11", "r12");
		return (int)result;
	}
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((unsigned long)nr), "D"(args[0]), "S"(args[1]), "d"(args[2]),
			   "r"(r10), "r"(r8), "r"(r9)
			 : "memory", "rcx", "r11");
	return result;
#else
	long result = syscall((long)nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	return arch && result == -1 ? -errno : result;
#endif
}

static struct seen make_call(const struct seccomp_plan *plan, uint32_t arch, uint32_t nr,
			     const uint64_t *args)
{
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct error err;
	int status = 0;
	pid_t pid;

	*page = (struct seen){ NOT_LOADED, 0 };
	pid = fork();
	if (pid == 0) {
		sigaction(SIGSYS, &trap, NULL);
		if (plan && (no_new_privileges_set(&err) ||
			     filter_load(plan->code, plan->n_code, plan->flags, &err)))
			_exit(1);
		page->outcome = NOTHING;
		page->value = call(arch, nr, args);
		page->outcome = RETURNED;
		/* Even exit may be forbidden now. */
		__builtin_trap();
	}
	waitpid(pid, &status, 0);
	if (page->outcome == NOTHING && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		page->outcome = KILLED;
	return *page;
}

static struct seen expected(uint32_t verdict, const struct seen *unfiltered)
{
	long data = verdict & SECCOMP_RET_DATA;

	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return *unfiltered;
	case SECCOMP_RET_ERRNO:
		return (struct seen){ RETURNED, -data };
	case SECCOMP_RET_TRACE: /* nobody traces */
		return (struct seen){ RETURNED, -ENOSYS };
	case SECCOMP_RET_TRAP:
		return (struct seen){ TRAPPED, data };
	default:
		return (struct seen){ KILLED, 0 };
	}
}

static uint64_t random_argument(void)
{
	return (uint64_t)(random_below(3) ? 0 : random_below(3)) << 32 |
	       (random_below(5) ? random_below(11) : (uint32_t)-1 - random_below(2));
}

static bool try_calls(const struct seccomp_plan *plan, const uint32_t *tokens, size_t n_tokens)
{
	bool ok = true;

	for (int i = 0; i < CALLS; i++) {
		uint32_t token = tokens[random_below((uint32_t)n_tokens)], verdict = 0;
		uint32_t nr = (uint32_t)seccomp_syscall_resolve_name_arch(
			token, names[random_below(ARRAY_SIZE(names))]);
		struct seccomp_data data = { .nr = (int)nr,
					     .arch = token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64
									    : token };
		struct seen unfiltered, want, got;

		for (unsigned k = 0; k < 6; k++)
			data.args[k] = random_argument();
		unfiltered = make_call(NULL, token, nr, (const uint64_t *)data.args);
		got = make_call(plan, token, nr, (const uint64_t *)data.args);
		/* The kernel sees 32-bit registers only. */
		for (unsigned k = 0; token == SCMP_ARCH_X86 && k < 6; k++)
			data.args[k] = (uint32_t)data.args[k];
		bpf_run(plan->code, plan->n_code, &data, &verdict, NULL);
		want = expected(verdict, &unfiltered);
		/* The parent's own numbers differ from process to process. */
		if (got.outcome == want.outcome &&
		    (got.value == want.value || (want.value > 0 && got.value > 0)))
			continue;
		printf("# arch %#x call %#x (%#llx, %#llx, %#llx): verdict %#x, outcome %d value %ld "
		       "instead of %d, %ld\n",
		       data.arch, nr, (unsigned long long)data.args[0],
		       (unsigned long long)data.args[1], (unsigned long long)data.args[2], verdict,
		       (int)got.outcome, got.value, (int)want.outcome, want.value);
		ok = false;
	}
	return ok;
}

int main(int argc, char **argv)
{
#ifdef __x86_64__
	static const char *const archs[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X32" };
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86_64, SCMP_ARCH_X32,
					   SCMP_ARCH_X86 };
#else
	static const char *const archs[] = { "" };
	const uint32_t tokens[] = { seccomp_arch_native() };
#endif
	const size_t n_archs = tokens[0] == SCMP_ARCH_X86_64 ? 2 : 0;
	unsigned n = 100, seed = 1, broken = 0, made = 0;
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1)
		*(option == 'n' ? &n : &seed) = (unsigned)strtoul(optarg, NULL, 10);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	prctl(PR_SET_DUMPABLE, 0);
	for (unsigned i = 0; i < n && broken < 3; i++) {
		struct arena a = { 0 };
		struct plan_warnings warnings = { .arena = &a };
		const struct seccomp_plan *plan;
		const struct oci_seccomp *p;
		struct error err;

		random_seed((uint64_t)(seed + i) * 0x9e3779b97f4a7c15u);
		p = random_profile(&a, names, ARRAY_SIZE(names), archs, n_archs);
		/* Rules that contradict each other are refused. */
		if (plan_seccomp(p, NULL, 0, &a, &warnings, &plan, &err) == 0) {
			made++;
			if (!try_calls(plan, tokens, ARRAY_SIZE(tokens))) {
				printf("# seed %u\n", seed + i);
				broken++;
			}
		}
		arena_release(&a);
	}
	printf("# %u programs loaded %u times each\n", made, CALLS);
	CHECK(made > n / 2);
	CHECK(broken == 0);
	return check_done();
}
