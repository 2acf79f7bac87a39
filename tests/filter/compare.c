/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the programs that plan/seccomp.c makes with libseccomp's, call by call: the profiles given as files (a
 * linux.seccomp object each), each also with the calls of some years missing, and random profiles.
 *
 *	compare [-n random profiles] [-s first seed] [-v] [profile.json ...]
 *
 * For every architecture of a profile, every number around the known ones is asked; where rules look at arguments,
 * with values at and around each of their constants in each half. TAP; a difference is printed with its profile.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "bpf.h"
#include "check.h"
#include "oci_spec.h"
#include "oracle.h"
#include "plan/seccomp.h"

#define X32_BIT 0x40000000u
#define KNOWN 1100	   /* numbers per table that are asked, from its base on */
#define SAMPLES 400	   /* calls per number whose arguments matter */
#define VALUES 64	   /* values of one argument */
#define CALL_ARGS_MAX 6
#define BROKEN_MAX 3	   /* differences shown per profile */

static bool verbose;
static unsigned long long asked, profiles, refused;
/* Calls on which libseccomp's verdict is wrong: no rule says it; its order of rules is not kept. */
static unsigned long long unfounded, disordered;
static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % n);
}

/* ---- the names of an architecture's numbers ------------------------------------------------------------------------ */

struct table {
	uint32_t arch, base;
	char *names[KNOWN];
};

static const struct table *table_of(uint32_t arch)
{
	static struct table tables[32];
	static size_t n;
	struct table *t;

	for (size_t i = 0; i < n; i++)
		if (tables[i].arch == arch)
			return &tables[i];
	t = &tables[n++];
	t->arch = arch;
	t->base = (uint32_t)seccomp_syscall_resolve_name_arch(arch, "read") & ~X32_BIT;
	t->base = t->base / 1000 * 1000 + (arch == SCMP_ARCH_X32 ? X32_BIT : 0);
	for (uint32_t i = 0; i < KNOWN; i++)
		t->names[i] = seccomp_syscall_resolve_num_arch(arch, (int)(t->base + i));
	return t;
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

struct values {
	uint64_t list[CALL_ARGS_MAX][VALUES];
	size_t n[CALL_ARGS_MAX];
	bool any;
};

static void value_add(struct values *v, unsigned arg, uint64_t value)
{
	for (size_t i = 0; i < v->n[arg]; i++)
		if (v->list[arg][i] == value)
			return;
	if (v->n[arg] < VALUES)
		v->list[arg][v->n[arg]++] = value;
}

static void value_around(struct values *v, unsigned arg, uint64_t c)
{
	const uint64_t high = UINT64_C(1) << 32;

	value_add(v, arg, c);
	value_add(v, arg, c - 1);
	value_add(v, arg, c + 1);
	value_add(v, arg, c + high);
	value_add(v, arg, c - high);
	value_add(v, arg, (uint32_t)c);
	value_add(v, arg, c | ~(high - 1));
	value_add(v, arg, c << 32 | c >> 32);
	value_add(v, arg, (c & ~(high - 1)) | (uint32_t)(c - 1));
	value_add(v, arg, (c & ~(high - 1)) | (uint32_t)(c + 1));
}

static void values_of(struct values *v, const struct oci_syscall *s)
{
	for (size_t i = 0; i < s->n_args; i++) {
		const struct oci_syscall_arg *a = &s->args[i];

		v->any = true;
		if (strcmp(a->op, "SCMP_CMP_MASKED_EQ") == 0) {
			value_around(v, a->index, a->value & a->value_two);
			value_add(v, a->index, a->value_two);
			value_add(v, a->index, (a->value & a->value_two) | ~a->value);
			value_add(v, a->index, ~(a->value & a->value_two));
		} else {
			value_around(v, a->index, a->value);
		}
	}
}

/* The values that rules on this call, or on calls that come through it, make interesting. */
static void values_collect(struct values *v, const struct oci_seccomp *p, uint32_t arch,
			   const char *name)
{
	bool socketcall = strcmp(name, "socketcall") == 0, ipc = strcmp(name, "ipc") == 0;

	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct oci_syscall *s = &p->syscalls[i];
		bool here = false;

		for (size_t k = 0; k < s->n_names && !here; k++) {
			here = strcmp(s->names[k], name) == 0;
			if (!here && (socketcall || ipc)) {
				int nr = seccomp_syscall_resolve_name_arch(arch, s->names[k]);

				here = socketcall ? nr <= -100 && nr > -200 :
						    nr <= -200 && nr > -300;
				v->any |= here;
			}
		}
		if (here)
			values_of(v, s);
	}
	if (!v->any)
		return;
	for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++) {
		value_add(v, arg, 0);
		if (v->n[arg] > 1)
			value_add(v, arg, UINT64_MAX);
	}
	for (unsigned i = 1; (socketcall || ipc) && i < 25; i++)
		value_add(v, 0, i);
}

