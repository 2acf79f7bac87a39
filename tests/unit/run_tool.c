/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tool.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "check.h"

static struct arena arena;

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static int read_shell(const char *script, char **ret, struct error *err)
{
	const char *const args[] = { "sh", "-c", script, NULL };

	return tool_read(args, 1, &arena, ret, err);
}

static void test_output(void)
{
	const char *const nothing[] = { "no-such-program", NULL };
	struct error err;
	char *text;

	CHECK_INT(read_shell("echo said", &text, &err), 0);
	CHECK_STR(text, "said\n");
	CHECK_INT(read_shell("exit 3", &text, &err), -1);
	CHECK_STR(err.text, "sh failed with status 3");
	CHECK_INT(read_shell("kill -9 $$", &text, &err), -1);
	CHECK_STR(err.text, "sh was killed by signal 9");
	CHECK_INT(tool_read(nothing, 1, &arena, &text, &err), -1);
	CHECK_INT(err.errnum, ENOENT);
	CHECK(!has_children());
}

/* It may keep its end of the pipe, close it and go on, or leave it to somebody who goes on. */
static void test_deadline(void)
{
	static const char *const scripts[] = { "exec sleep 100", "exec sleep 100 >&-",
					       "sleep 3 & exit 0" };

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		uint64_t begin = clock_now();
		struct error err;
		char *text;

		CHECK_INT(read_shell(scripts[i], &text, &err), -1);
		CHECK_INT(err.kind, ERR_TIMEOUT);
		CHECK_STR(err.text, "sh did not end within 1 seconds");
		CHECK(clock_now() - begin < UINT64_C(10000000000));
		CHECK(!has_children());
	}
}

int main(void)
{
	test_output();
	test_deadline();
	arena_release(&arena);
	return check_done();
}
