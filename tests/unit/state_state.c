/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "check.h"

static struct arena arena;

static void test_ids(void)
{
	static const char *const good[] = { "a", "A-b_c.d+e", "0", "x..y", "_" };
	static const char *const bad[] = { "",	  ".",	 "..", "../x", "a/b",	   "/abs",
					   "a b", "a\n", "-a", ".a",   "\xc3\xa9", "a:b" };
	char long_id[300];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_INT(state_check_id(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(state_check_id(bad[i], &err), -1);
	memset(long_id, 'a', sizeof(long_id));
	long_id[255] = '\0';
	CHECK_INT(state_check_id(long_id, &err), 0);
	long_id[255] = 'a';
	long_id[256] = '\0';
	CHECK_INT(state_check_id(long_id, &err), -1);
}

static void test_record(const struct state *s)
{
	struct record r, back;
	struct error err;

	record_begin(&r, &arena);
	record_add(&r, "plain", "value");
	record_add(&r, "odd", "two\nlines \\ and \\n");
	record_add(&r, "empty", "");
	record_add_u64(&r, "number", UINT64_MAX);
	record_add(&r, "twice", "one");
	record_add(&r, "twice", "two");
	record_set(&r, "plain", "changed");
	CHECK_INT(record_write(s, &r, &err), 0);
	CHECK_INT(record_read(s, &arena, &back, &err), 0);
	CHECK_INT(back.n, r.n);
	CHECK_STR(record_get(&back, "plain"), "changed");
	CHECK_STR(record_get(&back, "odd"), "two\nlines \\ and \\n");
	CHECK_STR(record_get(&back, "empty"), "");
	CHECK(record_get_u64(&back, "number") == UINT64_MAX);
	CHECK_STR(back.lines[5].value, "two");
	CHECK_STR(record_get(&back, "absent"), NULL);
	CHECK_INT(record_get_u64(&back, "odd"), 0);
	CHECK(!state_is_marked(s, STATE_TRACED));
	CHECK_INT(state_mark(s, STATE_TRACED, &err), 0);
	CHECK_INT(state_mark(s, STATE_TRACED, &err), 0);
	CHECK(state_is_marked(s, STATE_TRACED));
}

/* Whatever is cut off or changed by one byte is recognised. */
static void test_broken(const struct state *s)
{
	struct record back;
	struct error err;
	size_t size;
	char *text = state_read_file(s, "record", &arena, &size, &err);
	int accepted = 0;

	for (size_t cut = 0; cut < size; cut++) {
		state_write_file(s, "record", text, cut, &err);
		accepted += record_read(s, &arena, &back, &err) == 0;
	}
	CHECK_INT(accepted, 0);
	for (size_t i = 0; i < size; i++) {
		char *changed = arena_strndup(&arena, text, size);

		changed[i] ^= 1;
		state_write_file(s, "record", changed, size, &err);
		accepted += record_read(s, &arena, &back, &err) == 0;
	}
	CHECK_INT(accepted, 0);
	state_write_file(s, "record", text, size, &err);
	CHECK_INT(record_read(s, &arena, &back, &err), 0);
}

static void test_directory(const char *root)
{
	struct state s = STATE_INIT, again = STATE_INIT, other = STATE_INIT;
	const char *const *ids;
	struct error err;
	size_t n;

	CHECK_INT(state_list(root, &arena, &ids, &n, &err), -1);
	CHECK_INT(err.kind, ERR_NOT_FOUND);
	CHECK_INT(state_open(root, "c1", &s, &err), -1);
	CHECK_INT(err.kind, ERR_NOT_FOUND);
	CHECK_CONTAINS(err.text, "container does not exist");

	CHECK_INT(state_claim(root, "c1", &s, &err), 0);
	CHECK(state_is_locked(&s));
	CHECK_INT(state_claim(root, "c1", &again, &err), -1);
	CHECK_INT(err.kind, ERR_EXISTS);
	CHECK_CONTAINS(err.text, "already exists");
	CHECK_INT(state_open(root, "c1", &again, &err), 0);
	CHECK(state_is_locked(&again));
	test_record(&s);
	test_broken(&s);
	state_close(&s);
	CHECK(!state_is_locked(&again));
	CHECK_INT(state_lock(&again, &err), 0);

	CHECK_INT(state_claim(root, "b2", &other, &err), 0);
	CHECK_INT(state_list(root, &arena, &ids, &n, &err), 0);
	CHECK_INT(n, 2);
	CHECK_STR(ids[0], "b2");
	CHECK_STR(ids[1], "c1");
	CHECK_INT(state_remove(&other, &err), 0);
	CHECK_INT(state_remove(&again, &err), 0);
	CHECK_INT(state_list(root, &arena, &ids, &n, &err), 0);
	CHECK_INT(n, 0);
	/* Who waited for the lock of a container that was deleted is told. */
	CHECK_INT(state_lock(&again, &err), -1);
	CHECK_INT(err.kind, ERR_NOT_FOUND);
	state_close(&again);
	state_close(&other);
}

/* What we did not make is neither followed nor removed. */
static void test_planted(const char *root)
{
	struct state s = STATE_INIT;
	struct error err;
	char path[200], target[200];

	snprintf(target, sizeof(target), "%s.target", root);
	snprintf(path, sizeof(path), "%s/link", root);
	CHECK_INT(mkdir(target, 0700), 0);
	CHECK_INT(symlink(target, path), 0);
	CHECK_INT(state_open(root, "link", &s, &err), -1);
	unlink(path);

	CHECK_INT(state_claim(root, "full", &s, &err), 0);
	snprintf(path, sizeof(path), "%s/full/foreign", root);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	CHECK_INT(state_remove(&s, &err), -1);
	CHECK_CONTAINS(err.text, "not empty");
	CHECK_INT(access(path, F_OK), 0);
	unlink(path);
	CHECK_INT(state_remove(&s, &err), 0);
	state_close(&s);
	rmdir(target);
}

int main(void)
{
	char dir[] = "/tmp/teu-state-XXXXXX", root[64];

	if (!mkdtemp(dir))
		return 99;
	snprintf(root, sizeof(root), "%s/a/b", dir);
	test_ids();
	test_directory(root);
	test_planted(root);
	rmdir(root);
	snprintf(root, sizeof(root), "%s/a", dir);
	rmdir(root);
	CHECK_INT(rmdir(dir), 0);
	arena_release(&arena);
	return check_done();
}
