/* SPDX-License-Identifier: MIT */
/* cache_status.c - how a plan was served, as a member of Cache-Status (RFC 9211). */
#include <inttypes.h>
#include <string.h>

#include "cache/plan.h"

/* Enough for every parameter; a structured-field integer has at most 15 digits. */
enum { MEMBER_BYTES = 256 };

#define INTEGER_MAX INT64_C(999999999999999)

static void put(struct lrd_buf *out, const char *text)
{
	/* The buffer fits the longest member: what could fail is a bug of the words' length. */
	if (lrd_buf_append_cstr(out, text) < 0)
		return;
}

static void put_number(struct lrd_buf *out, const char *name, int64_t number)
{
	if (number > INTEGER_MAX)
		number = INTEGER_MAX;
	if (number < -INTEGER_MAX)
		number = -INTEGER_MAX;
	put(out, name);
	if (lrd_buf_append_i64(out, number) < 0)
		return;
}

static void put_forward(struct lrd_buf *out, const larder_served *served)
{
	const char *fwd = lrd_why_fwd(served->fwd_why ? served->fwd_why : served->why);

	put(out, "; fwd=");
	put(out, fwd[0] ? fwd : "miss");
	if (served->fwd_status)
		put_number(out, "; fwd-status=", served->fwd_status);
	if (served->stored)
		put(out, "; stored");
	if (served->collapsed)
		put(out, "; collapsed");
}

size_t larder_plan_cache_status(const larder_plan *plan, char *buf, size_t cap)
{
	const larder_served *served = &plan->served;
	char storage[MEMBER_BYTES];
	struct lrd_buf out;
	size_t n;

	lrd_buf_init_fixed(&out, storage, sizeof(storage));
	put(&out, "larder");
	switch (served->how) {
	case LARDER_HOW_FRESH:
	case LARDER_HOW_STALE:
		/* RFC 9211 s2.1: no hit where the origin was asked, by another request too. */
		if (served->fwd_status || served->collapsed)
			put_forward(&out, served);
		else
			put(&out, "; hit");
		break;
	case LARDER_HOW_REFUSED:
		break;
	default:
		put_forward(&out, served);
		break;
	}
	if (served->ttl_s != INT64_MIN)
		put_number(&out, "; ttl=", served->ttl_s);
	if (served->how != LARDER_HOW_FRESH && served->why) {
		put(&out, "; detail=");
		put(&out, lrd_why_name(served->why));
	}
	if (cap > 0) {
		n = out.len < cap - 1 ? out.len : cap - 1;
		memcpy(buf, out.ptr, n);
		buf[n] = '\0';
	}
	return out.len;
}
