/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/selfexe.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "sys/file.h"
#include "sys/syscalls.h"

/* Set for the second start, so that a protection that does not show ends in an error and not in a loop. */
#define MARK "_TEU_PROTECTED"

/* Judged by the file itself: anybody can set a variable, which only says that it is worth a look. */
static bool is_protected(void)
{
	auto_fd int fd = -1;
	struct statvfs fs;

	if (statvfs("/proc/self/exe", &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	fd = getenv(MARK) ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC) : -1;
	return fd >= 0 && file_is_sealed(fd);
}

/*
 * Nobody in the container of an ordinary user is the host's root or has power over its files, so that what only root may
 * write needs no other protection.
 */
static bool is_out_of_reach(void)
{
	cap_flag_value_t may_map = CAP_SET, may_write = CAP_SET;
	struct stat st;
	cap_t caps;

	if (geteuid() == 0 || stat("/proc/self/exe", &st) || st.st_uid != 0 ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return false;
	caps = cap_get_proc();
	if (!caps)
		return false;
	(void)cap_get_flag(caps, CAP_SETUID, CAP_PERMITTED, &may_map);
	(void)cap_get_flag(caps, CAP_DAC_OVERRIDE, CAP_PERMITTED, &may_write);
	cap_free(caps);
	return may_map == CAP_CLEAR && may_write == CAP_CLEAR;
}

static int clone_read_only(void)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						   MOUNT_ATTR_NODEV };
	auto_fd int fd =
		sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	return fd_take(&fd);
}

/* ---- exchanging the file below a running program -------------------------------------------------------------------- */

/*
 * The kernel takes another file for /proc/self/exe when nothing of the first is mapped any more (prctl(2),
 * PR_SET_MM_MAP). So each segment of the program is mapped again in its place: what is never written from the new file,
 * the rest as a copy of its memory. A start of the dynamic loader costs ten times as much.
 */
struct segments {
	ElfW(Addr) base;
	const ElfW(Phdr) * headers;
	size_t n;
	uintptr_t page; /* its size */
};

static int note_program(struct dl_phdr_info *info, size_t size UNUSED, void *segments)
{
	struct segments *ret = segments;

	ret->base = info->dlpi_addr;
	ret->headers = info->dlpi_phdr;
	ret->n = info->dlpi_phnum;
	return 1; /* the program comes first, libraries after it */
}

static uintptr_t segment_begin(const struct segments *s, const ElfW(Phdr) * header)
{
	return (s->base + header->p_vaddr) & ~(s->page - 1);
}

/* Where the part that comes from the file ends; the zeroed rest belongs to no file. */
static uintptr_t segment_end(const struct segments *s, const ElfW(Phdr) * header)
{
	return (s->base + header->p_vaddr + header->p_filesz + s->page - 1) & ~(s->page - 1);
}

/*
 * A segment as a whole, with the bytes between its variables that belong to none of them: memcpy(3), and any loop that a
 * compiler takes for one, would be an overflow to AddressSanitizer.
 */
__attribute__((no_sanitize("address"))) static void copy_words(volatile unsigned long *to,
							       const unsigned long *from,
							       size_t size)
{
	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] = from[i];
}

static int copy_in_place(uintptr_t begin, uintptr_t end)
{
	size_t size = end - begin;
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (copy == MAP_FAILED)
		return -1;
	copy_words(copy, (const unsigned long *)begin, size);
	if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)begin) != MAP_FAILED)
		return 0;
	munmap(copy, size);
	return -1;
}

static int map_anew(const struct segments *s, int file)
{
	for (size_t i = 0; i < s->n; i++) {
		const ElfW(Phdr) *h = &s->headers[i];
		uintptr_t begin = segment_begin(s, h), end = segment_end(s, h);
		int access =
			(h->p_flags & PF_R ? PROT_READ : 0) | (h->p_flags & PF_X ? PROT_EXEC : 0);

		if (h->p_type != PT_LOAD || begin == end)
			continue;
		if (h->p_flags & PF_W) {
			if (copy_in_place(begin, end))
				return -1;
		} else if (mmap((void *)begin, end - begin, access, MAP_PRIVATE | MAP_FIXED, file,
				(off_t)(h->p_offset & ~(s->page - 1))) == MAP_FAILED) {
			return -1;
		}
	}
	/* What the loader made read-only after relocation is so in the copy. */
	for (size_t i = 0; i < s->n; i++) {
		const ElfW(Phdr) *h = &s->headers[i];
		uintptr_t begin = segment_begin(s, h);
		uintptr_t end = (s->base + h->p_vaddr + h->p_memsz) & ~(s->page - 1);

		if (h->p_type == PT_GNU_RELRO && begin < end &&
		    mprotect((void *)begin, end - begin, PROT_READ) < 0)
			return -1;
	}
	return 0;
}

