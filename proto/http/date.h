/* SPDX-License-Identifier: MIT */
/*
 * date.h - HTTP dates (RFC 9110 s5.6.7) as int64 seconds since 1970, UTC.
 *
 * Proleptic Gregorian calendar, years 0 to 9999, no time zone of this machine, no libc
 * calendar call.
 */
#ifndef LRD_HTTP_DATE_H
#define LRD_HTTP_DATE_H

#include <stdint.h>

#include <larder/types.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL. */
enum { LRD_DATE_SIZE = 30 };

/*
 * Reads the three forms:
 *	Sun, 06 Nov 1994 08:49:37 GMT		IMF-fixdate
 *	Sunday, 06-Nov-94 08:49:37 GMT		RFC 850; `now` settles the century: a date more
 *						than 50 years ahead lies in the past
 *	Sun Nov  6 08:49:37 1994		asctime
 * Names in any case; zone GMT or UTC only; the day must exist in its month; the name of the
 * weekday must be one but need not fit the date. Second 60 counts as 59 (a leap second rounds
 * down). Blanks around are trimmed. EPROTO for everything else, *out untouched.
 */
LARDER_MUST_USE int lrd_date_parse(larder_slice text, int64_t now, int64_t *out);

/*
 * Writes IMF-fixdate, NUL-terminated. EINVAL for a time outside the years 0 to 9999, `out`
 * untouched.
 */
LARDER_MUST_USE int lrd_date_format(int64_t seconds, char out[LRD_DATE_SIZE]);

#endif
