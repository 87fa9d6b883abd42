/* SPDX-License-Identifier: MIT */
/* idn.c - international host names in the form that DNS and HTTP know, by libidn2. */
#include "transport/idn.h"

#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/bytes/utf8.h"

#ifdef LARDER_IDN
#include <idn2.h>
#endif

/* No name of 253 bytes in A-labels is longer than this in UTF-8. */
enum { HOST_MAX = 1024, NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

bool lrd_idn_available(void)
{
#ifdef LARDER_IDN
	return true;
#else
	return false;
#endif
}

static bool is_ascii(larder_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

#ifdef LARDER_IDN
/*
 * What the mapping left must be a host name and no more: U+FF0F becomes '/', U+2488 "1.", and
 * the parser behind us would see another host than the user did.
 */
static bool is_name(larder_slice name)
{
	larder_slice label;

	if (name.len && name.ptr[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return false;
	while (lrd_slice_split(&name, '.', &label)) {
		if (label.len == 0 || label.len > LABEL_MAX_BYTES)
			return false;
		for (size_t i = 0; i < label.len; i++) {
			if (!lrd_is(label.ptr[i], LRD_ALPHA | LRD_DIGIT) &&
			    label.ptr[i] != '-' && label.ptr[i] != '_')
				return false;
		}
	}
	return true;
}

static int convert(larder_slice host, struct lrd_buf *out)
{
	char copy[HOST_MAX + 1];
	char *made = NULL;
	int rc;

	if (host.len > HOST_MAX || !lrd_utf8_valid(host) ||
	    memchr(host.ptr, '\0', host.len))
		return LARDER_EURL;
	memcpy(copy, host.ptr, host.len);
	copy[host.len] = '\0';
	rc = idn2_to_ascii_8z(copy, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_MALLOC)
		return LARDER_ENOMEM;
	if (rc != IDN2_OK)
		return LARDER_EURL;
	rc = LARDER_EURL;
	if (is_name(lrd_slice_cstr(made)))
		rc = lrd_buf_append_cstr(out, made);
	idn2_free(made);
	return rc;
}
#else
static int convert(larder_slice host, struct lrd_buf *out)
{
	(void)host;
	(void)out;
	return LARDER_EURL;
}
#endif

int lrd_idn_to_ascii(larder_slice host, struct lrd_buf *out)
{
	return is_ascii(host) ? lrd_buf_append_slice(out, host) : convert(host, out);
}

int lrd_idn_iri_host(larder_slice host, struct lrd_buf *out, void *ctx)
{
	(void)ctx;
	return lrd_idn_to_ascii(host, out);
}
