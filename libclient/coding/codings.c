/* SPDX-License-Identifier: MIT */
/* codings.c - Content-Encoding read into a chain of codecs (RFC 9110 s8.4). */
#include "coding/codings.h"

#include "coding/stage.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

static const struct known {
	larder_slice name;
	const struct lrd_codec *codec; /* NULL: nothing to take off, or not built */
	bool identity;
} known[] = {
	{ LRD_SLICE_INIT("gzip"), &lrd_codec_gzip, false },
	{ LRD_SLICE_INIT("x-gzip"), &lrd_codec_gzip, false }, /* RFC 9110 s8.4.1.3 */
	{ LRD_SLICE_INIT("deflate"), &lrd_codec_deflate, false },
	{ LRD_SLICE_INIT("zlib"), &lrd_codec_deflate, false }, /* unregistered, seen */
#ifdef LARDER_BROTLI
	{ LRD_SLICE_INIT("br"), &lrd_codec_brotli, false },
#else
	{ LRD_SLICE_INIT("br"), NULL, false },
#endif
#ifdef LARDER_ZSTD
	{ LRD_SLICE_INIT("zstd"), &lrd_codec_zstd, false },
#else
	{ LRD_SLICE_INIT("zstd"), NULL, false },
#endif
	{ LRD_SLICE_INIT("identity"), NULL, true },
};

static const struct known *find(larder_slice name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (lrd_slice_equal_nocase(known[i].name, name))
			return &known[i];
	}
	return NULL;
}

static int read_list(struct lrd_list *list, struct lrd_codings *out)
{
	struct lrd_codings codings = { 0 };
	size_t depth = 0;
	larder_slice name;

	while (lrd_list_next(list, &name)) {
		const struct known *coding = find(name);

		if (coding && coding->identity)
			continue;
		if (++depth > LRD_CODINGS_DEPTH)
			return LARDER_ELIMIT;
		if (coding && coding->codec) {
			codings.codec[codings.count++] = coding->codec;
		} else if (!codings.foreign.ptr) {
			codings.foreign = name;
			codings.not_built = coding != NULL;
		}
	}
	if (codings.foreign.ptr)
		codings.count = 0;
	*out = codings;
	return 0;
}

int lrd_codings_read(struct lrd_field_view view, struct lrd_codings *out)
{
	struct lrd_list list;

	lrd_list_init(&list, view, LRD_SLICE("Content-Encoding"));
	return read_list(&list, out);
}

int lrd_codings_read_value(larder_slice value, struct lrd_codings *out)
{
	struct lrd_list list;

	lrd_list_init_value(&list, value);
	return read_list(&list, out);
}

const char *lrd_coding_supported(void)
{
	return "gzip, deflate"
#ifdef LARDER_BROTLI
	       ", br"
#endif
#ifdef LARDER_ZSTD
	       ", zstd"
#endif
		;
}
