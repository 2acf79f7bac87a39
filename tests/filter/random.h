/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that a seed repeats, and random profiles made of them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct oci_seccomp;

void random_seed(uint64_t seed);
uint32_t random_below(uint32_t n);

/*
 * Few names and few constants, so that rules meet: the same call in several rules, conditions around the same values.
 * Each of the architectures is listed or not.
 */
const struct oci_seccomp *random_profile(struct arena *a, const char *const *names, size_t n_names,
					 const char *const *archs, size_t n_archs);
