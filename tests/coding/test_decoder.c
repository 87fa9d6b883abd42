/* SPDX-License-Identifier: MIT */
/* test_decoder.c - every coding at every cut, false and cut data, bombs, short memory. */
#include "coding/decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/coding/coded.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/splits.h"

#define TEXT "the larder keeps what the kitchen made; the larder keeps it for all. "

static struct lrd_codings codings_of(const char *value)
{
	struct lrd_codings codings;

	ck_assert_int_eq(lrd_codings_read_value(lrd_slice_cstr(value), &codings), 0);
	return codings;
}

/* Feeds one piece with `room` bytes of output at a time; the first error. */
static int feed(struct lrd_decoder *decoder, larder_slice piece, size_t room,
		struct lrd_buf *out)
{
	size_t produced;
	int rc;

	do {
		char *bytes = malloc(room);

		rc = lrd_decoder_push(decoder, &piece, bytes, room, &produced);
		if (rc < 0)
			ck_assert_uint_eq(produced, 0);
		ck_assert_uint_le(produced, room);
		if (out)
			ck_assert_int_eq(lrd_buf_append(out, bytes, produced), 0);
		free(bytes);
	} while (rc == 0 && (piece.len > 0 || produced == room));
	return rc;
}

/* ---- bodies and what becomes of them ----------------------------------------------------- */

/* `make`: encoders from the innermost on; "+x" appends bytes, "-n" cuts n off the end. */
static const struct row {
	const char *encoding, *make;
	int rc;
} rows[] = {
	{ "gzip", "gzip", 0 },
	{ "x-gzip", "gzip", 0 },
	{ "deflate", "zlib", 0 },
	{ "deflate", "raw", 0 },
	{ "br", "br", 0 },
	{ "zstd", "zstd", 0 },
	{ "identity", "", 0 },
	{ "deflate, gzip", "zlib gzip", 0 },
	{ "gzip, deflate", "gzip raw", 0 },
	{ "gzip, gzip, gzip, gzip, gzip", "gzip gzip gzip gzip gzip", 0 },
	{ "br, zstd", "br zstd", 0 },
	{ "zstd, gzip, br", "zstd gzip br", 0 },
	{ "gzip", "gzip +00", 0 },
	{ "gzip", "gzip +000000000000", 0 },
	{ "gzip", "gzip +61", LARDER_ECODING },
	{ "gzip", "gzip +0061", LARDER_ECODING },
	{ "gzip", "gzip +1f", LARDER_ECODING },
	{ "gzip", "gzip +1f8b", LARDER_ECODING },
	{ "gzip", "gzip +001f8b08", LARDER_ECODING },
	{ "gzip", "gzip -1", LARDER_ECODING },
	{ "gzip", "gzip -8", LARDER_ECODING },
	{ "gzip", "gzip -9", LARDER_ECODING },
	{ "gzip", "gzip -1 +01", LARDER_ECODING },
	{ "gzip", "raw", LARDER_ECODING },
	{ "gzip", "", LARDER_ECODING },
	{ "deflate", "zlib -1", LARDER_ECODING },
	{ "deflate", "zlib -4", LARDER_ECODING },
	{ "deflate", "zlib +00", LARDER_ECODING },
	{ "deflate", "raw -1", LARDER_ECODING },
	{ "deflate", "raw +61", LARDER_ECODING },
	{ "deflate", "gzip", LARDER_ECODING },
	{ "deflate", "", LARDER_ECODING },
	{ "br", "br -1", LARDER_ECODING },
	{ "br", "br +61", LARDER_ECODING },
	{ "br", "gzip", LARDER_ECODING },
	{ "zstd", "zstd -1", LARDER_ECODING },
	{ "zstd", "zstd -5", LARDER_ECODING },
	{ "zstd", "zstd +61", LARDER_ECODING },
	{ "zstd", "zstd +28b52ffd", LARDER_ECODING },
	{ "zstd", "zstd +502a4d1802000000abcd", 0 }, /* a skippable frame */
	{ "zstd", "gzip", LARDER_ECODING },
	{ "deflate, gzip", "gzip zlib", LARDER_ECODING },
	{ "deflate, gzip", "zlib -1 gzip", LARDER_ECODING },
	{ "deflate, gzip", "zlib gzip -1", LARDER_ECODING },
	{ "gzip, zstd", "gzip -3 zstd", LARDER_ECODING },
};

