/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utc.h"

#include <stdio.h>
#include <time.h>

#define DAY 86400

/* Years begin in March here, so that a leap day is the last of its year; an era is the 400 years after which all repeats. */
static void civil_date(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t era, year_of_era, day_of_era, day_of_year, m;

	days += 719468; /* from 0000-03-01 to 1970-01-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	m = (5 * day_of_year + 2) / 153;
	*day = (unsigned)(day_of_year - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = era * 400 + year_of_era + (*month <= 2);
}

char *utc_format(int64_t seconds, unsigned nanoseconds, unsigned digits, char *buf, size_t size)
{
	int64_t days = (seconds >= 0 ? seconds : seconds - DAY + 1) / DAY, year;
	unsigned rest = (unsigned)(seconds - days * DAY), month, day;
	char fraction[16];

	civil_date(days, &year, &month, &day);
	snprintf(fraction, sizeof(fraction), ".%09u", nanoseconds);
	snprintf(buf, size, "%04d-%02u-%02uT%02u:%02u:%02u%.*sZ", (int)year, month, day,
		 rest / 3600, rest / 60 % 60, rest % 60, digits ? (int)digits + 1 : 0, fraction);
	return buf;
}

char *utc_now(unsigned digits, char *buf, size_t size)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return utc_format(now.tv_sec, (unsigned)now.tv_nsec, digits, buf, size);
}
