/* SPDX-License-Identifier: MIT */
/* redirect.c - whether a redirect is followed, by which method, with which fields (RFC 9110 s15.4). */
#include "policy/redirect.h"

#include "policy/partition.h"
#include "proto/bytes/slice.h"

static const uint16_t default_codes[] = { 300, 301, 302, 303, 307, 308 };

/* Is the word one of the list's? Case counts, as it does for methods. */
static bool has_word(larder_slice list, larder_slice word)
{
	size_t at = 0;

	while (at < list.len) {
		size_t end = at;

		while (end < list.len && list.ptr[end] != ' ' && list.ptr[end] != ',')
			end++;
		if (end > at &&
		    lrd_slice_equal(lrd_slice_of(list.ptr + at, end - at), word))
			return true;
		at = end + 1;
	}
	return false;
}

static bool is_safe(const struct lrd_redirect_rules *rules, larder_slice method)
{
	larder_slice safe = rules->safe_methods.ptr ? rules->safe_methods
						    : LRD_SLICE("GET HEAD OPTIONS TRACE");

	return has_word(safe, method);
}

bool lrd_redirect_status(const struct lrd_redirect_rules *rules, uint32_t status)
{
	const uint16_t *codes = rules->codes ? rules->codes : default_codes;
	size_t count = rules->codes ? rules->code_count
				    : sizeof(default_codes) / sizeof(default_codes[0]);

	for (size_t i = 0; i < count; i++) {
		if (codes[i] == status)
			return true;
	}
	return false;
}

bool lrd_redirect_followed(const struct lrd_redirect_rules *rules, uint32_t status,
			   larder_slice method)
{
	if (!lrd_redirect_status(rules, status))
		return false;
	/* Neither asks anybody to do again what was done: a GET follows, or the server is sure. */
	return rules->all_methods || status == 303 || status == 308 ||
	       is_safe(rules, method);
}

bool lrd_redirect_to_get(const struct lrd_redirect_rules *rules, uint32_t status,
			 larder_slice method)
{
	bool post = lrd_slice_equal(method, LRD_SLICE("POST"));

	if (lrd_slice_equal(method, LRD_SLICE("GET")))
		return false;
	switch (status) {
	case 301:
		return post && rules->post_301_to_get;
	case 302:
		/* RFC 9110 s15.4.3 lets a POST become a GET, and nothing else. */
		return post || rules->compat;
	case 303:
		return rules->compat || !lrd_slice_equal(method, LRD_SLICE("HEAD"));
	default:
		return false;
	}
}

static bool is_one_of(const larder_slice *list, size_t count, larder_slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (lrd_slice_equal_nocase(list[i], name))
			return true;
	}
	return false;
}

#define IS_ONE_OF(list, name) is_one_of(list, sizeof(list) / sizeof((list)[0]), name)

static bool describes_content(larder_slice name)
{
	static const larder_slice others[] = {
		LRD_SLICE_INIT("Digest"),
		LRD_SLICE_INIT("Repr-Digest"),
		LRD_SLICE_INIT("Last-Modified"),
	};

	return lrd_slice_starts_nocase(name, LRD_SLICE("Content-")) ||
	       IS_ONE_OF(others, name);
}

bool lrd_redirect_drops(const struct lrd_redirect_rules *rules,
			const struct lrd_redirect_step *step, larder_slice name)
{
	static const larder_slice conditions[] = {
		LRD_SLICE_INIT("If-None-Match"),
		LRD_SLICE_INIT("If-Modified-Since"),
	};

	if (lrd_slice_equal_nocase(name, LRD_SLICE("Proxy-Authorization")))
		return true;
	if (lrd_partition_credential(name) ||
	    lrd_slice_equal_nocase(name, LRD_SLICE("Cookie2"))) {
		if (rules->forward_credentials)
			return false;
		return step->other_origin ||
		       (rules->compat &&
			lrd_slice_equal_nocase(name, LRD_SLICE("Authorization")));
	}
	if (step->to_get && describes_content(name))
		return true;
	return step->safe && IS_ONE_OF(conditions, name);
}

bool lrd_redirect_permanent(uint32_t status)
{
	return status == 301 || status == 308;
}
