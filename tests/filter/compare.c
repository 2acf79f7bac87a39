/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the programs that plan/seccomp.c makes with libseccomp's, call by call: the profiles given as files (a
 * linux.seccomp object each), each also with the calls of some years missing and as other machines would have it, and
 * random profiles.
 *
 *	compare [-n random profiles] [-s first seed] [-o part of the only series' name] [-v] [profile.json ...]
 *
 * For every architecture of a profile, every number around the known ones is asked; where rules look at arguments,
 * with values at and around each of their constants in each half. TAP; a difference is printed with its profile.
 * Without files, those of tests/filter/profiles.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"
#include "oci_spec.h"
#include "plan/abi.h"
#include "random.h"
#include "verdicts.h"

#define BROKEN_MAX 3 /* profiles with differences before a series ends */
#define ORACLE_SECONDS \
	2 /* of processor time for one profile; a fraction of a millisecond is usual */

/* In a process of its own: libseccomp 2.5 does not come back from some rules, nor do we when we have to ask it. */
static bool compare(uint32_t native, const struct oci_seccomp *profile, const char *what)
{
	const struct itimerval limit = { .it_value = { .tv_sec = ORACLE_SECONDS } };
	int status;
	pid_t pid;

	fflush(stdout);
	totals->oracle_at_work = false;
	pid = fork();
	if (pid == 0) {
		bool ok;

		setitimer(ITIMER_VIRTUAL, &limit, NULL);
		ok = verdicts_compare(native, profile, what);
		fflush(stdout);
		_exit(ok ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0;
	if (totals->oracle_at_work && WTERMSIG(status) == SIGVTALRM) {
		totals->endless++;
		return true;
	}
	printf("# %s: ended by signal %d\n", what, WTERMSIG(status));
	return false;
}

/* ---- profiles from files ------------------------------------------------------------------------------------------- */

/* The profile as of a kernel whose newest x86_64 call is `newest`. */
static void profile_age(struct oci_seccomp *p, int newest, struct arena *a)
{
	struct oci_syscall *list = arena_new_n(a, struct oci_syscall, p->n_syscalls);
	size_t n = 0;

	for (size_t i = 0; i < p->n_syscalls; i++) {
		struct oci_syscall s = p->syscalls[i];
		const char **names = arena_new_n(a, const char *, s.n_names + 1);
		size_t kept = 0;

		for (size_t k = 0; k < s.n_names; k++)
			if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, s.names[k]) <=
			    newest)
				names[kept++] = s.names[k];
		s.names = names;
		s.n_names = kept;
		if (kept)
			list[n++] = s;
	}
	p->syscalls = list;
	p->n_syscalls = n;
}

/* The same rules on machines of other kinds. */
static bool compare_elsewhere(const struct oci_seccomp *profile, const char *what)
{
	static const struct {
		uint32_t native;
		const char *sub[2];
		size_t n;
	} machines[] = {
		{ SCMP_ARCH_X86_64, { NULL }, 0 },
		{ SCMP_ARCH_X86, { NULL }, 0 },
		{ SCMP_ARCH_AARCH64, { "SCMP_ARCH_ARM" }, 1 },
		{ SCMP_ARCH_ARM, { NULL }, 0 },
		{ SCMP_ARCH_S390X, { "SCMP_ARCH_S390" }, 1 },
		{ SCMP_ARCH_PPC64LE, { NULL }, 0 },
		{ SCMP_ARCH_RISCV64, { NULL }, 0 },
		{ SCMP_ARCH_MIPSEL64, { "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32" }, 2 },
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct oci_seccomp there = *profile;

		there.architectures = machines[i].sub;
		there.n_architectures = machines[i].n;
		ok &= compare(machines[i].native, &there, what);
	}
	return ok;
}

static void compare_file(const char *path)
{
	/* The newest calls of Linux 3.19, 4.18, 5.4, 5.19. */
	static const int ages[] = { 322, 334, 435, 450 };
	struct arena a = { 0 };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	struct error err = { .where = "", .text = "cannot be read" };
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(&a, fd, 1 << 20, NULL);
	bool ok = false;

	if (text)
		text = arena_printf(&a,
				    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},"
				    "\"linux\":{\"seccomp\":%s}}",
				    text);
	if (!text || oci_config_parse(text, strlen(text), &a, &config, &unknown, &err)) {
		printf("# %s: %s %s\n", path, err.where, err.text);
	} else {
		ok = compare(SCMP_ARCH_X86_64, config->linux_->seccomp, path);
		ok &= compare_elsewhere(config->linux_->seccomp, "elsewhere");
		for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
			struct oci_seccomp old = *config->linux_->seccomp;

			profile_age(&old, ages[i], &a);
			ok &= compare(SCMP_ARCH_X86_64, &old, "aged");
		}
	}
	check_result(ok, path, __FILE__, __LINE__);
	arena_release(&a);
}

