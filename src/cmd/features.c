/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what this build understands (features.md, features-linux.md), for callers that ask before they write a
 * configuration. Words come from the tables that judge configurations, so that what is announced is also understood. It is
 * the same on every host, save for what the kernel takes of the seccomp flags.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#include "base/json.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "oci_spec.h"
#include "run/host.h"
#include "run/report.h"
#include "spec/mount_words.h"
#include "spec/names.h"

/* The oldest version whose configurations are taken as they are. */
#define OLDEST_VERSION "1.0.0"

/* A list of words in the making, in an array that has room for all. */
struct list {
	const char **words;
	size_t n;
};

static struct list list_begin(struct arena *a, size_t room)
{
	return (struct list){ .words = arena_new_n(a, const char *, room + 1) };
}

static void list_sort(struct list *list)
{
	qsort(list->words, list->n, sizeof(list->words[0]), str_order);
}

static struct list list_of(const struct words *words, struct arena *a)
{
	struct list list = list_begin(a, words->n);

	for (size_t i = 0; i < words->n; i++)
		list.words[list.n++] = words->table[i].name;
	return list;
}

static struct list sorted_list_of(const struct words *words, struct arena *a)
{
	struct list list = list_of(words, a);

	list_sort(&list);
	return list;
}

/* Members of a struct of oci_spec.h that hold a list: x and n_x. */
#define SET_LIST(object, member, from)           \
	do {                                     \
		const struct list made = (from); \
		(object)->member = made.words;   \
		(object)->n_##member = made.n;   \
	} while (0)

static struct list mount_options(struct arena *a)
{
	struct list list = list_begin(a, n_mount_words);

	for (size_t i = 0; i < n_mount_words; i++)
		if (*mount_words[i].name && mount_words[i].kind != WORD_REFUSED)
			list.words[list.n++] = mount_words[i].name;
	return list;
}

static struct list namespaces(struct arena *a)
{
	struct list list = list_begin(a, NS_TYPES);

	for (size_t i = 0; i < NS_TYPES; i++)
		list.words[list.n++] = ns_types[i].name;
	list_sort(&list);
	return list;
}

/* libcap calls them cap_chown, the specification CAP_CHOWN; one that libcap has no name for is a number to it. */
static struct list capabilities(struct arena *a)
{
	struct list list = list_begin(a, CAP_LAST_CAP + 1);

	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name = cap_to_name(cap);

		if (name && str_starts(name, "cap_")) {
			char *copy = arena_strdup(a, name);

			for (char *p = copy; *p; p++)
				*p = (char)toupper((unsigned char)*p);
			list.words[list.n++] = copy;
		}
		cap_free(name);
	}
	list_sort(&list);
	return list;
}

static const struct oci_features_enabled yes = { .has_enabled = true, .enabled = true };

/* What plan_build() refuses is not there; tests/bats/features.bats compares both. */
static const struct oci_features_cgroup cgroup = {
	.has_v1 = true,
	.v1 = true,
	.has_v2 = true,
	.v2 = true,
	.has_systemd = true,
	.has_systemd_user = true,
#ifdef HAVE_SYSTEMD
	.systemd = true,
	.systemd_user = true,
#endif
	.has_rdma = true,
	.rdma = true,
};

static const struct oci_features_intel_rdt intel_rdt = {
	.has_enabled = true,
	.enabled = true,
	.has_schemata = true,
	.schemata = true,
	.has_monitoring = true,
	.monitoring = true,
};

static const struct oci_features_mount_extensions mount_extensions = { .idmap = &yes };

/* ---- seccomp --------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_SECCOMP
/* Whether a filter can be made for it: the library knows it, and it has the byte order of this machine. */
static bool arch_is_possible(const char *name)
{
	char lower[32];
	scmp_filter_ctx filter;
	uint32_t arch;
	int result;

	snprintf(lower, sizeof(lower), "%s", name + strlen("SCMP_ARCH_"));
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	arch = seccomp_arch_resolve_name(lower);
	filter = arch ? seccomp_init(SCMP_ACT_ALLOW) : NULL;
	if (!filter)
		return false;
	result = seccomp_arch_add(filter, arch);
	seccomp_release(filter);
	return result == 0 || result == -EEXIST;
}

