/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations and the plan of the file tree, or the refusal, that comes of them. */
#include "plan/mounts.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>

#include "check.h"
#include "oci_spec.h"
#include "plan/plan.h"
#include "spec/mount_words.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static struct arena arena;
static const char *warned; /* where the plan warns first */

struct flag {
	uint64_t bit;
	const char *name;
};

static void add(char *buf, size_t size, const char *text)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used ? " " : "", text);
}

static void add_flags(char *buf, size_t size, const char *what, uint64_t bits,
		      const struct flag *flags, size_t n)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", what);
	for (size_t i = 0; i < n; i++)
		if (bits & flags[i].bit) {
			size_t used = strlen(text);

			snprintf(text + used, sizeof(text) - used, "%s%s",
				 used > strlen(what) ? "," : "", flags[i].name);
		}
	if (bits)
		add(buf, size, text);
}

static void add_attributes(char *buf, size_t size, const char *what, struct fs_attributes a)
{
	static const struct flag flags[] = {
		{ MOUNT_ATTR_RDONLY, "rdonly" },
		{ MOUNT_ATTR_NOSUID, "nosuid" },
		{ MOUNT_ATTR_NODEV, "nodev" },
		{ MOUNT_ATTR_NOEXEC, "noexec" },
		{ MOUNT_ATTR_NOATIME, "noatime" },
		{ MOUNT_ATTR_STRICTATIME, "strictatime" },
		{ MOUNT_ATTR_NODIRATIME, "nodiratime" },
		{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" },
		{ 0x40, "atime-field" },
	};
	char name[32];

	snprintf(name, sizeof(name), "%s+", what);
	add_flags(buf, size, name, a.set, flags, ARRAY_SIZE(flags));
	snprintf(name, sizeof(name), "%s-", what);
	/* The whole field of access times is cleared or nothing of it. */
	if (a.clear & MOUNT_ATTR__ATIME) {
		CHECK_INT(a.clear & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
		a.clear = (a.clear & ~(uint64_t)MOUNT_ATTR__ATIME) | 0x40;
	}
	a.clear &= ~a.set;
	add_flags(buf, size, name, a.clear, flags, ARRAY_SIZE(flags));
}

static const struct flag super_flags[] = {
	{ MS_RDONLY, "rdonly" }, { MS_SYNCHRONOUS, "sync" },  { MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" }, { MS_I_VERSION, "iversion" },
	{ MS_SILENT, "silent" },
};

static const struct flag propagation_flags[] = {
	{ MS_SHARED, "shared" },
	{ MS_SLAVE, "slave" },
	{ MS_PRIVATE, "private" },
	{ MS_UNBINDABLE, "unbindable" },
};

static const char *print_mount(const struct fs_mount *m, char *buf, size_t size)
{
	static const char *const kinds[] = { "new", "bind", "remount", "cgroup" };
	const struct {
		bool set;
		const char *name;
	} marks[] = {
		{ m->recursive, "tree" },
		{ m->per_mount, "per-mount" },
		{ m->real_target, "real" },
		{ m->late_readonly, "late-readonly" },
		{ m->old_call, "old-call" },
		{ m->keeps_mode, "keeps-mode" },
		{ m->copyup, "copyup" },
		{ m->source_nofollow, "source-nofollow" },
		{ m->target_nofollow, "target-nofollow" },
		{ m->copy_symlink, "copy-symlink" },
		{ m->writable_cgroups, "writable" },
		{ m->idmap, "idmap" },
		{ m->idmap_tree, "idmap-tree" },
	};
	char text[512];

	snprintf(buf, size, "%s %s \"%s\" from \"%s\"", kinds[m->kind], m->target, m->type,
		 m->source);
	add_attributes(buf, size, "tree", m->tree);
	add_attributes(buf, size, "top", m->top);
	add_flags(buf, size, "super+", m->super, super_flags, ARRAY_SIZE(super_flags));
	add_flags(buf, size, "super-", m->super_clear, super_flags, ARRAY_SIZE(super_flags));
	add_flags(buf, size, "treeprop:", m->tree_propagation, propagation_flags,
		  ARRAY_SIZE(propagation_flags));
	add_flags(buf, size, "prop:", m->propagation, propagation_flags,
		  ARRAY_SIZE(propagation_flags));
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].set)
			add(buf, size, marks[i].name);
	for (size_t i = 0; i < m->n_options; i++) {
		snprintf(text, sizeof(text), "%u:%s%s%s%s%s", m->options[i].index,
			 m->options[i].key, m->options[i].value ? "=" : "",
			 m->options[i].value ? m->options[i].value : "",
			 m->options[i].nearest ? "~" : "",
			 m->options[i].nearest ? m->options[i].nearest : "");
		add(buf, size, text);
	}
	return buf;
}

/* Plans a whole config.json; false with *err on refusal. */
static bool plan(const char *text, const struct ns_plan *ns, bool in_userns, struct fs_plan *ret,
		 struct error *err)
{
	const struct plan_options options = { .id = "x", .bundle = "/bundle" };
	const struct host host = { .in_userns = in_userns };
	const struct oci_config *config;
	struct oci_warnings unknown = { 0 };
	struct plan_warnings warnings = { &arena, NULL, NULL };

	warned = "";
	if (oci_config_parse(text, strlen(text), &arena, &config, &unknown, err))
		return false;
	if (plan_mounts(config, &options, &host, ns, &arena, &warnings, ret, err))
		return false;
	if (warnings.first)
		warned = warnings.first->where;
	return true;
}

static const struct ns_plan own_mounts = { .fresh = CLONE_NEWNS, .listed = CLONE_NEWNS };
static const struct ns_plan own_user = { .fresh = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWCGROUP,
					 .listed = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWCGROUP };

static bool plan_one(const char *mount, const struct ns_plan *ns, struct fs_plan *fs,
		     struct error *err)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[%s]}",
		 mount);
	return plan(text, ns, false, fs, err);
}