static struct coded make(const char *recipe, const void *bytes, size_t len)
{
	struct coded now = join((struct coded){ NULL, 0 }, bytes, len);
	larder_slice rest = lrd_slice_cstr(recipe);
	larder_slice word;

	while (rest.len > 0 && lrd_slice_split(&rest, ' ', &word)) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s", LRD_SLICE_ARG(word));
		if (name[0] == '-') {
			now.len -= strtoul(name + 1, NULL, 10);
		} else if (name[0] == '+') {
			for (size_t i = 1; i + 1 < word.len; i += 2) {
				char digits[3] = { name[i], name[i + 1], '\0' };
				char byte = (char)strtoul(digits, NULL, 16);

				now = join(now, &byte, 1);
			}
		} else {
			struct coded next = code(name, now.ptr, now.len);

			free(now.ptr);
			now = next;
		}
	}
	return now;
}

static bool row_is_built(const struct row *row)
{
	return (supports("br") || !strstr(row->make, "br")) &&
	       (supports("br") || !strstr(row->encoding, "br")) &&
	       (supports("zstd") || !strstr(row->make, "zstd")) &&
	       (supports("zstd") || !strstr(row->encoding, "zstd"));
}

struct run {
	const struct row *row;
	larder_slice body;
	size_t room;
};

static void run_pieces(const struct lrd_piece *pieces, size_t count, const char *how,
		       void *ctx)
{
	const struct run *run = ctx;
	struct lrd_codings codings = codings_of(run->row->encoding);
	struct lrd_decoder *decoder = NULL;
	struct lrd_buf out;
	int rc = 0;

	lrd_buf_init(&out, 1 << 20, NULL);
	ck_assert_int_eq(lrd_decoder_new(&codings, NULL, NULL, &decoder), 0);
	ck_assert_str_eq(lrd_decoder_reason(decoder), "");
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = feed(decoder, lrd_slice_of(pieces[i].ptr, pieces[i].len), run->room,
			  &out);
	if (rc == 0)
		rc = lrd_decoder_finish(decoder);
	ck_assert_msg(rc == run->row->rc, "%s of %s, %s: %d (%s)", run->row->encoding,
		      run->row->make, how, rc, lrd_decoder_reason(decoder));
	if (rc == 0) {
		ck_assert_msg(lrd_slice_equal(lrd_buf_slice(&out), run->body),
			      "%s, %s: differs", run->row->make, how);
		ck_assert_uint_eq(lrd_decoder_given(decoder), run->body.len);
	} else {
		ck_assert_uint_gt(strlen(lrd_decoder_reason(decoder)), 0);
		/* The failure is for good. */
		ck_assert_int_eq(lrd_decoder_finish(decoder), rc);
		ck_assert_int_eq(feed(decoder, LRD_SLICE("x"), 16, NULL), rc);
	}
	lrd_buf_release(&out);
	lrd_decoder_free(decoder);
}

START_TEST(every_cut_decodes_the_same)
{
	static const size_t rooms[] = { 3, 4096 };
	const struct row *row = &rows[_i];
	const char *body = TEXT;
	struct run run = { row, lrd_slice_cstr(body), 0 };
	struct coded coded;

	if (!row_is_built(row))
		return;
	coded = make(row->make, body, strlen(body));
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		run.room = rooms[i];
		feed_all_splits(coded.ptr, coded.len, run_pieces, &run);
	}
	free(coded.ptr);
}
END_TEST

/* Everything but the whole is an error, in every coding. */
START_TEST(every_truncation_is_noticed)
{
	static const char *const encodings[][2] = {
		{ "gzip", "gzip" }, { "deflate", "zlib" }, { "deflate", "raw" },
		{ "br", "br" },     { "zstd", "zstd" },
	};

	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct lrd_codings codings = codings_of(encodings[i][0]);
		struct coded coded;
		struct lrd_buf out;

		if (!supports(encodings[i][0]))
			continue;
		coded = code(encodings[i][1], TEXT, sizeof(TEXT));
		lrd_buf_init(&out, 4096, NULL);
		for (size_t len = 1; len < coded.len; len++) {
			int rc = lrd_decode(&codings, NULL, NULL,
					    lrd_slice_of(coded.ptr, len), &out);

			ck_assert_msg(rc == LARDER_ECODING, "%s cut at %zu of %zu: %d",
				      encodings[i][1], len, coded.len, rc);
			ck_assert_uint_eq(out.len, 0);
		}
		lrd_buf_release(&out);
		free(coded.ptr);
	}
}
END_TEST

