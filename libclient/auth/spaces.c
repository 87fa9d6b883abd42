/* SPDX-License-Identifier: MIT */
/* spaces.c - protection spaces by origin, realm and path prefix (RFC 9110 s11.5). */
#include "auth/spaces.h"

#include <string.h>

#include "auth/scheme.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/uri.h"

struct space {
	char *scheme;
	char *host;
	uint16_t port;
	struct lrd_auth *auth; /* one reference; realm and credential are its */
	char *prefix[LRD_SPACE_PREFIXES_MAX];
	size_t prefix_count;
	uint64_t used_at; /* by the counter below */
};

struct lrd_spaces {
	const larder_allocator *mem;
	struct space *at[LRD_SPACES_MAX];
	size_t count;
	uint64_t uses;
};

/* ---- paths ------------------------------------------------------------------------------- */

/* What stands before the query; "*" and authority-form stand for everything. */
static larder_slice path_of(larder_slice target)
{
	larder_slice path = lrd_slice_first(target, lrd_slice_find(target, '?'));

	return path.len > 0 && path.ptr[0] == '/' ? path : LRD_SLICE("/");
}

/* Up to the last slash (RFC 7617 s2.2): "/dir/page" is in the space of "/dir/". */
static larder_slice folder_of(larder_slice path)
{
	while (path.len > 0 && path.ptr[path.len - 1] != '/')
		path.len--;
	return path.len > 0 ? path : LRD_SLICE("/");
}

/*
 * Does the path climb? What a server makes of "/a/../b" or "/a/%2e%2e/b" is not for us to
 * guess: only "/" covers it.
 */
static bool has_dots(larder_slice path)
{
	larder_slice segment;

	while (path.len > 0 && lrd_slice_split(&path, '/', &segment)) {
		if (segment.len > 0 && (segment.ptr[0] == '.' || segment.ptr[0] == '%') &&
		    (lrd_slice_equal(segment, LRD_SLICE(".")) ||
		     lrd_slice_equal(segment, LRD_SLICE("..")) ||
		     lrd_slice_starts_nocase(segment, LRD_SLICE("%2e")) ||
		     lrd_slice_equal_nocase(segment, LRD_SLICE(".%2e"))))
			return true;
	}
	return false;
}

/* Prefixes that end in a slash cover what is below, others themselves and what is below. */
static bool covers(larder_slice prefix, larder_slice path)
{
	if (!lrd_slice_starts(path, prefix))
		return false;
	return prefix.ptr[prefix.len - 1] == '/' || path.len == prefix.len ||
	       path.ptr[prefix.len] == '/';
}

/* ---- one space --------------------------------------------------------------------------- */

static void free_space(const larder_allocator *mem, struct space *space)
{
	if (!space)
		return;
	for (size_t i = 0; i < space->prefix_count; i++)
		lrd_alloc_free(mem, space->prefix[i]);
	lrd_alloc_free(mem, space->scheme);
	lrd_alloc_free(mem, space->host);
	lrd_auth_unref(space->auth);
	lrd_alloc_free(mem, space);
}

static int new_space(const larder_allocator *mem, const struct lrd_auth_origin *origin,
		     struct space **ret)
{
	struct space *space = lrd_alloc_zero(mem, sizeof(*space));

	if (!space)
		return LARDER_ENOMEM;
	space->scheme = lrd_alloc_copy(mem, origin->scheme.ptr, origin->scheme.len);
	space->host = lrd_alloc_copy(mem, origin->host.ptr, origin->host.len);
	space->port = origin->port;
	if (!space->scheme || !space->host) {
		free_space(mem, space);
		return LARDER_ENOMEM;
	}
	*ret = space;
	return 0;
}

static bool is_at(const struct space *space, const struct lrd_auth_origin *origin)
{
	return space->port == origin->port &&
	       lrd_slice_equal_nocase(lrd_slice_cstr(space->scheme), origin->scheme) &&
	       lrd_slice_equal_nocase(lrd_slice_cstr(space->host), origin->host);
}

/* Adds a prefix unless another covers it; a full list or a long path adds none. */
static int add_prefix(const larder_allocator *mem, struct space *space,
		      larder_slice prefix)
{
	if (prefix.len > LRD_SPACE_PREFIX_MAX || has_dots(prefix))
		return 0;
	for (size_t i = 0; i < space->prefix_count; i++) {
		if (covers(lrd_slice_cstr(space->prefix[i]), prefix))
			return 0;
	}
	if (space->prefix_count == LRD_SPACE_PREFIXES_MAX)
		return 0;
	space->prefix[space->prefix_count] = lrd_alloc_copy(mem, prefix.ptr, prefix.len);
	if (!space->prefix[space->prefix_count])
		return LARDER_ENOMEM;
	space->prefix_count++;
	return 0;
}

/* One URI of a domain parameter: an absolute path, or an absolute URI of the same origin. */
static int add_domain(const larder_allocator *mem, struct space *space,
		      const struct lrd_auth_origin *origin, larder_slice uri)
{
	struct lrd_uri parsed;
	struct lrd_auth_origin its;

	if (lrd_uri_parse_reference(uri, &parsed) < 0)
		return 0;
	if (parsed.flags & LRD_URI_HAS_AUTHORITY) {
		if (!(parsed.flags & LRD_URI_HAS_SCHEME))
			return 0;
		its = (struct lrd_auth_origin){ parsed.scheme, parsed.host,
						parsed.port_number };
		if (its.port != origin->port ||
		    !lrd_slice_equal_nocase(its.scheme, origin->scheme) ||
		    !lrd_slice_equal_nocase(its.host, origin->host))
			return 0;
	} else if ((parsed.flags & LRD_URI_HAS_SCHEME) || parsed.path.len == 0 ||
		   parsed.path.ptr[0] != '/') {
		return 0;
	}
	return add_prefix(mem, space, path_of(parsed.path));
}