/* ---- one profile --------------------------------------------------------------------------------------------------- */

struct pair_of {
	const struct oci_seccomp *profile;
	const struct seccomp_plan *plan;
	struct oracle oracle;
	unsigned differences;
};

static void profile_print(const struct oci_seccomp *p)
{
	const struct oci_linux linux_ = { .seccomp = p };
	const struct oci_config config = { .linux_ = &linux_ };
	struct arena a = { 0 };
	struct json_writer w;

	json_begin(&w, &a, NULL);
	oci_config_write(&w, &config);
	printf("# %s\n", w.text);
	arena_release(&a);
}

static void differ(struct pair_of *p, const struct seccomp_data *call, const char *what,
		   uint32_t ours, uint32_t theirs)
{
	if (p->differences++ == 0)
		profile_print(p->profile);
	if (p->differences <= BROKEN_MAX)
		printf("# arch %#x call %u (%#llx, %#llx, %#llx, %#llx, %#llx, %#llx): %s%#x, libseccomp %#x\n",
		       call->arch, (unsigned)call->nr, (unsigned long long)call->args[0],
		       (unsigned long long)call->args[1], (unsigned long long)call->args[2],
		       (unsigned long long)call->args[3], (unsigned long long)call->args[4],
		       (unsigned long long)call->args[5], what, ours, theirs);
}

/* `m` is given where rules look at arguments. */
static void ask(struct pair_of *p, const struct meaning *m, const struct seccomp_data *call)
{
	uint32_t ours = 0, theirs = oracle_ask(&p->oracle, call);

	asked++;
	if (!bpf_run(p->plan->code, p->plan->n_code, call, &ours, NULL)) {
		differ(p, call, "no verdict ", ours, theirs);
	} else if (m && !meaning_allows(m, call, ours)) {
		differ(p, call, "no rule says ", ours, theirs);
	} else if (ours != theirs) {
		/* Theirs may be wrong, ours must be proven right. */
		if (m && !meaning_allows(m, call, theirs))
			unfounded++;
		else if (m && meaning_prefers(m, call, ours))
			disordered++;
		else
			differ(p, call, "", ours, theirs);
	}
}

static void ask_values(struct pair_of *p, uint32_t token, struct seccomp_data *call,
		       const struct values *v)
{
	struct meaning m;
	bool newer = p->oracle.enosys && oracle_is_newer(&p->oracle, call);
	const struct meaning *rules = newer ? NULL : &m;
	uint64_t product = 1;

	for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++)
		product = product > SAMPLES ? product : product * v->n[arg];
	meaning_make(&m, &p->oracle, token, (uint32_t)call->nr);
	for (uint64_t i = 0; i < MIN(product, SAMPLES); i++) {
		uint64_t rest = i;

		for (unsigned arg = 0; arg < CALL_ARGS_MAX; arg++) {
			uint32_t n = (uint32_t)v->n[arg];

			call->args[arg] = v->list[arg][product > SAMPLES ? random_below(n) :
									   rest % n];
			rest /= n;
		}
		ask(p, rules, call);
	}
}

