/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/devices.h"

#include <string.h>
#include <sys/stat.h>

#include "oci_spec.h"

/* What the kernel can hold in a dev_t. */
#define MAX_MAJOR 4095u
#define MAX_MINOR ((1u << 20) - 1)

static const struct fs_device default_devices[] = {
#define DEVICE(leaf, major_number, minor_number)                                               \
	{                                                                                      \
		.index = FS_DEFAULT_DEVICE, .path = "/dev/" leaf, .dir = "/dev", .name = leaf, \
		.mode = S_IFCHR | 0666, .major = major_number, .minor = minor_number,          \
		.opened = FS_NO_SOURCE                                                         \
	}
	DEVICE("null", 1, 3),	DEVICE("zero", 1, 5),	 DEVICE("full", 1, 7),
	DEVICE("random", 1, 8), DEVICE("urandom", 1, 9), DEVICE("tty", 5, 0),
};

static int device_type(const char *type, mode_t *ret)
{
	if (str_eq(type, "c") || str_eq(type, "u"))
		*ret = S_IFCHR;
	else if (str_eq(type, "b"))
		*ret = S_IFBLK;
	else if (str_eq(type, "p"))
		*ret = S_IFIFO;
	else
		return -1;
	return 0;
}

static int plan_device_path(struct fs_device *d, const char *path, size_t index, struct arena *a,
			    struct error *err)
{
	const char *slash;

	d->path = fs_clean_path(path, a);
	slash = strrchr(d->path, '/');
	d->name = slash + 1;
	if (path[0] != '/' || !*d->name || str_eq(d->name, "..")) {
		error_set(err, ERR_CONFIG, "device path \"%s\" must be absolute and name a file",
			  path);
		return error_at(err, "/linux/devices/%zu/path", index);
	}
	d->dir = slash == d->path ? "/"
		 : str_starts(d->path, "/dev/") && slash == d->path + 4
			 ? "/dev"
			 : arena_strndup(a, d->path, (size_t)(slash - d->path));
	return 0;
}

static int plan_device(const struct oci_device *from, size_t index, struct arena *a,
		       struct fs_device *d, struct error *err)
{
	mode_t type;

	*d = (struct fs_device){ .index = (uint32_t)index, .opened = FS_NO_SOURCE };
	if (device_type(from->type, &type)) {
		error_set(err, ERR_CONFIG, "device type \"%s\" is none of c, b, u and p",
			  from->type);
		return error_at(err, "/linux/devices/%zu/type", index);
	}
	if (plan_device_path(d, from->path, index, a, err))
		return -1;
	if (type != S_IFIFO && (!from->has_major || !from->has_minor)) {
		error_set(err, ERR_CONFIG, "a device of type \"%s\" needs major and minor",
			  from->type);
		return error_at(err, "/linux/devices/%zu", index);
	}
	if (type != S_IFIFO && (from->major < 0 || from->major > MAX_MAJOR || from->minor < 0 ||
				from->minor > MAX_MINOR)) {
		error_set(err, ERR_CONFIG, "device number %jd:%jd is out of range",
			  (intmax_t)from->major, (intmax_t)from->minor);
		return error_at(err, "/linux/devices/%zu", index);
	}
	if (type != S_IFIFO) {
		d->major = (unsigned)from->major;
		d->minor = (unsigned)from->minor;
	}
	d->mode = type | (from->has_file_mode ? from->file_mode & 07777 : 0666);
	d->uid = from->has_uid ? from->uid : 0;
	d->gid = from->has_gid ? from->gid : 0;
	return 0;
}

static void warn_of_twins(const struct fs_device *devices, size_t n, struct arena *a,
			  struct plan_warnings *warnings)
{
	const struct fs_device *last = &devices[n - 1];

	if (last->index == FS_DEFAULT_DEVICE || S_ISFIFO(last->mode))
		return;
	for (size_t i = 0; i + 1 < n; i++)
		if (devices[i].index != FS_DEFAULT_DEVICE && devices[i].major == last->major &&
		    devices[i].minor == last->minor &&
		    (devices[i].mode & S_IFMT) == (last->mode & S_IFMT)) {
			plan_warn(warnings, arena_printf(a, "/linux/devices/%u", last->index),
				  "device %u:%u is listed twice, as \"%s\" and \"%s\"", last->major,
				  last->minor, devices[i].path, last->path);
			return;
		}
}

int plan_devices(const struct oci_linux *os, const struct host *host, struct arena *a,
		 struct plan_warnings *warnings, struct fs_plan *fs, struct error *err)
{
	size_t n = 0, n_listed = os ? os->n_devices : 0;
	struct fs_device *devices =
		arena_new_n(a, struct fs_device, n_listed + ARRAY_SIZE(default_devices));
	struct fs_device *listed = arena_new_n(a, struct fs_device, n_listed);

	for (size_t i = 0; i < n_listed; i++)
		if (plan_device(&os->devices[i], i, a, &listed[i], err))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		bool replaced = false;

		for (size_t k = 0; k < n_listed; k++)
			replaced |= str_eq(listed[k].path, default_devices[i].path);
		if (!replaced)
			devices[n++] = default_devices[i];
	}
	for (size_t i = 0; i < n_listed; i++) {
		devices[n++] = listed[i];
		warn_of_twins(devices, n, a, warnings);
	}
	for (size_t i = 0; i < n; i++)
		if ((fs->user_namespace || host->in_userns) && !S_ISFIFO(devices[i].mode))
			devices[i].opened = fs->n_opened++;
	fs->devices = devices;
	fs->n_devices = n;
	return 0;
}
