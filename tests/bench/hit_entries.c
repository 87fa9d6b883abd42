/* SPDX-License-Identifier: MIT */
/* hit_entries.c - the stored responses that larder's contenders get. */
#include "hit_entries.h"

#include "bench.h"

#include <stdlib.h>
#include <string.h>

void hit_entry_url(size_t index, char *url, size_t cap)
{
	bench_format(url, cap, "http://origin.example/catalogue/section-%zu/item-%zu.json",
		     index % 97, index);
}

/* Stores one response as a transport would, so that the hits have a real head to carry. */
static void store_response(larder_cache *cache, const char *url, const char *body,
			   size_t len)
{
	static const larder_field fields[] = {
		{ { "Server", 6 }, { "nginx/1.22.1", 12 } },
		{ { "Content-Type", 12 }, { "application/json", 16 } },
		{ { "ETag", 4 }, { "\"66f2a1c0-400\"", 14 } },
		{ { "Last-Modified", 13 }, { "Tue, 24 Sep 2024 11:14:24 GMT", 29 } },
		{ { "Cache-Control", 13 }, { "max-age=86400", 13 } },
		{ { "Accept-Ranges", 13 }, { "bytes", 5 } },
	};
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_head head = LARDER_HEAD_INIT;
	larder_plan *plan = NULL;

	lookup.method = (larder_slice){ "GET", 3 };
	lookup.url = (larder_slice){ url, strlen(url) };
	head.status = 200;
	head.version = 11;
	head.reason = (larder_slice){ "OK", 2 };
	head.fields = fields;
	head.field_count = sizeof(fields) / sizeof(fields[0]);
	head.body_length = (int64_t)len;
	if (larder_cache_lookup(cache, &lookup, &plan) < 0 ||
	    larder_plan_receive(plan, &head) < 0 ||
	    larder_plan_append(plan, body, len) < 0 || larder_plan_commit(plan) < 0 ||
	    !larder_plan_served(plan)->stored)
		bench_die("larder: cannot store %s", url);
	larder_plan_free(plan);
}

void hit_entries_fill(larder_cache *cache, const struct hit_load *load)
{
	char *body = bench_alloc(load->body_bytes);
	char url[128];
	size_t i;

	for (i = 0; i < load->entries; i++) {
		hit_entry_url(i, url, sizeof(url));
		bench_body(i, body, load->body_bytes);
		store_response(cache, url, body, load->body_bytes);
	}
	free(body);
}
