/* SPDX-License-Identifier: Apache-2.0 */
#include "run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/phrases.h"
#include "base/str.h"

/* 0, or the errno for which execve(2) would refuse the file. */
static int judge_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

static const char *variable(const struct process_plan *p, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < p->n_env; i++)
		if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
			return p->env[i] + n + 1;
	return NULL;
}

size_t program_candidates(const struct process_plan *p, struct arena *a, const char *const **ret)
{
	const char *name = p->args[0], *dirs = variable(p, "PATH"), **list;
	size_t n = 0, room = 1;

	for (const char *c = dirs; c && *c; c++)
		room += *c == ':';
	*ret = list = arena_new_n(a, const char *, room);
	if (!*name)
		return 0;
	if (strchr(name, '/')) {
		list[0] = name;
		return 1;
	}
	while (dirs && *dirs) {
		size_t length = strcspn(dirs, ":");

		list[n++] = length ? arena_printf(a, "%.*s/%s", (int)length, dirs, name)
				   : arena_printf(a, "./%s", name);
		dirs += length + (dirs[length] == ':');
	}
	return n;
}

int program_error(const char *name, int errnum, const char *where, struct error *err)
{
	char shown[256];

	str_quote(name, shown, sizeof(shown));
	if (errnum == EACCES && *name)
		error_errno(err, errnum, PHRASE_PROGRAM, shown);
	else if (strchr(name, '/'))
		error_errno(err, errnum, PHRASE_PROGRAM_STAT, shown, shown);
	else
		error_set(err, ERR_CONFIG, PHRASE_NO_PROGRAM, shown);
	return error_at(err, "%s/args/0", where);
}

int program_find(const struct process_plan *p, const char *where, struct arena *a, const char **ret,
		 struct error *err)
{
	const char *const *list;
	size_t n = program_candidates(p, a, &list);
	int errnum = ENOENT;

	for (size_t i = 0; i < n; i++) {
		int result = judge_file(list[i]);

		if (result == 0) {
			*ret = list[i];
			return 0;
		}
		/* One that may not be executed is worth more than none. */
		if (result == EACCES || n == 1)
			errnum = result;
	}
	return program_error(p->args[0], errnum, where, err);
}

int program_check(const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char line[256], shown[256], *end, *interpreter;
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	int errnum;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = '\0';
	interpreter = line + 2 + strspn(line + 2, " \t");
	end = interpreter + strcspn(interpreter, " \t\n");
	*end = '\0';
	errnum = judge_file(interpreter);
	if (!errnum)
		return 0;
	str_quote(interpreter, shown, sizeof(shown));
	return error_errno(err, errnum, "exec \"%s\": its interpreter \"%s\"%s", path, shown,
			   end > interpreter && end[-1] == '\r'
				   ? " ends with a carriage return (the file has Windows line ends)"
				   : "");
}

int program_refused(const char *path, int errnum, struct error *err)
{
	if (errnum == ENOEXEC)
		return error_errno(err, errnum,
				   "exec \"%s\": neither a program for this machine nor a script "
				   "with \"#!\"",
				   path);
	return error_errno(err, errnum, "exec \"%s\"", path);
}

int program_explain(const char *path, int errnum, struct error *err)
{
	if ((errnum == ENOENT || errnum == ENOEXEC || errnum == EACCES) && program_check(path, err))
		return -1;
	return program_refused(path, errnum, err);
}
