/* SPDX-License-Identifier: MIT */
/* resolve.c - from a host name to addresses: literals, overrides, answers kept for a while. */
#include "transport/resolve.h"

#include <string.h>
#include <strings.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "transport/lookup.h"

enum {
	NAME_MAX_BYTES = 253, /* RFC 1035 s2.3.4, written with dots */
	KEPT_MAX = 64,        /* learned names; the oldest makes room */
	NS_PER_MS = 1000000
};

struct entry {
	struct entry *next;
	uint64_t expires_ns; /* 0 for an override, which stays */
	uint16_t port;       /* an override's; 0 for every port */
	struct lrd_addr_list list;
	char host[]; /* NUL-terminated */
};

struct lrd_resolver {
	const larder_allocator *allocator;
	struct entry *entries; /* the newest first */
};

int lrd_resolver_new(const larder_allocator *allocator, struct lrd_resolver **out)
{
	struct lrd_resolver *resolver = lrd_alloc_zero(allocator, sizeof(*resolver));

	if (!resolver)
		return LARDER_ENOMEM;
	resolver->allocator = allocator;
	*out = resolver;
	return 0;
}

void lrd_resolver_free(struct lrd_resolver *resolver)
{
	if (!resolver)
		return;
	while (resolver->entries) {
		struct entry *entry = resolver->entries;

		resolver->entries = entry->next;
		lrd_alloc_free(resolver->allocator, entry);
	}
	lrd_alloc_free(resolver->allocator, resolver);
}

/* ---- what is kept ----------------------------------------------------------------------- */

static int keep(struct lrd_resolver *resolver, const char *host, uint16_t port,
		uint64_t expires_ns, const struct lrd_addr_list *list)
{
	size_t len = strlen(host);
	struct entry *entry = lrd_alloc(resolver->allocator, sizeof(*entry) + len + 1);

	if (!entry)
		return LARDER_ENOMEM;
	entry->next = resolver->entries;
	entry->expires_ns = expires_ns;
	entry->port = port;
	entry->list = *list;
	memcpy(entry->host, host, len + 1);
	resolver->entries = entry;
	return 0;
}

/* Drops learned answers that are about `host` (NULL: none), too old, or too many. */
static void sweep(struct lrd_resolver *resolver, const char *host)
{
	uint64_t now_ns = lrd_clock_mono_ns();
	struct entry **link = &resolver->entries;
	size_t count = 0;

	while (*link) {
		struct entry *entry = *link;

		if (entry->expires_ns == 0 ||
		    (entry->expires_ns > now_ns && ++count < KEPT_MAX &&
		     !(host && strcasecmp(entry->host, host) == 0))) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		lrd_alloc_free(resolver->allocator, entry);
	}
}

int lrd_resolver_override(struct lrd_resolver *resolver, const char *host, uint16_t port,
			  const struct lrd_addr_list *list)
{
	if (list->count == 0 || list->count > LRD_RESOLVE_MAX)
		return LARDER_EINVAL;
	for (struct entry *entry = resolver->entries; entry; entry = entry->next) {
		if (entry->expires_ns || entry->port != port ||
		    strcasecmp(entry->host, host))
			continue;
		entry->list = *list;
		return 0;
	}
	return keep(resolver, host, port, 0, list);
}

void lrd_resolver_forget(struct lrd_resolver *resolver, const char *host)
{
	sweep(resolver, host);
}

/* An override of the exact port, else one of every port, else what was learned. */
static const struct entry *find(const struct lrd_resolver *resolver, const char *host,
				uint16_t port)
{
	const struct entry *best = NULL;

	for (const struct entry *entry = resolver->entries; entry; entry = entry->next) {
		if (strcasecmp(entry->host, host) != 0)
			continue;
		if (entry->expires_ns == 0 && entry->port == port)
			return entry;
		if (entry->expires_ns == 0 && entry->port == 0)
			best = entry;
		else if (entry->expires_ns && !best &&
			 entry->expires_ns > lrd_clock_mono_ns())
			best = entry;
	}
	return best;
}

/* ---- names that need no lookup, or must not have one ------------------------------------ */

/* RFC 6761 s6.3: these are this machine, whatever a name server says. */
static bool is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t len = strlen(host);
	size_t own = sizeof(name) - 1;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < own || strncasecmp(host + len - own, name, own) != 0)
		return false;
	return len == own || host[len - own - 1] == '.';
}

static void loopback(struct lrd_addr_list *list)
{
	list->count = 0;
	if (lrd_addr_parse("127.0.0.1", 0, &list->addr[list->count]))
		list->count++;
	if (lrd_addr_parse("::1", 0, &list->addr[list->count]))
		list->count++;
}

/*
 * Whether the last label is a number, as in "127.1" or "0x7f.0.0.1": getaddrinfo() reads such
 * names as addresses, other parsers do not, and that is how filters are passed by.
 */
static bool ends_in_number(const char *host)
{
	larder_slice name = lrd_slice_cstr(host);
	size_t digits;

	if (name.len && name.ptr[name.len - 1] == '.')
		name.len--;
	while (true) {
		size_t dot = lrd_slice_find(name, '.');

		if (dot == name.len)
			break;
		name = lrd_slice_skip(name, dot + 1);
	}
	if (lrd_slice_starts_nocase(name, LRD_SLICE("0x")))
		return strspn(name.ptr + 2, "0123456789abcdefABCDEF") >= name.len - 2;
	digits = strspn(name.ptr, "0123456789");
	return name.len && digits >= name.len;
}

static const char *wrong_with(const char *host)
{
	size_t len = strlen(host);

	if (len == 0)
		return "the name is empty";
	if (len > NAME_MAX_BYTES + 1 || (len > NAME_MAX_BYTES && host[len - 1] != '.'))
		return "the name is longer than 253 bytes";
	if (host[0] == '.' || strstr(host, ".."))
		return "a part between its dots is empty";
	if (strchr(host, ':') || ends_in_number(host))
		return "it looks like an address and is none";
	for (const char *at = host; *at; at++) {
		if (*at <= ' ' || *at == 0x7f || strchr("/\\@%?#", *at))
			return "no name has such characters";
	}
	return NULL;
}

/* Copies the answer, each address with the port. */
static void answer(const struct lrd_addr_list *list, uint16_t port,
		   struct lrd_addr_list *out)
{
	*out = *list;
	for (size_t i = 0; i < out->count; i++)
		lrd_addr_set_port(&out->addr[i], port);
}

int lrd_resolve(struct lrd_resolver *resolver, const char *host, uint16_t port,
		const struct lrd_wait *wait, struct lrd_addr_list *out, larder_error *err)
{
	const struct entry *known = resolver ? find(resolver, host, port) : NULL;
	const char *wrong;
	struct lrd_addr_list list;
	int rc;

	if (known) {
		answer(&known->list, port, out);
		return 0;
	}
	if (lrd_addr_parse(host, port, &out->addr[0])) {
		out->count = 1;
		return 0;
	}
	if (is_localhost(host)) {
		loopback(&list);
		answer(&list, port, out);
		return 0;
	}
	wrong = wrong_with(host);
	if (wrong) {
		return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0, host,
				     "cannot resolve %.300s: %s", host, wrong);
	}
	rc = lrd_lookup(host, wait, &list, err);
	if (rc < 0)
		return rc;
	answer(&list, port, out);
	if (resolver) {
		sweep(resolver, host);
		/* Without memory to keep it the answer is as good. */
		(void)keep(resolver, host, 0,
			   lrd_clock_mono_ns() + (uint64_t)LRD_RESOLVE_TTL_MS * NS_PER_MS,
			   &list);
	}
	return 0;
}
