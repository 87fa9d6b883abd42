/* SPDX-License-Identifier: MIT */
/* custom.h - taking over a caller's transport, be it older or newer than this library. */
#ifndef LRD_SESSION_CUSTOM_H
#define LRD_SESSION_CUSTOM_H

#include <larder/transport.h>

/* Copies it. EINVAL where it lacks a function. */
LARDER_MUST_USE int lrd_custom_take(larder_transport *ours,
				    const larder_transport *theirs, larder_error *err);

#endif
