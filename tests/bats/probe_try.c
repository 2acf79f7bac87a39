/* SPDX-License-Identifier: Apache-2.0 */
/* Single operations of the test probe: what the kernel answers inside the container. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int try_open(const char *path, int flags)
{
	char byte;
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	/* Devices may refuse only here. */
	if ((flags & O_ACCMODE) == O_RDONLY && read(fd, &byte, 1) < 0 && errno != EISDIR)
		return -1;
	return close(fd);
}

static int try_read(char **a)
{
	return try_open(a[1], O_RDONLY | O_NONBLOCK);
}

static int try_write(char **a)
{
	return try_open(a[1], O_WRONLY | O_NONBLOCK);
}

static int try_create(char **a)
{
	return try_open(a[1], O_WRONLY | O_CREAT | O_EXCL);
}

static int try_mkdir(char **a)
{
	return mkdir(a[1], 0755);
}

static int try_exec(char **a)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (null >= 0)
			dup2(null, 1);
		execl(a[1], a[1], "umask", (char *)NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno ? -1 : 0;
}

static int try_fork(char **a)
{
	pid_t pid = fork();

	(void)a;
	if (pid < 0)
		return -1;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return 0;
}

/* mknod PATH c|b|p MAJOR MINOR */
static int try_mknod(char **a)
{
	mode_t type = a[2][0] == 'b' ? S_IFBLK : a[2][0] == 'p' ? S_IFIFO : S_IFCHR;
	dev_t rdev = makedev((unsigned)strtoul(a[3], NULL, 10), (unsigned)strtoul(a[4], NULL, 10));

	return mknod(a[1], type | 0600, rdev);
}

static int try_bind(char **a)
{
	return mount(a[1], a[2], NULL, MS_BIND, NULL);
}

static int try_tmpfs(char **a)
{
	return mount("tmpfs", a[1], "tmpfs", 0, NULL);
}

static int try_umount(char **a)
{
	return umount2(a[1], MNT_DETACH);
}

static int try_sethostname(char **a)
{
	return sethostname(a[1], strlen(a[1]));
}

static int try_unshare_user(char **a)
{
	(void)a;
	return unshare(CLONE_NEWUSER);
}

/* IFF_UP of an interface */
static int try_if_up(char **a)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", a[1]);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	close(fd);
	errno = ENETDOWN;
	return request.ifr_flags & IFF_UP ? 0 : -1;
}

/* notify TEXT: a datagram to $NOTIFY_SOCKET */
static int try_notify(char **a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	if (!path) {
		errno = EDESTADDRREQ;
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	n = sendto(fd, a[1], strlen(a[1]), 0, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* A key in the session keyring, by its description: made, found. */
static int try_add_key(char **a)
{
	return syscall(SYS_add_key, "user", a[1], "payload", 7, -3) < 0 ? -1 : 0;
}

/* The session keyring of that name becomes ours; made for everybody of our user if there is none. */
static int try_join_keyring(char **a)
{
	long serial = syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, a[1]);

	if (serial < 0)
		return -1;
	syscall(SYS_keyctl, 5 /* KEYCTL_SETPERM */, serial, 0x3f3f0000);
	return 0;
}

static int try_find_key(char **a)
{
	long found = syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3, "user", a[1], 0);

	return found < 0 ? -1 : 0;
}

/* call NUMBER ARG...: a bare system call; what it returns does not matter. */
static int try_call(char **a)
{
	unsigned long args[6] = { 0 };

	for (int i = 0; i < 6 && a[i + 2] && strcmp(a[i + 2], ","); i++)
		args[i] = strtoul(a[i + 2], NULL, 0);
	return syscall((long)strtoul(a[1], NULL, 0), args[0], args[1], args[2], args[3], args[4],
		       args[5]) < 0
		       ? -1
		       : 0;
}

/* call32 NUMBER: the same by the entry of 32-bit programs, with arguments 0. */
static int try_call32(char **a)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(strtoul(a[1], NULL, 0)), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = (int)result < 0 ? -(int)result : 0;
#else
	(void)a;
	errno = EOPNOTSUPP;
#endif
	return errno ? -1 : 0;
}

/* label PATH: its SELinux context on a line of its own */
static int try_label(char **a)
{
	char text[512] = "";

	if (lgetxattr(a[1], "security.selinux", text, sizeof(text) - 1) < 0)
		return -1;
	printf("%s\n", text);
	return 0;
}

static const struct operation {
	const char *name;
	int words;
	int (*run)(char **words);
} operations[] = {
	{ "read", 1, try_read },
	{ "write", 1, try_write },
	{ "create", 1, try_create },
	{ "mkdir", 1, try_mkdir },
	{ "exec", 1, try_exec },
	{ "fork", 0, try_fork },
	{ "mknod", 4, try_mknod },
	{ "bind", 2, try_bind },
	{ "tmpfs", 1, try_tmpfs },
	{ "umount", 1, try_umount },
	{ "sethostname", 1, try_sethostname },
	{ "unshare-user", 0, try_unshare_user },
	{ "if-up", 1, try_if_up },
	{ "notify", 1, try_notify },
	{ "add-key", 1, try_add_key },
	{ "join-keyring", 1, try_join_keyring },
	{ "find-key", 1, try_find_key },
	{ "call", 1, try_call },
	{ "call32", 1, try_call32 },
	{ "label", 1, try_label },
};

/* Several operations may follow each other, separated by a word ",". */
static int run_one(int argc, char **argv)
{
	for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operations[i].name, argv[0]) || argc < operations[i].words + 1)
			continue;
		errno = 0;
		puts(operations[i].run(argv) == 0 ? "ok" : strerrorname_np(errno));
		return 0;
	}
	fprintf(stderr, "probe: no operation %s with %d words\n", argv[0], argc - 1);
	return 2;
}

int probe_try(int argc, char **argv)
{
	while (argc > 0) {
		int n = 0;

		while (n < argc && strcmp(argv[n], ","))
			n++;
		if (n == 0 || run_one(n, argv) != 0)
			return 2;
		argv += n + 1;
		argc -= n + 1;
	}
	return 0;
}
