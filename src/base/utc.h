/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text. The C library's own functions read the time zone's files even for UTC. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "2026-11-21T09:17:47" and `digits` (0 to 9) of the fraction and "Z": RFC 3339. Returns buf (at least 32 bytes). */
char *utc_format(int64_t seconds, unsigned nanoseconds, unsigned digits, char *buf, size_t size);

/* The same of now. */
char *utc_now(unsigned digits, char *buf, size_t size);
