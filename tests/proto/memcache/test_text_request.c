/* SPDX-License-Identifier: MIT */
/*
 * test_text_request.c - requests of the text protocol: each row is a stream and the log of
 * what the parser made of it, the same for every cut of the stream.
 *
 * The log has one item a command: verb, key, the numbers that the verb has, =value, and
 * !refusal. "BAD" ends a log whose connection must close; "+N" says that N bytes are left
 * over which are not yet a request.
 */
#include "proto/memcache/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"
#include "tests/support/splits.h"

static const struct lrd_mc_limits limits = {
	.item_max = 200,
	.line_long_max = 4096,
	.inline_max = 20,
	.joined_max = 40,
};

struct row {
	const char *name;
	const char *stream;
	const char *log;
};

#define K50    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define K250   K50 K50 K50 K50 K50
#define V25    "vvvvvvvvvvvvvvvvvvvvvvvvv"
#define FORMAT "!CLIENT_ERROR bad command line format"

static const struct row rows[] = {
	{ "get", "get a\r\n", "get a" },
	{ "bare newline", "get a\n", "get a" },
	{ "many keys", "get a b  c\r\n", "get a,b,c" },
	{ "blank at the end", "get a \r\n", "get a" },
	{ "any byte but blank and newline", "get \x01\xc3\xa9\t\r\r\n",
	  "get \x01\xc3\xa9\t\r" },
	{ "gets", "gets a b\r\n", "gets a,b" },
	{ "gat", "gat -5 a b\r\n", "gat x-5 a,b" },
	{ "gats", "gats 10 a\r\n", "gats x10 a" },
	{ "gat junk", "gat x a\r\n", "gat !CLIENT_ERROR invalid exptime argument" },
	{ "gat without a key", "gat 10\r\n", "gat x10 " FORMAT },
	{ "get without a key", "get\r\nget \r\n", "get " FORMAT ";get " FORMAT },
	{ "key of 250 bytes", "get " K250 "\r\n", "get " K250 },
	{ "key of 251 bytes", "get " K250 "k\r\n", "get " FORMAT },
	{ "second key too long", "get a " K250 "k\r\n", "get " FORMAT },
	{ "pipelined", "get a\r\nversion\r\nget b\r\n", "get a;version;get b" },
	{ "half a line", "get a\r\nget b", "get a;+5" },

	{ "set", "set a 1 2 3\r\nabc\r\n", "set a f1 x2 n3 =abc" },
	{ "set noreply", "set a 1 2 3 noreply\r\nabc\r\n", "set a f1 x2 n3 noreply =abc" },
	{ "a word without meaning", "set a 1 2 3 junk\r\nabc\r\n", "set a f1 x2 n3 =abc" },
	{ "empty block", "set a 0 0 0\r\n\r\n", "set a f0 x0 n0 =" },
	{ "block with line ends", "set a 0 0 4\r\n\r\n\r\n\r\n",
	  "set a f0 x0 n4 =\r\n\r\n" },
	{ "bare newline before a block", "set a 0 0 1\nx\r\n", "set a f0 x0 n1 =x" },
	{ "block not there yet", "set a 0 0 3\r\nabc\r", "+17" },
	{ "block too long", "set a 0 0 3\r\nabcdef\r\nget a\r\n",
	  "set a f0 x0 n3 !CLIENT_ERROR bad data chunk; !ERROR;get a" },
	{ "block too short", "set a 0 0 3\r\nab\r\nget a\r\n",
	  "set a f0 x0 n3 !CLIENT_ERROR bad data chunk; !ERROR" },
	{ "block ended by a bare newline", "set a 0 0 3\r\nabc\n\r\n",
	  "set a f0 x0 n3 !CLIENT_ERROR bad data chunk; !ERROR" },
	{ "add replace append prepend",
	  "add a 0 0 1\r\nx\r\nreplace a 0 0 1\r\nx\r\nappend a 0 0 1\r\nx\r\nprepend a "
	  "0 0 1\r\nx\r\n",
	  "add a f0 x0 n1 =x;replace a f0 x0 n1 =x;append a f0 x0 n1 =x;prepend a f0 x0 "
	  "n1 =x" },
	{ "cas", "cas a 0 0 1 18446744073709551615\r\nx\r\n",
	  "cas a f0 x0 n1 c18446744073709551615 =x" },
	{ "cas noreply", "cas a 0 0 1 7 noreply\r\nx\r\n", "cas a f0 x0 n1 c7 noreply =x" },
	{ "cas junk", "cas a 0 0 1 x\r\nx\r\nget a\r\n",
	  "cas a f0 x0 n1 " FORMAT ";skip;get a" },
	{ "cas missing", "cas a 0 0 1\r\nx\r\n", "cas a f0 x0 n1 " FORMAT ";skip" },
	{ "cas too large", "cas a 0 0 1 18446744073709551616\r\nx\r\n",
	  "cas a f0 x0 n1 " FORMAT ";skip" },

	{ "flags at their limit", "set a 4294967295 0 1\r\nx\r\n",
	  "set a f4294967295 x0 n1 =x" },
	{ "flags too large", "set a 4294967296 0 1\r\nx\r\n",
	  "set a f0 x0 n1 " FORMAT ";skip" },
	{ "flags negative", "set a -1 0 1\r\nx\r\n", "set a f0 x0 n1 " FORMAT ";skip" },
	{ "flags junk", "set a 1x 0 1 noreply\r\nx\r\n",
	  "set a f0 x0 n1 noreply " FORMAT ";skip" },
	{ "exptime junk", "set a 0 1h 1\r\nx\r\n", "set a f0 x0 n1 " FORMAT ";skip" },
	{ "exptime negative", "set a 0 -1 1\r\nx\r\n", "set a f0 x-1 n1 =x" },
	{ "bytes junk: the block is parsed", "set a 0 0 x\r\nget b\r\n",
	  "set a f0 x0 n0 " FORMAT ";get b" },
	{ "bytes negative", "set a 0 0 -1\r\nget b\r\n",
	  "set a f0 x0 n0 " FORMAT ";get b" },
	{ "bytes past 31 bits", "set a 0 0 2147483646\r\nget b\r\n",
	  "set a f0 x0 n2147483646 " FORMAT ";get b" },
	{ "bytes missing", "set a 0 0\r\nget b\r\n", "set a f0 x0 n0 " FORMAT ";get b" },
	{ "set alone", "set\r\n", "set f0 x0 n0 " FORMAT },
	{ "too many words", "set a 0 0 1 a b\r\nx\r\n", "set a f0 x0 n1 " FORMAT ";skip" },
	{ "refused key, block skipped", "set " K250 "k 0 0 3\r\nabc\r\nget b\r\n",
	  "set f0 x0 n3 " FORMAT ";skip;get b" },

	{ "streamed", "set a 1 0 25\r\n" V25 "\r\nget b\r\n",
	  "set a f1 x0 n25 =" V25 ".;get b" },
	{ "streamed, bad end", "set a 1 0 25\r\n" V25 "x\r\nget b\r\n",
	  "set a f1 x0 n25 =" V25 ".!CLIENT_ERROR bad data chunk; !ERROR;get b" },
	{ "streamed, not all there", "set a 1 0 25\r\nvvv", "set a f1 x0 n25 =vvv" },
	{ "append is never streamed", "append a 0 0 25\r\n" V25 "\r\n",
	  "append a f0 x0 n25 =" V25 },
	{ "append above its limit", "append a 0 0 50\r\n" V25 V25 "\r\nget b\r\n",
	  "append a f0 x0 n50 !SERVER_ERROR object too large for cache;skip;get b" },
	{ "item at its limit", "set a 0 0 135\r\n" V25 V25 V25 V25 V25 "0123456789\r\n",
	  "set a f0 x0 n135 =" V25 V25 V25 V25 V25 "0123456789." },
	{ "item too large",
	  "set a 0 0 136\r\n" V25 V25 V25 V25 V25 "0123456789x\r\nget b\r\n",
	  "set a f0 x0 n136 !SERVER_ERROR object too large for cache;skip;get b" },

	{ "delete", "delete a\r\ndelete a noreply\r\ndelete a 0\r\ndelete a 0 noreply\r\n",
	  "delete a;delete a noreply;delete a;delete a noreply" },
	{ "delete junk", "delete a 1\r\n",
	  "delete a !CLIENT_ERROR bad command line format.  Usage: delete <key> "
	  "[noreply]" },
	{ "delete junk behind 0", "delete a 0 junk\r\n",
	  "delete a !CLIENT_ERROR bad command line format.  Usage: delete <key> "
	  "[noreply]" },
	{ "delete alone", "delete\r\n", "delete " FORMAT },
	{ "incr decr", "incr a 5\r\ndecr a 18446744073709551615 noreply\r\n",
	  "incr a d5;decr a d18446744073709551615 noreply" },
	{ "incr junk", "incr a x\r\n",
	  "incr a d0 !CLIENT_ERROR invalid numeric delta argument" },
	{ "incr negative", "incr a -1\r\n",
	  "incr a d0 !CLIENT_ERROR invalid numeric delta argument" },
	{ "incr wraps", "incr a 18446744073709551616\r\n",
	  "incr a d0 !CLIENT_ERROR invalid numeric delta argument" },
	{ "incr missing", "incr a\r\n", "incr a d0 " FORMAT },
	{ "touch", "touch a 10\r\ntouch a -1 noreply\r\n",
	  "touch a x10;touch a x-1 noreply" },
	{ "touch junk", "touch a x\r\n",
	  "touch a x0 !CLIENT_ERROR invalid exptime argument" },
	{ "flush_all",
	  "flush_all\r\nflush_all 10\r\nflush_all noreply\r\nflush_all 5 noreply\r\n",
	  "flush_all x0;flush_all x10;flush_all x0 noreply;flush_all x5 noreply" },
	{ "flush_all junk", "flush_all x\r\n",
	  "flush_all x0 !CLIENT_ERROR invalid exptime argument" },
	{ "verbosity", "verbosity 1\r\nverbosity 2 noreply\r\n",
	  "verbosity d1;verbosity d2 noreply" },
	{ "verbosity junk", "verbosity\r\nverbosity x\r\n",
	  "verbosity d0 " FORMAT ";verbosity d0 " FORMAT },
	{ "silence where the line is wrong",
	  "verbosity noreply\r\nincr a noreply\r\nset a 0 0 noreply\r\nget a\r\n",
	  "verbosity d0 noreply " FORMAT
	  ";incr a d0 noreply !CLIENT_ERROR invalid numeric delta argument"
	  ";set a f0 x0 n0 noreply " FORMAT ";get a" },
	{ "words", "stats detail  on \r\nversion x y\r\nquit\r\n",
	  "stats (detail  on);version (x y);quit" },

	{ "unknown", "foo\r\n\r\n get a\r\nGET a\r\n", " !ERROR; !ERROR; !ERROR; !ERROR" },
	{ "an HTTP request", "POST /x HTTP/1.1\r\nHost: a\r\n\r\n", "BAD" },
	{ "HTTP/0.9 is junk", "GET /\r\n", " !ERROR" },
	{ "a key that looks like HTTP", "get HTTP/1.1\r\n", "get HTTP/1.1" },
};

