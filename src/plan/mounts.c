/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/mounts.h"

#include <linux/mount.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oci_spec.h"
#include "plan/devices.h"
#include "plan/labels.h"
#include "plan/plan.h"
#include "plan/userns.h"
#include "spec/mount_words.h"

/* fsconfig(2) takes values up to this size; longer ones go through mount(2). */
#define FSCONFIG_VALUE_MAX 255

/* What the options of one mount amount to, before it is known whether it is a bind. */
struct gathering {
	struct fs_mount *mount;
	size_t mount_index;
	bool bind, remount;
	struct fs_option *options; /* data for the file system */
	size_t n_options, room;
	unsigned first_data;   /* index of the first such option */
	unsigned copyup_index; /* of tmpcopyup */
	unsigned super_index;  /* of a superblock flag */
	const char *super_name;
	bool shared;
};

static int PRINTF(4, 5)
	refuse_option(struct error *err, size_t mount, size_t option, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_set(err, ERR_CONFIG, "%s", text);
	return error_at(err, "/mounts/%zu/options/%zu", mount, option);
}

/* ---- paths --------------------------------------------------------------------------------------------------------- */

const char *fs_clean_path(const char *path, struct arena *a)
{
	bool clean = path[0] == '/';
	char *copy, *end;

	for (const char *p = path; clean && *p; p++)
		if (*p == '/' && (p[1] == '/' || (p[1] == '\0' && p != path) ||
				  (p[1] == '.' && (p[2] == '/' || p[2] == '\0'))))
			clean = false;
	if (clean)
		return path;
	copy = end = arena_alloc(a, strlen(path) + 2);
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n > 0 && !(n == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n;
	}
	if (end == copy)
		*end = '/';
	return copy;
}

static const char *in_bundle(const char *path, const char *bundle, struct arena *a)
{
	return path[0] == '/' ? path : arena_printf(a, "%s/%s", bundle, path);
}

/* ---- the options of a mount ---------------------------------------------------------------------------------------- */

static void change_attributes(struct fs_attributes *attributes, const struct mount_word *word)
{
	attributes->clear |= word->clear;
	attributes->set = (attributes->set & ~word->clear) | word->set;
}

static void take_attribute(struct fs_mount *m, const struct mount_word *word)
{
	if (!word->recursive) {
		change_attributes(&m->top, word);
		return;
	}
	/* A later word for the tree overrides what an earlier one said of the mount alone. */
	m->top.clear &= ~word->clear;
	m->top.set &= ~word->clear;
	change_attributes(&m->tree, word);
}

static void take_super(struct gathering *g, const struct mount_word *word, unsigned index)
{
	struct fs_mount *m = g->mount;

	m->super = (uint32_t)((m->super & ~word->clear) | word->set);
	m->super_clear = (uint32_t)((m->super_clear & ~word->set) | (word->clear & ~word->set));
	if (word->set) {
		g->super_index = index;
		g->super_name = word->name;
	}
}

static void take_propagation(struct gathering *g, const struct mount_word *word)
{
	struct fs_mount *m = g->mount;

	if (word->recursive) {
		m->tree_propagation = (uint32_t)word->set;
		m->propagation = 0;
	} else {
		m->propagation = (uint32_t)word->set;
	}
}

static int take_word(struct gathering *g, const struct mount_word *word, unsigned index,
		     struct error *err)
{
	struct fs_mount *m = g->mount;

	switch (word->kind) {
	case WORD_NOTHING:
		break;
	case WORD_ATTRIBUTE:
		take_attribute(m, word);
		break;
	case WORD_SUPERBLOCK:
		take_super(g, word, index);
		break;
	case WORD_PROPAGATION:
		take_propagation(g, word);
		break;
	case WORD_BIND:
		g->bind = true;
		m->recursive |= word->recursive;
		break;
	case WORD_REMOUNT:
		g->remount = true;
		break;
	case WORD_IDMAP:
		m->idmap = true;
		m->idmap_tree |= word->recursive;
		break;
	case WORD_COPYUP:
		m->copyup = true;
		g->copyup_index = index;
		break;
	case WORD_COPY_SYMLINK:
		m->copy_symlink = true;
		break;
	case WORD_SRC_NOFOLLOW:
		m->source_nofollow = true;
		break;
	case WORD_DEST_NOFOLLOW:
		m->target_nofollow = true;
		break;
	case WORD_REFUSED:
		return refuse_option(err, g->mount_index, index,
				     "option \"%s\" cannot be had: the kernel has no superblock "
				     "flags for a whole tree",
				     word->name);
	}
	return 0;
}

