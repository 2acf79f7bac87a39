/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attacker in a container who has CAP_SYS_PTRACE. Every process that appears in the pid namespace is stopped at once, and
 * looked into while it stands still: descriptors, directories, environment, command line, memory, capabilities.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST_MAPPING ((size_t)64 << 20)

static void found(const char *what, const char *detail)
{
	printf("FOUND %s %s\n", what, detail);
	fflush(stdout);
}

static unsigned long long status_number(const char *pid, const char *key)
{
	unsigned long long value = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoull(line + strlen(key) + 1, NULL, 16);
	if (f)
		fclose(f);
	return value;
}

static bool is_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void look_for_text(const char *path, const char *canary)
{
	static char buf[1 << 18];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (n > 0 && memmem(buf, (size_t)n, canary, strlen(canary)))
		found("text", path);
	if (fd >= 0)
		close(fd);
}

/* What cannot hold a directory or a file of the host: ends of what the program gets, or of the runtime's conversation. */
static bool is_harmless(const char *target)
{
	static const char *const kinds[] = { "socket:[", "pipe:[", "/dev/null", "/dev/pts/",
					     "/dev/tty" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(target, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

static void look_at_descriptors(const char *pid)
{
	char path[300], link[600], target[4096], text[5000];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		ssize_t n;

		snprintf(link, sizeof(link), "%s/%s", path, e->d_name);
		n = e->d_name[0] == '.' ? -1 : readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		/* The first three are the caller's to choose. */
		if (!is_harmless(target) && atoi(e->d_name) > 2) {
			snprintf(text, sizeof(text), "%s -> %s", link, target);
			found("descriptor", text);
		}
	}
	if (dir)
		closedir(dir);
}

static void look_through(const char *buf, size_t n, char *mapping, const char *canary)
{
	const char *place = memmem(buf, n, canary, strlen(canary));
	char text[256];
	size_t length = 0;

	if (!place)
		return;
	mapping[strcspn(mapping, "\n")] = '\0';
	/* What stands around it says where it comes from. */
	for (const char *c = place - buf < 48 ? buf : place - 48; c < buf + n && length < 128; c++)
		text[length++] = *c < ' ' || *c > '~' ? '.' : *c;
	text[length] = '\0';
	found("memory", mapping);
	printf("\t%s\n", text);
	fflush(stdout);
}

static void look_at_memory(const char *pid, const char *canary)
{
	char path[64], line[4400];
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	while (mem >= 0 && maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char access[8], *buf;
		ssize_t n;

		if (strstr(line, canary))
			found("mapping", line);
		if (sscanf(line, "%lx-%lx %7s", &from, &to, access) != 3 || access[0] != 'r' ||
		    to - from > LARGEST_MAPPING || from > INT64_MAX)
			continue;
		buf = malloc(to - from);
		n = pread(mem, buf, to - from, (off_t)from);
		if (n > 0)
			look_through(buf, (size_t)n, line, canary);
		free(buf);
	}
	if (maps)
		fclose(maps);
	if (mem >= 0)
		close(mem);
}

static void look_into(const char *pid, const char *canary)
{
	static const char *const texts[] = { "environ", "cmdline" }, *const links[] = { "cwd",
											"root" };
	unsigned long long more = status_number(pid, "CapPrm") & ~status_number("self", "CapBnd");
	char path[64], text[64];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, texts[i]);
		look_for_text(path, canary);
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, links[i]);
		if (!is_same(path, "/"))
			found("directory", path);
	}
	look_at_descriptors(pid);
	look_at_memory(pid, canary);
	if (more) {
		snprintf(text, sizeof(text), "%llx", more);
		found("capabilities", text);
	}
}

static void stop_and_look(pid_t pid, const char *canary, const char *program)
{
	char name[16], exe[32];
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return;
	snprintf(name, sizeof(name), "%d", pid);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", pid);
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 &&
	    waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		if (!is_same(exe, program)) {
			puts("CAUGHT");
			fflush(stdout);
		}
		look_into(name, canary);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
}

int probe_trace(const char *canary, const char *program)
{
	pid_t last = getpid();

	puts("watching");
	fflush(stdout);
	for (;;)
		for (pid_t pid = last + 1; pid < last + 64; pid++)
			if (kill(pid, 0) == 0) {
				last = pid;
				stop_and_look(pid, canary, program);
			}
}
