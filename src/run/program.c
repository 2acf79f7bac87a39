/* SPDX-License-Identifier: Apache-2.0 */
#include "run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
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

static int search(const struct process_plan *p, struct arena *a, const char **ret)
{
	const char *dirs = variable(p, "PATH");
	int errnum = ENOENT;

	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		const char *path = n ? arena_printf(a, "%.*s/%s", (int)n, dirs, p->args[0])
				     : arena_printf(a, "./%s", p->args[0]);
		int result = judge_file(path);

		if (result == 0) {
			*ret = path;
			return 0;
		}
		if (result == EACCES)
			errnum = EACCES;
		dirs += n + (dirs[n] == ':');
	}
	return errnum;
}

int program_find(const struct process_plan *p, const char *where, struct arena *a, const char **ret,
		 struct error *err)
{
	const char *name = p->args[0];
	char shown[256];
	int errnum;

	str_quote(name, shown, sizeof(shown));
	if (!*name) {
		error_set(err, ERR_CONFIG, "exec: \"\": executable file not found in $PATH");
	} else if (strchr(name, '/')) {
		errnum = judge_file(name);
		if (errnum == 0) {
			*ret = name;
			return 0;
		}
		if (errnum == EACCES)
			error_errno(err, errnum, "exec: \"%s\"", shown);
		else
			error_errno(err, errnum, "exec: \"%s\": stat %s", shown, shown);
	} else {
		errnum = search(p, a, ret);
		if (errnum == 0)
			return 0;
		if (errnum == EACCES)
			error_errno(err, errnum, "exec: \"%s\"", shown);
		else
			error_set(err, ERR_CONFIG,
				  "exec: \"%s\": executable file not found in $PATH", shown);
	}
	return error_at(err, "%s/args/0", where);
}

int program_explain(const char *path, struct error *err)
{
	int errnum = errno;
	char line[256], shown[256], *end, *interpreter;
	auto_fd int fd = -1;
	ssize_t n;

	error_errno(err, errnum, "exec \"%s\"", path);
	if (errnum != ENOENT && errnum != ENOEXEC && errnum != EACCES)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (n < 2)
		return -1;
	line[n] = '\0';
	if (line[0] != '#' || line[1] != '!') {
		if (errnum == ENOEXEC)
			error_errno(err, errnum,
				    "exec \"%s\": neither a program for this machine nor a script "
				    "with \"#!\"",
				    path);
		return -1;
	}
	interpreter = line + 2 + strspn(line + 2, " \t");
	end = interpreter + strcspn(interpreter, " \t\n");
	*end = '\0';
	if (judge_file(interpreter) == 0)
		return -1;
	str_quote(interpreter, shown, sizeof(shown));
	return error_errno(err, errnum, "exec \"%s\": its interpreter \"%s\"%s", path, shown,
			   end > interpreter && end[-1] == '\r'
				   ? " ends with a carriage return (the file has Windows line ends)"
				   : "");
}