static void compare_stored(void)
{
	const char *top = getenv("abs_top_srcdir");
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/filter/profiles/*.json", top ? top : ".");
	if (glob(pattern, 0, NULL, &found)) {
		check_result(false, pattern, __FILE__, __LINE__);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare_file(found.gl_pathv[i]);
	globfree(&found);
}

/* ---- random profiles ----------------------------------------------------------------------------------------------- */

/* With calls that some architectures lack or multiplex, and one that nobody knows. */
static const char *const call_names[] = {
	"read",	    "write",
	"open",	    "close",
	"clone",    "personality",
	"socket",   "socketcall",
	"ipc",	    "accept",
	"accept4",  "send",
	"recvmmsg", "shmget",
	"semop",    "semtimedop",
	"msgrcv",   "waitpid",
	"_llseek",  "mmap2",
	"clone3",   "landlock_restrict_self",
	"futex",    "keyctl",
	"bpf",	    "ptrace",
	"umount",   "rseq",
	"prctl",    "ioctl",
	"execve",   "io_uring_setup",
	"syslog",   "no_such_call",
	"connect",  "shutdown",
};

static const char *only; /* of the series */

static void compare_random(const char *what, uint32_t native, const char *const *archs,
			   size_t n_archs, unsigned seed, unsigned n)
{
	unsigned broken = 0;

	if (only && !strstr(what, only))
		return;
	for (unsigned i = 0; i < n && broken < BROKEN_MAX; i++) {
		struct arena a = { 0 };
		const struct oci_seccomp *p;

		random_seed((uint64_t)(seed + i) * 0x9e3779b97f4a7c15u + native);
		p = random_profile(&a, call_names, ARRAY_SIZE(call_names), archs, n_archs);
		if (!compare(native, p, "random")) {
			printf("# %s, seed %u\n", what, seed + i);
			broken++;
		}
		arena_release(&a);
	}
	check_result(broken == 0, what, __FILE__, __LINE__);
}

/* Every number of its own that a multiplexed call has is found (src/plan/abi.c looks in few places). */
static bool finds_direct(uint32_t token)
{
	int base = seccomp_syscall_resolve_name_arch(token, "read") / 1000 * 1000;
	struct abi abi;
	bool ok = true;

	abi_init(&abi, token, NULL);
	for (int n = base; n < base + 1000; n++) {
		char *name = seccomp_syscall_resolve_num_arch(token, n);
		int nr = name ? seccomp_syscall_resolve_name_arch(token, name) : 0;
		struct abi_call call;

		if (nr < -100 && seccomp_syscall_resolve_name_rewrite(token, name) >= 0) {
			abi_find(&abi, name, &call);
			if (!call.has_direct || (int)call.direct != n) {
				printf("# %s has the number %d on %#x\n", name, n, token);
				ok = false;
			}
		}
		free(name);
	}
	return ok;
}

static void test_direct(void)
{
	static const uint32_t tokens[] = {
		SCMP_ARCH_X86,	    SCMP_ARCH_X86_64, SCMP_ARCH_X32,	SCMP_ARCH_ARM,
		SCMP_ARCH_AARCH64,  SCMP_ARCH_MIPS,   SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPS64,
		SCMP_ARCH_MIPSEL64, SCMP_ARCH_PARISC, SCMP_ARCH_PPC,	SCMP_ARCH_PPC64,
		SCMP_ARCH_PPC64LE,  SCMP_ARCH_S390,   SCMP_ARCH_S390X,	SCMP_ARCH_MIPSEL64N32,
		SCMP_ARCH_RISCV64
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		ok &= finds_direct(tokens[i]);
	check_result(ok, "numbers of multiplexed calls", __FILE__, __LINE__);
}

int main(int argc, char **argv)
{
	static const char *const x86[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64" };
	static const char *const little[] = { "SCMP_ARCH_ARM",	       "SCMP_ARCH_AARCH64",
					      "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_MIPSEL64",
					      "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC64LE",
					      "SCMP_ARCH_RISCV64",     "SCMP_ARCH_X86" };
	static const char *const big[] = { "SCMP_ARCH_S390",   "SCMP_ARCH_MIPS",
					   "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
					   "SCMP_ARCH_PPC",    "SCMP_ARCH_PPC64",
					   "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64" };
	unsigned n = 500, seed = 1;
	int option;

	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	while ((option = getopt(argc, argv, "n:s:o:v")) != -1) {
		if (option == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'o')
			only = optarg;
		else
			verbose = true;
	}
	test_direct();
	for (int i = optind; i < argc; i++)
		compare_file(argv[i]);
	if (optind == argc && !only)
		compare_stored();
	compare_random("x86_64 with x86 and x32", SCMP_ARCH_X86_64, x86, ARRAY_SIZE(x86), seed, n);
	compare_random("aarch64 and others", SCMP_ARCH_AARCH64, little, ARRAY_SIZE(little), seed,
		       n / 4);
	compare_random("s390x and others", SCMP_ARCH_S390X, big, ARRAY_SIZE(big), seed, n / 4);
	printf("# %llu profiles, %llu of them refused by both sides, %llu calls compared\n",
	       totals->profiles, totals->refused, totals->asked);
	printf("# libseccomp: no end on %llu profiles, %llu refused for a call that an architecture "
	       "lacks, a verdict that no rule says on %llu calls\n",
	       totals->endless, totals->lacking, totals->unfounded);
	printf("# %llu verdicts explained\n", totals->reasons);
	return check_done();
}
