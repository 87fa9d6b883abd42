/* SPDX-License-Identifier: MIT */
/* retry.c - whether a request that failed may be sent once more (RFC 9110 s9.2.2). */
#include "policy/retry.h"

#include <larder/types.h>

static bool is_lost_connection(const struct lrd_failure *failure)
{
	switch (failure->code) {
	case LARDER_ECLOSED:
	case LARDER_ETRUNCATED:
		return true;
	case LARDER_ETLS:
		/* On a connection that worked before; a handshake fails for good reason. */
		return failure->reused;
	default:
		return false;
	}
}

bool lrd_retry(const struct lrd_failure *failure)
{
	return failure->connected && failure->done < failure->max &&
	       is_lost_connection(failure) && !failure->answered && failure->repeatable &&
	       (failure->idempotent || !failure->sent);
}
