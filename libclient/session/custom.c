/* SPDX-License-Identifier: MIT */
/* custom.c - taking over a caller's transport, be it older or newer than this library. */
#include "session/custom.h"

#include "session/options.h"
#include "sys/error.h"
#include "transport/custom.h"

int lrd_custom_take(larder_transport *ours, const larder_transport *theirs,
		    larder_error *err)
{
	int rc = lrd_options_copy(ours, sizeof(*ours), theirs, "larder_transport", err);

	if (rc < 0)
		return rc;
	if (lrd_custom_valid(ours))
		return 0;
	return lrd_error_set(
		err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
		"a transport has open, read, write, close, and one of wait and "
		"fd; secures is 0 or 1");
}