/* The call wants the whole description of the memory; only the file in it is new. */
static int tell_kernel(const struct segments *s, int file, char **argv, struct error *err)
{
	struct prctl_mm_map map = { .exe_fd = (uint32_t)file };
	char **last_arg = argv, **last_env = environ;

	for (size_t i = 0; i < s->n; i++) {
		const ElfW(Phdr) *h = &s->headers[i];
		uint64_t begin = s->base + h->p_vaddr, end = begin + h->p_filesz;

		if (h->p_type == PT_LOAD && h->p_flags & PF_X) {
			map.start_code = begin;
			map.end_code = end;
		} else if (h->p_type == PT_LOAD && h->p_flags & PF_W) {
			map.start_data = begin;
			map.end_data = end;
		}
	}
	while (last_arg[0] && last_arg[1])
		last_arg++;
	while (last_env[0] && last_env[1])
		last_env++;
	map.start_brk = map.brk = (uintptr_t)sbrk(0);
	map.start_stack = (uintptr_t)argv;
	map.arg_start = (uintptr_t)argv[0];
	map.arg_end = (uintptr_t)*last_arg + strlen(*last_arg) + 1;
	/* Who has no environment has an empty one behind the arguments. */
	map.env_start = *last_env ? (uintptr_t)environ[0] : map.arg_end;
	map.env_end = *last_env ? (uintptr_t)*last_env + strlen(*last_env) + 1 : map.arg_end;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return error_sys(err, "prctl PR_SET_MM_MAP with the protected file");
	return 0;
}

/* Whether the kernel would take another file; nothing is mapped anew in vain. */
static bool may_exchange(void)
{
	unsigned size = 0;

	return prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) == 0 &&
	       size == sizeof(struct prctl_mm_map);
}

/* `clone` is a path-only descriptor. A failure half way does no harm: all segments hold what they held. */
static int exchange(int clone, char **argv, struct error *err)
{
	struct segments segments = { .page = (uintptr_t)sysconf(_SC_PAGESIZE) };
	auto_fd int file = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", clone);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return error_sys(err, "open the protected file of the runtime's own program");
	if (dl_iterate_phdr(note_program, &segments) != 1)
		return error_set(err, ERR_SYSTEM, "the runtime's own program has no headers");
	if (map_anew(&segments, file))
		return error_sys(err, "map the runtime's own program anew");
	if (tell_kernel(&segments, file, argv, err))
		return -1;
	return is_protected() ? 0
			      : error_set(err, ERR_SYSTEM,
					  "the runtime's own file is not the protected one");
}

/* ---- executing another file ------------------------------------------------------------------------------------------ */

static int copy_sealed(struct error *err)
{
	auto_fd int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int to = file_make_sealed("teu");
	struct stat st;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return error_sys(err, "make a copy of the runtime's own program");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return error_sys(err, "copy the runtime's own program");
		left -= n;
	}
	if (fchmod(to, 0555) < 0 || file_seal(to) < 0)
		return error_sys(err, "seal the copy of the runtime's own program");
	return fd_take(&to);
}

static int execute_protected(int clone, char **argv, struct error *err)
{
	auto_fd int copy = clone < 0 ? copy_sealed(err) : -1;

	if (clone < 0 && copy < 0)
		return -1;
	if (setenv(MARK, "1", 1) < 0)
		return error_sys(err, "setenv");
	execveat(clone < 0 ? copy : clone, "", argv, environ, AT_EMPTY_PATH);
	return error_sys(err, "execute the protected copy of the runtime's own program");
}

/* ---- the steps ------------------------------------------------------------------------------------------------------- */

/* The clone, while it is not closed; and whether the exchange is still to be done. */
static struct {
	int clone;
	char **argv; /* NULL: done, or not needed */
} pending = { .clone = -1 };

bool selfexe_is_safe(void)
{
	if (!is_protected())
		return is_out_of_reach();
	unsetenv(MARK);
	/* Executed through a descriptor, we would be called by its number. */
	prctl(PR_SET_NAME, "teu");
	return true;
}

int selfexe_prepare(char **argv, struct error *err)
{
	bool again = getenv(MARK);

	if (selfexe_is_safe())
		return 0;
	if (!again)
		pending.clone = clone_read_only();
	if (pending.clone < 0 || !may_exchange() || !argv[0])
		return execute_protected(pending.clone, argv, err);
	pending.argv = argv;
	return 0;
}

int selfexe_exchange(struct error *err)
{
	if (!pending.argv)
		return 0;
	if (exchange(pending.clone, pending.argv, err))
		return -1;
	pending.argv = NULL;
	return 0;
}

int selfexe_protect(char **argv, struct error *err)
{
	if (selfexe_prepare(argv, err))
		return -1;
	return selfexe_exchange(err) ? execute_protected(pending.clone, argv, err) : 0;
}

void selfexe_leave_behind(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	auto_fd int place = -1;

	if (pending.clone < 0 || !path)
		return;
	place = open(path, O_PATH | O_CLOEXEC);
	if (place >= 0)
		(void)sys_move_mount(pending.clone, "", place, "",
				     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

void selfexe_release(void)
{
	fd_close(&pending.clone);
}

int selfexe_check_path(struct error *err)
{
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (path && str_starts(path, "/proc/"))
		return error_set(err, ERR_USAGE, "started through \"%s\": refused", path);
	return 0;
}