/* The plan of one mount; %s stands for its options. */
static void test_mounts(void)
{
	static const struct {
		const char *mount, *want;
	} cases[] = {
		/* MNT-01 to MNT-13: kinds, paths, sources */
		{ "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}",
		  "new /proc \"proc\" from \"proc\" real" },
		{ "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":"
		  "[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]}",
		  "new /dev \"tmpfs\" from \"tmpfs\" top+nosuid,strictatime top-atime-field "
		  "2:mode=755 3:size=65536k" },
		{ "{\"destination\":\"//a/./b//\",\"type\":\"tmpfs\"}",
		  "new /a/b \"tmpfs\" from \"tmpfs\" keeps-mode" },
		{ "{\"destination\":\"/a/../b\",\"type\":\"tmpfs\"}",
		  "new /a/../b \"tmpfs\" from \"tmpfs\" keeps-mode" },
		{ "{\"destination\":\"rel/m\",\"type\":\"tmpfs\"}",
		  "new /rel/m \"tmpfs\" from \"tmpfs\" keeps-mode" },
		{ "{\"destination\":\"/m\",\"type\":\"ext4\",\"source\":\"data\",\"options\":[\"bind\"]}",
		  "bind /m \"ext4\" from \"/bundle/data\" prop:slave" },
		{ "{\"destination\":\"/m\",\"source\":\"/data\",\"options\":[\"rbind\"]}",
		  "bind /m \"\" from \"/data\" treeprop:slave tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"ro\",\"rbind\",\"rprivate\",\"\"]}",
		  "bind /m \"\" from \"/d\" top+rdonly treeprop:private tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"rshared\"]}",
		  "bind /m \"\" from \"/d\" treeprop:shared tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"shared\"]}",
		  "bind /m \"\" from \"/d\" prop:shared tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"private\"]}",
		  "bind /m \"\" from \"/d\" treeprop:slave prop:private tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"runbindable\"]}",
		  "bind /m \"\" from \"/d\" prop:unbindable" },
		/* MNT-OPT: later words override, the tree comes before the mount */
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"ro\",\"rw\"]}",
		  "bind /m \"\" from \"/d\" top-rdonly prop:slave" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"rro\",\"rw\"]}",
		  "bind /m \"\" from \"/d\" tree+rdonly top-rdonly treeprop:slave tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"ro\",\"rrw\"]}",
		  "bind /m \"\" from \"/d\" tree-rdonly treeprop:slave tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"rro\",\"rnodev\"]}",
		  "bind /m \"\" from \"/d\" top+rdonly,nodev prop:slave" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"rrelatime\"]}",
		  "bind /m \"\" from \"/d\" tree-atime-field treeprop:slave tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"noatime\",\"atime\"]}",
		  "bind /m \"\" from \"/d\" top-atime-field prop:slave" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"rexec\",\"suid\"]}",
		  "bind /m \"\" from \"/d\" top-nosuid,noexec prop:slave" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"nosymfollow\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" top+nosymfollow top-rdonly late-readonly keeps-mode" },
		{ "{\"destination\":\"/dev\",\"type\":\"devtmpfs\",\"options\":[\"ro\"]}",
		  "new /dev \"devtmpfs\" from \"devtmpfs\" top-rdonly late-readonly" },
		{ "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]}",
		  "new /sys \"sysfs\" from \"sysfs\" top+rdonly real" },
		{ "{\"destination\":\"/m\",\"type\":\"ext4\",\"source\":\"/dev/sda\",\"options\":[\"ro\"]}",
		  "new /m \"ext4\" from \"/dev/sda\" top+rdonly super+rdonly" },
		{ "{\"destination\":\"/m\",\"type\":\"ext4\",\"options\":[\"sync\",\"lazytime\",\"async\"]}",
		  "new /m \"ext4\" from \"ext4\" super+lazytime super-sync" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"iversion\",\"defaults\",\"loud\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" super+iversion super-silent old-call keeps-mode" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"slave\",\"rshared\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" prop:shared keeps-mode" },
		{ "{\"destination\":\"/m\",\"options\":[\"remount\",\"ro\"],\"type\":\"tmpfs\"}",
		  "remount /m \"tmpfs\" from \"none\" top+rdonly super+rdonly keeps-mode" },
		{ "{\"destination\":\"/m\",\"options\":[\"remount\",\"rw\",\"size=1k\"]}",
		  "remount /m \"\" from \"none\" top-rdonly super-rdonly 2:size=1k" },
		{ "{\"destination\":\"/m\",\"options\":[\"remount\",\"bind\",\"ro\",\"noexec\"]}",
		  "remount /m \"\" from \"none\" top+rdonly,noexec per-mount" },
		{ "{\"destination\":\"/m\",\"source\":\"/l\",\"options\":[\"bind\",\"copy-symlink\","
		  "\"src-nofollow\",\"dest-nofollow\"]}",
		  "bind /m \"\" from \"/l\" prop:slave source-nofollow target-nofollow copy-symlink" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" keeps-mode copyup" },
		/* MNT-14: data, in order, with suggestions for what is not known */
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"nosiud\",\"szie=1k\",\"noswap\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" keeps-mode 0:nosiud~nosuid 1:szie=1k~size 2:noswap" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"size=1k,mode=700\",\"huge=\"]}",
		  "new /m \"tmpfs\" from \"tmpfs\" 0:size=1k 0:mode=700 1:huge=" },
		{ "{\"destination\":\"/m\",\"type\":\"overlay\",\"options\":[\"lowerdir=/a\\\\,b,/c\","
		  "\"context=\\\"a,b\\\"\"]}",
		  "new /m \"overlay\" from \"overlay\" 0:lowerdir=/a\\,b 0:/c 1:context=a,b" },
		{ "{\"destination\":\"/m\",\"type\":\"fuse.sshfs\",\"source\":\"h:\"}",
		  "new /m \"fuse.sshfs\" from \"h:\" old-call" },
		{ "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":"
		  "[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}",
		  "cgroup /sys/fs/cgroup \"cgroup\" from \"cgroup\" top+nosuid,nodev,noexec "
		  "top-rdonly,atime-field late-readonly" },
		{ "{\"destination\":\"/c\",\"type\":\"cgroup\",\"options\":[\"rw\"]}",
		  "cgroup /c \"cgroup\" from \"cgroup\" top+nosuid,nodev,noexec top-rdonly writable" },
		/* MNT-16 to MNT-28 */
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"rbind\",\"ridmap\"],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}],"
		  "\"gidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":1}]}",
		  "bind /m \"\" from \"/d\" treeprop:slave tree idmap idmap-tree" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\"],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}],"
		  "\"gidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":1}]}",
		  "bind /m \"\" from \"/d\" prop:slave idmap" },
	};
	char buf[1024];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct fs_plan fs;

		if (!plan_one(cases[i].mount, &own_mounts, &fs, &err)) {
			check_result(false, cases[i].mount, __FILE__, __LINE__);
			printf("# %s: %s\n", err.where, err.text);
			continue;
		}
		if (!CHECK_STR(print_mount(&fs.mounts[0], buf, sizeof(buf)), cases[i].want))
			printf("# %s\n", cases[i].mount);
	}
}

