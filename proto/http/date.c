/* SPDX-License-Identifier: MIT */
/* date.c - HTTP dates in their three forms (RFC 9110 s5.6.7). */
#include "proto/http/date.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum {
	DAY_SECONDS = 86400,
	ERA_YEARS = 400, /* the Gregorian calendar repeats after these */
	ERA_DAYS = 146097,
	EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
	FIRST_DAY = -719528, /* 0000-01-01 */
	LAST_DAY = 2932896,  /* 9999-12-31 */
};

static const char day_names[7][10] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
				       "Friday", "Saturday", "Sunday" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct civil {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
	int hour;
	int minute;
	int second;
};

/* ---- calendar ---------------------------------------------------------------------------- */

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap(year));
}

/*
 * Years are counted from March on, so that the leap day is a year's last: then the length of
 * the months before one is (153 * month + 2) / 5.
 */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
	int64_t year_of_era = y - era * ERA_YEARS;
	int64_t month_from_march = (month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

/* A moment outside the years 0 to 9999 counts as the nearest one inside. */
static void civil_of_seconds(int64_t seconds, struct civil *out)
{
	int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	int64_t time =
		seconds % DAY_SECONDS + (seconds % DAY_SECONDS < 0 ? DAY_SECONDS : 0);
	int64_t z, era, day_of_era, year_of_era, day_of_year, month_from_march;

	if (days < FIRST_DAY)
		days = FIRST_DAY;
	if (days > LAST_DAY)
		days = LAST_DAY;
	z = days + EPOCH_DAYS;
	era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	day_of_era = z - era * ERA_DAYS;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
		       day_of_era / (ERA_DAYS - 1)) /
		      365;
	day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month_from_march = (5 * day_of_year + 2) / 153;

	out->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
	out->month =
		(int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	out->year = (int)(year_of_era + era * ERA_YEARS + (out->month <= 2));
	out->hour = (int)(time / 3600);
	out->minute = (int)(time / 60 % 60);
	out->second = (int)(time % 60);
}

static int to_seconds(const struct civil *c, int64_t *out)
{
	int second = c->second;

	if (c->day < 1 || c->day > days_in_month(c->year, c->month))
		return LARDER_EPROTO;
	if (c->hour > 23 || c->minute > 59 || second > 60)
		return LARDER_EPROTO;
	if (second == 60)
		second = 59;
	*out = days_since_epoch(c->year, c->month, c->day) * DAY_SECONDS +
	       c->hour * 3600 + c->minute * 60 + second;
	return 0;
}

/* ---- reading: each take_ cuts what it names off *rest ------------------------------------ */

static bool take(larder_slice *rest, larder_slice literal)
{
	if (!lrd_slice_starts_nocase(*rest, literal))
		return false;
	*rest = lrd_slice_skip(*rest, literal.len);
	return true;
}

/* Exactly `count` digits. */
static bool take_number(larder_slice *rest, size_t count, int *out)
{
	int number = 0;
	size_t i;

	if (rest->len < count)
		return false;
	for (i = 0; i < count; i++) {
		if (!lrd_is(rest->ptr[i], LRD_DIGIT))
			return false;
		number = number * 10 + (rest->ptr[i] - '0');
	}
	*out = number;
	*rest = lrd_slice_skip(*rest, count);
	return true;
}

static bool take_month(larder_slice *rest, int *out)
{
	int i;

	for (i = 0; i < 12; i++) {
		if (take(rest, lrd_slice_of(month_names[i], 3))) {
			*out = i + 1;
			return true;
		}
	}
	return false;
}

/* A weekday's whole name, or its first three letters. */
static bool take_day_name(larder_slice *rest, bool whole)
{
	int i;

	for (i = 0; i < 7; i++) {
		if (take(rest,
			 lrd_slice_of(day_names[i], whole ? strlen(day_names[i]) : 3)))
			return true;
	}
	return false;
}

/* "08:49:37" */
static bool take_time(larder_slice *rest, struct civil *out)
{
	return take_number(rest, 2, &out->hour) && take(rest, LRD_SLICE(":")) &&
	       take_number(rest, 2, &out->minute) && take(rest, LRD_SLICE(":")) &&
	       take_number(rest, 2, &out->second);
}

/* " GMT" and nothing behind it. */
static bool take_zone(larder_slice *rest)
{
	return take(rest, LRD_SLICE(" ")) &&
	       (take(rest, LRD_SLICE("GMT")) || take(rest, LRD_SLICE("UTC"))) &&
	       rest->len == 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(larder_slice text, struct civil *out)
{
	return take_day_name(&text, false) && take(&text, LRD_SLICE(", ")) &&
	       take_number(&text, 2, &out->day) && take(&text, LRD_SLICE(" ")) &&
	       take_month(&text, &out->month) && take(&text, LRD_SLICE(" ")) &&
	       take_number(&text, 4, &out->year) && take(&text, LRD_SLICE(" ")) &&
	       take_time(&text, out) && take_zone(&text);
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year is left at 0 to 99. */
static bool read_rfc850(larder_slice text, struct civil *out)
{
	return take_day_name(&text, true) && take(&text, LRD_SLICE(", ")) &&
	       take_number(&text, 2, &out->day) && take(&text, LRD_SLICE("-")) &&
	       take_month(&text, &out->month) && take(&text, LRD_SLICE("-")) &&
	       take_number(&text, 2, &out->year) && take(&text, LRD_SLICE(" ")) &&
	       take_time(&text, out) && take_zone(&text);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(larder_slice text, struct civil *out)
{
	bool day;

	if (!take_day_name(&text, false) || !take(&text, LRD_SLICE(" ")) ||
	    !take_month(&text, &out->month) || !take(&text, LRD_SLICE(" ")))
		return false;
	if (take(&text, LRD_SLICE(" ")))
		day = take_number(&text, 1, &out->day);
	else
		day = take_number(&text, 2, &out->day);
	return day && take(&text, LRD_SLICE(" ")) && take_time(&text, out) &&
	       take(&text, LRD_SLICE(" ")) && take_number(&text, 4, &out->year) &&
	       text.len == 0;
}

/* Where in its year: orders two moments, whatever their years. */
static int within_year(const struct civil *c)
{
	return (((c->month * 32 + c->day) * 24 + c->hour) * 60 + c->minute) * 61 +
	       c->second;
}

/*
 * RFC 9110 s5.6.7: a two-digit year that appears to be more than 50 years in the future is the
 * most recent past year with these digits. The year is settled before the day is checked: 29
 * February exists in one century and not in another.
 */
static int settle_century(struct civil *c, int64_t now)
{
	struct civil today;

	civil_of_seconds(now, &today);
	c->year += today.year - today.year % 100;
	if (c->year < today.year - 49)
		c->year += 100;
	else if (c->year > today.year + 50)
		c->year -= 100;
	if (c->year == today.year + 50 && within_year(c) > within_year(&today))
		c->year -= 100;
	return c->year >= 0 && c->year <= 9999 ? 0 : LARDER_EPROTO;
}

int lrd_date_parse(larder_slice text, int64_t now, int64_t *out)
{
	struct civil c = { 0 };
	int rc;

	text = lrd_slice_trim(text);
	if (read_fixdate(text, &c) || read_asctime(text, &c))
		return to_seconds(&c, out);
	if (!read_rfc850(text, &c))
		return LARDER_EPROTO;
	rc = settle_century(&c, now);
	return rc < 0 ? rc : to_seconds(&c, out);
}

/* ---- writing ----------------------------------------------------------------------------- */

static void put_number(char *out, int width, int number)
{
	while (width > 0) {
		out[--width] = (char)('0' + number % 10);
		number /= 10;
	}
}

int lrd_date_format(int64_t seconds, char out[LRD_DATE_SIZE])
{
	static const char form[LRD_DATE_SIZE] = "Sun, 06 Nov 1994 08:49:37 GMT";
	int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	int64_t weekday;
	struct civil c;

	if (days < FIRST_DAY || days > LAST_DAY)
		return LARDER_EINVAL;
	civil_of_seconds(seconds, &c);
	/* The epoch was a Thursday: three days behind Monday. */
	weekday = ((days + 3) % 7 + 7) % 7;
	memcpy(out, form, LRD_DATE_SIZE);
	memcpy(out, day_names[weekday], 3);
	put_number(out + 5, 2, c.day);
	memcpy(out + 8, month_names[c.month - 1], 3);
	put_number(out + 12, 4, c.year);
	put_number(out + 17, 2, c.hour);
	put_number(out + 20, 2, c.minute);
	put_number(out + 23, 2, c.second);
	return 0;
}