struct text {
	char *ptr;
	size_t len;
};

static void put(struct text *log, const char *bytes, size_t len)
{
	log->ptr = realloc(log->ptr, log->len + len + 1);
	ck_assert_ptr_nonnull(log->ptr);
	if (len)
		memcpy(log->ptr + log->len, bytes, len);
	log->len += len;
	log->ptr[log->len] = '\0';
}

static void put_number(struct text *log, char letter, long long number, bool is_signed)
{
	char digits[32];
	int len = is_signed ? snprintf(digits, sizeof(digits), " %c%lld", letter, number)
			    : snprintf(digits, sizeof(digits), " %c%llu", letter,
				       (unsigned long long)number);

	put(log, digits, (size_t)len);
}

static void put_keys(struct text *log, larder_slice keys)
{
	larder_slice key;
	char separator = ' ';

	while (lrd_mc_next_word(&keys, &key)) {
		put(log, &separator, 1);
		put(log, key.ptr, key.len);
		separator = ',';
	}
}

static void put_refusal(struct text *log, enum lrd_mc_refusal refusal)
{
	larder_slice text = lrd_mc_refusal_text(refusal);

	put(log, "!", 1);
	put(log, text.ptr, text.len);
}

static void put_line(struct text *log, const struct lrd_mc_command *command)
{
	const char *name = lrd_mc_verb_name(command->verb);
	const char *letters = command->verb ? lrd_mc_verb_arguments(command->verb) : "";

	if (name)
		put(log, name, strlen(name));
	for (; *letters; letters++) {
		if (*letters == 'k' && command->key.len &&
		    command->key.len <= LRD_MC_KEY_MAX)
			put_keys(log, command->key);
		if (*letters == 'K' && !command->refusal)
			put_keys(log, command->keys);
		if (*letters == 'f')
			put_number(log, 'f', command->client_flags, false);
		if ((*letters == 'x' || *letters == 'X') &&
		    !(command->verb == LRD_MC_GAT &&
		      command->refusal == LRD_MC_REFUSED_EXPTIME))
			put_number(log, 'x', command->exptime, true);
		if (*letters == 'n')
			put_number(log, 'n', (long long)command->value_len, false);
		if (*letters == 'c' && !command->refusal)
			put_number(log, 'c', (long long)command->cas, false);
		if (*letters == 'd' || *letters == 'u')
			put_number(log, 'd', (long long)command->number, false);
	}
	if (command->words.len) {
		put(log, " (", 2);
		put(log, command->words.ptr, command->words.len);
		put(log, ")", 1);
	}
	if (command->noreply)
		put(log, " noreply", 8);
	if (command->refusal) {
		put(log, " ", 1);
		put_refusal(log, command->refusal);
	} else if (command->part == LRD_MC_HEAD ||
		   (lrd_mc_verb_traits(command->verb) & LRD_MC_TRAIT_BLOCK)) {
		put(log, " =", 2);
		put(log, command->value.ptr, command->value.len);
	}
}

