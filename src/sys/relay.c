/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/relay.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/file.h"

/*
 * As the kernel starts it: argc and argv on the stack, the environment behind them. argv[0] is the program's path.
 *
 *	fcntl(report, F_SETFD, FD_CLOEXEC) == 0 && execve(argv[0], argv + 1, environment);
 *	write(report, { type, errno }, 8);
 *	exit_group(1);
 *
 * `report` and `type` are the last two words; relay_write() fills them in.
 */
#if defined(__x86_64__)
#define MACHINE EM_X86_64
__asm__(".pushsection .rodata\n"
	".globl teu_relay_begin, teu_relay_end\n"
	".hidden teu_relay_begin, teu_relay_end\n"
	"teu_relay_begin:\n"
	"	movl	$72, %eax\n" /* fcntl */
	"	movl	1f(%rip), %edi\n"
	"	movl	$2, %esi\n"
	"	movl	$1, %edx\n"
	"	syscall\n"
	"	testl	%eax, %eax\n"
	"	jnz	0f\n"
	"	movl	$59, %eax\n" /* execve */
	"	movq	(%rsp), %rcx\n"
	"	movq	8(%rsp), %rdi\n"
	"	leaq	16(%rsp), %rsi\n"
	"	leaq	16(%rsp,%rcx,8), %rdx\n"
	"	syscall\n"
	"0:	negl	%eax\n"
	"	movl	2f(%rip), %ecx\n"
	"	movl	%ecx, -8(%rsp)\n"
	"	movl	%eax, -4(%rsp)\n"
	"	movl	$1, %eax\n" /* write */
	"	movl	1f(%rip), %edi\n"
	"	leaq	-8(%rsp), %rsi\n"
	"	movl	$8, %edx\n"
	"	syscall\n"
	"	movl	$231, %eax\n" /* exit_group */
	"	movl	$1, %edi\n"
	"	syscall\n"
	"	ud2\n"
	".balign 4\n"
	"1:	.long	0\n"
	"2:	.long	0\n"
	"teu_relay_end:\n"
	".popsection\n");
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE EM_AARCH64
__asm__(".pushsection .rodata\n"
	".globl teu_relay_begin, teu_relay_end\n"
	".hidden teu_relay_begin, teu_relay_end\n"
	".balign 4\n"
	"teu_relay_begin:\n"
	"	ldr	w0, 1f\n"
	"	mov	w1, #2\n"
	"	mov	w2, #1\n"
	"	mov	x8, #25\n" /* fcntl */
	"	svc	#0\n"
	"	cbnz	w0, 0f\n"
	"	ldr	x3, [sp]\n"
	"	ldr	x0, [sp, #8]\n"
	"	add	x1, sp, #16\n"
	"	add	x2, x1, x3, lsl #3\n"
	"	mov	x8, #221\n" /* execve */
	"	svc	#0\n"
	"0:	neg	w0, w0\n"
	"	ldr	w1, 2f\n"
	"	stp	w1, w0, [sp, #-16]!\n"
	"	mov	x1, sp\n"
	"	mov	x2, #8\n"
	"	ldr	w0, 1f\n"
	"	mov	x8, #64\n" /* write */
	"	svc	#0\n"
	"	mov	w0, #1\n"
	"	mov	x8, #94\n" /* exit_group */
	"	svc	#0\n"
	"	brk	#0\n"
	"1:	.word	0\n"
	"2:	.word	0\n"
	"teu_relay_end:\n"
	".popsection\n");
#endif

#ifdef MACHINE
extern const unsigned char teu_relay_begin[], teu_relay_end[];

/* Anywhere a program may be, on every machine; a multiple of every page size. */
#define ADDRESS 0x400000
#define ALIGNMENT 0x10000
#define MAX_CODE 160

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr load, stack;
	unsigned char code[MAX_CODE];
};

/* Returns its size. */
static size_t make_image(struct image *ret, int report, uint32_t type)
{
	const uint32_t words[] = { (uint32_t)report, type };
	size_t n = (size_t)(teu_relay_end - teu_relay_begin);
	size_t size = offsetof(struct image, code) + n;

	*ret = (struct image){
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					 ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = MACHINE,
			    .e_version = EV_CURRENT,
			    .e_entry = ADDRESS + offsetof(struct image, code),
			    .e_phoff = offsetof(struct image, load),
			    .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 },
		.load = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = ADDRESS,
			  .p_paddr = ADDRESS,
			  .p_filesz = size,
			  .p_memsz = size,
			  .p_align = ALIGNMENT },
		.stack = { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
	};
	memcpy(ret->code, teu_relay_begin, n);
	memcpy(ret->code + n - sizeof(words), words, sizeof(words));
	return size;
}

int relay_open(void)
{
	return teu_relay_end - teu_relay_begin <= MAX_CODE ? file_make_sealed("relay") : -1;
}

int relay_write(int relay, int report, uint32_t type, struct error *err)
{
	struct image image;
	size_t size = make_image(&image, report, type);

	return fd_write_all(relay, &image, size) == 0 && file_seal(relay) == 0
		       ? 0
		       : error_sys(err, "write the relay");
}
#else
int relay_open(void)
{
	return -1;
}

int relay_write(int relay UNUSED, int report UNUSED, uint32_t type UNUSED, struct error *err)
{
	return error_errno(err, ENOSYS, "write the relay");
}
#endif

void relay_describe(int report, struct relay_call ret[RELAY_CALLS])
{
	ret[0] = (struct relay_call){ SYS_fcntl, { (uint64_t)report, F_SETFD, FD_CLOEXEC } };
	ret[1] = (struct relay_call){ SYS_execve, { 0 } };
	ret[2] = (struct relay_call){ SYS_write,
				      { (uint64_t)report, 0, sizeof(struct relay_message) } };
	ret[3] = (struct relay_call){ SYS_exit_group, { 1 } };
	ret[4] = (struct relay_call){ SYS_execveat, { (uint64_t)report, 0, 0, 0, AT_EMPTY_PATH } };
}

void relay_execute(int relay, const char *program, const char **argv, const char *const *env)
{
	argv[0] = program;
	(void)execveat(relay, "", (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env,
		       AT_EMPTY_PATH);
}