static void add_data(struct gathering *g, const char *text, size_t n, unsigned index,
		     struct arena *a)
{
	const char *equals = memchr(text, '=', n);
	struct fs_option option = { .index = index };

	if (g->n_options == g->room) {
		g->room = g->room ? 2 * g->room : 8;
		g->options =
			arena_grow(a, g->options, g->n_options, g->room, sizeof(g->options[0]));
	}
	if (g->n_options == 0)
		g->first_data = index;
	option.key = arena_strndup(a, text, equals ? (size_t)(equals - text) : n);
	if (equals)
		option.value = arena_strndup(a, equals + 1, n - (size_t)(equals + 1 - text));
	if (!mount_data_is_known(option.key))
		option.nearest = mount_word_nearest(option.key);
	if (option.value && strlen(option.value) > FSCONFIG_VALUE_MAX)
		g->mount->old_call = true;
	if (str_eq(option.key, "mode"))
		g->mount->keeps_mode = false;
	g->options[g->n_options++] = option;
}

/* One string may hold several options as mount(2) would see them: commas part them, unless escaped or quoted. */
static void take_data(struct gathering *g, const char *text, unsigned index, struct arena *a)
{
	bool quoted = false;
	const char *start = text;

	for (const char *p = text;; p++) {
		if (*p == '\\' && p[1]) {
			p++;
			continue;
		}
		if (*p == '"')
			quoted = !quoted;
		if (*p && (*p != ',' || quoted))
			continue;
		if (p > start)
			add_data(g, start, (size_t)(p - start), index, a);
		if (!*p)
			return;
		start = p + 1;
	}
}

static int take_options(struct gathering *g, const struct oci_mount *from, struct arena *a,
			struct error *err)
{
	for (unsigned i = 0; i < from->n_options; i++) {
		const struct mount_word *word = mount_word_find(from->options[i]);

		if (!word)
			take_data(g, from->options[i], i, a);
		else if (take_word(g, word, i, err))
			return -1;
	}
	g->mount->options = g->options;
	g->mount->n_options = g->n_options;
	return 0;
}

/* ---- the kinds of mounts ------------------------------------------------------------------------------------------- */

/* A single mount has no tree: what is said of the tree holds for it, unless something else is said of it alone. */
static void join_tree_to_top(struct fs_mount *m)
{
	m->top.set = (m->tree.set & ~m->top.clear) | m->top.set;
	m->top.clear |= m->tree.clear;
	m->tree = (struct fs_attributes){ 0, 0 };
	if (!m->propagation)
		m->propagation = m->tree_propagation;
	m->tree_propagation = 0;
}

static const struct id_map *convert_map(const struct oci_id_mapping *from, size_t n,
					struct arena *a)
{
	struct id_map *map = arena_new_n(a, struct id_map, n);

	for (size_t i = 0; i < n; i++)
		map[i] = (struct id_map){ from[i].container_id, from[i].host_id, from[i].size };
	return map;
}

static int plan_idmap(struct fs_mount *m, const struct oci_mount *from, size_t index,
		      const struct ns_plan *ns, struct arena *a, struct error *err)
{
	if (!from->n_uid_mappings != !from->n_gid_mappings) {
		error_set(err, ERR_CONFIG, "uidMappings and gidMappings come together");
		return error_at(err, "/mounts/%zu/%s", index,
				from->n_uid_mappings ? "gidMappings" : "uidMappings");
	}
	if (from->n_uid_mappings) {
		m->idmap = true;
		m->maps.uid = convert_map(from->uid_mappings, from->n_uid_mappings, a);
		m->maps.n_uid = from->n_uid_mappings;
		m->maps.gid = convert_map(from->gid_mappings, from->n_gid_mappings, a);
		m->maps.n_gid = from->n_gid_mappings;
	}
	if (!m->idmap)
		return 0;
	if (m->kind != FS_BIND) {
		error_set(err, ERR_CONFIG, "id mappings are for bind mounts");
		return error_at(err, "/mounts/%zu", index);
	}
	if (!m->maps.n_uid && !(ns->listed & CLONE_NEWUSER)) {
		error_set(err, ERR_CONFIG,
			  "%s needs uidMappings and gidMappings, or a user namespace whose "
			  "mappings the mount takes",
			  m->idmap_tree ? "ridmap" : "idmap");
		return error_at(err, "/mounts/%zu", index);
	}
	return 0;
}

