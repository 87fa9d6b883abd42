/* SPDX-License-Identifier: MIT */
/* text_reply.c - replies of the text protocol, from bytes to values. */
#include "proto/memcache/text.h"

#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

/* "STAT name value", "VERSION text": what stands behind the first blank. */
static larder_slice after_blank(larder_slice line)
{
	return lrd_slice_skip(line, lrd_slice_find(line, ' ') + 1);
}

/* VALUE key flags bytes [cas], its block, CR LF. */
static ptrdiff_t parse_value(larder_slice rest, larder_slice input, size_t line_len,
			     uint64_t value_max, struct lrd_mc_reply *reply)
{
	larder_slice words[5];
	size_t count = 0;
	uint64_t flags, len, cas = 0;

	while (count < 5 && lrd_mc_next_word(&rest, &words[count]))
		count++;
	if (count < 3 || count > 4 || words[0].len > LRD_MC_KEY_MAX ||
	    lrd_u64_parse(words[1], &flags) < 0 || flags > UINT32_MAX ||
	    lrd_u64_parse(words[2], &len) < 0 || len > value_max || len > LRD_MC_VALUE_MAX)
		return LRD_MC_BAD;
	if (count == 4 && lrd_u64_parse(words[3], &cas) < 0)
		return LRD_MC_BAD;
	if (input.len < line_len + len + 2)
		return LRD_MC_PARTIAL;
	if (memcmp(input.ptr + line_len + len, "\r\n", 2) != 0)
		return LRD_MC_BAD;
	*reply = (struct lrd_mc_reply){
		.status = LRD_MC_VALUE,
		.has_cas = count == 4,
		.key = words[0],
		.value = lrd_slice_of(input.ptr + line_len, (size_t)len),
		.client_flags = (uint32_t)flags,
		.cas = cas,
	};
	return (ptrdiff_t)(line_len + len + 2);
}

static bool parse_stat(larder_slice line, struct lrd_mc_reply *out)
{
	larder_slice rest = after_blank(line);

	out->status = LRD_MC_STAT;
	if (!lrd_mc_next_word(&rest, &out->key))
		return false;
	out->text = lrd_slice_skip(rest, 1);
	return true;
}

static bool parse_fixed(larder_slice line, struct lrd_mc_reply *out)
{
	for (int i = 0; i < LRD_MC_STATUS_COUNT; i++) {
		if (lrd_slice_equal(line, lrd_mc_status_text((enum lrd_mc_status)i))) {
			out->status = (enum lrd_mc_status)i;
			return true;
		}
	}
	return false;
}

/* Every reply of one line. */
static bool parse_single(larder_slice line, struct lrd_mc_reply *out)
{
	static const struct {
		larder_slice start;
		enum lrd_mc_status status;
	} texts[] = {
		{ LRD_SLICE_INIT("VERSION "), LRD_MC_VERSION_IS },
		{ LRD_SLICE_INIT("CLIENT_ERROR "), LRD_MC_CLIENT_ERROR },
		{ LRD_SLICE_INIT("SERVER_ERROR "), LRD_MC_SERVER_ERROR },
	};
	larder_slice digits = line;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (lrd_slice_starts(line, texts[i].start)) {
			out->status = texts[i].status;
			out->text = after_blank(line);
			return true;
		}
	}
	if (lrd_slice_starts(line, LRD_SLICE("STAT ")))
		return parse_stat(line, out);
	/* memcached pads a number that shrank with blanks. */
	while (digits.len > 1 && digits.ptr[digits.len - 1] == ' ')
		digits.len--;
	if (lrd_u64_parse(digits, &out->number) == 0) {
		out->status = LRD_MC_NUMBER;
		return true;
	}
	return parse_fixed(line, out);
}

ptrdiff_t lrd_mc_text_reply(larder_slice input, uint64_t value_max,
			    struct lrd_mc_reply *reply)
{
	struct lrd_mc_reply found = { .status = LRD_MC_ERROR };
	const char *lf = input.len ? memchr(input.ptr, '\n', input.len) : NULL;
	larder_slice line;
	size_t len;

	if (!lf)
		return input.len > LRD_MC_LINE_MAX ? LRD_MC_BAD : LRD_MC_PARTIAL;
	len = (size_t)(lf - input.ptr);
	if (len < 2 || lf[-1] != '\r' || len - 1 > LRD_MC_LINE_MAX)
		return LRD_MC_BAD;
	line = lrd_slice_first(input, len - 1);
	if (lrd_slice_starts(line, LRD_SLICE("VALUE ")))
		return parse_value(after_blank(line), input, len + 1, value_max, reply);
	if (!parse_single(line, &found))
		return LRD_MC_BAD;
	*reply = found;
	return (ptrdiff_t)len + 1;
}
