/* SPDX-License-Identifier: MIT */
/*
 * fuzz_memcache_request.c - text requests: the same commands at any cut, and what is composed
 * from a command is read back as that command. The first byte of the input chooses the cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/memcache/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lrd_mc_limits limits = {
	.item_max = 4096, .line_long_max = 4096, .inline_max = 16, .joined_max = 64
};

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_memcache_request: %s\n", what);
	abort();
}

/* A digest of all that was parsed, pieces of one block counted as one. */
static uint64_t mix(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 1099511628211u;
	return sum;
}

static void check_round_trip(const struct lrd_mc_command *command)
{
	static const struct lrd_mc_limits wide = { .item_max = 1 << 20,
						   .line_long_max = 1 << 20,
						   .inline_max = 1 << 20,
						   .joined_max = 1 << 20 };
	struct lrd_mc_command back;
	struct lrd_mc_text parser;
	struct lrd_buf out;

	lrd_buf_init(&out, 1 << 16, NULL);
	/* Keys with control bytes are understood but never sent. */
	if (lrd_mc_text_put_request(command, &out) == 0) {
		lrd_mc_text_init(&parser, &wide);
		require(lrd_mc_text_request(&parser, lrd_buf_slice(&out), &back) ==
				(ptrdiff_t)out.len,
			"a composed request is not whole");
		require(back.refusal == LRD_MC_ACCEPTED, "a composed request is refused");
		require(back.verb == command->verb && back.noreply == command->noreply &&
				back.client_flags == command->client_flags &&
				back.exptime == command->exptime &&
				back.cas == command->cas &&
				back.number == command->number &&
				lrd_slice_equal(back.key, command->key) &&
				lrd_slice_equal(back.value, command->value),
			"a composed request differs");
	}
	lrd_buf_release(&out);
}

static uint64_t account(uint64_t sum, const struct lrd_mc_command *command)
{
	if (command->verb == LRD_MC_NONE && command->refusal == LRD_MC_ACCEPTED)
		return sum; /* skipped bytes, in any number of parts */
	if (command->part != LRD_MC_PIECE) {
		sum = mix(sum, &command->verb, sizeof(command->verb));
		sum = mix(sum, &command->part, sizeof(command->part));
		sum = mix(sum, &command->refusal, sizeof(command->refusal));
		sum = mix(sum, &command->value_len, sizeof(command->value_len));
		sum = mix(sum, command->key.ptr, command->key.len);
	}
	sum = mix(sum, command->value.ptr, command->value.len);
	if (command->part == LRD_MC_WHOLE && command->verb && !command->refusal)
		check_round_trip(command);
	return sum;
}

static uint64_t parse(const char *bytes, size_t size, size_t cut)
{
	struct lrd_mc_text parser;
	struct lrd_mc_command command;
	uint64_t sum = 14695981039346656037u;
	size_t at = 0, end = cut < size ? cut : size;
	ptrdiff_t taken;

	lrd_mc_text_init(&parser, &limits);
	for (;;) {
		/* An exact copy, so that a sanitizer sees a read past what is there. */
		char *copy = malloc(end - at + 1);

		require(copy != NULL, "out of memory");
		memcpy(copy, bytes + at, end - at);
		taken = lrd_mc_text_request(&parser, lrd_slice_of(copy, end - at),
					    &command);
		if (taken > 0) {
			require((size_t)taken <= end - at, "took more than there was");
			sum = account(sum, &command);
			at += (size_t)taken;
		}
		free(copy);
		if (taken == LRD_MC_BAD)
			return mix(sum, "bad", 3);
		if (taken == LRD_MC_PARTIAL) {
			require(parser.wants > end - at, "wants what is there");
			if (end == size)
				return mix(sum, &at, sizeof(at));
			end = size;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	uint64_t whole;

	if (size < 1 || size > 20000)
		return 0;
	size--;
	whole = parse(bytes, size, size);
	require(parse(bytes, size, size * data[0] / 255) == whole,
		"a cut changes the outcome");
	require(parse(bytes, size, data[0]) == whole, "a cut changes the outcome");
	return 0;
}
