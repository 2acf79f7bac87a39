/* SPDX-License-Identifier: Apache-2.0 */
#include "run/hooks.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"

static struct arena arena;

static struct hook shell(const char *script, unsigned timeout)
{
	const char **args = arena_new_n(&arena, const char *, 4);

	args[0] = "sh";
	args[1] = "-c";
	args[2] = script;
	return (struct hook){ .path = "/bin/sh", .args = args, .timeout = timeout };
}

static int run_script(const char *script, unsigned timeout, struct error *err)
{
	struct hook hook = shell(script, timeout);
	struct hooks hooks = { &hook, 1 };
	struct hook_run run = { .kind = HOOK_POSTSTOP, .state = "{\"id\":\"x\"}" };

	return hooks_run(&hooks, &run, err);
}

static void test_ends(void)
{
	const char *const missing[] = { "x", NULL };
	struct hook absent = { .path = "/no/such/hook", .args = missing };
	struct hooks hooks = { &absent, 1 };
	struct hook_run run = { .kind = HOOK_PRESTART, .state = "" };
	struct error err;
	uint64_t before;

	CHECK_INT(run_script("exit 0", 0, &err), 0);
	CHECK_INT(run_script("test \"$(cat)\" = '{\"id\":\"x\"}'", 0, &err), 0);
	CHECK_INT(run_script("echo out; echo err >&2; exit 3", 0, &err), -1);
	CHECK_STR(err.where, "/hooks/poststop/0");
	CHECK_STR(err.text, "error running poststop hook #0: \"/bin/sh\" exited with status 3, "
			    "output: out\\x0aerr");
	CHECK_INT(run_script("kill -9 $$", 0, &err), -1);
	CHECK_CONTAINS(err.text, "killed by signal 9");
	CHECK_INT(hooks_run(&hooks, &run, &err), -1);
	CHECK_STR(err.text,
		  "error running prestart hook #0: exec \"/no/such/hook\": no such file or "
		  "directory");

	/* A mebibyte of output is no trouble, its end is kept. */
	CHECK_INT(run_script("head -c 1048576 /dev/zero | tr '\\0' x >&2; echo the end; exit 1", 0,
			     &err),
		  -1);
	CHECK_CONTAINS(err.text, "the end");

	before = clock_now();
	CHECK_INT(run_script("sleep 30", 1, &err), -1);
	CHECK_INT(err.kind, ERR_TIMEOUT);
	CHECK_CONTAINS(err.text, "timeout of 1 seconds");
	CHECK(clock_now() - before < UINT64_C(5000000000));

	/* What a hook leaves in the background does not hold us up. */
	before = clock_now();
	CHECK_INT(run_script("sleep 3 & exit 0", 0, &err), 0);
	CHECK(clock_now() - before < UINT64_C(2000000000));
}

/* More state than a pipe holds, and a hook that does not read it. */
static void test_unread(void)
{
	size_t size = (size_t)1 << 20;
	char *state = arena_alloc(&arena, size + 1);
	struct hook hook = shell("exit 0", 0);
	struct hooks hooks = { &hook, 1 };
	struct hook_run run = { .kind = HOOK_POSTSTOP, .state = state };
	struct error err;

	memset(state, 'x', size);
	CHECK_INT(hooks_run(&hooks, &run, &err), 0);
	hook = shell("test $(wc -c) = 1048576", 0);
	CHECK_INT(hooks_run(&hooks, &run, &err), 0);
}

static void test_record(void)
{
	const char *const env[] = { "A=1", "B=two\nlines", NULL }, *const none[] = { NULL };
	struct hook list[] = { shell("first", 0), shell("second", 7) };
	struct hooks hooks = { list, 2 }, back;
	struct record r;

	list[0].env = env;
	list[1].env = none;
	record_begin(&r, &arena);
	hooks_to_record(&hooks, HOOK_POSTSTART, &r);
	hooks_to_record(&hooks, HOOK_POSTSTOP, &r);
	back = hooks_from_record(&r, HOOK_POSTSTOP, &arena);
	CHECK_INT(back.n, 2);
	CHECK_STR(back.list[0].args[2], "first");
	CHECK(back.list[0].args[3] == NULL);
	CHECK_STR(back.list[0].env[1], "B=two\nlines");
	CHECK(back.list[0].env[2] == NULL);
	CHECK_STR(back.list[1].args[2], "second");
	CHECK(back.list[1].env && !back.list[1].env[0]);
	CHECK_INT(back.list[1].timeout, 7);
	CHECK_INT(hooks_from_record(&r, HOOK_PRESTART, &arena).n, 0);
	CHECK_INT(hooks_seconds(&back), 607);
}

int main(void)
{
	test_ends();
	test_unread();
	test_record();
	arena_release(&arena);
	return check_done();
}
