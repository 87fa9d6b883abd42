/* SPDX-License-Identifier: MIT */
/* options.c - reading a caller's sized struct, be it older or newer than this library. */
#include "session/options.h"

#include <string.h>

#include "sys/error.h"

int lrd_options_copy(void *ours, size_t our_size, const void *theirs, const char *what,
		     larder_error *err)
{
	const unsigned char *bytes = theirs;
	size_t their_size;

	if (!theirs) {
		memset(ours, 0, our_size);
		return 0;
	}
	memcpy(&their_size, theirs, sizeof(their_size));
	if (their_size < sizeof(their_size) || their_size > LRD_OPTIONS_MAX)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "%s has no size: start from its _INIT macro", what);
	/* What we do not know may be ignored only where the caller did not ask for it. */
	for (size_t i = our_size; i < their_size; i++) {
		if (bytes[i])
			return lrd_error_set(
				err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				"newer option in %s: liblarder %s does not know it", what,
				larder_version());
	}
	memset(ours, 0, our_size);
	memcpy(ours, theirs, their_size < our_size ? their_size : our_size);
	memcpy(ours, &our_size, sizeof(our_size));
	return 0;
}
