/* SPDX-License-Identifier: Apache-2.0 */
/* BUN-01, BUN-03 */
#include "spec/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "base/fd.h"

static struct arena arena;
static struct error err;
static char bundle[] = "/tmp/teu-load-XXXXXX";

static const char *in_bundle(const char *name)
{
	return arena_printf(&arena, "%s/%s", bundle, name);
}

static void put(const char *name, const char *text)
{
	auto_fd int fd = open(in_bundle(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
}

static const char *message(void)
{
	char *buf = arena_alloc(&arena, sizeof(err));

	return error_format(&err, buf, sizeof(err));
}

static void test_config(void)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"hostnam\":1}\n";
	struct spec_file file;

	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), -1);
	CHECK_CONTAINS(message(), "JSON specification file config.json not found");
	CHECK_CONTAINS(message(), bundle);
	CHECK_INT(spec_load(bundle, in_bundle("no.json"), &arena, &file, &err), -1);
	CHECK_STR(message(),
		  arena_printf(&arena, "JSON specification file %s/no.json not found", bundle));

	put("config.json", text);
	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), 0);
	CHECK_STR(file.text, text);
	CHECK_INT(file.size, strlen(text));
	CHECK_STR(file.config->root->path, "r");
	CHECK_INT(file.warnings.n, 1);

	put("config.json", "");
	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), -1);
	CHECK_STR(message(), "config.json:1:1: expected an object, found the end of the document");
	put("other.json", "{\n\"root\":7}");
	CHECK_INT(spec_load(bundle, in_bundle("other.json"), &arena, &file, &err), -1);
	CHECK_STR(message(), "other.json:2:8 /root: expected an object, found number 7");
}

/* What is no regular file is refused without being opened: a FIFO nobody writes to would keep us waiting. */
static void test_kinds(void)
{
	struct spec_file file;

	unlink(in_bundle("config.json"));
	CHECK_INT(mkfifo(in_bundle("config.json"), 0600), 0);
	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), -1);
	CHECK_CONTAINS(message(), "config.json is not a regular file");
	unlink(in_bundle("config.json"));
	CHECK_INT(mkdir(in_bundle("config.json"), 0700), 0);
	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), -1);
	CHECK_CONTAINS(message(), "config.json is not a regular file");
	rmdir(in_bundle("config.json"));
	CHECK_INT(spec_load(bundle, "/dev/zero", &arena, &file, &err), -1);
	CHECK_STR(message(), "/dev/zero is not a regular file");

	put("config.json", "{");
	CHECK_INT(truncate(in_bundle("config.json"), (off_t)OCI_SIZE_MAX + 1), 0);
	CHECK_INT(spec_load(bundle, NULL, &arena, &file, &err), -1);
	CHECK_CONTAINS(message(), "config.json is larger than 16777216 bytes");
	unlink(in_bundle("config.json"));
	CHECK_INT(symlink("loop", in_bundle("loop")), 0);
	CHECK_INT(spec_load(bundle, in_bundle("loop"), &arena, &file, &err), -1);
	CHECK_CONTAINS(message(), "too many levels of symbolic links");
	unlink(in_bundle("loop"));
}

static void test_process(void)
{
	const struct oci_process *process = NULL;
	struct oci_warnings w = { 0 };
	int ends[2];

	put("process.json", "{\"cwd\":\"/\",\"args\":[\"sh\"],\"envs\":[]}");
	CHECK_INT(spec_load_process(in_bundle("process.json"), &arena, &process, &w, &err), 0);
	CHECK_STR(process ? process->args[0] : NULL, "sh");
	CHECK_INT(w.n, 1);
	put("process.json", "{\"cwd\":\"/\",\n\"user\":{\"uid\":-1}}");
	CHECK_INT(spec_load_process(in_bundle("process.json"), &arena, &process, &w, &err), -1);
	CHECK_STR(message(), "process.json:2:15 /user/uid: expected an unsigned 32-bit integer, "
			     "found number -1");
	unlink(in_bundle("process.json"));
	CHECK_INT(spec_load_process(in_bundle("process.json"), &arena, &process, &w, &err), -1);
	CHECK_CONTAINS(message(), "process.json: no such file or directory");
	CHECK_INT(spec_load_process(bundle, &arena, &process, &w, &err), -1);
	CHECK_CONTAINS(message(), "is a directory");

	CHECK_INT(pipe(ends), 0);
	CHECK_INT(fd_write_all(ends[1], "{\"cwd\":\"/p\"}", 12), 0);
	close(ends[1]);
	CHECK_INT(spec_load_process(arena_printf(&arena, "/dev/fd/%d", ends[0]), &arena, &process,
				    &w, &err),
		  0);
	CHECK_STR(process->cwd, "/p");
	close(ends[0]);
}

