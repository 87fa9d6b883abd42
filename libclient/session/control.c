/* SPDX-License-Identifier: MIT */
/* control.c - stopping an exchange from outside, and telling its user how far it is. */
#include "session/control.h"

#include "session/exchange.h"
#include "sys/error.h"
#include "sys/wake.h"

void larder_session_cancel(larder_session *session)
{
	lrd_wake_raise(&session->wake);
}

int lrd_control_canceled(struct lrd_exchange *ex)
{
	char url[LRD_URL_TEXT_MAX];

	if (!lrd_wake_raised(&ex->session->wake))
		return 0;
	return lrd_error_set(ex->err, LARDER_ECANCELED, lrd_exchange_phase(ex), 0,
			     ex->stream ? ex->stream->host : NULL,
			     "request for %s canceled", lrd_url_text(ex->url, url));
}

int lrd_control_progress(struct lrd_exchange *ex)
{
	char url[LRD_URL_TEXT_MAX];
	larder_progress progress = { .size = sizeof(progress), .to_download = -1 };

	if (!ex->progress.fn)
		return 0;
	progress.uploaded = ex->content_sent;
	progress.to_upload = ex->to_upload;
	if (ex->step >= LRD_STEP_DECIDE) {
		progress.downloaded = ex->body.received;
		progress.to_download = lrd_body_length(&ex->body);
	}
	if (ex->progress.fn(&progress, ex->progress.ctx) == 0)
		return 0;
	return lrd_error_set(ex->err, LARDER_ECANCELED, lrd_exchange_phase(ex), 0,
			     ex->stream ? ex->stream->host : NULL,
			     "request for %s canceled by its progress callback",
			     lrd_url_text(ex->url, url));
}

int lrd_control_plan_wait(const larder_session *session, larder_plan *plan)
{
	int rc;

	do {
		if (lrd_wake_raised(&session->wake))
			return LARDER_ECANCELED;
		rc = larder_plan_wait(plan, LRD_CONTROL_SLICE_MS);
	} while (rc == LARDER_ETIMEDOUT && larder_plan_verdict(plan) == LARDER_WAIT);
	return rc;
}
