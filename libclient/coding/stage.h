/* SPDX-License-Identifier: MIT */
/*
 * stage.h - what a codec is to the chain: one table, with one state for each body.
 *
 * Adding a coding: a file with its table, a row in codings.c, a source line in
 * CMakeLists.txt.
 */
#ifndef LRD_CODING_STAGE_H
#define LRD_CODING_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

/* What the codings of one body allocate together, and may. */
struct lrd_coding_memory {
	const larder_allocator *mem; /* NULL: libc */
	uint64_t used;
	uint64_t max;
	bool passed; /* an allocation was refused for the maximum's sake */
};

/* NULL when the allocator or the maximum says no. */
void *lrd_coding_alloc(struct lrd_coding_memory *memory, size_t size);
void lrd_coding_free(struct lrd_coding_memory *memory, void *ptr); /* accepts NULL */

/* ENOMEM, or ELIMIT when it was the maximum that refused. */
int lrd_coding_no_memory(const struct lrd_coding_memory *memory);

struct lrd_codec {
	const char *name; /* as Content-Encoding has it, for messages too */
	size_t state_size;
	/* Makes the zeroed state ready. Undone by close, after a failure as well. */
	int (*open)(void *state, struct lrd_coding_memory *memory);
	/*
	 * Takes from *in and writes at most room > 0 bytes. Unless it fails it takes all input
	 * or writes something. On failure *reason may be set to a static text.
	 */
	int (*step)(void *state, larder_slice *in, char *out, size_t room,
		    size_t *produced, const char **reason);
	/* Is what was taken so far a whole coded body? */
	bool (*complete)(const void *state);
	void (*close)(void *state);
};

extern const struct lrd_codec lrd_codec_gzip;
extern const struct lrd_codec lrd_codec_deflate;
#ifdef LARDER_BROTLI
extern const struct lrd_codec lrd_codec_brotli;
#endif
#ifdef LARDER_ZSTD
extern const struct lrd_codec lrd_codec_zstd;
#endif

#endif