static void put_command(struct text *log, const struct lrd_mc_command *command)
{
	static const char skip[] = ";skip";

	if (command->verb == LRD_MC_NONE && !command->refusal) {
		/* However many pieces it came in. */
		if (log->len < 5 || memcmp(log->ptr + log->len - 5, skip, 5) != 0)
			put(log, skip, 5);
		return;
	}
	if (command->part == LRD_MC_PIECE) {
		put(log, command->value.ptr, command->value.len);
	} else if (command->part == LRD_MC_TAIL) {
		put(log, ".", 1);
		if (command->refusal)
			put_refusal(log, command->refusal);
	} else {
		if (log->len)
			put(log, ";", 1);
		put_line(log, command);
	}
}

static void feed(const struct lrd_piece *pieces, size_t count, const char *how, void *ctx)
{
	const struct row *row = ctx;
	struct lrd_mc_text parser;
	struct text log = { NULL, 0 };
	char *pending = NULL;
	size_t len = 0;
	ptrdiff_t taken = LRD_MC_PARTIAL;

	put(&log, "", 0);
	lrd_mc_text_init(&parser, &limits);
	for (size_t i = 0; i < count && taken != LRD_MC_BAD; i++) {
		/* What is kept is laid anew against a guard page each time. */
		char *joined = malloc(len + pieces[i].len + 1);

		ck_assert_ptr_nonnull(joined);
		if (len)
			memcpy(joined, pending, len);
		memcpy(joined + len, pieces[i].ptr, pieces[i].len);
		if (pending)
			lrd_guard_free(pending, len);
		len += pieces[i].len;
		for (;;) {
			char *input = lrd_guard_alloc(joined, len);
			struct lrd_mc_command command;

			taken = lrd_mc_text_request(&parser, lrd_slice_of(input, len),
						    &command);
			if (taken > 0) {
				ck_assert_uint_le((size_t)taken, len);
				put_command(&log, &command);
				memmove(joined, joined + taken, len - (size_t)taken);
			}
			lrd_guard_free(input, len);
			if (taken < 0)
				break;
			len -= (size_t)taken;
		}
		pending = lrd_guard_alloc(joined, len);
		free(joined);
	}
	if (taken == LRD_MC_BAD) {
		put(&log, log.len ? ";BAD" : "BAD", log.len ? 4 : 3);
	} else if (len) {
		char left[32];
		int n = snprintf(left, sizeof(left), "%s+%zu", log.len ? ";" : "", len);

		ck_assert_uint_gt(parser.wants, len);
		put(&log, left, (size_t)n);
	}
	if (pending)
		lrd_guard_free(pending, len);
	ck_assert_msg(strcmp(log.ptr, row->log) == 0, "%s (%s):\n got %s\nwant %s",
		      row->name, how, log.ptr, row->log);
	free(log.ptr);
}

