/* SPDX-License-Identifier: MIT */
/*
 * fuzz_date.c - any bytes as a date under any clock: what is read can be written and read again,
 * and blanks and case do not matter.
 */
#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_slice text;
	int64_t now;
	int64_t seconds;
	int64_t again;
	char out[LRD_DATE_SIZE];
	char upper[64];

	if (size < sizeof(now))
		return 0;
	memcpy(&now, data, sizeof(now));
	text = lrd_slice_of((const char *)data + sizeof(now), size - sizeof(now));

	if (lrd_date_format(now, out) == 0)
		fuzz_require(lrd_date_parse(lrd_slice_cstr(out), 0, &again) == 0 &&
				     again == now,
			     "a written date reads differently");
	if (lrd_date_parse(text, now, &seconds) < 0)
		return 0;
	fuzz_require(lrd_date_format(seconds, out) == 0,
		     "a date that was read cannot be written");
	fuzz_require(lrd_date_parse(lrd_slice_cstr(out), now, &again) == 0 &&
			     again == seconds,
		     "a date differs after writing and reading");
	text = lrd_slice_trim(text);
	fuzz_require(text.len < sizeof(upper), "a long text was taken for a date");
	for (size_t i = 0; i < text.len; i++)
		upper[i] = lrd_upper(text.ptr[i]);
	fuzz_require(lrd_date_parse(lrd_slice_of(upper, text.len), now, &again) == 0 &&
			     again == seconds,
		     "case matters");
	return 0;
}