static struct list architectures(struct arena *a)
{
	struct list all = sorted_list_of(&seccomp_arch_words, a);
	struct list list = list_begin(a, all.n);

	for (size_t i = 0; i < all.n; i++)
		if (arch_is_possible(all.words[i]))
			list.words[list.n++] = all.words[i];
	return list;
}

static struct list supported_flags(struct arena *a)
{
	struct list list = list_begin(a, seccomp_flag_words.n);

	for (size_t i = 0; i < seccomp_flag_words.n; i++)
		if (host_takes_filter_flag((unsigned)seccomp_flag_words.table[i].value))
			list.words[list.n++] = seccomp_flag_words.table[i].name;
	list_sort(&list);
	return list;
}

static void fill_seccomp(struct oci_features_seccomp *to, struct arena *a)
{
	to->has_enabled = to->enabled = true;
	SET_LIST(to, actions, sorted_list_of(&seccomp_action_words, a));
	SET_LIST(to, operators, sorted_list_of(&seccomp_op_words, a));
	SET_LIST(to, archs, architectures(a));
	SET_LIST(to, known_flags, sorted_list_of(&seccomp_flag_words, a));
	SET_LIST(to, supported_flags, supported_flags(a));
}

static const char *seccomp_library(struct arena *a)
{
	const struct scmp_version *v = seccomp_version();

	return arena_printf(a, "%u.%u.%u", v->major, v->minor, v->micro);
}
#else
static void fill_seccomp(struct oci_features_seccomp *to, struct arena *a)
{
	const struct list nothing = list_begin(a, 0);

	to->has_enabled = true;
	to->actions = to->operators = to->archs = to->known_flags = to->supported_flags =
		nothing.words;
}

static const char *seccomp_library(struct arena *a UNUSED)
{
	return NULL;
}
#endif

/* ---- the document ---------------------------------------------------------------------------------------------------- */

#ifdef TEU_COMMIT
#define COMMIT TEU_COMMIT
#else
#define COMMIT NULL
#endif

static size_t fill_annotations(struct oci_pair list[4], struct arena *a)
{
	const struct oci_pair known[] = {
		{ "io.github.seccomp.libseccomp.version", seccomp_library(a) },
		{ "org.opencontainers.runc.checkpoint.enabled", "false" },
		{ "teu.commit", COMMIT },
		{ "teu.version", PACKAGE_VERSION },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].value)
			list[n++] = known[i];
	return n;
}

static int features(struct invocation *in, struct error *err)
{
	struct arena *a = in->arena;
	struct oci_features_seccomp seccomp = { 0 };
	struct oci_features_memory_policy policy = { 0 };
	struct oci_features_linux os = { .cgroup = &cgroup,
					 .seccomp = &seccomp,
					 .apparmor = &yes,
					 .selinux = &yes,
					 .memory_policy = &policy,
					 .intel_rdt = &intel_rdt,
					 .mount_extensions = &mount_extensions,
					 .net_devices = &yes };
	struct oci_pair annotations[4];
	struct oci_features f = { .oci_version_min = OLDEST_VERSION,
				  .oci_version_max = SPEC_VERSION,
				  .linux_ = &os,
				  .annotations = annotations };
	struct json_writer w;

	SET_LIST(&f, hooks, list_of(&hook_words, a));
	SET_LIST(&f, mount_options, mount_options(a));
	SET_LIST(&os, namespaces, namespaces(a));
	SET_LIST(&os, capabilities, capabilities(a));
	fill_seccomp(&seccomp, a);
	SET_LIST(&policy, modes, sorted_list_of(&mempolicy_mode_words, a));
	SET_LIST(&policy, flags, sorted_list_of(&mempolicy_flag_words, a));
	f.n_annotations = fill_annotations(annotations, a);
	SET_LIST(&f, potentially_unsafe_config_annotations, sorted_list_of(&annotation_words, a));
	json_begin(&w, a, "    ");
	oci_features_write(&w, &f);
	return json_print(&w, err);
}

const struct command command_features = {
	.name = "features",
	.args = "",
	.help = "Print what this runtime understands, as JSON",
	.min_args = 0,
	.max_args = 0,
	.run = features,
};