static int plan_bind(struct gathering *g, const struct oci_mount *from, const char *bundle,
		     struct arena *a, struct plan_warnings *warnings, struct error *err)
{
	struct fs_mount *m = g->mount;

	if (g->n_options)
		return refuse_option(
			err, g->mount_index, g->first_data,
			"option \"%s\" is data for a file system, and a bind mount has "
			"none%s%s%s",
			from->options[g->first_data],
			g->options[0].nearest ? " (did you mean \"" : "",
			g->options[0].nearest ? g->options[0].nearest : "",
			g->options[0].nearest ? "\"?)" : "");
	if (!from->source || !*from->source) {
		error_set(err, ERR_CONFIG, "a bind mount needs a source");
		return error_at(err, "/mounts/%zu/source", g->mount_index);
	}
	if (g->super_name && m->super)
		plan_warn(warnings,
			  arena_printf(a, "/mounts/%zu/options/%u", g->mount_index, g->super_index),
			  "\"%s\" belongs to a file system and has no effect on a bind mount",
			  g->super_name);
	m->super = m->super_clear = 0;
	m->source = in_bundle(from->source, bundle, a);
	/* What happens in the container stays there, unless this mount is asked to be shared. */
	if (!m->tree_propagation && m->propagation != MS_SHARED)
		m->tree_propagation = MS_SLAVE;
	if (!m->recursive)
		join_tree_to_top(m);
	return 0;
}