START_TEST(every_flipped_bit_is_survived)
{
	static const char *const encodings[] = { "gzip", "br", "zstd" };

	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct lrd_codings codings = codings_of(encodings[i]);
		struct coded coded;
		size_t passed = 0;

		if (!supports(encodings[i]))
			continue;
		coded = code(encodings[i], TEXT, sizeof(TEXT));
		for (size_t bit = 0; bit < coded.len * 8; bit++) {
			struct lrd_buf out;

			coded.ptr[bit / 8] = (char)(coded.ptr[bit / 8] ^ (1 << bit % 8));
			lrd_buf_init(&out, 1 << 16, NULL);
			if (lrd_decode(&codings, NULL, NULL, coded_slice(coded), &out) ==
				    0 &&
			    !lrd_slice_equal(lrd_buf_slice(&out),
					     lrd_slice_of(TEXT, sizeof(TEXT))))
				passed++;
			lrd_buf_release(&out);
			coded.ptr[bit / 8] = (char)(coded.ptr[bit / 8] ^ (1 << bit % 8));
		}
		/* br carries no checksum; the others let no false byte through. */
		if (strcmp(encodings[i], "br") != 0)
			ck_assert_msg(passed == 0, "%s: %zu false bodies", encodings[i],
				      passed);
		free(coded.ptr);
	}
}
END_TEST

START_TEST(all_members_are_decoded)
{
	struct lrd_codings codings = codings_of("gzip");
	struct coded all = { NULL, 0 };
	struct lrd_buf out;
	struct lrd_buf expected;

	lrd_buf_init(&out, 1 << 20, NULL);
	lrd_buf_init(&expected, 1 << 20, NULL);
	for (size_t i = 0; i < 50; i++) {
		/* Every third member is empty. */
		struct coded one = code("gzip", TEXT, i % 3 == 0 ? 0 : i);

		all = join(all, one.ptr, one.len);
		ck_assert_int_eq(lrd_buf_append(&expected, TEXT, i % 3 == 0 ? 0 : i), 0);
		free(one.ptr);
	}
	ck_assert_int_eq(lrd_decode(&codings, NULL, NULL, coded_slice(all), &out), 0);
	ck_assert(lrd_slice_equal(lrd_buf_slice(&out), lrd_buf_slice(&expected)));
	free(all.ptr);
	lrd_buf_release(&out);
	lrd_buf_release(&expected);
}
END_TEST

START_TEST(an_empty_body_is_empty)
{
	static const char *const encodings[] = { "gzip",     "deflate", "gzip, deflate",
						 "identity", "br",      "zstd" };
	struct lrd_buf out;

	lrd_buf_init(&out, 16, NULL);
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct lrd_codings codings = codings_of(encodings[i]);

		ck_assert_int_eq(lrd_decode(&codings, NULL, NULL, LRD_SLICE(""), &out), 0);
		ck_assert_uint_eq(out.len, 0);
	}
	lrd_buf_release(&out);
}
END_TEST

/* Byte by byte through two stages: the inner one is asked often and has nothing to read. */
START_TEST(a_slow_body_is_not_taken_for_a_stuck_one)
{
	static const char *const recipes[][2] = { { "zstd, gzip", "zstd gzip" },
						  { "br, gzip", "br gzip" },
						  { "zstd, br", "zstd br" } };

	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		struct row row = { recipes[i][0], recipes[i][1], 0 };
		struct lrd_codings codings = codings_of(row.encoding);
		struct lrd_decoder *decoder = NULL;
		struct coded coded;

		if (!row_is_built(&row))
			continue;
		coded = make(row.make, TEXT, sizeof(TEXT));
		ck_assert_int_eq(lrd_decoder_new(&codings, NULL, NULL, &decoder), 0);
		for (size_t at = 0; at < coded.len; at++) {
			for (size_t again = 0; again < 40; again++)
				ck_assert_int_eq(feed(decoder, LRD_SLICE(""), 100, NULL),
						 0);
			ck_assert_int_eq(feed(decoder, lrd_slice_of(coded.ptr + at, 1),
					      100, NULL),
					 0);
		}
		ck_assert_int_eq(lrd_decoder_finish(decoder), 0);
		ck_assert_uint_eq(lrd_decoder_given(decoder), sizeof(TEXT));
		lrd_decoder_free(decoder);
		free(coded.ptr);
	}
}
END_TEST

