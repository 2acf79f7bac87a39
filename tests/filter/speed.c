/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What filters cost, ours beside the program that libseccomp exports for the same rules: to make, to load, and for each
 * call afterwards.
 *
 *	speed [-n rounds] [profile.json ...]
 *
 * The two take turns; times are medians of processor time. "cold" is the first program of ours in a process, as in a
 * start. Exit status 1 when ours misses a budget: 450 instructions, and 0.3 ms to make and 0.3 ms to load on a machine
 * where libseccomp needs 13 ms to make its program; elsewhere in proportion.
 */
#include <fcntl.h>
#include <glob.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "oci_spec.h"
#include "oracle.h"
#include "plan/bpf.h"
#include "plan/seccomp.h"
#include "sys/security.h"

#define ROUNDS_MAX 1000
#define INSTRUCTIONS 450
#define BUDGET 300.0 /* microseconds, where libseccomp needs: */
#define BUDGET_THEIRS 13000.0

static uint64_t *page; /* shared with the processes that load programs */
static const char *self;

struct series {
	double list[ROUNDS_MAX];
	size_t n;
};

static void add(struct series *s, uint64_t nanoseconds)
{
	s->list[s->n++] = (double)nanoseconds / 1000;
}

/* What others do meanwhile does not count. */
static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(struct series *s)
{
	qsort(s->list, s->n, sizeof(s->list[0]), order);
	return s->n ? s->list[s->n / 2] : 0;
}

static const struct oci_seccomp *read_profile(const char *path, struct arena *a)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(a, fd, 1 << 20, NULL);
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	struct error err = { .text = "cannot be read" };

	if (text)
		text = arena_printf(a,
				    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},"
				    "\"linux\":{\"seccomp\":%s}}",
				    text);
	if (!text || oci_config_parse(text, strlen(text), a, &config, &unknown, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		exit(2);
	}
	return config->linux_->seccomp;
}

/* Nanoseconds; a process of its own, because a filter stays. */
static uint64_t load(const struct sock_filter *code, size_t n)
{
	pid_t pid = fork();
	struct error err;

	if (pid == 0) {
		uint64_t begin;

		if (no_new_privileges_set(&err) == 0) {
			begin = cpu_now();
			if (filter_load(code, (uint16_t)n, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &err) ==
			    0)
				*page = cpu_now() - begin;
		}
		/* The filter may forbid to end. */
		__builtin_trap();
	}
	waitpid(pid, NULL, 0);
	return *page;
}

static uint64_t make(const struct oci_seccomp *profile, struct arena *a,
		     const struct seccomp_plan **ret)
{
	struct plan_warnings warnings = { .arena = a };
	uint64_t begin = cpu_now();
	struct error err;

	if (plan_seccomp(profile, NULL, 0, a, &warnings, ret, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	return cpu_now() - begin;
}

/* The same in a program that has just begun, as in a start. */
static uint64_t make_cold(const char *path)
{
	char command[4200];
	unsigned long long time = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "'%s' -o '%s'", self, path);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%llu", &time) != 1 || pclose(pipe)) {
		fprintf(stderr, "%s failed\n", command);
		exit(2);
	}
	return time;
}

/* Instructions that a call takes, on average over the native calls that the profile names. */
static double steps(const struct oci_seccomp *p, const struct sock_filter *code, size_t n)
{
	unsigned long sum = 0, calls = 0;

	for (size_t i = 0; i < p->n_syscalls; i++)
		for (size_t k = 0; k < p->syscalls[i].n_names; k++) {
			struct seccomp_data call = { .arch = seccomp_arch_native() };
			unsigned taken = 0;
			uint32_t verdict;

			call.nr = seccomp_syscall_resolve_name(p->syscalls[i].names[k]);
			if (call.nr < 0 || !bpf_run(code, n, &call, &verdict, &taken))
				continue;
			sum += taken;
			calls++;
		}
	return calls ? (double)sum / (double)calls : 0;
}

static bool measure(const char *path, unsigned rounds)
{
	static struct series make_ours, make_theirs, load_ours, load_theirs, cold;
	struct arena a = { 0 };
	const struct oci_seccomp *profile = read_profile(path, &a);
	const struct seccomp_plan *plan = NULL;
	struct oracle oracle = { 0 };
	double budget;
	bool ok;
	int entry;

	make_ours.n = make_theirs.n = load_ours.n = load_theirs.n = cold.n = 0;
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t begin;

		add(&cold, make_cold(path));
		/* What was shared with the processes of the round before is copied by the first. */
		(void)make(profile, &a, &plan);
		add(&make_ours, make(profile, &a, &plan));
		oracle_free(&oracle);
		begin = cpu_now();
		if (oracle_make(&oracle, seccomp_arch_native(), profile, false, &entry)) {
			fprintf(stderr, "%s: libseccomp refuses rule %d\n", path, entry);
			exit(2);
		}
		add(&make_theirs, cpu_now() - begin);
		add(&load_ours, load(plan->code, plan->n_code));
		add(&load_theirs, load(oracle.program.code, oracle.program.n));
	}
	budget = BUDGET * median(&make_theirs) / BUDGET_THEIRS;
	ok = median(&make_ours) <= budget && median(&load_ours) <= budget &&
	     plan->n_code <= INSTRUCTIONS;
	printf("%s\n", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	printf("  %-12s %8s %8s %8s %13s %10s\n", "", "make us", "cold us", "load us",
	       "instructions", "per call");
	printf("  %-12s %8.0f %8.0f %8.0f %13u %10.1f  %s\n", "ours", median(&make_ours),
	       median(&cold), median(&load_ours), plan->n_code,
	       steps(profile, plan->code, plan->n_code), ok ? "PASS" : "FAIL");
	printf("  %-12s %8.0f %8s %8.0f %13zu %10.1f\n", "libseccomp", median(&make_theirs), "",
	       median(&load_theirs), oracle.program.n,
	       steps(profile, oracle.program.code, oracle.program.n));
	oracle_free(&oracle);
	arena_release(&a);
	return ok;
}

static bool measure_stored(unsigned rounds)
{
	const char *top = getenv("abs_top_srcdir");
	char pattern[4096];
	bool ok = true;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/filter/profiles/*.json", top ? top : ".");
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "no profiles: %s\n", pattern);
		return false;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		ok &= measure(found.gl_pathv[i], rounds);
	globfree(&found);
	return ok;
}

/* speed -o FILE: for make_cold(). */
static int make_once(const char *path)
{
	struct arena a = { 0 };
	const struct seccomp_plan *plan;
	const struct oci_seccomp *profile = read_profile(path, &a);

	printf("%llu\n", (unsigned long long)make(profile, &a, &plan));
	arena_release(&a);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned rounds = 31;
	bool ok = true;
	int option;

	self = argv[0];
	while ((option = getopt(argc, argv, "n:o:")) != -1) {
		if (option == 'o')
			return make_once(optarg);
		rounds = (unsigned)strtoul(optarg, NULL, 10);
	}
	rounds = MIN(rounds, (unsigned)ROUNDS_MAX);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = optind; i < argc; i++)
		ok &= measure(argv[i], rounds);
	if (optind == argc)
		ok = measure_stored(rounds);
	return ok ? 0 : 1;
}
