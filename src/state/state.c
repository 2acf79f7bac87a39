/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"

#define ROOT_DIRECTORY "/run/teu"
#define LOCK_SECONDS 30
#define MAX_FILE ((size_t)64 << 20)

/* ---- the directory ------------------------------------------------------------------------------------------------- */

const char *state_default_root(struct arena *a)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	/* Nothing else may decide: engines call create and delete with different environments. */
	return dir && *dir ? arena_printf(a, "%s/teu", dir) : ROOT_DIRECTORY;
}

int state_check_id(const char *id, struct error *err)
{
	size_t n = strlen(id);
	char shown[80];

	if (n == 0)
		return error_set(err, ERR_USAGE, PHRASE_EMPTY_ID);
	if (n > NAME_MAX || id[0] == '.' || id[0] == '-' ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") != n)
		return error_set(err, ERR_USAGE, PHRASE_BAD_ID,
				 str_quote(id, shown, sizeof(shown)));
	return 0;
}

/* Root's directory is not an ordinary user's. */
static int root_failed(const char *root, const char *what, struct error *err)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	error_sys(err, "%s state root \"%s\"", what, root);
	if (err->errnum == EACCES && str_eq(root, ROOT_DIRECTORY) && (!dir || !*dir))
		error_hint(err, "XDG_RUNTIME_DIR is not set: set it to a directory of your own, or "
				"name one with --root");
	return -1;
}

static int make_above(const char *root, struct error *err)
{
	char path[PATH_MAX];

	memcpy(path, root, strlen(root) + 1);
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0711) < 0 && errno != EEXIST)
			return error_sys(err, "mkdir \"%s\"", path);
		*p = '/';
	}
	return 0;
}

static bool lies_in(const char *path, const char *dir)
{
	return dir && *dir && str_starts(path, dir) && strchr("/", path[strlen(dir)]);
}

/* Makes the directory and the missing ones above it, 0700. */
static int make_root(const char *root, struct error *err)
{
	int result = mkdir(root, 0700);

	if (result && errno == ENOENT && strlen(root) < PATH_MAX) {
		if (make_above(root, err))
			return -1;
		result = mkdir(root, 0700);
	}
	if (result)
		return errno == EEXIST ? 0 : root_failed(root, "mkdir", err);
	/* In a user's runtime directory cleaners leave nothing alone for long but what is sticky (XDG Base Directory). */
	if (lies_in(root, getenv("XDG_RUNTIME_DIR")))
		(void)chmod(root, 01700);
	return 0;
}

/* Whoever may put a record there says what we do as whom: only the owner of this process and root may. */
static int check_owner(int fd, const char *what, const char *name, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys(err, "stat %s \"%s\"", what, name);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(err, ERR_STATE, "%s \"%s\" belongs to user %u, who is not trusted",
				 what, name, st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
		return error_set(
			err, ERR_STATE,
			"%s \"%s\" may be written by others (mode %04o), who are not trusted", what,
			name, (unsigned)st.st_mode & 07777);
	return 0;
}

static int open_root(const char *root, bool make, struct error *err)
{
	auto_fd int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		if (make_root(root, err))
			return -1;
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT) {
		error_sys(err, "open state root \"%s\"", root);
		err->kind = ERR_NOT_FOUND;
		return -1;
	}
	if (fd < 0)
		return root_failed(root, "open", err);
	return check_owner(fd, "state root", root, err) ? -1 : fd_take(&fd);
}

static int open_dir(int root_fd, const char *id)
{
	return openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int state_claim(const char *root, const char *id, struct state *ret, struct error *err)
{
	auto_fd int root_fd = open_root(root, true, err);
	auto_fd int fd = -1;

	if (root_fd < 0)
		return -1;
	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_set(err, ERR_EXISTS, PHRASE_EXISTS, id);
		return error_sys(err, "mkdir \"%s/%s\"", root, id);
	}
	fd = open_dir(root_fd, id);
	if (fd < 0) {
		error_sys(err, "open \"%s/%s\"", root, id);
		(void)unlinkat(root_fd, id, AT_REMOVEDIR);
		return -1;
	}
	*ret = (struct state){ root, id, fd_take(&fd) };
	/* Whoever looks whether it is locked has it for a moment. */
	if (state_lock(ret, err)) {
		/* What was removed meanwhile may be another's by now. */
		if (err->kind != ERR_NOT_FOUND)
			(void)unlinkat(root_fd, id, AT_REMOVEDIR);
		state_close(ret);
		return -1;
	}
	return 0;
}

int state_open(const char *root, const char *id, struct state *ret, struct error *err)
{
	auto_fd int root_fd = -1;
	auto_fd int fd = -1;

	if (state_check_id(id, err))
		return -1;
	root_fd = open_root(root, false, err);
	if (root_fd < 0 && err->kind == ERR_NOT_FOUND)
		return error_set(err, ERR_NOT_FOUND, PHRASE_UNKNOWN_ID, id);
	if (root_fd < 0)
		return -1;
	fd = open_dir(root_fd, id);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_NOT_FOUND, PHRASE_UNKNOWN_ID, id);
	if (fd < 0)
		return error_sys(err, "open \"%s/%s\"", root, id);
	if (check_owner(fd, "state directory", id, err))
		return -1;
	*ret = (struct state){ root, id, fd_take(&fd) };
	return 0;
}

