/* SPDX-License-Identifier: MIT */
/*
 * fuzz_memcache_reply.c - text replies: no read past the input, a cut reply is never taken for
 * another one, and what is composed from a reply is read back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/memcache/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUE_MAX = 4096 };

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_memcache_reply: %s\n", what);
	abort();
}

static void check_round_trip(const struct lrd_mc_reply *reply)
{
	struct lrd_mc_reply back;
	struct lrd_buf out;

	lrd_buf_init(&out, 1 << 16, NULL);
	if (lrd_mc_text_put_reply(reply, &out) == 0) {
		require(lrd_mc_text_reply(lrd_buf_slice(&out), VALUE_MAX, &back) ==
				(ptrdiff_t)out.len,
			"a composed reply is not whole");
		require(back.status == reply->status &&
				lrd_slice_equal(back.key, reply->key) &&
				lrd_slice_equal(back.value, reply->value) &&
				back.number == reply->number && back.cas == reply->cas,
			"a composed reply differs");
	}
	lrd_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lrd_mc_reply reply;
	ptrdiff_t taken;

	if (size > 20000)
		return 0;
	taken = lrd_mc_text_reply(lrd_slice_of((const char *)data, size), VALUE_MAX,
				  &reply);
	if (taken <= 0)
		return 0;
	require((size_t)taken <= size, "took more than there was");
	check_round_trip(&reply);
	for (size_t cut = 0; cut < (size_t)taken && cut < 300; cut++) {
		struct lrd_mc_reply other;
		char *copy = malloc(cut + 1);

		require(copy != NULL, "out of memory");
		memcpy(copy, data, cut);
		require(lrd_mc_text_reply(lrd_slice_of(copy, cut), VALUE_MAX, &other) ==
				LRD_MC_PARTIAL,
			"a cut reply is not partial");
		free(copy);
	}
	return 0;
}
