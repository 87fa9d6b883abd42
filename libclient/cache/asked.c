/* SPDX-License-Identifier: MIT */
/* asked.c - the copy of a request that a plan keeps until the origin's answer is there. */
#include "cache/asked.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

/* Moves *at behind a NUL-terminated copy of `from`. */
static larder_slice put(char **at, larder_slice from)
{
	larder_slice copy = { *at, from.len };

	if (from.len > 0)
		memcpy(*at, from.ptr, from.len);
	(*at)[from.len] = '\0';
	*at += from.len + 1;
	return copy;
}

static bool add_room(size_t *size, size_t more)
{
	return lrd_size_add(*size, more, size) && lrd_size_add(*size, 1, size);
}

static bool measure(const struct lrd_ask *ask, larder_slice directory, size_t *size)
{
	struct lrd_field_view view = ask->facts.fields;
	size_t array;
	bool fits = lrd_size_mul(view.count, sizeof(larder_field), &array) &&
		    lrd_size_add(sizeof(struct lrd_asked), array, size);

	for (size_t i = 0; i < view.count && fits; i++)
		fits = add_room(size, view.at[i].name.len) &&
		       add_room(size, view.at[i].value.len);
	return fits && add_room(size, ask->url.len) &&
	       add_room(size, ask->partition.len) && add_room(size, directory.len) &&
	       add_room(size, ask->method.len);
}

int lrd_asked_new(const struct lrd_ask *ask, larder_slice directory,
		  struct lrd_asked **out)
{
	struct lrd_field_view view = ask->facts.fields;
	struct lrd_asked *asked;
	larder_field *fields;
	larder_slice method;
	size_t size;
	char *at;
	int rc;

	if (!measure(ask, directory, &size))
		return LARDER_ENOMEM;
	asked = lrd_alloc_zero(&ask->cache->allocator, size);
	if (!asked)
		return LARDER_ENOMEM;
	asked->size = size;
	fields = (larder_field *)(asked + 1);
	at = (char *)(fields + view.count);
	for (size_t i = 0; i < view.count; i++) {
		fields[i].name = put(&at, view.at[i].name);
		fields[i].value = put(&at, view.at[i].value);
	}
	asked->url = put(&at, ask->url);
	asked->partition = put(&at, ask->partition);
	asked->directory = put(&at, directory);
	method = put(&at, ask->method);
	asked->method = method;
	asked->policy = ask->policy;
	asked->time = ask->now;
	asked->can_resume = ask->can_resume;
	/* Read again, so that nothing points at the caller's bytes. */
	lrd_request_facts_read(method, lrd_view_of(fields, view.count), ask->facts.mode,
			       &asked->facts);
	rc = lrd_uri_parse(asked->url, &asked->uri);
	if (rc < 0) {
		lrd_asked_free(ask->cache, asked);
		return rc;
	}
	*out = asked;
	return 0;
}

void lrd_asked_free(struct larder_cache *cache, struct lrd_asked *asked)
{
	if (!asked)
		return;
	explicit_bzero(asked, asked->size);
	lrd_alloc_free(&cache->allocator, asked);
}
