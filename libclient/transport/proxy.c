/* SPDX-License-Identifier: MIT */
/* proxy.c - telling proxies apart, and keeping what one said when it refused. */
#include "transport/proxy.h"

#include <string.h>

#include <openssl/evp.h>

#include "proto/bytes/scan.h"

enum { REFUSAL_FIELDS_MAX = 200 };

void lrd_proxy_refusal_init(struct lrd_proxy_refusal *refusal,
			    const larder_allocator *allocator)
{
	refusal->status = 0;
	refusal->body_complete = false;
	lrd_fields_init(&refusal->fields, LRD_PROXY_HEAD_MAX, REFUSAL_FIELDS_MAX,
			allocator);
	lrd_buf_init(&refusal->body, LRD_PROXY_BODY_MAX, allocator);
}

void lrd_proxy_refusal_release(struct lrd_proxy_refusal *refusal)
{
	if (!refusal)
		return;
	lrd_fields_release(&refusal->fields);
	lrd_buf_release(&refusal->body);
	refusal->status = 0;
	refusal->body_complete = false;
}

const char *lrd_proxy_kind_name(enum lrd_proxy_kind kind)
{
	switch (kind) {
	case LRD_PROXY_HTTP:
		return "HTTP";
	case LRD_PROXY_HTTPS:
		return "HTTPS";
	case LRD_PROXY_SOCKS4:
		return "SOCKS4";
	case LRD_PROXY_SOCKS5:
		return "SOCKS5";
	}
	return "unknown";
}

/* ---- identity --------------------------------------------------------------------------- */

/* Each part behind its length, so that no two lists of parts give the same bytes. */
static bool add(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
	const uint64_t length = len;

	return EVP_DigestUpdate(digest, &length, sizeof(length)) == 1 &&
	       EVP_DigestUpdate(digest, bytes, len) == 1;
}

static bool add_slice(EVP_MD_CTX *digest, larder_slice slice)
{
	return add(digest, slice.ptr, slice.len);
}

/* Names are the same in any case. */
static bool add_host(EVP_MD_CTX *digest, const char *host)
{
	char lower[256];
	size_t len = host ? strlen(host) : 0;

	/* Longer ones are no names; they need not be told apart well. */
	if (len > sizeof(lower))
		return add(digest, host, len);
	for (size_t i = 0; i < len; i++)
		lower[i] = lrd_lower(host[i]);
	return add(digest, lower, len);
}

static bool add_all(EVP_MD_CTX *digest, const struct lrd_proxy *proxy)
{
	const unsigned char plain[] = {
		(unsigned char)proxy->kind,
		(unsigned char)(proxy->port >> 8),
		(unsigned char)(proxy->port & 0xff),
		proxy->local_dns,
		proxy->tunnel,
		proxy->user.ptr != NULL,
	};
	const void *tls = proxy->tls ? lrd_tls_identity(proxy->tls) : NULL;
	bool has_user = proxy->user.len || proxy->password.len;
	larder_slice proof = has_user ? (larder_slice){ NULL, 0 } : proxy->authorization;
	bool ok = add(digest, plain, sizeof(plain)) && add_host(digest, proxy->host) &&
		  add(digest, tls, tls ? LRD_TLS_IDENTITY_LEN : 0) &&
		  add_slice(digest, proxy->user) && add_slice(digest, proxy->password) &&
		  add_slice(digest, proof);

	for (size_t i = 0; ok && i < proxy->fields.count; i++)
		ok = add_slice(digest, proxy->fields.at[i].name) &&
		     add_slice(digest, proxy->fields.at[i].value);
	return ok;
}

int lrd_proxy_identity(const struct lrd_proxy *proxy,
		       unsigned char out[LRD_PROXY_IDENTITY_LEN])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char made[LRD_PROXY_IDENTITY_LEN];
	int rc = LARDER_ENOMEM;

	if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	    add_all(digest, proxy) && EVP_DigestFinal_ex(digest, made, NULL) == 1) {
		memcpy(out, made, sizeof(made));
		rc = 0;
	}
	EVP_MD_CTX_free(digest);
	return rc;
}