static bool is_listed(const struct pair_of *p, uint32_t token)
{
	for (size_t i = 0; i < p->oracle.n_arches; i++)
		if (p->oracle.arches[i] == token)
			return true;
	return false;
}

static void ask_arch(struct pair_of *p, uint32_t token)
{
	static const uint32_t edges[] = { 0x0fffffff, X32_BIT - 1, X32_BIT,	  2 * X32_BIT - 1,
					  2 * X32_BIT, 3 * X32_BIT - 1, 3 * X32_BIT, UINT32_MAX - 1,
					  UINT32_MAX };
	const struct table *t = table_of(token);
	struct seccomp_data call = { .arch = token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token };
	struct values v;

	for (uint32_t i = 0; i < KNOWN; i++) {
		call.nr = (int)(t->base + i);
		memset(&v, 0, sizeof(v));
		if (t->names[i] && is_listed(p, token))
			values_collect(&v, p->profile, token, t->names[i]);
		if (v.any) {
			ask_values(p, token, &call, &v);
			continue;
		}
		memset(call.args, 0, sizeof(call.args));
		ask(p, NULL, &call);
		memset(call.args, 0xa5, sizeof(call.args));
		ask(p, NULL, &call);
	}
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		call.nr = (int)edges[i];
		ask(p, NULL, &call);
	}
}

static void ask_all(struct pair_of *p)
{
	static const uint32_t unknown[] = { 0, 0xffffffff, SCMP_ARCH_X32, SCMP_ARCH_S390, SCMP_ARCH_ARM };

	for (size_t i = 0; i < p->oracle.n_arches; i++)
		ask_arch(p, p->oracle.arches[i]);
	/* Numbers of x32 where nobody listed it. */
	if (p->oracle.arches[0] == SCMP_ARCH_X86_64)
		ask_arch(p, SCMP_ARCH_X32);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		for (int nr = -1; nr < 3; nr++)
			ask(p, NULL, &(struct seccomp_data){ .arch = unknown[i], .nr = nr });
}

/* True: both programs give every call the same verdict, or both sides refuse the profile. */
static bool compare(uint32_t native, const struct oci_seccomp *profile, const char *what)
{
	struct arena a = { 0 };
	struct plan_warnings warnings = { .arena = &a };
	struct pair_of p = { .profile = profile };
	struct error err = { 0 };
	int entry, theirs = oracle_make(&p.oracle, native, profile, &entry);
	int ours = plan_seccomp_for(native, profile, NULL, 0, &a, &warnings, &p.plan, &err);
	bool ok = (ours != 0) == (theirs != 0);

	profiles++;
	if (!ok) {
		profile_print(profile);
		printf("# ours: %s %s; libseccomp: %s in syscalls/%d\n", ours ? err.where : "built",
		       ours ? err.text : "", theirs ? strerror(-theirs) : "built", entry);
	} else if (ours) {
		refused++;
	} else {
		ask_all(&p);
		ok = p.differences == 0;
		if (verbose)
			printf("# %s: %u instructions, libseccomp %zu\n", what, p.plan->n_code,
			       p.oracle.programs[0].n);
	}
	oracle_free(&p.oracle);
	arena_release(&a);
	return ok;
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
			if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, s.names[k]) <= newest)
				names[kept++] = s.names[k];
		s.names = names;
		s.n_names = kept;
		if (kept)
			list[n++] = s;
	}
	p->syscalls = list;
	p->n_syscalls = n;
}

