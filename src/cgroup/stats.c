/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/sample.h"
#include "plan/plan.h"

/* ---- cpu ------------------------------------------------------------------------------------------------------------- */

/* Numbers separated by blanks; left out where there are none. */
static void write_numbers(const struct sample *s, const char *key, const char *text)
{
	if (!text || !*(text += strspn(text, " \n")))
		return;
	json_key(s->w, key);
	json_open_array(s->w);
	while (*text) {
		json_uint(s->w, strtoull(text, NULL, 10));
		text += strcspn(text, " \n");
		text += strspn(text, " \n");
	}
	json_close_array(s->w);
}

/* The column `name` of "cpu user system", one line for each CPU. */
static void write_column(const struct sample *s, const char *key, const char *table,
			 const char *name)
{
	size_t column = 0;

	if (!table || !strstr(table, name))
		return;
	for (const char *p = table; p < strstr(table, name); p++)
		column += *p == ' ';
	json_key(s->w, key);
	json_open_array(s->w);
	while (*(table = strchrnul(table, '\n')) && *++table) {
		const char *p = table;

		for (size_t i = 0; i < column; i++)
			p += strcspn(p, " \n") + 1;
		json_uint(s->w, sample_to_number(p));
	}
	json_close_array(s->w);
}

static void write_cpu_usage1(const struct sample *s, struct hierarchy *h)
{
	const uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	const char *stat = sample_read(s, h, "cpuacct.stat");
	const char *all = sample_read(s, h, "cpuacct.usage_all");
	uint64_t total;

	if (!sample_number(s, h, "cpuacct.usage", &total))
		return;
	sample_open(s, "usage");
	sample_member_unless_zero(s, "total", total);
	write_numbers(s, "percpu", sample_read(s, h, "cpuacct.usage_percpu"));
	write_column(s, "percpu_kernel", all, "system");
	write_column(s, "percpu_user", all, "user");
	sample_member(s, "kernel", sample_value(stat, "system") * tick);
	sample_member(s, "user", sample_value(stat, "user") * tick);
	json_close_object(s->w);
}

static void write_cpu_usage2(const struct sample *s, const char *stat)
{
	if (!sample_value(stat, "usage_usec"))
		return;
	sample_open(s, "usage");
	sample_member(s, "total", sample_value(stat, "usage_usec") * 1000);
	sample_member(s, "kernel", sample_value(stat, "system_usec") * 1000);
	sample_member(s, "user", sample_value(stat, "user_usec") * 1000);
	json_close_object(s->w);
}

static void write_throttling(const struct sample *s, const char *stat, bool v1)
{
	uint64_t time = v1 ? sample_value(stat, "throttled_time")
			   : sample_value(stat, "throttled_usec") * 1000;
	uint64_t periods = sample_value(stat, "nr_periods"),
		 times = sample_value(stat, "nr_throttled");

	if (!time && !periods && !times)
		return;
	sample_open(s, "throttling");
	sample_member_unless_zero(s, "periods", periods);
	sample_member_unless_zero(s, "throttledPeriods", times);
	sample_member_unless_zero(s, "throttledTime", time);
	json_close_object(s->w);
}

static void write_cpu(const struct sample *s)
{
	struct hierarchy *account = sample_find(s, CONTROLLER_CPUACCT),
			 *cpu = sample_find(s, CONTROLLER_CPU);
	const char *stat = sample_read(s, cpu ? cpu : cgroup_find_v2(s->cg), "cpu.stat");

	sample_open(s, "cpu");
	if (account)
		write_cpu_usage1(s, account);
	else
		write_cpu_usage2(s, sample_read(s, cgroup_find_v2(s->cg), "cpu.stat"));
	write_throttling(s, stat, cpu && cpu->version == 1);
	sample_pressure(s, "cpu.pressure");
	json_close_object(s->w);
}

/* ---- cpuset ---------------------------------------------------------------------------------------------------------- */

