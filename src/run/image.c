/* SPDX-License-Identifier: Apache-2.0 */
#include "run/image.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

#include "base/util.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* What the kernel of this processor runs: its own programs, and those of the smaller brother. */
#if defined(__x86_64__)
static const unsigned own[] = { EM_X86_64, EM_386 };
#elif defined(__aarch64__)
static const unsigned own[] = { EM_AARCH64, EM_ARM };
#elif defined(__arm__)
static const unsigned own[] = { EM_ARM };
#elif defined(__i386__)
static const unsigned own[] = { EM_386 };
#elif defined(__riscv)
static const unsigned own[] = { EM_RISCV };
#elif defined(__powerpc64__)
static const unsigned own[] = { EM_PPC64, EM_PPC };
#elif defined(__s390x__)
static const unsigned own[] = { EM_S390 };
#elif defined(__loongarch__)
static const unsigned own[] = { EM_LOONGARCH };
#elif defined(__mips__)
static const unsigned own[] = { EM_MIPS };
#else
static const unsigned own[] = { EM_NONE };
#endif

static const struct {
	unsigned number;
	const char *name;
} machines[] = {
	{ EM_X86_64, "x86-64" }, { EM_386, "i386" },	  { EM_AARCH64, "aarch64" },
	{ EM_ARM, "arm" },	 { EM_RISCV, "riscv" },	  { EM_PPC64, "ppc64" },
	{ EM_PPC, "ppc" },	 { EM_S390, "s390" },	  { EM_LOONGARCH, "loongarch" },
	{ EM_MIPS, "mips" },	 { EM_SPARCV9, "sparc" }, { EM_68K, "m68k" },
};

static const char *machine_name(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].number == number)
			return machines[i].name;
	return "";
}

const char *image_own_machine(void)
{
	return machine_name(own[0]);
}

static bool is_own(const unsigned char *head)
{
	const int data = BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	Elf32_Half machine;

	memcpy(&machine, head + offsetof(Elf32_Ehdr, e_machine), sizeof(machine));
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (own[i] == EM_NONE || (head[EI_DATA] == data && machine == own[i]))
			return true;
	return false;
}

/* A 16-bit field in the byte order of the file. */
static unsigned half_at(const unsigned char *head, size_t at)
{
	return head[EI_DATA] == ELFDATA2MSB ? (unsigned)head[at] << 8 | head[at + 1]
					    : (unsigned)head[at + 1] << 8 | head[at];
}

static void copy_interpreter(const unsigned char *head, size_t n, uint64_t offset, uint64_t size,
			     struct image *ret)
{
	if (size < 2 || size > sizeof(ret->interpreter) || offset > n || size > n - offset)
		return;
	memcpy(ret->interpreter, head + offset, size);
	ret->interpreter[size - 1] = '\0';
}

/* Both classes in the words of the wider one. */
static bool read_header(const unsigned char *head, size_t n, bool wide, Elf64_Ehdr *ret)
{
	Elf32_Ehdr narrow;

	if (n < (wide ? sizeof(*ret) : sizeof(narrow)))
		return false;
	if (wide) {
		memcpy(ret, head, sizeof(*ret));
		return true;
	}
	memcpy(&narrow, head, sizeof(narrow));
	*ret = (Elf64_Ehdr){ .e_type = narrow.e_type,
			     .e_phoff = narrow.e_phoff,
			     .e_phentsize = narrow.e_phentsize,
			     .e_phnum = narrow.e_phnum };
	return true;
}

static void read_program(const unsigned char *at, bool wide, Elf64_Phdr *ret)
{
	Elf32_Phdr narrow;

	if (wide) {
		memcpy(ret, at, sizeof(*ret));
		return;
	}
	memcpy(&narrow, at, sizeof(narrow));
	*ret = (Elf64_Phdr){ .p_type = narrow.p_type,
			     .p_offset = narrow.p_offset,
			     .p_filesz = narrow.p_filesz };
}

static bool parse_programs(const unsigned char *head, size_t n, bool wide, struct image *ret)
{
	const size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	Elf64_Ehdr elf;
	Elf64_Phdr program;

	if (!read_header(head, n, wide, &elf) || (elf.e_type != ET_EXEC && elf.e_type != ET_DYN) ||
	    !elf.e_phnum || elf.e_phentsize != size)
		return false;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		uint64_t at = elf.e_phoff + i * size;

		if (elf.e_phoff > n || at > n || n - at < size)
			return true;
		read_program(head + at, wide, &program);
		if (program.p_type == PT_INTERP) {
			copy_interpreter(head, n, program.p_offset, program.p_filesz, ret);
			return true;
		}
	}
	return true;
}

static void parse_elf(const unsigned char *head, size_t n, struct image *ret)
{
	ret->kind = IMAGE_BROKEN;
	if (n < sizeof(Elf32_Ehdr))
		return;
	ret->number = half_at(head, offsetof(Elf32_Ehdr, e_machine));
	ret->machine = machine_name(ret->number);
	if (!is_own(head)) {
		ret->kind = IMAGE_FOREIGN;
		return;
	}
	if (parse_programs(head, n, head[EI_CLASS] == ELFCLASS64, ret))
		ret->kind = IMAGE_ELF;
}

/* The kernel takes the first word of the line; blanks before it do not count. */
static void parse_script(const unsigned char *head, size_t n, struct image *ret)
{
	size_t begin = 2, end;

	ret->kind = IMAGE_SCRIPT;
	while (begin < n && (head[begin] == ' ' || head[begin] == '\t'))
		begin++;
	for (end = begin; end < n && head[end] && !strchr(" \t\n", head[end]); end++)
		;
	if (end - begin >= sizeof(ret->interpreter))
		return;
	memcpy(ret->interpreter, head + begin, end - begin);
	ret->carriage_return = end > begin && head[end - 1] == '\r';
}

void image_parse(const unsigned char *head, size_t n, struct image *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->kind = IMAGE_UNKNOWN;
	ret->machine = "";
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		parse_elf(head, n, ret);
	else if (n >= 2 && head[0] == '#' && head[1] == '!')
		parse_script(head, n, ret);
}
