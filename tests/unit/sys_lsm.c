/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEC-7: what attributes and parameters say, also when it is short, odd or another module's; and that writing a label where
 * no module takes it fails by its own name.
 */
#include "sys/lsm.h"

#include <unistd.h>

#include "check.h"

static bool is_profile(const char *text, const char *profile)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	return lsm_is_profile(copy, profile);
}

static bool is_label(const char *text, const char *label)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	return lsm_is_label(copy, label);
}

static void test_profiles(void)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{ "unconfined\n", "unconfined" },
		{ "unconfined", "unconfined" },
		{ "docker-default (enforce)\n", "docker-default" },
		{ "docker-default (enforce)", "docker-default" },
		{ "/usr/bin/x y (complain)\n", "/usr/bin/x y" },
		{ "name (unconfined)\n", "name" },
		{ "a//&b (mixed)\n", "a//&b" },
		{ "unconfined_foo\n", "unconfined_foo" },
		{ "(enforce)\n", "(enforce)" },
		{ "a (b) (enforce)\n", "a (b)" },
		{ "cut (enfo", "cut (enfo" },
		{ "", "" },
		{ "\n", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char copy[64];

		snprintf(copy, sizeof(copy), "%s", rows[i].text);
		CHECK_STR(lsm_profile_name(copy), rows[i].name);
	}
}

static void test_read_back(void)
{
	CHECK(is_profile("p (enforce)\n", "p"));
	CHECK(is_profile("p (complain)\n", "p"));
	CHECK(is_profile("unconfined\n", "unconfined"));
	CHECK(!is_profile("unconfined\n", "p"));
	CHECK(!is_profile("unconfined\n", "unconfined_foo"));
	CHECK(!is_profile("pp (enforce)\n", "p"));
	CHECK(!is_profile("", "p"));
	CHECK(!is_profile("\n", "p"));
	CHECK(!is_profile("p", "p (enforce)"));
	/* A SELinux context is no profile. */
	CHECK(!is_profile("system_u:system_r:t:s0", "t"));
	CHECK(is_profile(":ns:p (enforce)\n", ":ns://p"));
	CHECK(is_profile("b//&a (enforce)\n", "a//&b"));
	CHECK(!is_profile("unconfined\n", "a//&b"));
	CHECK(!is_profile("", ":ns://p"));

	CHECK(is_label("u:r:t:s0", "u:r:t:s0"));
	CHECK(is_label("u:r:t:s0\n", "u:r:t:s0"));
	CHECK(is_label("u:r:t", "u:r:t"));
	CHECK(is_label("u:r:t:s0:c1,c2", "u:r:t:s0:c2,c1"));
	CHECK(!is_label("u:r:t2:s0", "u:r:t:s0"));
	CHECK(!is_label("u:r:unlabeled_t:s0", "u:r:t:s0"));
	CHECK(!is_label("u:r:t", "u:r:t:s0"));
	CHECK(!is_label("u:r:t:", "u:r:t:s0"));
	CHECK(!is_label("u:r:t:s0", "u:r:t"));
	CHECK(!is_label("u:r", "u:r:t:s0"));
	CHECK(!is_label("", "u:r:t:s0"));
	CHECK(!is_label("kernel", "u:r:t:s0"));
	CHECK(!is_label("docker-default (enforce)\n", "u:r:t:s0"));
}

static void test_enabled(void)
{
	CHECK(lsm_says_enabled("Y\n"));
	CHECK(lsm_says_enabled("Y"));
	CHECK(!lsm_says_enabled("N\n"));
	CHECK(!lsm_says_enabled(""));
	CHECK(!lsm_says_enabled("\n"));
	CHECK(!lsm_says_enabled("Yes\n"));
	CHECK(!lsm_says_enabled("y\n"));
}

static void test_absent(void)
{
	auto_proc struct proc proc = { .fd = -1 };
	struct error err = { 0 };

	CHECK(proc_open(&proc, PROC_PIDS, &err) == 0);
	if (lsm_apparmor_is_enabled()) {
		printf("# AppArmor is enabled here: not tested without it\n");
	} else {
		CHECK(lsm_set_profile(&proc, "some-profile", false, &err) < 0);
		CHECK_CONTAINS(err.text, "some-profile");
	}
	if (lsm_selinux_is_enabled()) {
		printf("# SELinux is enabled here: not tested without it\n");
		return;
	}
	CHECK(lsm_set_exec_label(&proc, "u:r:t:s0", &err) < 0);
	CHECK_CONTAINS(err.text, "u:r:t:s0");
	CHECK_CONTAINS(err.text, "`/proc/thread-self/attr/exec`");
	CHECK(lsm_set_key_label(&proc, "u:r:t:s0", &err) < 0);
	CHECK_CONTAINS(err.text, "`/proc/thread-self/attr/keycreate`");
}

int main(void)
{
	test_profiles();
	test_read_back();
	test_enabled();
	test_absent();
	return check_done();
}
