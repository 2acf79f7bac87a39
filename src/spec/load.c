/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/locate.h"
#include "base/phrases.h"
#include "base/str.h"

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The rest of a regular file or a stream. */
static const char *read_text(int fd, const char *path, struct arena *a, size_t *ret_size,
			     struct error *err)
{
	const char *text = fd_read_all(a, fd, OCI_SIZE_MAX, ret_size);

	if (text)
		return text;
	if (errno == EFBIG)
		error_set(err, ERR_CONFIG, "%s is larger than %zu bytes", path, OCI_SIZE_MAX);
	else
		error_sys(err, "read %s", path);
	return NULL;
}

/* The kind is looked at before the file is opened: opening a device may do something, opening a FIFO may wait. */
static const char *read_regular(const char *path, struct arena *a, size_t *ret_size,
				struct error *err)
{
	struct stat st;

	if (stat(path, &st)) {
		error_sys(err, "open %s", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, ERR_CONFIG, "%s is not a regular file", path);
		return NULL;
	}
	if ((uintmax_t)st.st_size > OCI_SIZE_MAX) {
		error_set(err, ERR_CONFIG, "%s is larger than %zu bytes", path, OCI_SIZE_MAX);
		return NULL;
	}
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		error_sys(err, "open %s", path);
		return NULL;
	}
	return read_text(fd, path, a, ret_size, err);
}

static const char *read_stream(const char *path, struct arena *a, size_t *ret_size,
			       struct error *err)
{
	if (str_eq(path, "-"))
		return read_text(STDIN_FILENO, "standard input", a, ret_size, err);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		error_sys(err, "open %s", path);
		return NULL;
	}
	return read_text(fd, path, a, ret_size, err);
}

static const char *source_name(const char *path)
{
	return str_eq(path, "-") ? "standard input" : last_name(path);
}

/* The error is one of a file that is not called config.json. */
static int name_file(struct error *err, const char *name)
{
	snprintf(err->file, sizeof(err->file), "%s", name);
	return -1;
}

bool spec_place_in_file(struct error *err, const char *above, const char *path)
{
	size_t n = strlen(above);

	if (*err->file || !str_starts(err->where, above))
		return false;
	memmove(err->where, err->where + n, sizeof(err->where) - n);
	(void)name_file(err, source_name(path));
	return true;
}

const char *spec_read(const char *bundle, const char *path, struct arena *a, size_t *ret_size,
		      struct error *err)
{
	const char *name = path ? path : arena_printf(a, "%s/config.json", bundle);
	const char *text = read_regular(name, a, ret_size, err);

	if (!text && err->errnum == ENOENT && path)
		error_set(err, ERR_CONFIG, "JSON specification file %s not found", path);
	else if (!text && err->errnum == ENOENT)
		error_set(err, ERR_CONFIG, PHRASE_NO_CONFIG " in %s", bundle);
	return text;
}

int spec_load(const char *bundle, const char *path, struct arena *a, struct spec_file *ret,
	      struct error *err)
{
	struct spec_file file = { 0 };

	file.text = spec_read(bundle, path, a, &file.size, err);
	if (!file.text)
		return -1;
	if (oci_config_parse(file.text, file.size, a, &file.config, &file.warnings, err))
		return path ? name_file(err, last_name(path)) : -1;
	*ret = file;
	return 0;
}

int spec_load_process(const char *path, struct arena *a, const struct oci_process **ret,
		      struct oci_warnings *warnings, struct error *err)
{
	size_t size;
	const char *text = read_stream(path, a, &size, err);

	if (!text)
		return -1;
	if (oci_process_parse(text, size, a, ret, warnings, err))
		return name_file(err, last_name(path));
	return 0;
}

int spec_load_resources(const char *path, struct arena *a, const struct oci_resources **ret,
			struct oci_warnings *warnings, struct error *err)
{
	size_t size;
	const char *text = read_stream(path, a, &size, err);

	if (!text)
		return -1;
	if (oci_resources_parse(text, size, a, ret, warnings, err))
		return name_file(err, source_name(path));
	return 0;
}

int spec_load_mounts(const char *path, struct arena *a, const struct oci_mount **ret, size_t *ret_n,
		     struct oci_warnings *warnings, struct error *err)
{
	static const char before[] = "{\"ociVersion\":\"\",\"root\":{\"path\":\"/\"},\"mounts\":\n";
	const struct oci_config *config;
	const char *text, *whole;
	struct json_place place;
	size_t size;

	text = read_stream(path, a, &size, err);
	if (!text)
		return -1;
	/* Documents are objects. On a line of its own the text keeps its columns. */
	whole = arena_printf(a, "%s%s}", before, text);
	if (strlen(text) != size) {
		error_set(err, ERR_SYNTAX, "not valid JSON: found a NUL byte");
	} else if (oci_config_parse(whole, strlen(whole), a, &config, warnings, err) == 0) {
		/* The array, and nothing behind it that only our brackets make valid. */
		size_t end = json_locate(text, "", &place)
				     ? place.end + strspn(text + place.end, " \t\r\n")
				     : 0;

		if (!text[end]) {
			*ret = config->mounts;
			*ret_n = config->n_mounts;
			return 0;
		}
		error_set(err, ERR_SYNTAX, "expected the end of the document");
		json_position(text, end, &err->line, &err->column);
		err->line++;
	}
	/* Our own line does not count. */
	err->line -= err->line > 0;
	spec_place_in_file(err, "/mounts", path);
	return name_file(err, source_name(path));
}
