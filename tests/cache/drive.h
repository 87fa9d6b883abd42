/* SPDX-License-Identifier: MIT */
/* drive.h - requests and answers as text, driven through a cache that stands on a real store. */
#ifndef LARDER_TESTS_CACHE_DRIVE_H
#define LARDER_TESTS_CACHE_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/cache.h>

enum { DRIVE_FIELDS = 64 };

/* Fields out of "Name: value\nName: value\n". */
struct drive_fields {
	larder_field at[DRIVE_FIELDS];
	size_t count;
	char text[8192];
};
void drive_fields_read(const char *text, struct drive_fields *out);

/* A new directory of a test's own, and a cache in it. */
larder_cache *drive_open(const larder_cache_options *options);
larder_cache *drive_open_in(const char *dir, const larder_cache_options *options);
/* The directory of the last drive_open(). */
const char *drive_dir(void);

struct drive_request {
	const char *method;    /* GET */
	const char *url;       /* http://origin.test/page */
	const char *fields;    /* "" */
	const char *partition; /* NULL: derived */
	const char *identity;
	uint32_t mode;
	uint32_t can_refresh;
	uint32_t can_resume;
	const char *content; /* of a QUERY; NULL: not told */
	uint32_t can_wait;
	uint32_t wait_ms;
	uint32_t lease_ms;
};

/* Looks up; fails the test on an error. The plan is the caller's. */
larder_plan *drive_lookup(larder_cache *cache, const struct drive_request *request);

struct drive_response {
	uint32_t status;    /* 200 */
	const char *fields; /* "" */
	const char *body;   /* "" */
	size_t body_len;    /* 0: of the text */
	int64_t ago_s;      /* it arrived so many seconds ago, and Date says so too */
	int64_t delay_s;    /* and took this long */
	bool no_date;
	int64_t claimed_len; /* body_length given; 0: the true one; -1: unknown */
	bool no_commit;
	bool cut; /* the body breaks off at the end of the text */
};

/* Hands the plan an answer; Date is added; body and commit follow where the plan passes it. */
void drive_answer(larder_plan *plan, const struct drive_response *response);

/* Lookup and, on FETCH, answer; twice where the plan asks again. Returns the plan. */
larder_plan *drive(larder_cache *cache, const struct drive_request *request,
		   const struct drive_response *response);

/* What a lookup says, the plan freed: "fresh max-age", "miss uri-miss" and the like. */
const char *drive_says(larder_cache *cache, const struct drive_request *request);

/* The value of a served field, or NULL. */
const char *drive_field(const larder_plan *plan, const char *name);
/* The value of a condition field, or NULL. */
const char *drive_condition(const larder_plan *plan, const char *name);
/* The served body, pulled to its end, NUL-terminated; freed by the caller. */
char *drive_body(larder_plan *plan, size_t *len);

/* "store_why" of the plan as a word. */
const char *drive_store_why(const larder_plan *plan);

/* An HTTP date `ago_s` seconds before now. */
const char *drive_date(int64_t ago_s);

#endif