static void write_list(const struct sample *s, const char *key, const char *text)
{
	const unsigned long *words;
	const size_t word = 8 * sizeof(*words);
	unsigned long bits;
	char *list;

	if (!text || !*text || *text == '\n')
		return;
	list = arena_strndup(s->arena, text, strcspn(text, "\n"));
	if (plan_list_bits(list, s->arena, &words, &bits))
		return;
	json_key(s->w, key);
	json_open_array(s->w);
	for (unsigned long i = 0; i < bits; i++)
		if (words[i / word] >> i % word & 1)
			json_uint(s->w, i);
	json_close_array(s->w);
}

static void write_cpuset(const struct sample *s)
{
	static const char *const files[] = {
		"cpus",
		"cpu_exclusive",
		"mems",
		"mem_hardwall",
		"mem_exclusive",
		"memory_migrate",
		"memory_spread_page",
		"memory_spread_slab",
		"memory_pressure",
		"sched_load_balance",
		"sched_relax_domain_level",
	};
	struct hierarchy *h = sample_find(s, CONTROLLER_CPUSET);

	sample_open(s, "cpuset");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *file = arena_printf(s->arena, "cpuset.%s", files[i]);
		const char *text = h && h->version == 1 ? sample_read(s, h, file) : NULL;

		if (str_eq(files[i], "cpus") || str_eq(files[i], "mems"))
			write_list(s, files[i], text);
		else
			json_member_int(s->w, files[i], text ? strtoll(text, NULL, 10) : 0);
	}
	json_close_object(s->w);
}

/* ---- memory ---------------------------------------------------------------------------------------------------------- */

struct amount {
	uint64_t limit, usage, max, failures;
};

static void write_amount(const struct sample *s, const char *key, const struct amount *m)
{
	if (!m->limit && !m->usage && !m->max && !m->failures)
		return;
	sample_open(s, key);
	sample_member(s, "limit", m->limit);
	sample_member_unless_zero(s, "usage", m->usage);
	sample_member_unless_zero(s, "max", m->max);
	sample_member(s, "failcnt", m->failures);
	json_close_object(s->w);
}

static void write_amount1(const struct sample *s, struct hierarchy *h, const char *key,
			  const char *prefix)
{
	static const char *const files[] = { "limit_in_bytes", "usage_in_bytes",
					     "max_usage_in_bytes", "failcnt" };
	struct amount m = { 0 };
	uint64_t *const values[] = { &m.limit, &m.usage, &m.max, &m.failures };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)sample_number(s, h, arena_printf(s->arena, "%s.%s", prefix, files[i]),
				    values[i]);
	write_amount(s, key, &m);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t result;

	return __builtin_add_overflow(a, b, &result) ? UNLIMITED : result;
}

static void write_amounts2(const struct sample *s, struct hierarchy *h)
{
	struct amount memory = { 0 }, swap = { 0 };
	bool counted;

	(void)sample_number(s, h, "memory.max", &memory.limit);
	(void)sample_number(s, h, "memory.current", &memory.usage);
	(void)sample_number(s, h, "memory.peak", &memory.max);
	write_amount(s, "usage", &memory);
	counted = sample_number(s, h, "memory.swap.max", &swap.limit);
	(void)sample_number(s, h, "memory.swap.current", &swap.usage);
	if (!counted)
		return;
	/* As v1 has it, swap is the sum of both. */
	swap.limit = sum(swap.limit, memory.limit);
	swap.usage = sum(swap.usage, memory.usage);
	write_amount(s, "swap", &swap);
}

/* Every line of memory.stat, by name. */
static void write_raw(const struct sample *s, const char *stat)
{
	char *text = arena_strdup(s->arena, stat), *space;
	char **lines = arena_new_n(s->arena, char *, strlen(stat) + 1);
	size_t n = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		bool more = text[length];

		text[length] = '\0';
		if ((space = strchr(text, ' '))) {
			*space = '\0';
			lines[n++] = text;
		}
		text += length + more;
	}
	if (!n)
		return;
	qsort(lines, n, sizeof(*lines), str_order);
	sample_open(s, "raw");
	for (size_t i = 0; i < n; i++)
		sample_member(s, lines[i], sample_to_number(lines[i] + strlen(lines[i]) + 1));
	json_close_object(s->w);
}

