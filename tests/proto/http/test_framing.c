/* SPDX-License-Identifier: MIT */
/* test_framing.c - where bodies end, and the messages over which readers disagree. */
#include "proto/http/framing.h"

#include "tests/proto/http/rows.h"
#include "tests/support/check_main.h"

enum {
	NONE = LRD_BODY_NONE,
	LENGTH = LRD_BODY_LENGTH,
	CHUNKED = LRD_BODY_CHUNKED,
	CLOSE = LRD_BODY_UNTIL_CLOSE,
	TUNNEL = LRD_BODY_TUNNEL,
	BAD = -1,
};

#define CL "Content-Length: "
#define TE "Transfer-Encoding: "

static const struct {
	const char *method;
	int minor, status;
	const char *fields;
	int kind;
	uint64_t length;
	bool reusable, opaque;
} responses[] = {
	{ "GET", 1, 200, CL "5", LENGTH, 5, true, false },
	{ "GET", 1, 200, CL "0", LENGTH, 0, true, false },
	{ "GET", 1, 200, "content-LENGTH: 005", LENGTH, 5, true, false },
	{ "GET", 1, 404, CL "5", LENGTH, 5, true, false },
	{ "GET", 1, 206, CL "9223372036854775807", LENGTH, INT64_MAX, true, false },
	{ "GET", 1, 200, CL "5\nConnection: close", LENGTH, 5, false, false },
	{ "GET", 1, 200, CL "5\nConnection: x, CLOSE", LENGTH, 5, false, false },
	{ "GET", 1, 200, CL "5\nConnection: keep-alive\nConnection: close", LENGTH, 5,
	  false, false },
	{ "GET", 0, 200, CL "5", LENGTH, 5, false, false },
	{ "GET", 0, 200, CL "5\nConnection: Keep-Alive", LENGTH, 5, true, false },
	{ "GET", 1, 200, "", CLOSE, 0, false, false },
	{ "POST", 1, 500, "Connection: keep-alive", CLOSE, 0, false, false },
	/* numbers that are none */
	{ "GET", 1, 200, CL "", BAD, 0, false, false },
	{ "GET", 1, 200, CL "+5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "-5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5 5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "0x5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5.0", BAD, 0, false, false },
	{ "GET", 1, 200, CL "\"5\"", BAD, 0, false, false },
	{ "GET", 1, 200, CL "9223372036854775808", BAD, 0, false, false },
	{ "GET", 1, 200, CL "99999999999999999999999", BAD, 0, false, false },
	/* more than one */
	{ "GET", 1, 200, CL "5, 5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5, 6", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5\n" CL "5", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5\n" CL "6", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5,", BAD, 0, false, false },
	/* transfer codings */
	{ "GET", 1, 200, TE "chunked", CHUNKED, 0, true, false },
	{ "GET", 1, 200, TE "CHUNKED\nConnection: close", CHUNKED, 0, false, false },
	{ "GET", 1, 200, TE ", chunked ,", CHUNKED, 0, true, false },
	{ "GET", 1, 200, TE "gzip, chunked", CHUNKED, 0, true, true },
	{ "GET", 1, 200, TE "gzip\n" TE "chunked", CHUNKED, 0, true, true },
	{ "GET", 1, 200, TE "chunked, gzip", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "gzip", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "identity", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "xchunked", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "chunked;q=1", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "\"chunked\"", CLOSE, 0, false, true },
	{ "GET", 1, 200, TE "chunked, chunked", BAD, 0, false, false },
	{ "GET", 1, 200, TE "chunked\n" TE "chunked", BAD, 0, false, false },
	{ "GET", 1, 200, TE "", BAD, 0, false, false },
	{ "GET", 1, 200, TE ",", BAD, 0, false, false },
	{ "GET", 1, 200, CL "5\n" TE "chunked", BAD, 0, false, false },
	{ "GET", 1, 200, TE "identity\n" CL "5", BAD, 0, false, false },
	{ "GET", 0, 200, TE "chunked", CHUNKED, 0, false, true },
	{ "GET", 0, 200, TE "chunked\nConnection: keep-alive", CHUNKED, 0, false, true },
	{ "GET", 0, 200, TE "chunked\n" CL "5", BAD, 0, false, false },
	{ "GET", 0, 200, TE "gzip", CLOSE, 0, false, true },
	/* no body, whatever the fields say */
	{ "HEAD", 1, 200, CL "5", NONE, 0, true, false },
	{ "HEAD", 1, 200, TE "chunked", NONE, 0, true, false },
	{ "HEAD", 1, 200, "", NONE, 0, true, false },
	{ "HEAD", 1, 200, CL "5\n" TE "chunked", NONE, 0, false, false },
	{ "HEAD", 1, 200, CL "5, 5", NONE, 0, false, false },
	{ "head", 1, 200, CL "5", LENGTH, 5, true, false }, /* methods have case */
	{ "GET", 1, 304, CL "5", NONE, 0, true, false },
	{ "GET", 1, 304, "Connection: close", NONE, 0, false, false },
	{ "GET", 1, 304, CL "x", NONE, 0, false, false },
	{ "GET", 1, 204, "", NONE, 0, true, false },
	{ "GET", 1, 204, CL "0", NONE, 0, true, false },
	{ "GET", 1, 204, CL "5", NONE, 0, false, false },
	{ "GET", 1, 204, TE "chunked", NONE, 0, false, false },
	{ "GET", 1, 100, "", NONE, 0, true, false },
	{ "GET", 1, 103, "Link: x", NONE, 0, true, false },
	{ "GET", 1, 102, CL "5", NONE, 0, false, false },
	{ "GET", 1, 101, "Upgrade: x", TUNNEL, 0, false, false },
	{ "GET", 1, 205, CL "0", LENGTH, 0, true, false },
	/* tunnels */
	{ "CONNECT", 1, 200, "", TUNNEL, 0, false, false },
	{ "CONNECT", 1, 204, CL "5\n" TE "chunked", TUNNEL, 0, false, false },
	{ "CONNECT", 1, 407, CL "5", LENGTH, 5, true, false },
	{ "connect", 1, 200, CL "5", LENGTH, 5, true, false },
};

START_TEST(bodies_of_responses)
{
	struct row_fields rows;
	struct lrd_field_view view = row_view(responses[_i].fields, &rows);
	struct lrd_framing framing = { .length = 77 };
	int rc = lrd_framing_response(lrd_slice_cstr(responses[_i].method),
				      responses[_i].minor, responses[_i].status, view,
				      &framing);

	if (responses[_i].kind == BAD) {
		ck_assert_int_eq(rc, LARDER_EPROTO);
		ck_assert_uint_eq(framing.length, 77);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq((int)framing.kind, responses[_i].kind);
	ck_assert_uint_eq(framing.length, responses[_i].length);
	ck_assert_int_eq(framing.reusable, responses[_i].reusable);
	ck_assert_int_eq(framing.opaque, responses[_i].opaque);
}
END_TEST

static const struct {
	int minor;
	const char *fields;
	int kind;
	uint64_t length;
	bool reusable, opaque;
} requests[] = {
	{ 1, "", NONE, 0, true, false },
	{ 0, "", NONE, 0, false, false },
	{ 1, "Connection: close", NONE, 0, false, false },
	{ 1, CL "7", LENGTH, 7, true, false },
	{ 1, TE "chunked", CHUNKED, 0, true, false },
	{ 1, TE "gzip, chunked", CHUNKED, 0, true, true },
	{ 1, TE "gzip", BAD, 0, false, false },
	{ 1, TE "chunked, gzip", BAD, 0, false, false },
	{ 1, TE "chunked, chunked", BAD, 0, false, false },
	{ 1, TE "chunked\n" CL "5", BAD, 0, false, false },
	{ 0, TE "chunked", BAD, 0, false, false },
	{ 1, CL "5\n" CL "5", BAD, 0, false, false },
	{ 1, CL "5x", BAD, 0, false, false },
};

START_TEST(bodies_of_requests)
{
	struct row_fields rows;
	struct lrd_field_view view = row_view(requests[_i].fields, &rows);
	struct lrd_framing framing = { .length = 77 };
	int rc = lrd_framing_request(requests[_i].minor, view, &framing);

	ck_assert_int_eq(rc, requests[_i].kind == BAD ? LARDER_EPROTO : 0);
	if (rc < 0)
		return;
	ck_assert_int_eq((int)framing.kind, requests[_i].kind);
	ck_assert_uint_eq(framing.length, requests[_i].length);
	ck_assert_int_eq(framing.reusable, requests[_i].reusable);
	ck_assert_int_eq(framing.opaque, requests[_i].opaque);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("framing");
	TCase *tc = tcase_create("framing");

	tcase_add_loop_test(tc, bodies_of_responses, 0,
			    sizeof(responses) / sizeof(responses[0]));
	tcase_add_loop_test(tc, bodies_of_requests, 0,
			    sizeof(requests) / sizeof(requests[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