/* What is refused, where, and a part of the reason. */
static void test_refusals(void)
{
	static const struct {
		const char *mount, *where, *text;
	} cases[] = {
		{ "{\"destination\":\"/\",\"type\":\"tmpfs\"}", "/mounts/0/destination", "below" },
		{ "{\"destination\":\"/./\",\"type\":\"tmpfs\"}", "/mounts/0/destination",
		  "below" },
		{ "{\"destination\":\".\",\"type\":\"tmpfs\"}", "/mounts/0/destination", "below" },
		/* */
		{ "{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"/d\"}", "/mounts/0/type",
		  "the option \"bind\" or \"rbind\"" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\"}", "/mounts/0", "needs a type" },
		{ "{\"destination\":\"/m\",\"type\":\"bind\",\"options\":[\"bind\"]}",
		  "/mounts/0/source", "needs a source" },
		/* MNT-15, X-04 */
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"ro\",\"size=1m\"]}",
		  "/mounts/0/options/2", "size=1m" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"nosiud\"]}",
		  "/mounts/0/options/1", "did you mean \"nosuid\"" },
		{ "{\"destination\":\"/m\",\"options\":[\"bind\",\"remount\",\"size=1m\"]}",
		  "/mounts/0/options/2", "size=1m" },
		{ "{\"destination\":\"/m\",\"type\":\"cgroup\",\"options\":[\"cpu\"]}",
		  "/mounts/0/options/0", "cpu" },
		/* */
		{ "{\"destination\":\"/m\",\"type\":\"proc\",\"options\":[\"ro\",\"tmpcopyup\"]}",
		  "/mounts/0/options/1", "tmpfs only" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"tmpcopyup\",\"bind\"]}",
		  "/mounts/0/options/0", "tmpfs only" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"rsync\"]}",
		  "/mounts/0/options/0", "rsync" },
		{ "{\"destination\":\"/m\",\"type\":\"cgroup2\"}", "/mounts/0/type", "namespace" },
		/* MNT-18, MNT-27, MNT-30 */
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\"],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}]}",
		  "/mounts/0/gidMappings", "together" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\"],"
		  "\"gidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}]}",
		  "/mounts/0/uidMappings", "together" },
		{ "{\"destination\":\"/m\",\"source\":\"/d\",\"options\":[\"bind\",\"idmap\"]}",
		  "/mounts/0", "user namespace" },
		{ "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}",
		  "/mounts/0", "bind mounts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct fs_plan fs;

		CHECK(!plan_one(cases[i].mount, &own_mounts, &fs, &err));
		CHECK_INT(err.kind, ERR_CONFIG);
		CHECK_STR(err.where, cases[i].where);
		if (!strstr(err.text, cases[i].text))
			printf("# %s\n", cases[i].mount);
		CHECK_CONTAINS(err.text, cases[i].text);
	}
}

