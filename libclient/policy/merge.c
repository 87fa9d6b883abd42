/* SPDX-License-Identifier: MIT */
/* merge.c - which fields of a response are stored (RFC 9111 s3.1), and what a 304 changes (s3.2). */
#include "policy/merge.h"

#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "proto/http/list.h"

static bool named(larder_slice name, const larder_slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lrd_slice_equal_nocase(name, names[i]))
			return true;
	return false;
}

bool lrd_merge_hop_by_hop(larder_slice name)
{
	static const larder_slice names[] = {
		LRD_SLICE_INIT("connection"),
		LRD_SLICE_INIT("keep-alive"),
		LRD_SLICE_INIT("proxy-connection"),
		LRD_SLICE_INIT("proxy-authenticate"),
		LRD_SLICE_INIT("proxy-authorization"),
		LRD_SLICE_INIT("proxy-authentication-info"),
		LRD_SLICE_INIT("te"),
		LRD_SLICE_INIT("trailer"),
		LRD_SLICE_INIT("transfer-encoding"),
		LRD_SLICE_INIT("upgrade"),
	};

	return named(name, names, sizeof(names) / sizeof(names[0]));
}

/* What the stored bytes are must not change while they stay (RFC 9111 s3.2). */
static bool describes_content(larder_slice name)
{
	static const larder_slice names[] = {
		LRD_SLICE_INIT("content-length"),
		LRD_SLICE_INIT("content-encoding"),
		LRD_SLICE_INIT("content-range"),
	};

	return named(name, names, sizeof(names) / sizeof(names[0]));
}

static bool never_stored(const struct lrd_response_facts *response, larder_slice name)
{
	if (lrd_merge_hop_by_hop(name) || lrd_slice_equal_nocase(name, LRD_SLICE("age")))
		return true;
	/* RFC 9110 s7.6.1: these concern every recipient, whatever Connection claims. */
	if (lrd_slice_equal_nocase(name, LRD_SLICE("cache-control")) ||
	    lrd_slice_equal_nocase(name, LRD_SLICE("vary")))
		return false;
	return lrd_list_has(response->fields, LRD_SLICE("Connection"), name);
}

static int add_date(int64_t date, struct lrd_fields *out)
{
	char text[LRD_DATE_SIZE];

	if (lrd_date_format(date, text) < 0)
		return 0;
	return lrd_fields_replace(out, LRD_SLICE("Date"), lrd_slice_cstr(text));
}

int lrd_merge_stored(const struct lrd_response_facts *response, bool strip_private,
		     struct lrd_fields *out)
{
	const struct lrd_field_view view = response->fields;
	int rc = 0;

	for (size_t i = 0; i < view.count && rc == 0; i++) {
		if (never_stored(response, view.at[i].name))
			continue;
		if (strip_private &&
		    lrd_cc_names_has(&response->cc.private_names, view.at[i].name))
			continue;
		rc = lrd_fields_add(out, view.at[i].name, view.at[i].value);
	}
	if (rc == 0 && !lrd_view_has(view, LRD_SLICE("Date")))
		rc = add_date(response->date, out);
	return rc;
}

static bool replaces(const struct lrd_response_facts *update, larder_slice name)
{
	return !never_stored(update, name) && !describes_content(name);
}

static int add_all_of(struct lrd_field_view view, larder_slice name,
		      struct lrd_fields *out)
{
	larder_slice value;
	int rc = 0;

	for (size_t pos = 0; rc == 0 && lrd_view_next(view, name, &pos, &value);)
		rc = lrd_fields_add(out, name, value);
	return rc;
}

int lrd_merge_update(struct lrd_field_view stored,
		     const struct lrd_response_facts *update, struct lrd_fields *out)
{
	const struct lrd_field_view fresh = update->fields;
	int rc = 0;

	/* The stored ones keep their order; what the update has stands where the old one was. */
	for (size_t i = 0; i < stored.count && rc == 0; i++) {
		larder_slice name = stored.at[i].name;

		if (lrd_slice_equal_nocase(name, LRD_SLICE("age")))
			continue;
		if (!lrd_view_has(fresh, name) || !replaces(update, name))
			rc = lrd_fields_add(out, name, stored.at[i].value);
		else if (!lrd_view_has(lrd_fields_view(out), name))
			rc = add_all_of(fresh, name, out);
	}
	for (size_t i = 0; i < fresh.count && rc == 0; i++) {
		larder_slice name = fresh.at[i].name;

		if (replaces(update, name) && !lrd_view_has(lrd_fields_view(out), name))
			rc = add_all_of(fresh, name, out);
	}
	/* Without a Date the time of receipt counts, not the old Date. */
	if (rc == 0 && !lrd_view_has(fresh, LRD_SLICE("Date")))
		rc = add_date(update->date, out);
	return rc;
}
