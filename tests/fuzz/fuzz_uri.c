/* SPDX-License-Identifier: MIT */
/*
 * fuzz_uri.c - any bytes as a URI, and the part behind a line feed as a reference from it: what
 * is normal stays so, slices stay inside, origins agree, targets can be parsed again.
 */
#include "proto/bytes/slice.h"
#include "proto/http/uri.h"
#include "tests/fuzz/require.h"

static bool inside(larder_slice part, larder_slice text)
{
	return part.len == 0 ||
	       (part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len);
}

static void check_slices(const struct lrd_uri *uri)
{
	fuzz_require(
		inside(uri->scheme, uri->text) && inside(uri->authority, uri->text) &&
			inside(uri->userinfo, uri->text) &&
			inside(uri->host, uri->text) && inside(uri->zone, uri->text) &&
			inside(uri->port, uri->text) && inside(uri->path, uri->text) &&
			inside(uri->query, uri->text) && inside(uri->fragment, uri->text),
		"a part lies outside its text");
}

static void check_normal(const struct lrd_uri *uri)
{
	struct lrd_buf once;
	struct lrd_buf twice;
	struct lrd_buf origin;
	struct lrd_uri again;

	lrd_buf_init(&once, 1 << 20, NULL);
	lrd_buf_init(&twice, 1 << 20, NULL);
	lrd_buf_init(&origin, 1 << 20, NULL);
	fuzz_require(lrd_uri_normalise(uri, &once) == 0,
		     "a good URI cannot be normalised");
	fuzz_require(!(uri->flags & LRD_URI_NORMAL) ||
			     lrd_slice_equal(lrd_buf_slice(&once), uri->text),
		     "a normal text was changed");
	fuzz_require(lrd_uri_parse(lrd_buf_slice(&once), &again) == 0,
		     "a normal form is no URI");
	fuzz_require(lrd_uri_normalise(&again, &twice) == 0 &&
			     lrd_slice_equal(lrd_buf_slice(&once), lrd_buf_slice(&twice)),
		     "normalising twice differs");
	fuzz_require(lrd_uri_same_origin(uri, &again) || (uri->flags & LRD_URI_HAS_ZONE),
		     "normalising changed the origin");
	if (lrd_uri_origin(uri, &origin) == 0)
		fuzz_require(lrd_slice_starts(lrd_buf_slice(&once), lrd_buf_slice(&origin)),
			     "a normal form does not start with its origin");
	lrd_buf_release(&once);
	lrd_buf_release(&twice);
	lrd_buf_release(&origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_slice text = lrd_slice_of((const char *)data, size);
	larder_slice reference = LRD_SLICE("");
	struct lrd_uri uri;
	struct lrd_uri target;
	struct lrd_buf out;

	(void)lrd_slice_cut(text, '\n', &text, &reference);
	if (lrd_uri_parse_reference(text, &uri) == 0)
		check_slices(&uri);
	if (lrd_uri_parse(text, &uri) < 0)
		return 0;
	check_normal(&uri);
	lrd_buf_init(&out, 1 << 20, NULL);
	if (lrd_uri_resolve(&uri, reference, &out) == 0) {
		fuzz_require(lrd_uri_parse_reference(lrd_buf_slice(&out), &target) == 0 &&
				     (target.flags & LRD_URI_HAS_SCHEME),
			     "a target is no URI");
		if (lrd_uri_parse(lrd_buf_slice(&out), &target) == 0)
			check_normal(&target);
	}
	lrd_buf_release(&out);
	return 0;
}