static void write_memory(const struct sample *s)
{
	struct hierarchy *h = sample_find(s, CONTROLLER_MEMORY);
	const char *stat = sample_read(s, h, "memory.stat");

	sample_open(s, "memory");
	if (h && stat) {
		sample_member_unless_zero(s, "cache",
					  sample_value(stat, h->version == 1 ? "cache" : "file"));
		if (h->version == 1) {
			write_amount1(s, h, "usage", "memory");
			write_amount1(s, h, "swap", "memory.memsw");
			write_amount1(s, h, "kernel", "memory.kmem");
			write_amount1(s, h, "kernelTCP", "memory.kmem.tcp");
		} else {
			write_amounts2(s, h);
		}
		write_raw(s, stat);
	}
	sample_pressure(s, "memory.pressure");
	json_close_object(s->w);
}

/* ---- pids ------------------------------------------------------------------------------------------------------------ */

static void write_pids(const struct sample *s)
{
	struct hierarchy *h = sample_find(s, CONTROLLER_PIDS);
	uint64_t current = 0, limit = UNLIMITED;

	(void)sample_number(s, h, "pids.current", &current);
	(void)sample_number(s, h, "pids.max", &limit);
	sample_open(s, "pids");
	sample_member_unless_zero(s, "current", current);
	if (limit != UNLIMITED)
		sample_member_unless_zero(s, "limit", limit);
	json_close_object(s->w);
}

/* ---- blkio ----------------------------------------------------------------------------------------------------------- */

static void open_entry(const struct sample *s, const char *device, char **ret_rest)
{
	uint64_t major = strtoull(device, ret_rest, 10), minor;

	minor = **ret_rest == ':' ? strtoull(*ret_rest + 1, ret_rest, 10) : 0;
	json_open_object(s->w);
	sample_member_unless_zero(s, "major", major);
	sample_member_unless_zero(s, "minor", minor);
}

/* Lines of v1: "8:0 Read 4096", "8:0 4096", and at the end "Total 4096", which is no device's. */
static void write_lines1(const struct sample *s, const char *key, const char *text)
{
	bool opened = false;

	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n') {
		char *rest;
		size_t n;

		if (*text < '0' || *text > '9')
			continue;
		if (!opened) {
			json_key(s->w, key);
			json_open_array(s->w);
			opened = true;
		}
		open_entry(s, text, &rest);
		rest += *rest == ' ';
		n = strcspn(rest, " \n");
		if (rest[n] == ' ') {
			json_member_string(s->w, "op", arena_strndup(s->arena, rest, n));
			rest += n + 1;
		}
		sample_member_unless_zero(s, "value", sample_to_number(rest));
		json_close_object(s->w);
	}
	if (opened)
		json_close_array(s->w);
}

/* The scheduler that counts is another on every host: BFQ, CFQ, or none and what throttling counts. */
static void write_blkio1(const struct sample *s, struct hierarchy *h)
{
	static const struct pair rows[] = {
		{ "ioServiceBytesRecursive", "io_service_bytes" },
		{ "ioServicedRecursive", "io_serviced" },
		{ "ioQueueRecursive", "io_queued" },
		{ "ioServiceTimeRecursive", "io_service_time" },
		{ "ioWaitTimeRecursive", "io_wait_time" },
		{ "ioMergedRecursive", "io_merged" },
		{ "ioTimeRecursive", "time" },
		{ "sectorsRecursive", "sectors" },
	};
	static const char *const prefixes[] = { "blkio.bfq", "blkio", "blkio.throttle" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = NULL;

		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
			text = sample_read(s, h,
					   arena_printf(s->arena, "%s.%s_recursive", prefixes[k],
							rows[i].value));
			if (text && *text >= '0' && *text <= '9')
				break;
		}
		write_lines1(s, rows[i].key, text);
	}
}

