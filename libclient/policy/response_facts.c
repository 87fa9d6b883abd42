/* SPDX-License-Identifier: MIT */
/* response_facts.c - what the caching decisions need to know of a response. */
#include "policy/facts.h"

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "proto/http/list.h"

/* RFC 9110 s15.1 names them; 308 by its own section. */
bool lrd_status_heuristic(uint32_t status)
{
	switch (status) {
	case 200:
	case 203:
	case 204:
	case 206:
	case 300:
	case 301:
	case 308:
	case 404:
	case 405:
	case 410:
	case 414:
	case 501:
		return true;
	default:
		return false;
	}
}

/* Those of RFC 9110 s15 whose caching needs nothing that this cache does not do. */
bool lrd_status_understood(uint32_t status)
{
	switch (status) {
	case 200:
	case 201:
	case 202:
	case 203:
	case 204:
	case 205:
	case 206:
	case 300:
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
	case 400:
	case 401:
	case 402:
	case 403:
	case 404:
	case 405:
	case 406:
	case 407:
	case 408:
	case 409:
	case 410:
	case 411:
	case 412:
	case 413:
	case 414:
	case 415:
	case 416:
	case 417:
	case 421:
	case 422:
	case 426:
	case 500:
	case 501:
	case 502:
	case 503:
	case 504:
	case 505:
		return true;
	default:
		return false;
	}
}

/* RFC 9111 s5.1: of a list the first member, and anything but a number is ignored. */
static void read_age(struct lrd_response_facts *out)
{
	struct lrd_list list;
	larder_slice member;
	uint64_t age;

	out->has_age = false;
	out->age_s = 0;
	lrd_list_init(&list, out->fields, LRD_SLICE("Age"));
	if (!lrd_list_next(&list, &member) || lrd_u64_parse_sat(member, &age) < 0)
		return;
	out->has_age = true;
	out->age_s = age > LRD_CC_MAX_SECONDS ? LRD_CC_MAX_SECONDS : (int64_t)age;
}

/* RFC 9111 s5.3: whatever is no date is in the past; of several the earliest counts. */
static void read_expires(struct lrd_response_facts *out)
{
	larder_slice value;
	int64_t at;

	out->expires = LRD_EXPIRES_NONE;
	out->expires_at = 0;
	for (size_t pos = 0;
	     lrd_view_next(out->fields, LRD_SLICE("Expires"), &pos, &value);) {
		if (lrd_date_parse(value, out->response_time, &at) < 0) {
			out->expires = LRD_EXPIRES_INVALID;
			return;
		}
		if (out->expires == LRD_EXPIRES_NONE || at < out->expires_at)
			out->expires_at = at;
		out->expires = LRD_EXPIRES_DATE;
	}
}

void lrd_response_facts_read(uint32_t status, struct lrd_field_view fields,
			     int64_t request_time, int64_t response_time,
			     struct lrd_response_facts *out)
{
	larder_slice value;

	out->status = status;
	out->fields = fields;
	out->request_time = request_time;
	out->response_time = response_time;
	lrd_cache_control_parse(fields, &out->cc);

	out->date = response_time;
	out->date_valid = lrd_view_get(fields, LRD_SLICE("Date"), &value) &&
			  lrd_date_parse(value, response_time, &out->date) == 0;
	read_age(out);
	read_expires(out);
	out->last_modified = 0;
	out->last_modified_valid =
		lrd_view_get(fields, LRD_SLICE("Last-Modified"), &value) &&
		lrd_date_parse(value, response_time, &out->last_modified) == 0;
	if (!lrd_view_get(fields, LRD_SLICE("ETag"), &out->etag))
		out->etag = (larder_slice){ NULL, 0 };
}