static bool has_no_device(const char *type)
{
	static const char *const types[] = { "binfmt_misc", "bpf",   "cgroup2", "devpts",
					     "mqueue",	    "proc",  "ramfs",	"securityfs",
					     "sysfs",	    "tmpfs", "tracefs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i], type))
			return true;
	return false;
}

static int plan_new(struct gathering *g, const struct oci_mount *from, const struct ns_plan *ns,
		    struct error *err)
{
	struct fs_mount *m = g->mount;
	bool readonly;

	if (!*m->type) {
		error_set(err, ERR_CONFIG,
			  "a mount needs a type, or the option \"bind\" or \"rbind\"");
		return error_at(err, "/mounts/%zu", g->mount_index);
	}
	if (str_eq(m->type, "bind") || str_eq(m->type, "rbind")) {
		error_set(err, ERR_CONFIG,
			  "mount on \"%s\": there is no file system type \"%s\": what makes a bind "
			  "mount is the option \"bind\" or \"rbind\"",
			  m->target, m->type);
		return error_at(err, "/mounts/%zu/type", g->mount_index);
	}
	if (str_eq(m->type, "cgroup2") && !(ns->listed & CLONE_NEWCGROUP)) {
		error_set(err, ERR_CONFIG,
			  "a cgroup2 file system without a cgroup namespace would show the host's "
			  "cgroups");
		return error_at(err, "/mounts/%zu/type", g->mount_index);
	}
	join_tree_to_top(m);
	m->source = from->source && *from->source ? from->source : m->type;
	readonly = m->top.set & MOUNT_ATTR_RDONLY;
	if (readonly && !has_no_device(m->type))
		m->super |= MS_RDONLY;
	/* Devices and mount points are still to be made in these. */
	if (readonly && (str_eq(m->type, "tmpfs") || str_eq(m->target, "/dev"))) {
		m->late_readonly = true;
		m->super &= ~(uint32_t)MS_RDONLY;
		m->top.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	m->real_target = str_eq(m->type, "proc") || str_eq(m->type, "sysfs");
	if (m->super & (MS_I_VERSION | MS_SILENT) || strchr(m->type, '.'))
		m->old_call = true;
	return 0;
}

static int plan_remount(struct gathering *g, const struct oci_mount *from, struct error *err)
{
	struct fs_mount *m = g->mount;

	m->per_mount = g->bind;
	if (g->bind && g->n_options)
		return refuse_option(err, g->mount_index, g->first_data,
				     "option \"%s\" is data for a file system, and remount with "
				     "bind changes the mount alone",
				     from->options[g->first_data]);
	if (g->bind)
		m->super = m->super_clear = 0;
	else if (m->top.clear & MOUNT_ATTR_RDONLY)
		*(m->top.set & MOUNT_ATTR_RDONLY ? &m->super : &m->super_clear) |= MS_RDONLY;
	m->source = "none";
	if (m->super & (MS_I_VERSION | MS_SILENT))
		m->old_call = true;
	return 0;
}

static int plan_cgroup_mount(struct gathering *g, const struct oci_mount *from,
			     const struct ns_plan *ns, struct error *err)
{
	struct fs_mount *m = g->mount;

	if (g->n_options)
		return refuse_option(err, g->mount_index, g->first_data,
				     "option \"%s\" cannot be applied to the container's cgroups",
				     from->options[g->first_data]);
	join_tree_to_top(m);
	m->source = "cgroup";
	/* Without a cgroup namespace writing has to be asked for: the paths then tell where the host's cgroups are. */
	m->writable_cgroups = !(m->top.set & MOUNT_ATTR_RDONLY) &&
			      (m->top.clear & MOUNT_ATTR_RDONLY || ns->listed & CLONE_NEWCGROUP);
	m->late_readonly = !m->writable_cgroups;
	m->top.clear |= MOUNT_ATTR_RDONLY;
	m->top.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	m->top.set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	m->top.clear |= m->top.set;
	return 0;
}

static int plan_target(struct fs_mount *m, const struct oci_mount *from, size_t index,
		       struct arena *a, struct plan_warnings *warnings, struct error *err)
{
	m->target = fs_clean_path(from->destination, a);
	if (!*from->destination || str_eq(m->target, "/")) {
		error_set(err, ERR_CONFIG, "destination \"%s\" is not below the container's root",
			  from->destination);
		return error_at(err, "/mounts/%zu/destination", index);
	}
	if (from->destination[0] != '/')
		plan_warn(warnings, arena_printf(a, "/mounts/%zu/destination", index),
			  "destination \"%s\" is relative, which is deprecated: taken as \"%s\"",
			  from->destination, m->target);
	return 0;
}

static int plan_mount(const struct oci_mount *from, size_t index, const char *bundle,
		      const struct ns_plan *ns, struct arena *a, struct plan_warnings *warnings,
		      struct fs_mount *m, struct error *err)
{
	struct gathering g = { .mount = m, .mount_index = index };
	int result;

	*m = (struct fs_mount){ .index = (uint32_t)index,
				.type = from->type ? from->type : "",
				.opened = FS_NO_SOURCE };
	m->keeps_mode = str_eq(m->type, "tmpfs");
	if (plan_target(m, from, index, a, warnings, err) || take_options(&g, from, a, err))
		return -1;
	m->kind = g.remount		      ? FS_REMOUNT
		  : g.bind		      ? FS_BIND
		  : str_eq(m->type, "cgroup") ? FS_CGROUP
					      : FS_NEW;
	switch (m->kind) {
	case FS_BIND:
		result = plan_bind(&g, from, bundle, a, warnings, err);
		break;
	case FS_REMOUNT:
		result = plan_remount(&g, from, err);
		break;
	case FS_CGROUP:
		result = plan_cgroup_mount(&g, from, ns, err);
		break;
	case FS_NEW:
	default:
		result = plan_new(&g, from, ns, err);
		break;
	}
	if (result)
		return -1;
	if (m->copyup && (m->kind != FS_NEW || !str_eq(m->type, "tmpfs")))
		return refuse_option(err, index, g.copyup_index, "tmpcopyup is for tmpfs only");
	return plan_idmap(m, from, index, ns, a, err);
}

/* Where the program finds the socket that stands in for the caller's: one more mount, after those of config.json. */
static struct oci_mount notify_mount(const struct plan_options *options, struct arena *a)
{
	static const char *const words[] = { "bind", NULL };

	return (struct oci_mount){
		.destination = "/run/notify",
		.source = arena_printf(a, "%s/notify", options->state_dir),
		.options = words,
		.n_options = 1,
	};
}

static int plan_mount_list(const struct oci_config *config, const struct plan_options *options,
			   const struct host *host, const struct ns_plan *ns, struct arena *a,
			   struct plan_warnings *warnings, struct fs_plan *fs, struct error *err)
{
	size_t n = config->n_mounts + options->notify;
	struct fs_mount *mounts = arena_new_n(a, struct fs_mount, n);
	const struct oci_mount notify = notify_mount(options, a);

	for (size_t i = 0; i < n; i++) {
		const struct oci_mount *from = i < config->n_mounts ? &config->mounts[i] : &notify;

		if (plan_mount(from, i, options->bundle, ns, a, warnings, &mounts[i], err))
			return -1;
		if (plan_in_user_namespace(&mounts[i], host, ns, err))
			return -1;
		if (mounts[i].kind == FS_BIND || mounts[i].instead)
			mounts[i].opened = fs->n_opened++;
		fs->idmaps |= mounts[i].idmap;
	}
	fs->mounts = mounts;
	fs->n_mounts = n;
	return label_mounts(config, host, a, mounts, n, fs, err);
}

/* ---- the whole tree ------------------------------------------------------------------------------------------------ */

static int plan_hidden(const char *const *paths, size_t n, const char *where, bool own_namespace,
		       struct error *err)
{
	if (n && !own_namespace)
		return error_config(err, where, "needs a mount namespace in linux.namespaces");
	for (size_t i = 0; i < n; i++)
		if (paths[i][0] != '/') {
			error_set(err, ERR_CONFIG, "path \"%s\" must be absolute", paths[i]);
			return error_at(err, "%s/%zu", where, i);
		}
	return 0;
}

static int plan_propagation(const char *word, struct fs_plan *fs, struct error *err)
{
	const struct mount_word *found = word && *word ? mount_word_find(word) : NULL;

	/* What the host unmounts below the rootfs goes from the container, too, and is not kept busy by it. */
	fs->propagation = MS_SLAVE;
	fs->propagation_tree = true;
	if (!word || !*word)
		return 0;
	if (!found || found->kind != WORD_PROPAGATION)
		return error_config(err, "/linux/rootfsPropagation",
				    "\"%s\" is none of shared, slave, private and unbindable",
				    word);
	fs->propagation = (uint32_t)found->set;
	fs->propagation_tree = found->recursive;
	return 0;
}

static void plan_entering(const struct plan_options *options, const struct ns_plan *ns,
			  struct fs_plan *fs)
{
	fs->enter = !(ns->fresh & CLONE_NEWNS) ? FS_CHROOT
		    : options->no_pivot	       ? FS_MOVE_ROOT
					       : FS_PIVOT;
	fs->undo = !(ns->fresh & CLONE_NEWNS);
	for (size_t i = 0; i < ns->n_joins; i++) {
		if (ns->joins[i].flag == CLONE_NEWNS)
			fs->joined = ns->joins[i].path;
		else if (ns->joins[i].flag == CLONE_NEWUSER)
			fs->joined_user = ns->joins[i].path;
	}
	fs->user_namespace = ns->listed & CLONE_NEWUSER;
	fs->cgroup_namespace = ns->listed & CLONE_NEWCGROUP;
}

int plan_mounts(const struct oci_config *config, const struct plan_options *options,
		const struct host *host, const struct ns_plan *ns, struct arena *a,
		struct plan_warnings *warnings, struct fs_plan *ret, struct error *err)
{
	const struct oci_linux *os = config->linux_;
	struct fs_plan fs = { 0 };

	fs.rootfs = fs_clean_path(in_bundle(config->root->path, options->bundle, a), a);
	fs.readonly = config->root->readonly;
	plan_entering(options, ns, &fs);
	if (plan_propagation(os ? os->rootfs_propagation : NULL, &fs, err) ||
	    plan_mount_list(config, options, host, ns, a, warnings, &fs, err) ||
	    plan_devices(os, host, a, warnings, &fs, err))
		return -1;
	if (os) {
		if (plan_hidden(os->masked_paths, os->n_masked_paths, "/linux/maskedPaths",
				ns->listed & CLONE_NEWNS, err) ||
		    plan_hidden(os->readonly_paths, os->n_readonly_paths, "/linux/readonlyPaths",
				ns->listed & CLONE_NEWNS, err))
			return -1;
		fs.masked = os->masked_paths;
		fs.n_masked = os->n_masked_paths;
		fs.readonly_paths = os->readonly_paths;
		fs.n_readonly_paths = os->n_readonly_paths;
	}
	*ret = fs;
	return 0;
}
