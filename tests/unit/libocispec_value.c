/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "base/str.h"
#include "libocispec/value.h"
#include "oci_spec.h"

/* The row of a member, by the names of the schema. */
static const struct oci_member *member(enum oci_table_index table, const char *key)
{
	for (unsigned i = 0; i < oci_tables[table].n; i++)
		if (str_eq(oci_members[oci_tables[table].first + i].key, key))
			return &oci_members[oci_tables[table].first + i];
	return NULL;
}

static void test_patterns(void)
{
	static const struct {
		enum oci_table_index table;
		const char *key, *text;
		bool fits;
	} rows[] = {
		{ OCI_TABLE_RLIMIT, "type", "RLIMIT_AS", true },
		{ OCI_TABLE_RLIMIT, "type", "RLIMIT_", false },
		{ OCI_TABLE_RLIMIT, "type", "RLIMIT_As", false },
		{ OCI_TABLE_RLIMIT, "type", "XRLIMIT_AS", false },
		{ OCI_TABLE_RLIMIT, "type", "RLIMIT_AS ", false },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "2MB", true },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "64KB", true },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "1GB", true },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "MB", false },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "0MB", false },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "2mb", false },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "2MBB", false },
		{ OCI_TABLE_HUGEPAGE_LIMIT, "pageSize", "2M", false },
		{ OCI_TABLE_CPU_AFFINITY, "initial", "", true },
		{ OCI_TABLE_CPU_AFFINITY, "initial", "0-3, 7", true },
		{ OCI_TABLE_CPU_AFFINITY, "initial", "0-3\n", false },
		{ OCI_TABLE_INTEL_RDT, "memBwSchema", "MB:", true },
		{ OCI_TABLE_INTEL_RDT, "memBwSchema", "MB:0=20;1=70", true },
		{ OCI_TABLE_INTEL_RDT, "memBwSchema", "MB:0=20\n", false },
		{ OCI_TABLE_INTEL_RDT, "memBwSchema", "L3:0=f", false },
		{ OCI_TABLE_FEATURES_LINUX, "capabilities", "CAP_SYS_ADMIN", true },
		{ OCI_TABLE_FEATURES_LINUX, "capabilities", "SYS_ADMIN", false },
		{ OCI_TABLE_ROOT, "path", "", false },
		{ OCI_TABLE_ROOT, "path", "/", true },
		{ OCI_TABLE_PROCESS, "args", "", true },
		{ OCI_TABLE_SYSCALL, "names", "", true },
		{ OCI_TABLE_NAMESPACE, "type", "time", true },
		{ OCI_TABLE_NAMESPACE, "type", "tim", false },
		{ OCI_TABLE_NAMESPACE, "type", "times", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct oci_member *m = member(rows[i].table, rows[i].key);

		CHECK(m != NULL);
		if (oci_string_fits(m, rows[i].text) != rows[i].fits)
			CHECK_STR(rows[i].text, rows[i].fits ? "fits" : "does not fit");
	}
}

static void test_nearest(void)
{
	CHECK_STR(oci_key_nearest(&oci_tables[OCI_TABLE_PROCESS], "terminall"), "terminal");
	CHECK_STR(oci_key_nearest(&oci_tables[OCI_TABLE_LINUX], "maskedPath"), "maskedPaths");
	CHECK_STR(oci_key_nearest(&oci_tables[OCI_TABLE_LINUX], "cgroupspath"), "cgroupsPath");
	CHECK_STR(oci_key_nearest(&oci_tables[OCI_TABLE_LINUX], "somethingElse"), NULL);
	CHECK_STR(oci_word_nearest(member(OCI_TABLE_SECCOMP, "defaultAction"), "SCMP_ACT_ALOW"),
		  "SCMP_ACT_ALLOW");
	CHECK_STR(oci_word_nearest(member(OCI_TABLE_SECCOMP, "defaultAction"), "ALLOW"), NULL);
	CHECK_STR(oci_word_nearest(member(OCI_TABLE_SECCOMP, "listenerPath"), "x"), NULL);
	/* A letter that could be any other is no misspelling. */
	CHECK_STR(oci_word_nearest(member(OCI_TABLE_DEVICE, "type"), "x"), NULL);
}

static void test_sizes(void)
{
	CHECK_INT(oci_entry_size(member(OCI_TABLE_CONFIG, "mounts")), sizeof(struct oci_mount));
	CHECK_INT(oci_entry_size(member(OCI_TABLE_CONFIG, "annotations")), sizeof(struct oci_pair));
	CHECK_INT(oci_value_offset(member(OCI_TABLE_CONFIG, "annotations")),
		  offsetof(struct oci_pair, value));
	CHECK_INT(oci_entry_size(member(OCI_TABLE_RESOURCES, "rdma")),
		  sizeof(struct oci_rdma_entry));
	CHECK_INT(oci_value_offset(member(OCI_TABLE_RESOURCES, "rdma")),
		  offsetof(struct oci_rdma_entry, value));
	CHECK_INT(oci_entry_size(member(OCI_TABLE_PROCESS, "args")), sizeof(char *));
	CHECK_INT(oci_entry_size(member(OCI_TABLE_USER, "additionalGids")), sizeof(uint32_t));
}

int main(void)
{
	test_patterns();
	test_nearest();
	test_sizes();
	return check_done();
}