static void test_warnings(void)
{
	struct error err = { 0 };
	struct fs_plan fs;

	CHECK(plan_one("{\"destination\":\"a\",\"type\":\"tmpfs\"}", &own_mounts, &fs, &err));
	CHECK_STR(warned, "/mounts/0/destination");
	CHECK(plan_one("{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\",\"sync\"]}",
		       &own_mounts, &fs, &err));
	CHECK_STR(warned, "/mounts/0/options/1");
	CHECK(plan_one(
		"{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\",\"async\"]}",
		&own_mounts, &fs, &err));
	CHECK_STR(warned, "");
}

/* An idmap word takes the container's user namespace; sources are numbered in order, with the devices to bind. */
static void test_sources(void)
{
	static const char text[] =
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r//x/\",\"readonly\":true},"
		"\"mounts\":[{\"destination\":\"/a\",\"source\":\"/1\",\"options\":[\"bind\",\"idmap\"]},"
		"{\"destination\":\"/b\",\"type\":\"tmpfs\"},"
		"{\"destination\":\"/c\",\"source\":\"/2\",\"options\":[\"rbind\"]}],"
		"\"linux\":{\"devices\":[{\"path\":\"/dev/pipe\",\"type\":\"p\"}]}}";
	struct error err = { 0 };
	struct fs_plan fs;

	CHECK(plan(text, &own_user, false, &fs, &err));
	CHECK_STR(fs.rootfs, "/r/x");
	CHECK(fs.readonly && fs.idmaps && fs.user_namespace && fs.mounts[0].idmap);
	CHECK_INT(fs.mounts[0].opened, 0);
	CHECK_INT(fs.mounts[1].opened, FS_NO_SOURCE);
	CHECK_INT(fs.mounts[2].opened, 1);
	CHECK_INT(fs.n_devices, 7);
	CHECK_INT(fs.devices[0].opened, 2);
	CHECK_INT(fs.devices[6].opened, FS_NO_SOURCE);
	CHECK_INT(fs.n_opened, 8);
	CHECK(plan(text, &own_user, true, &fs, &err));
	CHECK_INT(fs.n_opened, 8);
}

