/* SPDX-License-Identifier: MIT */
/* redact.c - fields and targets as they may be shown: without secrets. */
#include "session/redact.h"

#include "proto/bytes/alloc.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

static const larder_slice secret_names[] = {
	LRD_SLICE_INIT("Authorization"),
	LRD_SLICE_INIT("Proxy-Authorization"),
	LRD_SLICE_INIT("Cookie"),
	LRD_SLICE_INIT("Cookie2"),
	LRD_SLICE_INIT("Set-Cookie"),
	LRD_SLICE_INIT("Set-Cookie2"),
	LRD_SLICE_INIT("X-WSSE"),
	LRD_SLICE_INIT("Authentication-Info"),
	LRD_SLICE_INIT("Proxy-Authentication-Info"),
};

/* What names of home-made fields have in them: X-Api-Key, X-Auth-Token, X-Amz-Signature. */
static const larder_slice secret_words[] = {
	LRD_SLICE_INIT("token"),      LRD_SLICE_INIT("secret"),
	LRD_SLICE_INIT("passw"),      LRD_SLICE_INIT("api-key"),
	LRD_SLICE_INIT("apikey"),     LRD_SLICE_INIT("session"),
	LRD_SLICE_INIT("auth-"),      LRD_SLICE_INIT("signature"),
	LRD_SLICE_INIT("credential"),
};

/* Their values are URLs, whose queries hold codes and tokens. */
static const larder_slice url_names[] = {
	LRD_SLICE_INIT("Location"), LRD_SLICE_INIT("Content-Location"),
	LRD_SLICE_INIT("Referer"),  LRD_SLICE_INIT("Refresh"),
	LRD_SLICE_INIT("Link"),
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool contains(larder_slice text, larder_slice word)
{
	for (size_t i = 0; i + word.len <= text.len; i++) {
		if (lrd_slice_equal_nocase(lrd_slice_of(text.ptr + i, word.len), word))
			return true;
	}
	return false;
}

bool lrd_redact_hides(larder_slice name)
{
	/* A challenge is no secret, and what one looks for. */
	if (lrd_slice_equal_nocase(name, LRD_SLICE("WWW-Authenticate")) ||
	    lrd_slice_equal_nocase(name, LRD_SLICE("Proxy-Authenticate")))
		return false;
	for (size_t i = 0; i < COUNT(secret_names); i++) {
		if (lrd_slice_equal_nocase(name, secret_names[i]))
			return true;
	}
	for (size_t i = 0; i < COUNT(secret_words); i++) {
		if (contains(name, secret_words[i]))
			return true;
	}
	return false;
}

static bool has_urls(larder_slice name)
{
	for (size_t i = 0; i < COUNT(url_names); i++) {
		if (lrd_slice_equal_nocase(name, url_names[i]))
			return true;
	}
	return false;
}

larder_slice lrd_redact_target(larder_slice target)
{
	for (size_t i = 0; i < target.len; i++) {
		if (target.ptr[i] == '?' || target.ptr[i] == '#')
			return lrd_slice_first(target, i + 1);
	}
	return target;
}

/* A user before the host hides the rest too: nobody needs more of such a URL. */
static larder_slice shown_url(larder_slice value)
{
	larder_slice shown = lrd_redact_target(value);

	for (size_t i = 0; i < shown.len; i++) {
		if (shown.ptr[i] == '@')
			return LRD_SLICE("...");
	}
	return shown;
}

larder_field *lrd_redact_fields(struct lrd_field_view view, const larder_allocator *mem)
{
	larder_field *shown;

	if (view.count == 0)
		return NULL;
	shown = lrd_alloc(mem, view.count * sizeof(*shown));
	for (size_t i = 0; shown && i < view.count; i++) {
		shown[i] = view.at[i];
		if (lrd_redact_hides(view.at[i].name))
			shown[i].value = LRD_SLICE("...");
		else if (has_urls(view.at[i].name))
			shown[i].value = shown_url(view.at[i].value);
	}
	return shown;
}
