/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/mounttable.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

/* Far more than any host has. */
#define TABLE_MAX ((size_t)64 << 20)

char *mount_table_read(const struct proc *proc, struct arena *a, struct error *err)
{
	auto_fd int fd = proc_open_file(proc, "self/mountinfo", O_RDONLY, err);
	char *text;

	if (fd < 0)
		return NULL;
	text = fd_read_all(a, fd, TABLE_MAX, NULL);
	if (!text)
		error_sys(err, "read the mount table");
	return text;
}

/* Blanks and the like are written as \\ooo. */
static void unescape(char *p)
{
	char *to = p;

	for (; *p; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

/* "id parent major:minor root place options [tags] - type source super" */
static bool parse(char *line, struct mount_line *ret)
{
	char *type = strstr(line, " - ");
	int skip = 0;

	if (!type || sscanf(line, "%u %u %*s %n", &ret->id, &ret->parent, &skip) != 2 || !skip)
		return false;
	ret->type = type + 3;
	ret->type[strcspn(ret->type, " ")] = '\0';
	*type = '\0';
	ret->root = line + skip;
	ret->place = strchr(ret->root, ' ');
	ret->options = ret->place ? strchr(ret->place + 1, ' ') : NULL;
	if (!ret->options)
		return false;
	*ret->place++ = '\0';
	*ret->options++ = '\0';
	ret->options[strcspn(ret->options, " ")] = '\0';
	unescape(ret->root);
	unescape(ret->place);
	return true;
}

bool mount_table_next(char **text, struct mount_line *ret)
{
	while (**text) {
		char *line = *text;

		*text += strcspn(line, "\n");
		if (**text)
			*(*text)++ = '\0';
		if (parse(line, ret))
			return true;
	}
	return false;
}