static void test_devices(void)
{
	static const struct {
		const char *device, *want; /* the last device, or where it is refused */
	} cases[] = {
		{ "{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":438,"
		  "\"uid\":3,\"gid\":4}",
		  "/dev fuse 20666 10:229 3 4 of 7" },
		{ "{\"path\":\"/opt/x/dev1\",\"type\":\"b\",\"major\":7,\"minor\":0}",
		  "/opt/x dev1 60666 7:0 0 0 of 7" },
		{ "{\"path\":\"/top\",\"type\":\"u\",\"major\":1,\"minor\":1,\"fileMode\":35839}",
		  "/ top 25777 1:1 0 0 of 7" },
		{ "{\"path\":\"//dev/./null\",\"type\":\"c\",\"major\":1,\"minor\":5}",
		  "/dev null 20666 1:5 0 0 of 6" },
		{ "{\"path\":\"/dev/p\",\"type\":\"p\",\"fileMode\":384}",
		  "/dev p 10600 0:0 0 0 of 7" },
		{ "{\"path\":\"dev/x\",\"type\":\"c\",\"major\":1,\"minor\":1}",
		  "/linux/devices/0/path" },
		{ "{\"path\":\"/\",\"type\":\"c\",\"major\":1,\"minor\":1}",
		  "/linux/devices/0/path" },
		{ "{\"path\":\"/dev/..\",\"type\":\"c\",\"major\":1,\"minor\":1}",
		  "/linux/devices/0/path" },
		{ "{\"path\":\"/dev/x\",\"type\":\"s\",\"major\":1,\"minor\":1}",
		  "/linux/devices/0/type" },
		{ "{\"path\":\"/dev/x\",\"type\":\"c\",\"minor\":1}", "/linux/devices/0" },
		{ "{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":1}", "/linux/devices/0" },
		{ "{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":4096,\"minor\":1}",
		  "/linux/devices/0" },
		{ "{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":1048576}",
		  "/linux/devices/0" },
		{ "{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":-1,\"minor\":1}",
		  "/linux/devices/0" },
	};
	char text[1024], buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct fs_plan fs;

		snprintf(
			text, sizeof(text),
			"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"devices\":[%s]}}",
			cases[i].device);
		if (plan(text, &own_mounts, false, &fs, &err)) {
			const struct fs_device *d = &fs.devices[fs.n_devices - 1];

			snprintf(buf, sizeof(buf), "%s %s %o %u:%u %u %u of %zu", d->dir, d->name,
				 d->mode, d->major, d->minor, d->uid, d->gid, fs.n_devices);
		} else {
			snprintf(buf, sizeof(buf), "%s", err.where);
		}
		if (!CHECK_STR(buf, cases[i].want))
			printf("# %s: %s\n", cases[i].device, err.text);
	}
}

