/* SPDX-License-Identifier: MIT */
/* drive.c - requests and answers as text, driven through a cache that stands on a real store. */
#include "drive.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "sys/clock.h"
#include "tmpdir.h"

static const char *last_dir;

void drive_fields_read(const char *text, struct drive_fields *out)
{
	larder_slice rest, line, name, value;
	size_t len = text ? strlen(text) : 0;

	ck_assert_uint_lt(len, sizeof(out->text));
	memcpy(out->text, text ? text : "", len + 1);
	out->count = 0;
	rest = lrd_slice_of(out->text, len);
	while (len > 0 && lrd_slice_split(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		ck_assert_msg(lrd_slice_cut(line, ':', &name, &value), "no field: %.*s",
			      LRD_SLICE_ARG(line));
		ck_assert_uint_lt(out->count, DRIVE_FIELDS);
		out->at[out->count].name = name;
		out->at[out->count++].value = lrd_slice_trim(value);
	}
}

larder_cache *drive_open_in(const char *dir, const larder_cache_options *options)
{
	larder_cache_options set = LARDER_CACHE_OPTIONS_INIT;
	larder_cache *cache = NULL;
	larder_error err;
	int rc;

	if (options)
		set = *options;
	set.store = dir;
	if (set.budget_bytes == 0)
		set.budget_bytes = 32 << 20;
	rc = larder_cache_open(&set, &cache, &err);
	ck_assert_msg(rc == 0, "open: %d %s", rc, err.message);
	return cache;
}

larder_cache *drive_open(const larder_cache_options *options)
{
	static char path[4096];

	lrd_tmpdir_path(path, sizeof(path), lrd_tmpdir_new(), "store");
	last_dir = path;
	return drive_open_in(path, options);
}

const char *drive_dir(void)
{
	return last_dir;
}

larder_plan *drive_lookup(larder_cache *cache, const struct drive_request *request)
{
	struct drive_fields fields;
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_plan *plan = NULL;
	int rc;

	drive_fields_read(request->fields, &fields);
	lookup.method = lrd_slice_cstr(request->method ? request->method : "GET");
	lookup.url =
		lrd_slice_cstr(request->url ? request->url : "http://origin.test/page");
	lookup.fields = fields.at;
	lookup.field_count = fields.count;
	lookup.partition = request->partition;
	lookup.identity = lrd_slice_cstr(request->identity);
	lookup.mode = request->mode;
	lookup.can_refresh = request->can_refresh;
	lookup.can_resume = request->can_resume;
	if (request->content)
		lookup.content = lrd_slice_cstr(request->content);
	lookup.can_wait = request->can_wait;
	lookup.wait_ms = request->wait_ms;
	lookup.lease_ms = request->lease_ms;
	rc = larder_cache_lookup(cache, &lookup, &plan);
	ck_assert_msg(rc == 0, "lookup: %d", rc);
	/* Everything was borrowed for the call alone. */
	memset(&fields, 'x', sizeof(fields));
	return plan;
}

const char *drive_date(int64_t ago_s)
{
	static char text[4][LRD_DATE_SIZE];
	static unsigned turn;
	char *out = text[turn++ % 4];

	ck_assert_int_eq(lrd_date_format(lrd_clock_now_s() - ago_s, out), 0);
	return out;
}

void drive_answer(larder_plan *plan, const struct drive_response *response)
{
	struct drive_fields fields;
	larder_head head = LARDER_HEAD_INIT;
	char text[8192];
	const char *body = response->body ? response->body : "";
	size_t len = response->body_len ? response->body_len : strlen(body);
	uint32_t status = response->status ? response->status : 200;

	if (response->no_date)
		snprintf(text, sizeof(text), "%s",
			 response->fields ? response->fields : "");
	else
		snprintf(text, sizeof(text), "Date: %s\n%s", drive_date(response->ago_s),
			 response->fields ? response->fields : "");
	drive_fields_read(text, &fields);
	head.status = status;
	head.version = 11;
	head.reason = LRD_SLICE("Reason");
	head.fields = fields.at;
	head.field_count = fields.count;
	head.response_time = lrd_clock_now_s() - response->ago_s;
	head.request_time = head.response_time - response->delay_s;
	head.no_body = status == 204 || status == 304;
	head.body_length = response->claimed_len ? response->claimed_len : (int64_t)len;
	ck_assert_int_eq(larder_plan_receive(plan, &head), 0);
	memset(&fields, 'x', sizeof(fields));
	if (larder_plan_verdict(plan) != LARDER_PASS &&
	    larder_plan_verdict(plan) != LARDER_RESUME)
		return;
	if (!head.no_body)
		for (size_t at = 0, step; at < len; at += step) {
			step = len - at < 5000 ? len - at : 5000;
			ck_assert_int_eq(larder_plan_append(plan, body + at, step), 0);
		}
	if (response->cut)
		ck_assert_int_eq(larder_plan_cut(plan), 0);
	else if (!response->no_commit)
		ck_assert_int_eq(larder_plan_commit(plan), 0);
}

larder_plan *drive(larder_cache *cache, const struct drive_request *request,
		   const struct drive_response *response)
{
	larder_plan *plan = drive_lookup(cache, request);

	if (larder_plan_verdict(plan) == LARDER_FETCH)
		drive_answer(plan, response);
	return plan;
}

const char *drive_says(larder_cache *cache, const struct drive_request *request)
{
	static char text[128];
	larder_plan *plan = drive_lookup(cache, request);
	const larder_served *served = larder_plan_served(plan);

	snprintf(text, sizeof(text), "%s %s", larder_how_name(served->how),
		 larder_why_name(served->why));
	larder_plan_free(plan);
	return text;
}

static const char *value_of(const larder_field *fields, size_t count, const char *name)
{
	static char text[2048];

	for (size_t i = 0; i < count; i++) {
		if (!lrd_slice_equal_nocase(fields[i].name, lrd_slice_cstr(name)))
			continue;
		snprintf(text, sizeof(text), "%.*s", LRD_SLICE_ARG(fields[i].value));
		return text;
	}
	return NULL;
}

const char *drive_field(const larder_plan *plan, const char *name)
{
	size_t count;
	const larder_field *fields = larder_plan_fields(plan, &count);

	return value_of(fields, count, name);
}

const char *drive_condition(const larder_plan *plan, const char *name)
{
	size_t count;
	const larder_field *fields = larder_plan_condition(plan, &count);

	return value_of(fields, count, name);
}

char *drive_body(larder_plan *plan, size_t *len)
{
	size_t size = (size_t)larder_plan_body_length(plan);
	char *body = malloc(size + 1);
	size_t at = 0;
	ptrdiff_t n;

	ck_assert_ptr_nonnull(body);
	while ((n = larder_plan_read(plan, body + at,
				     size - at < 7777 ? size - at : 7777)) > 0)
		at += (size_t)n;
	ck_assert_msg(n == 0, "read: %td at %zu of %zu", n, at, size);
	ck_assert_uint_eq(at, size);
	body[at] = '\0';
	if (len)
		*len = at;
	return body;
}

const char *drive_store_why(const larder_plan *plan)
{
	return larder_why_name(larder_plan_served(plan)->store_why);
}