static void compare_file(const char *path)
{
	/* The newest calls of Linux 3.19, 4.18, 5.4, 5.19. */
	static const int ages[] = { 322, 334, 435, 450 };
	struct arena a = { 0 };
	struct oci_warnings unknown = { 0 };
	const struct oci_config *config;
	struct error err;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(&a, fd, 1 << 20, NULL);
	bool ok;

	if (!text) {
		printf("# %s: %s\n", path, strerror(errno));
		check_result(false, path, __FILE__, __LINE__);
		return;
	}
	text = arena_printf(&a, "{\"ociVersion\":\"1.0.2\",\"linux\":{\"seccomp\":%s}}", text);
	if (oci_config_parse(text, strlen(text), &a, &config, &unknown, &err)) {
		printf("# %s: %s %s\n", path, err.where, err.text);
		check_result(false, path, __FILE__, __LINE__);
		return;
	}
	ok = compare(SCMP_ARCH_X86_64, config->linux_->seccomp, path);
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		struct oci_seccomp old = *config->linux_->seccomp;

		profile_age(&old, ages[i], &a);
		ok &= compare(SCMP_ARCH_X86_64, &old, "aged");
	}
	check_result(ok, path, __FILE__, __LINE__);
	arena_release(&a);
}

/* ---- random profiles ----------------------------------------------------------------------------------------------- */

static const char *pick(const char *const *list, size_t n)
{
	return list[random_below((uint32_t)n)];
}
#define PICK(list) pick(list, ARRAY_SIZE(list))

static const char *const call_names[] = {
	"read",	    "write",	  "open",      "close",		 "clone",      "personality",
	"socket",   "socketcall", "ipc",       "accept",	 "accept4",    "send",
	"recvmmsg", "shmget",	  "semop",     "semtimedop",	 "msgrcv",     "waitpid",
	"_llseek",  "mmap2",	  "clone3",    "landlock_restrict_self", "futex", "keyctl",
	"bpf",	    "ptrace",	  "umount",    "rseq",		 "prctl",      "ioctl",
	"execve",   "io_uring_setup", "syslog", "no_such_call", "connect",   "shutdown",
};

static uint64_t random_value(const uint64_t *constants)
{
	switch (random_below(8)) {
	case 0:
		return constants[random_below(4)] + 1;
	case 1:
		return constants[random_below(4)] ^ UINT64_C(0x100000000);
	default:
		return constants[random_below(4)];
	}
}

static void random_args(struct oci_syscall *s, const uint64_t *constants, unsigned n_max,
			struct arena *a)
{
	static const char *const ops[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
					   "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
					   "SCMP_CMP_MASKED_EQ" };
	static const uint64_t masks[] = { 0xf, 0xff, 0xf00000000, UINT64_MAX, 0, 0x7e020000 };
	size_t n = random_below(n_max + 1);
	struct oci_syscall_arg *args = arena_new_n(a, struct oci_syscall_arg, n);
	bool equal_only = random_below(3) == 0;

	for (size_t i = 0; i < n; i++) {
		unsigned index = random_below(8) ? random_below(3) : random_below(6);

		args[i] = (struct oci_syscall_arg){ .has_index = true,
						    .index = index,
						    .has_value = true,
						    .value = random_value(constants),
						    .op = equal_only ? ops[3 * random_below(2)] :
								       PICK(ops) };
		if (strcmp(args[i].op, "SCMP_CMP_MASKED_EQ") == 0) {
			args[i].has_value_two = true;
			args[i].value_two = args[i].value;
			args[i].value = masks[random_below(ARRAY_SIZE(masks))];
		}
	}
	s->args = args;
	s->n_args = n;
}

static void random_action(const char **ret, bool *ret_has, uint32_t *ret_errno, bool few)
{
	static const char *const actions[] = { "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW",
					       "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
					       "SCMP_ACT_LOG",	 "SCMP_ACT_KILL",
					       "SCMP_ACT_TRAP",	 "SCMP_ACT_KILL_PROCESS" };

	*ret = actions[random_below(few ? 2 : ARRAY_SIZE(actions))];
	*ret_has = (strcmp(*ret, "SCMP_ACT_ERRNO") == 0 || strcmp(*ret, "SCMP_ACT_TRACE") == 0) &&
		   random_below(2);
	if (*ret_has)
		*ret_errno = random_below(few ? 2 : 40);
}