/* Windows, buffers and stages larger than any of their pieces. */
START_TEST(large_bodies_come_out_whole)
{
	static const char *const recipes[][2] = {
		{ "gzip", "gzip" },
		{ "deflate", "raw" },
		{ "br", "br" },
		{ "zstd", "zstd" },
		{ "br, gzip", "br gzip" },
		{ "gzip, zstd", "gzip zstd" },
	};
	enum { BYTES = 3 << 20 };
	char *body = malloc(BYTES);
	uint32_t seed = 1;

	/* Half random, half repeated from far back: neither stored nor a bomb. */
	for (size_t i = 0; i < BYTES; i++) {
		seed = seed * 1664525 + 1013904223;
		body[i] = i > 300000 && i / 1000 % 2 ? body[i - 300000]
						     : (char)(seed >> 24);
	}
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		struct row row = { recipes[i][0], recipes[i][1], 0 };
		struct lrd_codings codings = codings_of(row.encoding);
		struct coded coded;
		struct lrd_buf out;

		if (!row_is_built(&row))
			continue;
		coded = make(row.make, body, BYTES);
		lrd_buf_init(&out, BYTES,
			     NULL); /* exactly: not one byte of room to spare */
		ck_assert_int_eq(
			lrd_decode(&codings, NULL, NULL, coded_slice(coded), &out), 0);
		ck_assert(lrd_slice_equal(lrd_buf_slice(&out), lrd_slice_of(body, BYTES)));
		lrd_buf_release(&out);
		lrd_buf_init(&out, BYTES - 1, NULL);
		ck_assert_int_eq(lrd_buf_append_char(&out, 'x'), 0);
		ck_assert_int_eq(lrd_decode(&codings, NULL, NULL, coded_slice(coded), &out),
				 LARDER_ELIMIT);
		ck_assert_str_eq(out.ptr, "x");
		lrd_buf_release(&out);
		free(coded.ptr);
	}
	free(body);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------ */

START_TEST(the_absolute_limit_is_exact)
{
	struct lrd_coding_limits limits = { .max_output_bytes = sizeof(TEXT) };
	static const char *const encodings[] = { "gzip", "identity" };

	for (size_t i = 0; i < 2; i++) {
		struct lrd_codings codings = codings_of(encodings[i]);
		struct coded coded = make(i == 0 ? "gzip" : "", TEXT, sizeof(TEXT));
		struct lrd_buf out;

		lrd_buf_init(&out, 4096, NULL);
		limits.max_output_bytes = sizeof(TEXT);
		ck_assert_int_eq(
			lrd_decode(&codings, &limits, NULL, coded_slice(coded), &out), 0);
		limits.max_output_bytes = sizeof(TEXT) - 1;
		ck_assert_int_eq(lrd_decode(&codings, &limits, NULL, coded_slice(coded),
					    &out),
				 LARDER_ELIMIT);
		lrd_buf_release(&out);
		free(coded.ptr);
	}
}
END_TEST

/* An allocator that knows its peak. */
struct meter {
	size_t now, peak;
};

static void *meter_malloc(size_t size, void *ctx)
{
	struct meter *meter = ctx;
	size_t *block = malloc(size + 16);

	ck_assert_ptr_nonnull(block);
	*block = size;
	meter->now += size;
	if (meter->now > meter->peak)
		meter->peak = meter->now;
	return block + 2;
}

static void meter_free(void *ptr, void *ctx)
{
	struct meter *meter = ctx;
	size_t *block = ptr;

	if (!block)
		return;
	block -= 2;
	meter->now -= *block;
	free(block);
}

static void *meter_realloc(void *ptr, size_t size, void *ctx)
{
	(void)ptr;
	(void)size;
	(void)ctx;
	ck_abort_msg("codecs do not grow blocks");
	return NULL;
}