/* A line of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...". */
static uint64_t io_value(const char *line, const char *key)
{
	const char *at = strstr(line, key), *end = strchrnul(line, '\n');

	return at && at < end ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void write_lines2(const struct sample *s, const char *key, const char *text,
			 const char *read_key, const char *write_key)
{
	if (!text || !*text)
		return;
	json_key(s->w, key);
	json_open_array(s->w);
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const struct pair ops[] = { { "Read", read_key }, { "Write", write_key } };

		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			char *unused;

			open_entry(s, text, &unused);
			json_member_string(s->w, "op", ops[i].key);
			sample_member_unless_zero(s, "value", io_value(text, ops[i].value));
			json_close_object(s->w);
		}
	}
	json_close_array(s->w);
}

static void write_blkio(const struct sample *s)
{
	struct hierarchy *h = sample_find(s, CONTROLLER_BLKIO);

	sample_open(s, "blkio");
	if (h && h->version == 1) {
		write_blkio1(s, h);
	} else if (h) {
		const char *stat = sample_read(s, h, "io.stat");

		write_lines2(s, "ioServiceBytesRecursive", stat, " rbytes=", " wbytes=");
		write_lines2(s, "ioServicedRecursive", stat, " rios=", " wios=");
	}
	sample_pressure(s, "io.pressure");
	json_close_object(s->w);
}

/* ---- hugetlb --------------------------------------------------------------------------------------------------------- */

/* Page sizes, by the names of files: "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max". */
static size_t find_sizes(const struct sample *s, struct hierarchy *h, char ***ret)
{
	const char *suffix = h->version == 1 ? ".limit_in_bytes" : ".max";
	int fd = hierarchy_open(h, h->path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	*ret = arena_new_n(s->arena, char *, 32);
	if (!dir) {
		fd_close(&fd);
		return 0;
	}
	while (n < 32 && (entry = readdir(dir))) {
		const char *size = entry->d_name + strlen("hugetlb.");
		size_t length = strlen(entry->d_name);

		if (!str_starts(entry->d_name, "hugetlb.") || !str_ends(size, suffix))
			continue;
		length -= strlen("hugetlb.") + strlen(suffix);
		if (!memchr(size, '.', length))
			(*ret)[n++] = arena_strndup(s->arena, size, length);
	}
	(void)closedir(dir);
	if (n)
		qsort(*ret, n, sizeof(**ret), str_order);
	return n;
}

static struct amount read_pages(const struct sample *s, struct hierarchy *h, const char *size)
{
	struct arena *a = s->arena;
	struct amount m = { 0 };

	if (h->version == 1) {
		(void)sample_number(s, h, arena_printf(a, "hugetlb.%s.usage_in_bytes", size),
				    &m.usage);
		(void)sample_number(s, h, arena_printf(a, "hugetlb.%s.max_usage_in_bytes", size),
				    &m.max);
		(void)sample_number(s, h, arena_printf(a, "hugetlb.%s.failcnt", size), &m.failures);
		return m;
	}
	if (!sample_number(s, h, arena_printf(a, "hugetlb.%s.rsvd.current", size), &m.usage))
		(void)sample_number(s, h, arena_printf(a, "hugetlb.%s.current", size), &m.usage);
	m.failures =
		sample_value(sample_read(s, h, arena_printf(a, "hugetlb.%s.events", size)), "max");
	return m;
}

static void write_huge_pages(const struct sample *s)
{
	struct hierarchy *h = sample_find(s, CONTROLLER_HUGETLB);
	char **sizes = NULL;
	size_t n = h ? find_sizes(s, h, &sizes) : 0;

	sample_open(s, "hugetlb");
	for (size_t i = 0; i < n; i++) {
		struct amount m = read_pages(s, h, sizes[i]);

		sample_open(s, sizes[i]);
		sample_member_unless_zero(s, "usage", m.usage);
		sample_member_unless_zero(s, "max", m.max);
		sample_member(s, "failcnt", m.failures);
		json_close_object(s->w);
	}
	json_close_object(s->w);
}

void stats_write(const struct cgroup *cg, struct arena *a, struct json_writer *w)
{
	const struct sample s = { (struct cgroup *)(uintptr_t)cg, a, w };

	write_cpu(&s);
	write_cpuset(&s);
	write_memory(&s);
	write_pids(&s);
	write_blkio(&s);
	write_huge_pages(&s);
}
