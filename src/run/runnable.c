/* SPDX-License-Identifier: Apache-2.0 */
#include "run/runnable.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "run/image.h"
#include "run/program.h"
#include "sys/proc.h"
#include "sys/root.h"

/* The kernel follows an interpreter to its own interpreter so many times. */
#define SCRIPT_DEPTH 5

struct judge {
	const struct view *view;
	const char *what, *where;
	struct findings *found;
};

static void refuse(const struct judge *j, int errnum, const char *fmt, ...) PRINTF(3, 4);

static void refuse(const struct judge *j, int errnum, const char *fmt, ...)
{
	struct error err;
	char text[600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_errno(&err, errnum, "%s", text);
	error_at(&err, "%s", j->where);
	findings_add(j->found, &err);
}

/* 0, or the errno with which nobody at all could execute it. */
static int judge_place(const struct view_place *place)
{
	struct stat st;

	if (place->kind == VIEW_MISSING)
		return place->errnum;
	if (place->kind == VIEW_UNKNOWN)
		return 0;
	if (fstat(place->fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return EACCES;
	if (place->on && (place->on->top.set | place->on->tree.set) & MOUNT_ATTR_NOEXEC)
		return EACCES;
	return 0;
}

/* Formats of programs that somebody has made known to the kernel (binfmt_misc). */
static bool has_other_formats(const struct proc *proc)
{
	auto_fd int fd = proc_find_file(proc, "sys/fs/binfmt_misc/status", O_RDONLY);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && str_starts(text, "enabled");
}

static ssize_t read_head(const struct proc *proc, int handle, unsigned char head[IMAGE_HEAD])
{
	struct error unused;
	auto_fd int fd = proc_reopen(proc, handle, O_RDONLY, &unused);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, IMAGE_HEAD, 0);

	return n;
}

static void judge_image(const struct judge *j, const struct proc *proc, const struct view_place *at,
			const char *name, unsigned depth);

/* What a program needs beside itself: a script its interpreter, an ELF program its loader. */
static void judge_helper(const struct judge *j, const struct proc *proc, const struct image *image,
			 const char *name, unsigned depth)
{
	const char *role = image->kind == IMAGE_SCRIPT ? "interpreter" : "loader";
	const char *path = image->interpreter;
	char shown[256], program[256];
	struct view_place place;
	int errnum;

	str_quote(path, shown, sizeof(shown));
	str_quote(name, program, sizeof(program));
	if (path[0] != '/') {
		findings_warn(
			j->found, j->where,
			"%s \"%s\": its %s \"%s\" is no absolute path, what it is depends on the "
			"working directory",
			j->what, program, role, shown);
		return;
	}
	place = view_find(j->view, path);
	errnum = judge_place(&place);
	if (errnum)
		refuse(j, errnum, "%s \"%s\": its %s \"%s\"%s", j->what, program, role, shown,
		       image->carriage_return
			       ? " ends with a carriage return (the file has Windows "
				 "line ends)"
			       : "");
	else if (place.kind == VIEW_FOUND && depth < SCRIPT_DEPTH)
		judge_image(j, proc, &place, path, depth + 1);
	fd_close(&place.fd);
}

static void judge_foreign(const struct judge *j, const struct proc *proc, const struct image *image,
			  const char *program)
{
	const char *machine = *image->machine ? image->machine : "another machine";

	if (has_other_formats(proc))
		findings_warn(j->found, j->where,
			      "%s \"%s\": a program for %s, not for %s; it runs if the host has an "
			      "emulator registered for it (binfmt_misc)",
			      j->what, program, machine, image_own_machine());
	else
		refuse(j, ENOEXEC, "%s \"%s\": a program for %s, not for %s", j->what, program,
		       machine, image_own_machine());
}

static void judge_image(const struct judge *j, const struct proc *proc, const struct view_place *at,
			const char *name, unsigned depth)
{
	unsigned char head[IMAGE_HEAD];
	ssize_t n = read_head(proc, at->fd, head);
	struct image image;
	char program[256];

	/* Who may not read it may still execute it. */
	if (n < 0)
		return;
	str_quote(name, program, sizeof(program));
	image_parse(head, (size_t)n, &image);
	switch (image.kind) {
	case IMAGE_FOREIGN:
		judge_foreign(j, proc, &image, program);
		return;
	case IMAGE_UNKNOWN:
	case IMAGE_BROKEN:
		if (image.kind == IMAGE_UNKNOWN && has_other_formats(proc))
			findings_warn(
				j->found, j->where,
				"%s \"%s\": neither a program for this machine nor a script "
				"with \"#!\"; it runs if the host knows its format (binfmt_misc)",
				j->what, program);
		else
			refuse(j, ENOEXEC,
			       "%s \"%s\": neither a program for this machine nor a script with "
			       "\"#!\"",
			       j->what, program);
		return;
	case IMAGE_SCRIPT:
	case IMAGE_ELF:
		break;
	}
	if (*image.interpreter)
		judge_helper(j, proc, &image, name, depth);
	else if (image.kind == IMAGE_SCRIPT)
		refuse(j, ENOEXEC, "%s \"%s\": no interpreter stands behind its \"#!\"", j->what,
		       program);
}

static void judge_found(const struct judge *j, const struct view_place *place, const char *name)
{
	auto_proc struct proc proc = { .fd = -1 };
	struct error unused;

	if (place->kind == VIEW_FOUND && proc_open(&proc, PROC_ALL, &unused) == 0)
		judge_image(j, &proc, place, name, 0);
}

void runnable_file(const struct view *v, const char *path, const char *what, const char *where,
		   struct findings *ret)
{
	const struct judge j = { v, what, where, ret };
	struct view_place place = view_find(v, path);
	int errnum = judge_place(&place);
	char shown[256];

	if (errnum)
		refuse(&j, errnum, "%s \"%s\"", what, str_quote(path, shown, sizeof(shown)));
	else
		judge_found(&j, &place, path);
	fd_close(&place.fd);
}

/* Whether the user's own bits let it execute the file; an access control list may say otherwise. */
static void warn_of_user(const struct judge *j, const struct process_plan *p,
			 const struct view_place *place)
{
	const uint64_t override = UINT64_C(1) << CAP_DAC_OVERRIDE;
	bool member;
	struct stat st;
	mode_t bit;

	if (place->kind != VIEW_FOUND || fstat(place->fd, &st) ||
	    (p->caps[CAP_SET_EFFECTIVE] & override))
		return;
	member = st.st_gid == p->gid;
	for (size_t i = 0; i < p->n_groups; i++)
		member |= st.st_gid == p->groups[i];
	bit = st.st_uid == p->uid ? 0100 : member ? 010 : 01;
	if (!(st.st_mode & bit))
		findings_warn(j->found, j->where,
			      "exec: \"%s\": its mode %04o does not let user %u execute it",
			      place->path, (unsigned)(st.st_mode & 07777), (unsigned)p->uid);
}

void runnable_process(const struct view *v, const struct process_plan *p, const char *where,
		      struct findings *ret)
{
	const struct judge j = { v, "exec", arena_printf(v->arena, "%s/args/0", where), ret };
	const char *const *paths;
	size_t n = program_candidates(p, v->arena, &paths);
	int errnum = ENOENT, result;
	struct error err;
	bool unknown = false;

	for (size_t i = 0; i < n; i++) {
		const char *path = paths[i][0] == '/'
					   ? paths[i]
					   : arena_printf(v->arena, "%s/%s", p->cwd, paths[i]);
		struct view_place place = view_find(v, path);

		result = judge_place(&place);
		if (place.kind == VIEW_UNKNOWN) {
			unknown = true;
		} else if (result == 0) {
			warn_of_user(&j, p, &place);
			judge_found(&j, &place, paths[i]);
			fd_close(&place.fd);
			return;
		}
		fd_close(&place.fd);
		/* As the search itself: a permission that is missing is remembered. */
		if (result == EACCES || n == 1)
			errnum = result;
	}
	if (unknown)
		return;
	program_error(p->args[0], errnum, where, &err);
	findings_add(ret, &err);
}