/* Bombs: 24 MiB of zeros, in every coding and twice over. */
static const char *const bombs[][2] = {
	{ "gzip", "gzip" },        { "deflate", "zlib" },
	{ "deflate", "raw" },      { "br", "br" },
	{ "zstd", "zstd" },        { "gzip, gzip", "gzip gzip" },
	{ "br, br", "br br" },     { "zstd, zstd", "zstd zstd" },
	{ "gzip, br", "gzip br" }, { "gzip, gzip, gzip, zstd", "gzip gzip gzip zstd" },
};

START_TEST(bombs_are_stopped_early)
{
	enum { BYTES = 24 << 20 };
	struct row row = { bombs[_i][0], bombs[_i][1], LARDER_ELIMIT };
	struct meter meter = { 0, 0 };
	larder_allocator mem = { meter_malloc, meter_realloc, meter_free, &meter };
	struct lrd_codings codings = codings_of(row.encoding);
	struct lrd_coding_limits off = { .max_ratio = LRD_CODING_UNLIMITED };
	static const size_t rooms[] = { 1000, 1 << 20 };
	struct lrd_decoder *decoder = NULL;
	uint64_t given = 0;
	struct coded coded;
	char *zeros;

	if (!row_is_built(&row))
		return;
	zeros = calloc(1, BYTES);
	ck_assert_ptr_nonnull(zeros);
	coded = make(row.make, zeros, BYTES);
	free(zeros);
	for (size_t i = 0; i < 2; i++) {
		int rc;

		ck_assert_int_eq(lrd_decoder_new(&codings, NULL, &mem, &decoder), 0);
		rc = feed(decoder, coded_slice(coded), rooms[i], NULL);
		ck_assert_msg(rc == LARDER_ELIMIT, "%s: %d %s", row.encoding, rc,
			      lrd_decoder_reason(decoder));
		ck_assert_uint_le(lrd_decoder_given(decoder), (1 << 20) + (1 << 16));
		/* The verdict comes at the same place whatever the buffer. */
		if (i > 0)
			ck_assert_uint_eq(given >> 20, lrd_decoder_given(decoder) >> 20);
		given = lrd_decoder_given(decoder);
		lrd_decoder_free(decoder);
	}
	/* With the ratio off it is an ordinary body, in bounded memory. */
	ck_assert_int_eq(lrd_decoder_new(&codings, &off, &mem, &decoder), 0);
	ck_assert_int_eq(feed(decoder, coded_slice(coded), 1 << 16, NULL), 0);
	ck_assert_int_eq(lrd_decoder_finish(decoder), 0);
	ck_assert_uint_eq(lrd_decoder_given(decoder), BYTES);
	lrd_decoder_free(decoder);
	ck_assert_uint_eq(meter.now, 0);
	ck_assert_uint_le(meter.peak, (32 << 20) + (64 << 10));
	free(coded.ptr);
}
END_TEST

START_TEST(memory_is_bounded_by_an_option)
{
	struct lrd_coding_limits limits = { .max_memory_bytes = 4000 };
	struct lrd_coding_limits window = { .max_memory_bytes = 2 << 20,
					    .max_ratio = LRD_CODING_UNLIMITED };
	static const char *const wide[] = { "br", "zstd" };
	struct lrd_codings codings = codings_of("gzip");
	char *zeros = calloc(1, 9 << 20);
	struct coded coded = code("gzip", TEXT, sizeof(TEXT));
	struct lrd_buf out;

	lrd_buf_init(&out, 16 << 20, NULL);
	ck_assert_int_eq(lrd_decode(&codings, &limits, NULL, coded_slice(coded), &out),
			 LARDER_ELIMIT);
	free(coded.ptr);
	/* A window that the sender chose, larger than what we grant. */
	for (size_t i = 0; i < 2; i++) {
		if (!supports(wide[i]))
			continue;
		codings = codings_of(wide[i]);
		coded = code(wide[i], zeros, 9 << 20);
		ck_assert_int_eq(lrd_decode(&codings, &window, NULL, coded_slice(coded),
					    &out),
				 LARDER_ELIMIT);
		free(coded.ptr);
	}
	lrd_buf_release(&out);
	free(zeros);
}
END_TEST

