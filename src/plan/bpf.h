/* SPDX-License-Identifier: Apache-2.0 */
/* A small interpreter of the classic BPF that seccomp(2) takes. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs the program on one call. *ret_steps (may be NULL) counts the instructions that ran. False: the program is
 * none that the kernel would take (a jump or a load out of bounds, no "return" at the end, an unknown instruction).
 */
bool bpf_run(const struct sock_filter *code, size_t n, const struct seccomp_data *data,
	     uint32_t *ret, unsigned *ret_steps);
