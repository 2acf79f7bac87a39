/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/bpf.h"

#include <linux/audit.h>
#include <string.h>

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	/* The halves of arguments stand in the architecture's order. */
	if (offset >= offsetof(struct seccomp_data, instruction_pointer) &&
	    !(data->arch & __AUDIT_ARCH_LE) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		offset ^= 4;

	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

bool bpf_run(const struct sock_filter *code, size_t n, const struct seccomp_data *data,
	     uint32_t *ret, unsigned *ret_steps)
{
	uint32_t a = 0;
	unsigned steps = 0;

	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *i = &code[at];
		bool yes;

		steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k + 4 > sizeof(*data))
				return false;
			a = load(data, i->k);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			*ret = i->k;
			if (ret_steps)
				*ret_steps = steps;
			return true;
		case BPF_JMP | BPF_JA:
			if (i->k >= n)
				return false;
			at += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & i->k;
			break;
		default:
			return false;
		}
		at += yes ? i->jt : i->jf;
	}
	return false;
}
