/* SPDX-License-Identifier: MIT */
/* control.h - stopping an exchange from outside, and telling its user how far it is. */
#ifndef LRD_SESSION_CONTROL_H
#define LRD_SESSION_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/larder.h>

struct lrd_exchange;

/* Part of an exchange: where its progress is told. */
struct lrd_progress {
	larder_progress_fn fn; /* NULL: nobody asks */
	void *ctx;
};

enum {
	LRD_CONTROL_SLICE_MS =
		100, /* the longest sleep that does not hear a cancellation */
	LRD_CONTROL_PROGRESS_MS = 1000 /* between two calls while nothing moves */
};

/* Was the session canceled, or does the progress callback want no more? 0, or ECANCELED told. */
LARDER_MUST_USE int lrd_control_canceled(struct lrd_exchange *ex);
LARDER_MUST_USE int lrd_control_progress(struct lrd_exchange *ex);

/* As larder_plan_wait(plan, UINT32_MAX), but ECANCELED when the session is canceled. */
LARDER_MUST_USE int lrd_control_plan_wait(const larder_session *session,
					  larder_plan *plan);

#endif