/* DDEV-01: all six, in a tree that lists none; DEV-11: one that is listed twice is warned of. */
static void test_default_devices(void)
{
	static const char *const paths[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };
	struct error err = { 0 };
	struct fs_plan fs;

	CHECK(plan_one("", &own_mounts, &fs, &err));
	CHECK_INT(fs.n_devices, ARRAY_SIZE(paths));
	for (size_t i = 0; i < fs.n_devices; i++) {
		CHECK_STR(fs.devices[i].path, paths[i]);
		CHECK_INT(fs.devices[i].mode, S_IFCHR | 0666);
		CHECK_INT(fs.devices[i].index, FS_DEFAULT_DEVICE);
	}
	CHECK(plan("{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"devices\":["
		   "{\"path\":\"/dev/a\",\"type\":\"c\",\"major\":9,\"minor\":9},"
		   "{\"path\":\"/dev/b\",\"type\":\"c\",\"major\":9,\"minor\":9}]}}",
		   &own_mounts, false, &fs, &err));
	CHECK_STR(warned, "/linux/devices/1");
}

static void test_tree(void)
{
	static const struct {
		const char *os, *want;
	} cases[] = {
		{ "\"rootfsPropagation\":\"shared\"", "shared" },
		{ "\"rootfsPropagation\":\"rprivate\"", "private tree" },
		{ "\"rootfsPropagation\":\"unbindable\"", "unbindable" },
		{ "\"maskedPaths\":null", "slave tree" },
		{ "\"rootfsPropagation\":\"nosuid\"", "/linux/rootfsPropagation" },
		{ "\"rootfsPropagation\":\"sharde\"", "/linux/rootfsPropagation" },
		/* MASK-02, ROP-02 */
		{ "\"maskedPaths\":[\"/a\",\"b\"]", "/linux/maskedPaths/1" },
		{ "\"readonlyPaths\":[\"\"]", "/linux/readonlyPaths/0" },
	};
	static const struct ns_plan no_mounts = { 0 };
	char text[512], buf[128];
	struct error err = { 0 };
	struct fs_plan fs;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{%s}}",
			 cases[i].os);
		buf[0] = '\0';
		if (plan(text, &own_mounts, false, &fs, &err)) {
			add_flags(buf, sizeof(buf), "", fs.propagation, propagation_flags,
				  ARRAY_SIZE(propagation_flags));
			if (fs.propagation_tree)
				add(buf, sizeof(buf), "tree");
			CHECK(fs.enter == FS_PIVOT && !fs.undo);
		} else {
			snprintf(buf, sizeof(buf), "%s", err.where);
		}
		CHECK_STR(buf, cases[i].want);
	}
	/* MASK-03: no mount namespace, no masks */
	CHECK(!plan(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"maskedPaths\":[\"/a\"]}}",
		&no_mounts, false, &fs, &err));
	CHECK_STR(err.where, "/linux/maskedPaths");
	CHECK(plan_one("", &no_mounts, &fs, &err));
	CHECK(fs.enter == FS_CHROOT && fs.undo && !fs.joined);
	/* ROOT-01, ROOT-02 */
	CHECK(!plan("{\"ociVersion\":\"1.3.0\"}", &own_mounts, false, &fs, &err));
	CHECK_STR(err.where, "/root");
	CHECK(!plan("{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"\"}}", &own_mounts, false, &fs,
		    &err));
	CHECK_STR(err.where, "/root/path");
}

/* bsearch(3) finds every word, and what is near is found, too. */
static void test_words(void)
{
	for (size_t i = 0; i < n_mount_words; i++) {
		CHECK(mount_word_find(mount_words[i].name) == &mount_words[i]);
		if (i)
			CHECK(strcmp(mount_words[i - 1].name, mount_words[i].name) < 0);
	}
	CHECK(!mount_word_find("nosiud") && !mount_word_find("size"));
	CHECK(mount_data_is_known("size") && mount_data_is_known("context") &&
	      mount_data_is_known("xino") && !mount_data_is_known("nosuid"));
	CHECK_STR(mount_word_nearest("nosiud"), "nosuid");
	CHECK_STR(mount_word_nearest("rebind"), "rbind");
	CHECK_STR(mount_word_nearest("siez"), "size");
	CHECK_STR(mount_word_nearest("completely"), NULL);
	CHECK_STR(mount_word_nearest("x"), NULL);
}

int main(void)
{
	test_mounts();
	test_refusals();
	test_warnings();
	test_sources();
	test_devices();
	test_default_devices();
	test_tree();
	test_words();
	arena_release(&arena);
	return check_done();
}