START_TEST(each_row_at_every_cut)
{
	feed_all_splits(rows[_i].stream, strlen(rows[_i].stream), feed, (void *)&rows[_i]);
}
END_TEST

/* A line of `len` bytes, its end not among them. */
static ptrdiff_t long_line(const char *start, size_t len, bool ended)
{
	char *line = malloc(len + 2);
	struct lrd_mc_text parser;
	struct lrd_mc_command command;
	ptrdiff_t taken;

	ck_assert_ptr_nonnull(line);
	for (size_t i = 0; i < len; i++)
		line[i] = i % 200 == 199 ? ' ' : 'k';
	memcpy(line, start, strlen(start));
	memcpy(line + len, "\r\n", 2);
	lrd_mc_text_init(&parser, &limits);
	taken = lrd_mc_text_request(&parser, lrd_slice_of(line, ended ? len + 2 : len),
				    &command);
	if (taken == LRD_MC_BAD)
		ck_assert_int_eq(lrd_mc_text_request(&parser, LRD_SLICE("get a\r\n"),
						     &command),
				 LRD_MC_BAD);
	free(line);
	return taken;
}

START_TEST(only_lines_of_keys_may_be_long)
{
	ck_assert_int_eq(long_line("stats ", 2048, false), LRD_MC_PARTIAL);
	ck_assert_int_eq(long_line("stats ", 2049, false), LRD_MC_BAD);
	ck_assert_int_eq(long_line("stats ", 2048, true), LRD_MC_BAD);
	ck_assert_int_eq(long_line("stats ", 2047, true), 2049);
	ck_assert_int_eq(long_line("get ", 2049, false), LRD_MC_PARTIAL);
	ck_assert_int_eq(long_line("gats 1 ", 4000, true), 4002);
	ck_assert_int_eq(long_line("get ", 4096, false), LRD_MC_PARTIAL);
	ck_assert_int_eq(long_line("get ", 4097, false), LRD_MC_BAD);
	ck_assert_int_eq(long_line("get", 4000, false), LRD_MC_BAD);
}
END_TEST

START_TEST(wants_says_how_much_is_missing)
{
	struct lrd_mc_text parser;
	struct lrd_mc_command command;

	lrd_mc_text_init(&parser, &limits);
	ck_assert_int_eq(lrd_mc_text_request(&parser, LRD_SLICE("set a 0 0 10\r\nab"),
					     &command),
			 LRD_MC_PARTIAL);
	ck_assert_uint_eq(parser.wants, 14 + 10 + 2);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("memcache/text_request");
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, each_row_at_every_cut, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, only_lines_of_keys_may_be_long);
	tcase_add_test(tcase, wants_says_how_much_is_missing);
	suite_add_tcase(suite, tcase);
	return suite;
}