static int add_prefixes(const larder_allocator *mem, struct space *space,
			const struct lrd_auth_origin *origin, larder_slice target)
{
	larder_slice rest = lrd_buf_slice(&space->auth->domain);
	size_t before = space->prefix_count;
	larder_slice uri;
	int rc = 0;

	while (rest.len > 0 && rc == 0 && lrd_slice_split(&rest, ' ', &uri)) {
		if (uri.len > 0)
			rc = add_domain(mem, space, origin, uri);
	}
	if (rc < 0 || space->prefix_count > before)
		return rc;
	if (space->auth->rooted && space->auth->domain.len == 0)
		return add_prefix(mem, space, LRD_SLICE("/"));
	return add_prefix(mem, space, folder_of(path_of(target)));
}

/* ---- all --------------------------------------------------------------------------------- */

int lrd_spaces_new(const larder_allocator *mem, struct lrd_spaces **ret)
{
	struct lrd_spaces *spaces = lrd_alloc_zero(mem, sizeof(*spaces));

	if (!spaces)
		return LARDER_ENOMEM;
	spaces->mem = mem;
	*ret = spaces;
	return 0;
}

void lrd_spaces_clear(struct lrd_spaces *spaces)
{
	for (size_t i = 0; i < spaces->count; i++)
		free_space(spaces->mem, spaces->at[i]);
	spaces->count = 0;
}

void lrd_spaces_free(struct lrd_spaces *spaces)
{
	if (!spaces)
		return;
	lrd_spaces_clear(spaces);
	lrd_alloc_free(spaces->mem, spaces);
}

size_t lrd_spaces_count(const struct lrd_spaces *spaces)
{
	return spaces->count;
}

static void drop(struct lrd_spaces *spaces, size_t index)
{
	free_space(spaces->mem, spaces->at[index]);
	spaces->at[index] = spaces->at[--spaces->count];
}

/* The space that has not been used for longest goes. */
static void make_room(struct lrd_spaces *spaces)
{
	size_t oldest = 0;

	if (spaces->count < LRD_SPACES_MAX)
		return;
	for (size_t i = 1; i < spaces->count; i++) {
		if (spaces->at[i]->used_at < spaces->at[oldest]->used_at)
			oldest = i;
	}
	drop(spaces, oldest);
}

/* The same origin, realm, scheme and credential. */
static struct space *find_same(const struct lrd_spaces *spaces,
			       const struct lrd_auth_origin *origin,
			       const struct lrd_auth *auth)
{
	for (size_t i = 0; i < spaces->count; i++) {
		const struct lrd_auth *known = spaces->at[i]->auth;

		if (known->scheme == auth->scheme && known->secret == auth->secret &&
		    lrd_slice_equal(lrd_buf_slice(&known->realm),
				    lrd_buf_slice(&auth->realm)) &&
		    is_at(spaces->at[i], origin))
			return spaces->at[i];
	}
	return NULL;
}

int lrd_spaces_learn(struct lrd_spaces *spaces, const struct lrd_auth_origin *origin,
		     larder_slice target, struct lrd_auth *auth)
{
	struct space *space = find_same(spaces, origin, auth);
	struct space *fresh = NULL;
	int rc;

	if (!space) {
		rc = new_space(spaces->mem, origin, &fresh);
		if (rc < 0)
			return rc;
		space = fresh;
	}
	lrd_auth_ref(auth);
	lrd_auth_unref(space->auth);
	space->auth = auth;
	space->used_at = ++spaces->uses;
	rc = add_prefixes(spaces->mem, space, origin, target);
	if (fresh && (rc < 0 || fresh->prefix_count == 0)) {
		free_space(spaces->mem, fresh);
	} else if (fresh) {
		make_room(spaces);
		spaces->at[spaces->count++] = fresh;
	}
	return rc;
}

struct lrd_auth *lrd_spaces_find(struct lrd_spaces *spaces,
				 const struct lrd_auth_origin *origin, larder_slice target)
{
	larder_slice path = path_of(target);
	bool dots = has_dots(path);
	struct space *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < spaces->count; i++) {
		struct space *space = spaces->at[i];

		if (!is_at(space, origin))
			continue;
		for (size_t j = 0; j < space->prefix_count; j++) {
			larder_slice prefix = lrd_slice_cstr(space->prefix[j]);

			if (prefix.len > best_len && covers(prefix, path) &&
			    (!dots || prefix.len == 1)) {
				best = space;
				best_len = prefix.len;
			}
		}
	}
	if (!best)
		return NULL;
	best->used_at = ++spaces->uses;
	return best->auth;
}

void lrd_spaces_forget(struct lrd_spaces *spaces, const struct lrd_auth *auth)
{
	for (size_t i = spaces->count; i > 0; i--) {
		if (spaces->at[i - 1]->auth == auth)
			drop(spaces, i - 1);
	}
}
