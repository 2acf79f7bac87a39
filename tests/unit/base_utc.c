/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utc.h"

#include <time.h>

#include "check.h"

int main(void)
{
	char buf[48], want[48];
	int wrong = 0;

	CHECK_STR(utc_format(0, 0, 0, buf, sizeof(buf)), "1970-01-01T00:00:00Z");
	CHECK_STR(utc_format(-1, 999999999, 9, buf, sizeof(buf)), "1969-12-31T23:59:59.999999999Z");
	CHECK_STR(utc_format(951782400, 5000, 6, buf, sizeof(buf)), "2000-02-29T00:00:00.000005Z");
	CHECK_STR(utc_format(4107542399, 0, 0, buf, sizeof(buf)), "2100-02-28T23:59:59Z");
	/* Every day of two centuries, and an odd second of it, as the C library has them. */
	for (int64_t day = -36500; day < 36500; day++) {
		time_t t = (time_t)(day * 86400 + (day & 1023) * 83);
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (strcmp(utc_format(t, 0, 0, buf, sizeof(buf)), want) != 0)
			wrong++;
	}
	CHECK_INT(wrong, 0);
	CHECK_INT(strlen(utc_now(9, buf, sizeof(buf))), 30);
	return check_done();
}
