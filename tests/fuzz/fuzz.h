/* SPDX-License-Identifier: Apache-2.0 */
/* The one function of a fuzz target: libFuzzer calls it, or replay.c with the files of a corpus. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Aborts when the code under test does something wrong with these bytes. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