static const struct oci_seccomp *random_profile(struct arena *a, const char *const *archs,
						size_t n_archs)
{
	struct oci_seccomp *p = arena_new(a, struct oci_seccomp);
	size_t n = 1 + random_below(random_below(4) ? 6 : 14);
	struct oci_syscall *list = arena_new_n(a, struct oci_syscall, n);
	const char **arch_list = arena_new_n(a, const char *, n_archs);
	const char *pool[6];
	uint64_t constants[4];
	unsigned n_args = random_below(3) ? 2 : 3;
	bool few = random_below(2);

	for (size_t i = 0; i < ARRAY_SIZE(pool); i++)
		pool[i] = PICK(call_names);
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		constants[i] = (uint64_t)(random_below(3) ? 0 : random_below(3)) << 32 |
			       (random_below(6) ? random_below(9) : (uint32_t)-1 - random_below(2));
	random_action(&p->default_action, &p->has_default_errno_ret, &p->default_errno_ret, false);
	for (size_t i = 0; i < n; i++) {
		const char **names = arena_new_n(a, const char *, 3);

		list[i].n_names = 1 + random_below(2);
		for (size_t k = 0; k < list[i].n_names; k++)
			names[k] = pool[random_below(few ? 2 : ARRAY_SIZE(pool))];
		list[i].names = names;
		random_action(&list[i].action, &list[i].has_errno_ret, &list[i].errno_ret, few);
		if (random_below(5))
			random_args(&list[i], constants, n_args, a);
	}
	p->syscalls = list;
	p->n_syscalls = n;
	for (size_t i = 0; i < n_archs; i++)
		if (random_below(2))
			arch_list[p->n_architectures++] = archs[i];
	p->architectures = arch_list;
	return p;
}

static void compare_random(const char *what, uint32_t native, const char *const *archs,
			   size_t n_archs, unsigned seed, unsigned n)
{
	unsigned broken = 0;

	for (unsigned i = 0; i < n && broken < BROKEN_MAX; i++) {
		struct arena a = { 0 };
		const struct oci_seccomp *p;

		random_state = (uint64_t)(seed + i) * 0x9e3779b97f4a7c15u + native;
		p = random_profile(&a, archs, n_archs);
		if (!compare(native, p, "random")) {
			printf("# %s, seed %u\n", what, seed + i);
			broken++;
		}
		arena_release(&a);
	}
	check_result(broken == 0, what, __FILE__, __LINE__);
}

int main(int argc, char **argv)
{
	static const char *const x86[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64" };
	static const char *const little[] = { "SCMP_ARCH_ARM",	   "SCMP_ARCH_AARCH64",
					      "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
					      "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC64LE",
					      "SCMP_ARCH_RISCV64", "SCMP_ARCH_X86" };
	static const char *const big[] = { "SCMP_ARCH_S390", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
					   "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
					   "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64" };
	unsigned n = 3000, seed = 1;
	int option;

	while ((option = getopt(argc, argv, "n:s:v")) != -1) {
		if (option == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = (unsigned)strtoul(optarg, NULL, 10);
		else
			verbose = true;
	}
	for (int i = optind; i < argc; i++)
		compare_file(argv[i]);
	compare_random("x86_64 with x86 and x32", SCMP_ARCH_X86_64, x86, ARRAY_SIZE(x86), seed, n);
	compare_random("aarch64 and others", SCMP_ARCH_AARCH64, little, ARRAY_SIZE(little), seed,
		       n / 4);
	compare_random("s390x and others", SCMP_ARCH_S390X, big, ARRAY_SIZE(big), seed, n / 4);
	printf("# %llu profiles, %llu of them refused by both sides, %llu calls compared\n", profiles,
	       refused, asked);
	printf("# libseccomp's program is wrong on %llu calls (no rule says its verdict), %llu (out of order)\n",
	       unfounded, disordered);
	return check_done();
}
