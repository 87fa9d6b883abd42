/* SPDX-License-Identifier: MIT */
/* partition.c - the principal behind a request's credentials, as a name that hides them. */
#include "policy/partition.h"

#include "proto/bytes/hex.h"
#include "proto/bytes/le.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "sys/siphash.h"

static const larder_slice credentials[] = {
	LRD_SLICE_INIT("authorization"), LRD_SLICE_INIT("cookie"),
	LRD_SLICE_INIT("x-wsse"),        LRD_SLICE_INIT("proxy-authorization"),
	LRD_SLICE_INIT("x-api-key"),     LRD_SLICE_INIT("x-auth-token"),
};

bool lrd_partition_credential(larder_slice name)
{
	for (size_t i = 0; i < sizeof(credentials) / sizeof(credentials[0]); i++)
		if (name.len == credentials[i].len &&
		    lrd_slice_equal_nocase(name, credentials[i]))
			return true;
	return false;
}

/* Every part with its length in front: no two lists of parts give the same bytes. */
static void add_part(struct lrd_siphash *hash, char kind, larder_slice part)
{
	unsigned char prefix[9];

	prefix[0] = (unsigned char)kind;
	lrd_le_put64(prefix + 1, part.len);
	lrd_siphash_add(hash, prefix, sizeof(prefix));
	lrd_siphash_add(hash, part.ptr, part.len);
}

static void add_name(struct lrd_siphash *hash, larder_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char byte = lrd_lower(name.ptr[i]);

		lrd_siphash_add(hash, &byte, 1);
	}
}

/* The part of a credential that is the same in every request of one principal. */
static larder_slice constant_part(larder_field field, bool has_identity)
{
	static const larder_slice changing[] = {
		LRD_SLICE_INIT("digest"),
		LRD_SLICE_INIT("hmacdigest"),
		LRD_SLICE_INIT("wsse"),
	};
	larder_slice value = lrd_slice_trim(field.value);
	larder_slice scheme = lrd_slice_first(value, lrd_scan_span(value, LRD_TCHAR));

	if (!has_identity || lrd_slice_equal_nocase(field.name, LRD_SLICE("cookie")))
		return value;
	if (lrd_slice_equal_nocase(field.name, LRD_SLICE("x-wsse")))
		return LRD_SLICE("");
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++)
		if (lrd_slice_equal_nocase(scheme, changing[i]))
			return scheme;
	return value;
}

size_t lrd_partition_name(struct lrd_field_view request, larder_slice userinfo,
			  larder_slice identity, const uint8_t secret[16],
			  char out[LRD_PARTITION_NAME_SIZE])
{
	uint8_t sum[LRD_SIPHASH_SIZE];
	struct lrd_siphash hash;
	bool any = userinfo.len > 0 || identity.len > 0;

	lrd_siphash_init(&hash, secret);
	for (size_t i = 0; i < request.count; i++) {
		if (!lrd_partition_credential(request.at[i].name))
			continue;
		any = true;
		add_name(&hash, request.at[i].name);
		add_part(&hash, ':', constant_part(request.at[i], identity.len > 0));
	}
	if (!any) {
		out[0] = '\0';
		return 0;
	}
	add_part(&hash, '@', userinfo);
	add_part(&hash, '=', identity);
	lrd_siphash_end(&hash, sum);
	out[0] = '~';
	lrd_hex_format(sum, sizeof(sum), out + 1);
	return 1 + 2 * sizeof(sum);
}
