/* SPDX-License-Identifier: MIT */
/* text.c - bytes, sizes, times and durations as a person reads and writes them. */
#include "tools/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/bytes/utf8.h"

static const uint64_t YEAR_S = 365 * 86400;

/* Length of the UTF-8 character at bytes[0], 0 when there is none; *point is its number. */
static size_t character(larder_slice bytes, uint32_t *point)
{
	unsigned char first = (unsigned char)bytes.ptr[0];
	size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t value = first;

	if (len > bytes.len || !lrd_utf8_valid(lrd_slice_first(bytes, len)))
		return 0;
	if (len > 1)
		value &= 0xff >> (len + 1);
	for (size_t i = 1; i < len; i++)
		value = value << 6 | ((unsigned char)bytes.ptr[i] & 0x3f);
	*point = value;
	return len;
}

/* Controls, and the characters that let a text be shown in another order than it has. */
static bool acts_on_terminal(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

/* Writes the safe form of what stands at bytes[0]; returns how many bytes it took. */
static size_t escape_one(larder_slice bytes, char out[8])
{
	uint32_t point = 0;
	size_t len = character(bytes, &point);

	if (len == 0 || (len == 1 && acts_on_terminal(point))) {
		snprintf(out, 8, "\\x%02x", (unsigned)(unsigned char)bytes.ptr[0]);
		return 1;
	}
	if (acts_on_terminal(point)) {
		snprintf(out, 8, "\\u%04x", (unsigned)(point & 0xffff));
		return len;
	}
	if (point == '\\') {
		memcpy(out, "\\\\", 3);
		return 1;
	}
	memcpy(out, bytes.ptr, len);
	out[len] = '\0';
	return len;
}

size_t lrd_cli_text_escape_into(larder_slice bytes, char *out, size_t cap)
{
	size_t used = 0;

	while (bytes.len > 0) {
		char piece[8];
		size_t taken = escape_one(bytes, piece);
		size_t len = strlen(piece);

		if (len >= cap - used)
			break;
		memcpy(out + used, piece, len);
		used += len;
		bytes = lrd_slice_skip(bytes, taken);
	}
	out[used] = '\0';
	return used;
}

void lrd_cli_text_print(FILE *out, larder_slice bytes)
{
	while (bytes.len > 0) {
		char piece[8];
		size_t taken = escape_one(bytes, piece);

		fputs(piece, out);
		bytes = lrd_slice_skip(bytes, taken);
	}
}

const char *lrd_cli_text_size(uint64_t bytes, char out[LRD_TEXT_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(out, LRD_TEXT_SIZE, "%" PRIu64 " B", bytes);
		return out;
	}
	/* 1023.95 would be shown as 1024.0 of the smaller unit. */
	for (value /= 1024; value >= 1023.95 && unit < 5; unit++)
		value /= 1024;
	snprintf(out, LRD_TEXT_SIZE, "%.*f %s", unit >= 2 ? 2 : 1, value, units[unit]);
	return out;
}

/* At most 8 characters: columns of them stand under one another. */
const char *lrd_cli_text_duration(int64_t seconds, char out[LRD_TEXT_SIZE])
{
	const char *sign = seconds < 0 ? "-" : "";
	uint64_t s = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;

	if (s < 60)
		snprintf(out, LRD_TEXT_SIZE, "%s%" PRIu64 "s", sign, s);
	else if (s < 3600)
		snprintf(out, LRD_TEXT_SIZE, "%s%" PRIu64 "m%02us", sign, s / 60,
			 (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(out, LRD_TEXT_SIZE, "%s%" PRIu64 "h%02um", sign, s / 3600,
			 (unsigned)(s % 3600 / 60));
	else if (s < YEAR_S)
		snprintf(out, LRD_TEXT_SIZE, "%s%" PRIu64 "d%02uh", sign, s / 86400,
			 (unsigned)(s % 86400 / 3600));
	else if (s < 100 * YEAR_S)
		snprintf(out, LRD_TEXT_SIZE, "%s%" PRIu64 "y%03ud", sign, s / YEAR_S,
			 (unsigned)(s % YEAR_S / 86400));
	else
		snprintf(out, LRD_TEXT_SIZE, "%s100y+", sign);
	return out;
}

const char *lrd_cli_text_time(int64_t unix_seconds, char out[LRD_TEXT_SIZE])
{
	time_t when = (time_t)unix_seconds;
	struct tm parts;

	if (unix_seconds == 0 || !gmtime_r(&when, &parts) ||
	    strftime(out, LRD_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		memcpy(out, "-", 2);
	return out;
}

int lrd_cli_text_parse_number(const char *text, uint64_t *number)
{
	return lrd_u64_parse(lrd_slice_cstr(text), number) < 0 ? LARDER_EINVAL : LARDER_OK;
}

/* Seconds for a unit's letter, 0 for what is none. */
static uint64_t unit_seconds(larder_slice unit)
{
	static const struct {
		larder_slice name;
		uint64_t seconds;
	} units[] = {
		{ LRD_SLICE_INIT(""), 1 },      { LRD_SLICE_INIT("s"), 1 },
		{ LRD_SLICE_INIT("m"), 60 },    { LRD_SLICE_INIT("h"), 3600 },
		{ LRD_SLICE_INIT("d"), 86400 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (lrd_slice_equal(unit, units[i].name))
			return units[i].seconds;
	}
	return 0;
}

int lrd_cli_text_parse_ms(const char *text, uint32_t *ms)
{
	size_t digits = strspn(text, "0123456789.");
	larder_slice whole = lrd_slice_of(text, digits);
	larder_slice fraction = LRD_SLICE("0");
	uint64_t unit = unit_seconds(lrd_slice_cstr(text + digits));
	uint64_t a = 0;
	uint64_t b = 0;

	lrd_slice_cut(whole, '.', &whole, &fraction);
	if (unit == 0 || fraction.len > 3 || lrd_u64_parse(whole, &a) < 0 ||
	    lrd_u64_parse(fraction, &b) < 0 || a > UINT32_MAX)
		return LARDER_EINVAL;
	for (size_t i = fraction.len; i < 3; i++)
		b *= 10;
	a = (a * 1000 + b) * unit;
	if (a > UINT32_MAX)
		return LARDER_EINVAL;
	*ms = (uint32_t)a;
	return LARDER_OK;
}