static void on_alarm(int sig UNUSED)
{
	/* Interrupts flock(2), nothing more. */
}

int state_lock(const struct state *s, struct error *err)
{
	struct sigaction action = { .sa_handler = on_alarm }, old;
	struct itimerval timer = { .it_value.tv_sec = LOCK_SECONDS, .it_interval.tv_sec = 1 };
	struct itimerval off = { 0 };
	struct stat st;
	int result, errnum;

	if (flock(s->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return error_sys(err, "flock \"%s/%s\"", s->root, s->id);
		sigaction(SIGALRM, &action, &old);
		setitimer(ITIMER_REAL, &timer, NULL);
		result = flock(s->fd, LOCK_EX);
		errnum = errno;
		setitimer(ITIMER_REAL, &off, NULL);
		sigaction(SIGALRM, &old, NULL);
		if (result < 0 && errnum == EINTR)
			return error_set(err, ERR_TIMEOUT,
					 "another command has held container \"%s\" for %d seconds",
					 s->id, LOCK_SECONDS);
		if (result < 0)
			return error_errno(err, errnum, "flock \"%s/%s\"", s->root, s->id);
	}
	/* Whoever held the lock may have deleted the container. */
	if (fstat(s->fd, &st) == 0 && st.st_nlink == 0)
		return error_set(err, ERR_NOT_FOUND, PHRASE_UNKNOWN_ID, s->id);
	return 0;
}

void state_unlock(const struct state *s)
{
	(void)flock(s->fd, LOCK_UN);
}

bool state_is_locked(const struct state *s)
{
	/* A second description of the same directory, so that our own lock counts as somebody's. */
	auto_fd int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool state_is_volatile(const struct state *s)
{
	struct statfs fs;

	return fstatfs(s->fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int remove_files(const struct state *s, const char *const *files, size_t n,
			struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (unlinkat(s->fd, files[i], 0) < 0 && errno != ENOENT && errno != ENOTDIR)
			return error_sys(err, "unlink \"%s/%s/%s\"", s->root, s->id, files[i]);
	return 0;
}

int state_remove(const struct state *s, struct error *err)
{
	/* What there is as a rule, and then all that there may be. */
	static const char *const usual[] = { "record", STATE_CONFIG };
	static const char *const files[] = { "record.new",
					     STATE_CONFIG ".new",
					     STATE_RESOURCES,
					     STATE_RESOURCES ".new",
					     STATE_GATE,
					     STATE_ANSWER,
					     STATE_PAGE,
					     STATE_TRACED,
					     STATE_NOTIFY "/" STATE_NOTIFY_SOCKET };
	auto_fd int root_fd = open_root(s->root, false, err);

	if (root_fd < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (remove_files(s, usual, ARRAY_SIZE(usual), err))
		return -1;
	if (unlinkat(root_fd, s->id, AT_REMOVEDIR) == 0)
		return 0;
	if (remove_files(s, files, ARRAY_SIZE(files), err))
		return -1;
	if (unlinkat(s->fd, STATE_NOTIFY, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_sys(err, "rmdir \"%s/%s/" STATE_NOTIFY "\"", s->root, s->id);
	if (unlinkat(root_fd, s->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_sys(err, "rmdir \"%s/%s\"", s->root, s->id);
	return 0;
}

void state_close(struct state *s)
{
	fd_close(&s->fd);
}

int state_list(const char *root, struct arena *a, const char *const **ret, size_t *ret_n,
	       struct error *err)
{
	auto_fd int fd = open_root(root, false, err);
	size_t n = 0, room = 0;
	const char **names = NULL;
	struct dirent *entry;
	struct error unused;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir)
		return error_sys(err, "read state root \"%s\"", root);
	fd_take(&fd);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (state_check_id(entry->d_name, &unused))
			continue;
		if (n == room) {
			room = MAX(2 * room, (size_t)64);
			names = arena_grow(a, names, n, room, sizeof(*names));
		}
		names[n++] = arena_strdup(a, entry->d_name);
	}
	closedir(dir);
	if (n)
		qsort(names, n, sizeof(*names), str_order);
	*ret = names;
	*ret_n = n;
	return 0;
}

int state_write_file(const struct state *s, const char *name, const void *data, size_t size,
		     struct error *err)
{
	auto_fd int fd = -1;
	char temp[64];

	snprintf(temp, sizeof(temp), "%s.new", name);
	fd = openat(s->fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "open \"%s/%s/%s\"", s->root, s->id, temp);
	if (fd_write_all(fd, data, size) < 0)
		return error_sys(err, "write \"%s/%s/%s\"", s->root, s->id, temp);
	/*
	 * Some file systems write a file out at once when it replaces another, which takes longer than all else here;
	 * exchanging the two and removing the old one is as atomic.
	 */
	if (renameat2(s->fd, temp, s->fd, name, RENAME_EXCHANGE) == 0)
		(void)unlinkat(s->fd, temp, 0);
	else if (renameat(s->fd, temp, s->fd, name) < 0)
		return error_sys(err, "rename \"%s/%s/%s\"", s->root, s->id, temp);
	return 0;
}

int state_mark(const struct state *s, const char *name, struct error *err)
{
	auto_fd int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? error_sys(err, "make \"%s/%s/%s\"", s->root, s->id, name) : 0;
}

bool state_is_marked(const struct state *s, const char *name)
{
	return faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

char *state_read_file(const struct state *s, const char *name, struct arena *a, size_t *ret_size,
		      struct error *err)
{
	auto_fd int fd = openat(s->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = fd < 0 ? NULL : fd_read_all(a, fd, MAX_FILE, ret_size);

	if (!text) {
		bool missing = fd < 0 && errno == ENOENT;

		error_sys(err, "read \"%s/%s/%s\"", s->root, s->id, name);
		if (missing)
			err->kind = ERR_NOT_FOUND;
	}
	return text;
}

/* ---- the record ---------------------------------------------------------------------------------------------------- */

#define MAGIC "teu-record 1\n"

void record_begin(struct record *r, struct arena *a)
{
	*r = (struct record){ .arena = a };
}

void record_add(struct record *r, const char *key, const char *value)
{
	if (r->n == r->room) {
		r->room = MAX(2 * r->room, (size_t)32);
		r->lines = arena_grow(r->arena, r->lines, r->n, r->room, sizeof(*r->lines));
	}
	r->lines[r->n++] = (struct pair){ key, value };
}

void record_add_u64(struct record *r, const char *key, uint64_t value)
{
	record_add(r, key, arena_printf(r->arena, "%ju", (uintmax_t)value));
}

void record_set(struct record *r, const char *key, const char *value)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->lines[i].key, key)) {
			r->lines[i].value = value;
			return;
		}
	record_add(r, key, value);
}

void record_set_u64(struct record *r, const char *key, uint64_t value)
{
	record_set(r, key, arena_printf(r->arena, "%ju", (uintmax_t)value));
}

const char *record_get(const struct record *r, const char *key)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->lines[i].key, key))
			return r->lines[i].value;
	return NULL;
}

uint64_t record_get_u64(const struct record *r, const char *key)
{
	const char *value = record_get(r, key);
	uint64_t number = 0;

	return value && str_to_u64(value, &number) ? number : 0;
}

static uint32_t checksum(const char *text, size_t n)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash;
}

/* Line ends within a value are written as "\n", backslashes doubled. */
static char *put_value(char *p, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n' || *value == '\\')
			*p++ = '\\';
		*p++ = *value == '\n' ? 'n' : *value;
	}
	return p;
}

int record_write(const struct state *s, const struct record *r, struct error *err)
{
	size_t room = sizeof(MAGIC) + 32;
	char *text, *p;

	for (size_t i = 0; i < r->n; i++)
		room += strlen(r->lines[i].key) + 2 * strlen(r->lines[i].value) + 2;
	text = arena_alloc(r->arena, room);
	p = stpcpy(text, MAGIC);
	for (size_t i = 0; i < r->n; i++) {
		p = stpcpy(p, r->lines[i].key);
		*p++ = ' ';
		p = put_value(p, r->lines[i].value);
		*p++ = '\n';
	}
	p += snprintf(p, sizeof("end 01234567\n"), "end %08x\n",
		      checksum(text, (size_t)(p - text)));
	return state_write_file(s, "record", text, (size_t)(p - text), err);
}

static int broken(const struct state *s, struct error *err)
{
	return error_set(err, ERR_STATE, "the record of container \"%s\" is cut off or foreign",
			 s->id);
}

static int parse_line(struct record *r, char *line, char *end)
{
	char *space = memchr(line, ' ', (size_t)(end - line)), *to;

	if (!space)
		return -1;
	*space = *end = '\0';
	to = space + 1;
	for (const char *from = to; from < end; from++)
		if (*from != '\\')
			*to++ = *from;
		else
			*to++ = *++from == 'n' ? '\n' : *from;
	*to = '\0';
	record_add(r, line, space + 1);
	return 0;
}

int record_read(const struct state *s, struct arena *a, struct record *ret, struct error *err)
{
	static const char end_word[] = "end ";
	char *text, *p, *last;
	char sum[16];
	size_t size;

	text = state_read_file(s, "record", a, &size, err);
	if (!text)
		return -1;
	if (size < sizeof(MAGIC) + 12 || !str_starts(text, MAGIC) || memchr(text, '\0', size))
		return broken(s, err);
	last = text + size - (sizeof(end_word) - 1 + 8 + 1);
	snprintf(sum, sizeof(sum), "end %08x\n", checksum(text, (size_t)(last - text)));
	if (last[-1] != '\n' || !str_eq(last, sum))
		return broken(s, err);
	record_begin(ret, a);
	for (p = text + sizeof(MAGIC) - 1; p < last;) {
		char *end = memchr(p, '\n', (size_t)(last - p));

		if (!end || parse_line(ret, p, end))
			return broken(s, err);
		p = end + 1;
	}
	return 0;
}
