/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdio.h>

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_to_u64(const char *s, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

bool str_to_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t value;

	if (!str_to_u64(s + negative, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = (int64_t)(negative ? 0 - value : value);
	return true;
}

bool str_to_bytes(const char *s, int64_t *ret)
{
	char digits[24];
	size_t n = strspn(s, "-0123456789");
	int64_t value;
	int shift = 0;

	if (n == 0 || n >= sizeof(digits))
		return false;
	memcpy(digits, s, n);
	digits[n] = '\0';
	s += n;
	switch (*s | 0x20) {
	case 'g':
		shift += 10;
		__attribute__((fallthrough));
	case 'm':
		shift += 10;
		__attribute__((fallthrough));
	case 'k':
		shift += 10;
		s++;
		break;
	default:
		break;
	}
	if (*s == 'b' || *s == 'B')
		s++;
	if (*s || !str_to_i64(digits, &value))
		return false;
	return !__builtin_mul_overflow(value, (int64_t)1 << shift, ret);
}

/* "1.5" in units of `unit` nanoseconds; digits behind a millionth of it are dropped. */
static bool scale(const char *number, size_t n, uint64_t unit, uint64_t *sum)
{
	const char *dot = memchr(number, '.', n);
	size_t whole = dot ? (size_t)(dot - number) : n;
	uint64_t value = 0, part = 0, step = unit;

	for (size_t i = 0; i < whole; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(number[i] - '0'), &value))
			return false;
	for (size_t i = whole + 1; i < n; i++) {
		step /= 10;
		part += step * (uint64_t)(number[i] - '0');
	}
	return !__builtin_mul_overflow(value, unit, &value) &&
	       !__builtin_add_overflow(value, part, &value) &&
	       !__builtin_add_overflow(*sum, value, sum);
}

bool str_to_duration(const char *s, uint64_t *ret)
{
	static const struct word units[] = { { "ns", 1 },	   { "us", 1000 },
					     { "ms", 1000000 },	   { "s", 1000000000 },
					     { "m", 60000000000 }, { "h", 3600000000000 } };
	uint64_t sum = 0, unit;

	do {
		size_t n = strspn(s, "0123456789."), digits = strspn(s, "0123456789");
		size_t length = strspn(s + n, "nushm");
		char name[4] = "";

		/* At most one dot, and something beside it. */
		if (n == 0 || n > 24 || (n == 1 && digits == 0) ||
		    (digits < n && strspn(s + digits + 1, "0123456789") != n - digits - 1) ||
		    length >= sizeof(name))
			return false;
		memcpy(name, s + n, length);
		if (length == 0 && s[n] == '\0' && sum == 0)
			unit = 1000000000;
		else if (!word_find(units, ARRAY_SIZE(units), name, &unit))
			return false;
		if (!scale(s, n, unit, &sum))
			return false;
		s += n + length;
	} while (*s);
	*ret = sum;
	return true;
}

int str_order(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

bool word_find(const struct word *table, size_t n, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(table[i].name, name)) {
			*ret = table[i].value;
			return true;
		}
	return false;
}

const char *word_name(const struct word *table, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

unsigned str_distance(const char *a, const char *b, unsigned limit)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][64];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	if (n > 63 || m > 63 || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *swap = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);

			d = MIN(d, last[j] + 1);
			d = MIN(d, row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = MIN(d, before[j - 2] + 1);
			row[j] = d;
		}
		before = last;
		last = row;
		row = swap;
	}
	return MIN(last[m], limit + 1);
}

const char *word_nearest(const struct word *table, size_t n, const char *name)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < n; i++) {
		unsigned d = str_distance(name, table[i].name, 2);

		if (d < distance && d < strlen(table[i].name)) {
			distance = d;
			best = table[i].name;
		}
	}
	return best;
}

size_t utf8_length(const unsigned char *s, size_t n)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t len;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] >= 0xf8 || len > n)
		return 0;
	code = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

static char *escape(const char *s, char *buf, size_t size, const char *quoted)
{
	size_t left = strlen(s), out = 0;

	buf[0] = '\0';
	while (left) {
		size_t len = utf8_length((const unsigned char *)s, left);
		size_t need = len;
		char piece[8];

		if (len == 0 || (len == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))) {
			need = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned char)*s);
			len = 1;
		} else if (strchr(quoted, *s)) {
			need = (size_t)snprintf(piece, sizeof(piece), "\\%c", *s);
		} else {
			memcpy(piece, s, len);
		}
		if (out + need + 4 > size) {
			memcpy(buf + out, "...", 4);
			return buf;
		}
		memcpy(buf + out, piece, need);
		out += need;
		buf[out] = '\0';
		s += len;
		left -= len;
	}
	return buf;
}

char *str_quote(const char *s, char *buf, size_t size)
{
	return escape(s, buf, size, "\"\\");
}

char *str_printable(const char *s, char *buf, size_t size)
{
	return escape(s, buf, size, "");
}