START_TEST(a_zstd_window_above_8_mib_is_refused)
{
	/* Magic, a frame header without content size, a window of 16 MiB: (24 - 10) << 3. */
	static const char frame[] = { 0x28,    (char)0xb5, 0x2f, (char)0xfd, 0x00,
				      14 << 3, 0x01,       0x00, 0x00 };
	struct lrd_codings codings = codings_of("zstd");
	struct lrd_buf out;

	if (!supports("zstd"))
		return;
	lrd_buf_init(&out, 16, NULL);
	ck_assert_int_eq(lrd_decode(&codings, NULL, NULL,
				    lrd_slice_of(frame, sizeof(frame)), &out),
			 LARDER_ELIMIT);
	lrd_buf_release(&out);
}
END_TEST

/* A member that holds nothing costs twenty bytes: a mebibyte of them is no bomb. */
START_TEST(many_empty_members_take_linear_time)
{
	struct coded one = code("gzip", "", 0);
	struct lrd_codings codings = codings_of("gzip");
	struct lrd_buf all;
	struct lrd_buf out;

	lrd_buf_init(&all, 2 << 20, NULL);
	lrd_buf_init(&out, 16, NULL);
	while (all.len < 1 << 20)
		ck_assert_int_eq(lrd_buf_append(&all, one.ptr, one.len), 0);
	ck_assert_int_eq(lrd_decode(&codings, NULL, NULL, lrd_buf_slice(&all), &out), 0);
	ck_assert_uint_eq(out.len, 0);
	lrd_buf_release(&all);
	lrd_buf_release(&out);
	free(one.ptr);
}
END_TEST

/* ---- short memory ------------------------------------------------------------------------ */

START_TEST(every_allocation_may_fail)
{
	static const char *const recipes[][2] = {
		{ "gzip", "gzip" },
		{ "deflate, gzip", "raw gzip" },
		{ "br, gzip", "br gzip" },
		{ "zstd, deflate", "zstd zlib" },
	};

	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		struct row row = { recipes[i][0], recipes[i][1], 0 };
		struct lrd_failing_alloc fa;
		larder_allocator mem = { lrd_failing_malloc, lrd_failing_realloc,
					 lrd_failing_free, &fa };
		struct lrd_codings codings = codings_of(row.encoding);
		struct coded coded;
		size_t calls;

		if (!row_is_built(&row))
			continue;
		coded = make(row.make, TEXT, sizeof(TEXT));
		lrd_failing_alloc_init(&fa, 0);
		calls = 1;
		for (size_t fail_at = 0; fail_at <= calls; fail_at++) {
			struct lrd_buf out;
			int rc;

			lrd_failing_alloc_init(&fa, fail_at);
			lrd_buf_init(&out, 4096, &mem);
			rc = lrd_decode(&codings, NULL, &mem, coded_slice(coded), &out);
			if (fail_at == 0)
				calls = fa.calls;
			ck_assert_int_eq(rc, fail_at == 0 ? 0 : LARDER_ENOMEM);
			ck_assert_uint_eq(out.len, rc == 0 ? sizeof(TEXT) : 0);
			lrd_buf_release(&out);
			ck_assert_int_eq(fa.live, 0);
		}
		ck_assert_uint_gt(calls, 2);
		free(coded.ptr);
	}
}
END_TEST

START_TEST(a_free_accepts_null)
{
	lrd_decoder_free(NULL);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("coding/decoder");
	TCase *tcase = tcase_create("bodies");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, every_cut_decodes_the_same, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, every_truncation_is_noticed);
	tcase_add_test(tcase, every_flipped_bit_is_survived);
	tcase_add_test(tcase, all_members_are_decoded);
	tcase_add_test(tcase, an_empty_body_is_empty);
	tcase_add_test(tcase, a_slow_body_is_not_taken_for_a_stuck_one);
	tcase_add_test(tcase, large_bodies_come_out_whole);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("limits");
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, the_absolute_limit_is_exact);
	tcase_add_loop_test(tcase, bombs_are_stopped_early, 0,
			    sizeof(bombs) / sizeof(bombs[0]));
	tcase_add_test(tcase, memory_is_bounded_by_an_option);
	tcase_add_test(tcase, a_zstd_window_above_8_mib_is_refused);
	tcase_add_test(tcase, many_empty_members_take_linear_time);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("memory");
	tcase_add_test(tcase, every_allocation_may_fail);
	tcase_add_test(tcase, a_free_accepts_null);
	suite_add_tcase(suite, tcase);
	return suite;
}
