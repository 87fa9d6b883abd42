/* SPDX-License-Identifier: MIT */
/* request_facts.c - what the caching decisions need to know of a request. */
#include "policy/facts.h"

#include "policy/partition.h"
#include "proto/bytes/slice.h"

static const struct {
	larder_slice name;
	enum lrd_method method;
} methods[] = {
	{ LRD_SLICE_INIT("GET"), LRD_METHOD_GET },
	{ LRD_SLICE_INIT("HEAD"), LRD_METHOD_HEAD },
	{ LRD_SLICE_INIT("POST"), LRD_METHOD_POST },
	/* The registered methods that change nothing (RFC 9110 s16.1.1, RFC 10008). */
	{ LRD_SLICE_INIT("OPTIONS"), LRD_METHOD_SAFE },
	{ LRD_SLICE_INIT("TRACE"), LRD_METHOD_SAFE },
	{ LRD_SLICE_INIT("QUERY"), LRD_METHOD_QUERY },
	{ LRD_SLICE_INIT("PROPFIND"), LRD_METHOD_SAFE },
	{ LRD_SLICE_INIT("REPORT"), LRD_METHOD_SAFE },
	{ LRD_SLICE_INIT("SEARCH"), LRD_METHOD_SAFE },
	{ LRD_SLICE_INIT("PRI"), LRD_METHOD_SAFE },
};

enum lrd_method lrd_method_of(larder_slice method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (lrd_slice_equal(method, methods[i].name))
			return methods[i].method;
	return LRD_METHOD_UNSAFE;
}

/* Most fields of a request are none of these: the length alone says so, in one jump. */
static uint32_t classify(larder_slice name)
{
	switch (name.len) {
	case 5:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("range")))
			return LRD_HAS_RANGE;
		break;
	case 6:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("pragma")))
			return LRD_HAS_PRAGMA;
		break;
	case 8:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("if-match")))
			return LRD_HAS_IF_MATCH;
		if (lrd_slice_equal_nocase(name, LRD_SLICE("if-range")))
			return LRD_HAS_IF_RANGE;
		break;
	case 13:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("cache-control")))
			return LRD_HAS_CACHE_CONTROL;
		if (lrd_slice_equal_nocase(name, LRD_SLICE("if-none-match")))
			return LRD_HAS_IF_NONE_MATCH;
		if (lrd_slice_equal_nocase(name, LRD_SLICE("authorization")))
			return LRD_HAS_AUTHORIZATION | LRD_HAS_CREDENTIALS;
		break;
	case 17:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("if-modified-since")))
			return LRD_HAS_IF_MODIFIED_SINCE;
		break;
	case 19:
		if (lrd_slice_equal_nocase(name, LRD_SLICE("if-unmodified-since")))
			return LRD_HAS_IF_UNMODIFIED_SINCE;
		break;
	default:
		break;
	}
	return lrd_partition_credential(name) ? LRD_HAS_CREDENTIALS : 0;
}

void lrd_request_facts_read(larder_slice method, struct lrd_field_view fields,
			    uint32_t mode, struct lrd_request_facts *out)
{
	uint32_t has = 0;

	for (size_t i = 0; i < fields.count; i++)
		has |= classify(fields.at[i].name);
	out->method = lrd_method_of(method);
	out->fields = fields;
	out->has = has;
	out->mode = mode;
	out->pragma_no_cache = (has & LRD_HAS_PRAGMA) && lrd_pragma_no_cache(fields);
	if (has & LRD_HAS_CACHE_CONTROL)
		lrd_cache_control_parse(fields, &out->cc);
	else
		out->cc = (struct lrd_cache_control){ .present = 0 };
}

bool lrd_request_only_if_cached(const struct lrd_request_facts *request)
{
	return request->mode == LRD_MODE_ONLY_IF_CACHED ||
	       lrd_cc_has(&request->cc, LRD_CC_ONLY_IF_CACHED);
}
