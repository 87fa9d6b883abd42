/* SPDX-License-Identifier: MIT */
/* coded.c - bodies in every coding, made by the libraries' own encoders. */
#include "tests/coding/coded.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef TEST_BROTLI
#include <brotli/encode.h>
#endif
#ifdef TEST_ZSTD
#include <zstd.h>
#endif

#include "coding/codings.h"
#include "proto/bytes/slice.h"

static struct coded by_zlib(int window_bits, const void *bytes, size_t len)
{
	z_stream strm = { 0 };
	struct coded out;

	ck_assert_int_eq(deflateInit2(&strm, 6, Z_DEFLATED, window_bits, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	out.len = deflateBound(&strm, len) + 64;
	out.ptr = malloc(out.len);
	ck_assert_ptr_nonnull(out.ptr);
	strm.next_in = (Bytef *)(uintptr_t)bytes;
	strm.avail_in = (uInt)len;
	strm.next_out = (Bytef *)out.ptr;
	strm.avail_out = (uInt)out.len;
	ck_assert_int_eq(deflate(&strm, Z_FINISH), Z_STREAM_END);
	out.len -= strm.avail_out;
	ck_assert_int_eq(deflateEnd(&strm), Z_OK);
	return out;
}

#ifdef TEST_BROTLI
static struct coded by_brotli(const void *bytes, size_t len)
{
	struct coded out = { .len = BrotliEncoderMaxCompressedSize(len) + 64 };

	out.ptr = malloc(out.len);
	ck_assert_ptr_nonnull(out.ptr);
	ck_assert(BrotliEncoderCompress(5, 24, BROTLI_MODE_GENERIC, len, bytes, &out.len,
					(uint8_t *)out.ptr));
	return out;
}
#endif

#ifdef TEST_ZSTD
static struct coded by_zstd(const void *bytes, size_t len)
{
	struct coded out = { .len = ZSTD_compressBound(len) + 64 };
	ZSTD_CCtx *cctx = ZSTD_createCCtx();

	out.ptr = malloc(out.len);
	ck_assert(cctx && out.ptr);
	ck_assert(!ZSTD_isError(ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1)));
	out.len = ZSTD_compress2(cctx, out.ptr, out.len, bytes, len);
	ck_assert(!ZSTD_isError(out.len));
	ZSTD_freeCCtx(cctx);
	return out;
}
#endif

struct coded code(const char *name, const void *bytes, size_t len)
{
	struct coded none = { NULL, 0 };

	if (strcmp(name, "gzip") == 0)
		return by_zlib(16 + MAX_WBITS, bytes, len);
	if (strcmp(name, "zlib") == 0)
		return by_zlib(MAX_WBITS, bytes, len);
	if (strcmp(name, "raw") == 0)
		return by_zlib(-MAX_WBITS, bytes, len);
#ifdef TEST_BROTLI
	if (strcmp(name, "br") == 0)
		return by_brotli(bytes, len);
#endif
#ifdef TEST_ZSTD
	if (strcmp(name, "zstd") == 0)
		return by_zstd(bytes, len);
#endif
	ck_abort_msg("no encoder for %s", name);
	return none;
}

struct coded join(struct coded a, const void *bytes, size_t len)
{
	a.ptr = realloc(a.ptr, a.len + len + 1);
	ck_assert_ptr_nonnull(a.ptr);
	if (len)
		memcpy(a.ptr + a.len, bytes, len);
	a.len += len;
	return a;
}

int supports(const char *coding)
{
	struct lrd_codings codings;

	ck_assert_int_eq(lrd_codings_read_value(lrd_slice_cstr(coding), &codings), 0);
	return codings.foreign.ptr == NULL;
}
