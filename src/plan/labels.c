/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/labels.h"

#include <string.h>

#include "base/phrases.h"
#include "oci_spec.h"
#include "spec/names.h"

/* A file system's labels as SELinux takes them: mount(8), "context=...". */
static const char *const label_keys[] = { "context", "fscontext", "defcontext", "rootcontext" };

/*
 * There is one of each for the whole machine, or its files have labels of their own by the policy: the kernel refuses
 * another one, and engines do not ask for it.
 */
static const char *const unlabelled_types[] = {
	"binfmt_misc", "cgroup", "cgroup2",   "configfs",   "debugfs", "devtmpfs", "fusectl",
	"proc",	       "pstore", "selinuxfs", "securityfs", "sysfs",   "tracefs",
};

static bool is_in(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

bool label_is_option(const char *key)
{
	return is_in(label_keys, ARRAY_SIZE(label_keys), key);
}

const char *label_refusal(const char *label)
{
	for (const char *p = label; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("\"'\\", *p))
			return "has a blank, a quote or a control byte in it";
	return NULL;
}

/* The options of a mount, with room for one more; *ret_labelled: one of them is a label. */
static struct fs_option *copy_options(const struct fs_mount *m, struct arena *a, bool *ret_labelled)
{
	struct fs_option *options = arena_new_n(a, struct fs_option, m->n_options + 1);

	*ret_labelled = false;
	for (size_t i = 0; i < m->n_options; i++) {
		const char *value = m->options[i].value;
		size_t n = value ? strlen(value) : 0;

		options[i] = m->options[i];
		if (!label_is_option(options[i].key))
			continue;
		*ret_labelled = true;
		options[i].nearest = NULL;
		if (n >= 2 && value[0] == '"' && value[n - 1] == '"')
			options[i].value = arena_strndup(a, value + 1, n - 2);
	}
	return options;
}

static void label_mount(struct fs_mount *m, const struct fs_option *label, struct arena *a)
{
	struct fs_option *options;
	bool labelled;

	if (m->kind != FS_NEW && m->kind != FS_REMOUNT)
		return;
	options = copy_options(m, a, &labelled);
	m->options = options;
	if (labelled || !label || m->kind != FS_NEW ||
	    is_in(unlabelled_types, ARRAY_SIZE(unlabelled_types), m->type))
		return;
	/* The kernel makes this one together with the ipc namespace, and then takes no other label for it. */
	if (str_eq(m->type, "mqueue"))
		m->root_label = label->value;
	else
		options[m->n_options++] = *label;
}

/* Which of the options carries linux.mountLabel. */
static const char *context_type(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (str_eq(config->annotations[i].key, ANNOTATION_CONTEXT_TYPE))
			return config->annotations[i].value;
	return "context";
}

int label_mounts(const struct oci_config *config, const struct host *host, struct arena *a,
		 struct fs_mount *mounts, size_t n, struct fs_plan *fs, struct error *err)
{
	const struct oci_linux *os = config->linux_;
	const char *text = os ? os->mount_label : NULL, *key = context_type(config);
	struct fs_option *label = NULL;

	if (!label_is_option(key))
		return error_config(err, "/annotations/" ANNOTATION_CONTEXT_TYPE,
				    "\"%s\" is none of context, fscontext, defcontext and "
				    "rootcontext",
				    key);
	if (text && *text) {
		if (!host->selinux)
			return error_config(err, "/linux/mountLabel", PHRASE_NO_SELINUX);
		if (label_refusal(text))
			return error_config(err, "/linux/mountLabel", "label \"%s\" %s", text,
					    label_refusal(text));
		label = arena_new(a, struct fs_option);
		*label = (struct fs_option){ .key = key, .value = text, .index = FS_MOUNT_LABEL };
	}
	fs->label = label;
	for (size_t i = 0; i < n; i++)
		label_mount(&mounts[i], label, a);
	return 0;
}
