/* SPDX-License-Identifier: Apache-2.0 */
#include "run/image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static struct image image;

static void parse(const char *text)
{
	image_parse((const unsigned char *)text, strlen(text), &image);
}

static void test_scripts(void)
{
	static const struct {
		const char *text, *interpreter;
		bool carriage_return;
	} cases[] = {
		{ "#!/bin/sh\necho", "/bin/sh", false },
		{ "#! \t/bin/sh -e\n", "/bin/sh", false },
		{ "#!/bin/sh\r\n", "/bin/sh\r", true },
		{ "#!/bin/sh -e\r\n", "/bin/sh", false },
		{ "#!/usr/bin/env\tpython", "/usr/bin/env", false },
		{ "#!", "", false },
		{ "#!\n/bin/sh", "", false },
		{ "#!sh\n", "sh", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].text);
		CHECK_INT(image.kind, IMAGE_SCRIPT);
		CHECK_STR(image.interpreter, cases[i].interpreter);
		CHECK_INT(image.carriage_return, cases[i].carriage_return);
	}
	parse("");
	CHECK_INT(image.kind, IMAGE_UNKNOWN);
	parse("#");
	CHECK_INT(image.kind, IMAGE_UNKNOWN);
	parse("echo hello\n");
	CHECK_INT(image.kind, IMAGE_UNKNOWN);
}

/* Our own program is one for this machine. */
static size_t read_own(unsigned char head[IMAGE_HEAD])
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, IMAGE_HEAD);

	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void test_elf(void)
{
	static unsigned char head[IMAGE_HEAD], copy[IMAGE_HEAD];
	size_t n = read_own(head);
	Elf64_Ehdr elf;

	image_parse(head, n, &image);
	CHECK_INT(image.kind, IMAGE_ELF);
	CHECK_STR(image.machine, image_own_machine());
	CHECK(!image.interpreter[0] || access(image.interpreter, X_OK) == 0);

	/* Cut off anywhere it is never read beyond its end; the sanitizers watch. */
	for (size_t part = 0; part < 256; part++) {
		unsigned char *exact = malloc(part + 1);

		memcpy(exact, head, part);
		image_parse(exact, part, &image);
		free(exact);
	}

	memcpy(copy, head, n);
	memcpy(&elf, copy, sizeof(elf));
	elf.e_machine = EM_SPARCV9;
	memcpy(copy, &elf, sizeof(elf));
	image_parse(copy, n, &image);
	CHECK_INT(image.kind, IMAGE_FOREIGN);
	CHECK_STR(image.machine, "sparc");
	elf.e_machine = 60000;
	memcpy(copy, &elf, sizeof(elf));
	image_parse(copy, n, &image);
	CHECK_INT(image.kind, IMAGE_FOREIGN);
	CHECK_STR(image.machine, "");
	CHECK_INT(image.number, 60000);

	/* The other byte order. */
	memcpy(copy, head, n);
	copy[EI_DATA] = copy[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
	image_parse(copy, n, &image);
	CHECK_INT(image.kind, IMAGE_FOREIGN);

	/* A relocatable file is no program. */
	memcpy(&elf, head, sizeof(elf));
	elf.e_type = ET_REL;
	memcpy(copy, &elf, sizeof(elf));
	image_parse(copy, n, &image);
	CHECK_INT(image.kind, IMAGE_BROKEN);

	/* Headers that lie outside of what was read. */
	memcpy(&elf, head, sizeof(elf));
	elf.e_phoff = UINT64_MAX - 8;
	memcpy(copy, &elf, sizeof(elf));
	image_parse(copy, n, &image);
	CHECK_INT(image.kind, IMAGE_ELF);
	CHECK_STR(image.interpreter, "");
}

int main(void)
{
	test_scripts();
	test_elf();
	return check_done();
}
