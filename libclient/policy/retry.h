/* SPDX-License-Identifier: MIT */
/* retry.h - whether a request that failed may be sent once more (RFC 9110 s9.2.2). Pure. */
#ifndef LRD_POLICY_RETRY_H
#define LRD_POLICY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* What happened, as far as the client can know. */
struct lrd_failure {
	int code;        /* LARDER_E* */
	bool connected;  /* there was a connection; else dialling failed */
	bool reused;     /* it had carried another exchange before */
	bool idempotent; /* the method does the same twice */
	bool sent;       /* a byte of the request may have arrived */
	bool answered;   /* a byte of a response came, interim ones included */
	bool repeatable; /* the body can go out again from its first byte */
	uint32_t done;   /* retries so far */
	uint32_t max;    /* retries allowed */
};

/*
 * True where a new connection may cure it and can do no harm: the connection was lost (a server
 * may close an idle one at the very moment when it is used), no byte of a response came, and
 * the request does the same when it arrives twice, or did not leave. A deadline is never
 * stretched, and what a whole dial could not reach is not tried again.
 */
bool lrd_retry(const struct lrd_failure *failure);

#endif