static void test_resources(void)
{
	const struct oci_resources *resources = NULL;
	struct oci_warnings w = { 0 };

	put("r.json", "{\"pids\":{\"limit\":5}}");
	CHECK_INT(spec_load_resources(in_bundle("r.json"), &arena, &resources, &w, &err), 0);
	CHECK_INT(resources ? resources->pids->limit : 0, 5);
	CHECK(freopen(in_bundle("r.json"), "r", stdin) != NULL);
	CHECK_INT(spec_load_resources("-", &arena, &resources, &w, &err), 0);
	CHECK_INT(resources->pids->limit, 5);
	put("r.json", "{\"pids\":5}");
	CHECK(freopen(in_bundle("r.json"), "r", stdin) != NULL);
	CHECK_INT(spec_load_resources("-", &arena, &resources, &w, &err), -1);
	CHECK_STR(message(), "standard input:1:9 /pids: expected an object, found number 5");
	CHECK_INT(spec_load_resources(in_bundle("r.json"), &arena, &resources, &w, &err), -1);
	CHECK_CONTAINS(message(), "r.json:1:9 /pids");
	CHECK_INT(spec_load_resources("/dev/zero", &arena, &resources, &w, &err), -1);
	CHECK_STR(message(), "/dev/zero is larger than 16777216 bytes");
	unlink(in_bundle("r.json"));
}

static void test_mounts(void)
{
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "[{\"destination\":7}]", "m.json:1:17 /0/destination: expected a string" },
		{ "[\n{}]", "m.json:2:1 /0/destination: " },
		{ "{}", "m.json:1:1: expected an array" },
		{ "[", "m.json" },
		{ "", "m.json" },
		{ "[], \"hostname\": \"x\"", "m.json" },
		{ "[]}", "m.json" },
		{ "[]]", "m.json" },
	};
	const struct oci_mount *mounts = NULL;
	struct oci_warnings w = { 0 };
	size_t n = 7;

	put("m.json", " [{\"destination\":\"/a\", \"sorce\": 1},\n{\"destination\":\"/b\"} ]\n");
	CHECK_INT(spec_load_mounts(in_bundle("m.json"), &arena, &mounts, &n, &w, &err), 0);
	CHECK_INT(n, 2);
	CHECK_STR(mounts ? mounts[1].destination : NULL, "/b");
	CHECK_INT(w.n, 1);
	CHECK_STR(w.list[0].where, "/mounts/0/sorce");
	put("m.json", "[]");
	CHECK_INT(spec_load_mounts(in_bundle("m.json"), &arena, &mounts, &n, &w, &err), 0);
	CHECK_INT(n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		put("m.json", wrong[i].text);
		CHECK_INT(spec_load_mounts(in_bundle("m.json"), &arena, &mounts, &n, &w, &err), -1);
		CHECK_CONTAINS(message(), wrong[i].message);
	}
	unlink(in_bundle("m.json"));
}

int main(void)
{
	CHECK(mkdtemp(bundle) != NULL);
	test_config();
	test_kinds();
	test_process();
	test_resources();
	test_mounts();
	unlink(in_bundle("other.json"));
	CHECK_INT(rmdir(bundle), 0);
	arena_release(&arena);
	return check_done();
}
