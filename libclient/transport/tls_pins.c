/* SPDX-License-Identifier: MIT */
/* tls_pins.c - the public keys that a server may have (in the manner of RFC 7469 s2.4). */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "proto/bytes/base64.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"
#include "transport/tls_internal.h"

static const larder_slice prefix = LRD_SLICE_INIT("sha256//");

static bool read_pin(larder_slice text, unsigned char digest[LRD_TLS_PIN_LEN])
{
	char storage[LRD_TLS_PIN_LEN + 4];
	struct lrd_buf bytes;

	if (!lrd_slice_starts(text, prefix))
		return false;
	lrd_buf_init_fixed(&bytes, storage, sizeof(storage));
	if (lrd_base64_decode(&bytes, lrd_slice_skip(text, prefix.len),
			      LRD_BASE64_STANDARD) < 0 ||
	    bytes.len != LRD_TLS_PIN_LEN)
		return false;
	memcpy(digest, bytes.ptr, LRD_TLS_PIN_LEN);
	return true;
}

int lrd_tls_pins_parse(const char *text, struct lrd_tls_pins *out, larder_error *err)
{
	struct lrd_tls_pins pins = { .count = 0 };
	larder_slice rest = lrd_slice_cstr(text);
	larder_slice pin;

	/* An empty list is one that somebody forgot to fill: it must not mean "any key". */
	while (text && lrd_slice_split(&rest, ';', &pin)) {
		pin = lrd_slice_trim(pin);
		if (pins.count == LRD_TLS_PINS_MAX)
			return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0,
					     NULL, "more than %d pinned public keys",
					     (int)LRD_TLS_PINS_MAX);
		if (!read_pin(pin, pins.digest[pins.count]))
			return lrd_error_set(
				err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				"pinned public key %zu is not sha256// and the "
				"base64 of 32 bytes",
				pins.count + 1);
		pins.count++;
	}
	*out = pins;
	return 0;
}

bool lrd_tls_pins_match(const struct lrd_tls_pins *pins, const X509 *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	bool found = false;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (len > 0 &&
	    EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1) {
		for (size_t i = 0; i < pins->count && !found; i++)
			found = memcmp(pins->digest[i], digest, LRD_TLS_PIN_LEN) == 0;
	}
	OPENSSL_free(der);
	return found;
}
