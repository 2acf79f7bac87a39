/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first bytes of a program: what execve(2) would make of them. elf(5), binfmt_script of execve(2).
 *
 * Pure: nothing is opened or looked up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many of them are enough for what linkers write. */
#define IMAGE_HEAD 16384

enum image_kind {
	IMAGE_ELF,
	IMAGE_SCRIPT,
	IMAGE_FOREIGN, /* ELF, for another machine */
	IMAGE_BROKEN,  /* ELF, but none that can be executed */
	IMAGE_UNKNOWN, /* neither */
};

struct image {
	enum image_kind kind;
	const char *machine; /* ELF: its name, "machine 123" is "" */
	unsigned number;     /* ELF: that of e_machine */
	char interpreter
		[4096]; /* of a script, or the loader; "" if there is none, or it is too far inside */
	bool carriage_return; /* the script's first line ends like those of other systems */
};

void image_parse(const unsigned char *head, size_t n, struct image *ret);

/* The name of the machine that programs for this build's processor have. */
const char *image_own_machine(void);
