/* SPDX-License-Identifier: MIT */
/* ask.c - key, partition and facts of a request. */
#include "cache/ask.h"

#include <string.h>

#include "proto/bytes/hex.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "sys/siphash.h"

static int read_lookup(const larder_lookup *from, larder_lookup *to)
{
	size_t known = sizeof(*to);

	if (!from || from->size < sizeof(from->size))
		return LARDER_EINVAL;
	if (from->size < known)
		known = from->size;
	for (size_t i = known; i < from->size; i++)
		if (((const char *)from)[i] != 0)
			return LARDER_EINVAL;
	memset(to, 0, sizeof(*to));
	memcpy(to, from, known);
	if (to->method.len == 0)
		to->method = LRD_SLICE("GET");
	if ((to->field_count > 0 && !to->fields) || to->mode > LARDER_MODE_REFRESH)
		return LARDER_EINVAL;
	return 0;
}

/* Most URLs are written as they are to be stored: then the caller's bytes are the key. */
static int set_url(struct lrd_ask *ask)
{
	const larder_allocator *allocator = &ask->cache->allocator;
	int rc;

	lrd_buf_init_fixed(&ask->text, ask->url_storage, sizeof(ask->url_storage));
	if (ask->uri.flags & LRD_URI_NORMAL) {
		ask->url = ask->uri.text;
		return 0;
	}
	rc = lrd_uri_normalise(&ask->uri, &ask->text);
	if (rc == LARDER_ELIMIT) {
		/* Normalising may lengthen: what does not fit the store is found out there. */
		lrd_buf_init(&ask->text, ask->uri.text.len * 3 + 16,
			     allocator->malloc_fn ? allocator : NULL);
		rc = lrd_uri_normalise(&ask->uri, &ask->text);
	}
	if (rc < 0) {
		lrd_buf_release(&ask->text);
		return rc == LARDER_ELIMIT ? LARDER_EURL : rc;
	}
	ask->url = lrd_buf_slice(&ask->text);
	return 0;
}

/*
 * RFC 10008 s2.7: the key holds the content and what says how to read it. As a keyed hash: the
 * content is the user's, and as long as it likes.
 */
static int set_query(struct lrd_ask *ask, larder_slice content)
{
	static const larder_slice names[] = { LRD_SLICE_INIT("Content-Type"),
					      LRD_SLICE_INIT("Content-Encoding"),
					      LRD_SLICE_INIT("Content-Language") };
	const larder_allocator *allocator = &ask->cache->allocator;
	uint8_t sum[LRD_SIPHASH_SIZE], secret[16];
	struct lrd_siphash hash;
	struct lrd_buf name;
	larder_slice value;
	int rc;

	lrd_cache_secret(ask->cache, secret);
	lrd_siphash_init(&hash, secret);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t pos = 0;
		     lrd_view_next(ask->facts.fields, names[i], &pos, &value);) {
			lrd_siphash_add(&hash, value.ptr, value.len);
			lrd_siphash_add(&hash, "\n", 1);
		}
		lrd_siphash_add(&hash, "", 1);
	}
	lrd_siphash_add(&hash, content.ptr, content.len);
	lrd_siphash_end(&hash, sum);
	lrd_buf_init(&name, ask->url.len + 64, allocator->malloc_fn ? allocator : NULL);
	rc = lrd_buf_append_slice(&name, ask->url);
	if (rc == 0)
		rc = lrd_buf_append_cstr(&name, "#q");
	if (rc == 0)
		rc = lrd_hex_append(&name, lrd_slice_of((const char *)sum, sizeof(sum)));
	if (rc < 0) {
		lrd_buf_release(&name);
		return rc;
	}
	lrd_buf_release(&ask->text);
	ask->text = name;
	ask->url = lrd_buf_slice(&ask->text);
	return 0;
}

static int set_partition(struct lrd_ask *ask, const larder_lookup *lookup)
{
	uint8_t secret[16];
	size_t len;

	if (lookup->partition) {
		ask->partition = lrd_slice_cstr(lookup->partition);
		return ask->partition.len > LRD_PARTITION_MAX ? LARDER_EINVAL : 0;
	}
	ask->partition = (larder_slice){ ask->partition_storage, 0 };
	ask->partition_storage[0] = '\0';
	if (!(ask->facts.has & LRD_HAS_CREDENTIALS) && ask->uri.userinfo.len == 0 &&
	    lookup->identity.len == 0)
		return 0;
	lrd_cache_secret(ask->cache, secret);
	len = lrd_partition_name(ask->facts.fields, ask->uri.userinfo, lookup->identity,
				 secret, ask->partition_storage);
	ask->partition.len = len;
	return 0;
}

int lrd_ask_init(struct lrd_ask *ask, struct larder_cache *cache,
		 const larder_lookup *from)
{
	larder_lookup lookup;
	int rc = read_lookup(from, &lookup);

	if (rc < 0)
		return rc;
	rc = lrd_uri_parse(lookup.url, &ask->uri);
	if (rc < 0)
		return rc;
	if (!lrd_uri_is_http(&ask->uri))
		return LARDER_EURL;
	ask->cache = cache;
	ask->policy = cache->policy;
	ask->policy.can_refresh = lookup.can_refresh != 0;
	ask->can_wait = lookup.can_wait != 0;
	ask->wait_ms = lookup.wait_ms;
	ask->lease_ms = lookup.lease_ms;
	ask->method = lookup.method;
	ask->can_resume = lookup.can_resume != 0;
	ask->now = lrd_clock_now_s();
	lrd_request_facts_read(lookup.method,
			       lrd_view_of(lookup.fields, lookup.field_count),
			       lookup.mode, &ask->facts);
	rc = set_partition(ask, &lookup);
	if (rc == 0)
		rc = set_url(ask);
	if (rc < 0)
		return rc;
	lrd_ask_begin(ask);
	ask->no_content = ask->facts.method == LRD_METHOD_QUERY && !lookup.content.ptr;
	if (ask->facts.method == LRD_METHOD_QUERY && lookup.content.ptr)
		rc = set_query(ask, lookup.content);
	if (rc < 0)
		lrd_ask_release(ask);
	return rc;
}

void lrd_ask_begin(struct lrd_ask *ask)
{
	ask->no_content = false;
	ask->looking_on = false;
	lrd_buf_init(&ask->neighbour, LRD_KEY_MAX,
		     ask->cache->allocator.malloc_fn ? &ask->cache->allocator : NULL);
}

void lrd_ask_release(struct lrd_ask *ask)
{
	lrd_buf_release(&ask->neighbour);
	lrd_buf_release(&ask->text);
}
