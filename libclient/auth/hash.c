/* SPDX-License-Identifier: MIT */
/* hash.c - the hashes of authentication schemes by the crypto library. */
#include "auth/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "proto/bytes/hex.h"
#include "proto/bytes/slice.h"

/* The inner block of the hashes that HMAC is used with here (RFC 2104). */
enum { HMAC_BLOCK = 64 };

static const EVP_MD *algorithm(enum lrd_hash_kind kind)
{
	switch (kind) {
	case LRD_HASH_MD5:
		return EVP_md5();
	case LRD_HASH_SHA1:
		return EVP_sha1();
	case LRD_HASH_SHA256:
		return EVP_sha256();
	case LRD_HASH_SHA512_256:
		return EVP_sha512_256();
	case LRD_HASH_NONE:
		break;
	}
	return NULL;
}

size_t lrd_hash_size(enum lrd_hash_kind kind)
{
	switch (kind) {
	case LRD_HASH_MD5:
		return 16;
	case LRD_HASH_SHA1:
		return 20;
	case LRD_HASH_SHA256:
	case LRD_HASH_SHA512_256:
		return 32;
	case LRD_HASH_NONE:
		break;
	}
	return 0;
}

static bool add(EVP_MD_CTX *ctx, char separator, const larder_slice *pieces, size_t count)
{
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++) {
		if (i > 0 && separator)
			ok = EVP_DigestUpdate(ctx, &separator, 1) == 1;
		if (ok && pieces[i].len > 0)
			ok = EVP_DigestUpdate(ctx, pieces[i].ptr, pieces[i].len) == 1;
	}
	return ok;
}

/* The hash of `first` and then the pieces. */
static int hash_after(enum lrd_hash_kind kind, larder_slice first, char separator,
		      const larder_slice *pieces, size_t count,
		      unsigned char out[LRD_HASH_MAX])
{
	const EVP_MD *md = algorithm(kind);
	unsigned char value[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	bool ok;

	if (!md)
		return LARDER_EINVAL;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return LARDER_ENOMEM;
	ok = EVP_DigestInit_ex(ctx, md, NULL) == 1 && add(ctx, '\0', &first, 1) &&
	     add(ctx, separator, pieces, count) &&
	     EVP_DigestFinal_ex(ctx, value, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (ok)
		memcpy(out, value, lrd_hash_size(kind));
	lrd_secret_wipe(value, sizeof(value));
	return ok ? 0 : LARDER_EINVAL;
}

int lrd_hash_raw(enum lrd_hash_kind kind, char separator, const larder_slice *pieces,
		 size_t count, unsigned char out[LRD_HASH_MAX])
{
	return hash_after(kind, lrd_slice_of(NULL, 0), separator, pieces, count, out);
}

static int as_hex(enum lrd_hash_kind kind, int rc, unsigned char value[LRD_HASH_MAX],
		  char out[LRD_HASH_HEX_SIZE])
{
	if (rc == 0)
		lrd_hex_format(value, lrd_hash_size(kind), out);
	lrd_secret_wipe(value, LRD_HASH_MAX);
	return rc;
}

int lrd_hash_hex(enum lrd_hash_kind kind, char separator, const larder_slice *pieces,
		 size_t count, char out[LRD_HASH_HEX_SIZE])
{
	unsigned char value[LRD_HASH_MAX];

	return as_hex(kind, lrd_hash_raw(kind, separator, pieces, count, value), value,
		      out);
}

/*
 * H(key ^ opad, H(key ^ ipad, text)): written out over the one hash above, since the pieces
 * are many and HMAC's own interface differs between versions of the library.
 */
int lrd_hmac_hex(enum lrd_hash_kind kind, larder_slice key, char separator,
		 const larder_slice *pieces, size_t count, char out[LRD_HASH_HEX_SIZE])
{
	unsigned char block[HMAC_BLOCK] = { 0 };
	unsigned char value[LRD_HASH_MAX];
	larder_slice inner = { (const char *)value, lrd_hash_size(kind) };
	larder_slice pad = { (const char *)block, sizeof(block) };
	int rc = 0;

	/* SHA-512/256 has larger blocks, and no scheme of ours uses it here. */
	if (kind == LRD_HASH_SHA512_256 || kind == LRD_HASH_NONE)
		return LARDER_EINVAL;
	if (key.len > sizeof(block))
		rc = lrd_hash_raw(kind, '\0', &key, 1, block);
	else if (key.len > 0)
		memcpy(block, key.ptr, key.len);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	if (rc == 0)
		rc = hash_after(kind, pad, separator, pieces, count, value);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	if (rc == 0)
		rc = hash_after(kind, pad, '\0', &inner, 1, value);
	lrd_secret_wipe(block, sizeof(block));
	return as_hex(kind, rc, value, out);
}

bool lrd_secret_equal(larder_slice a, larder_slice b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void lrd_secret_wipe(void *bytes, size_t len)
{
	if (bytes)
		OPENSSL_cleanse(bytes, len);
}
