/* SPDX-License-Identifier: MIT */
/* no_proxy.c - the list of hosts that are reached without a proxy. */
#include "transport/no_proxy.h"

#include <netinet/in.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "transport/addr.h"

/* An address as bytes: 4 or 16 of them, 0 for what is no address. */
struct address {
	size_t len;
	unsigned char bytes[16];
};

/* The host that is asked about, or one member of the list. */
struct place {
	larder_slice name; /* without brackets, port, zone and final dot */
	struct address address;
	uint16_t port; /* 0: every port */
};

static struct address read_address(larder_slice text)
{
	struct address out = { .len = 0 };
	char copy[LRD_ADDR_TEXT_MAX];
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	struct lrd_addr addr;

	if (text.len == 0 || text.len >= sizeof(copy))
		return out;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (!lrd_addr_parse(copy, 0, &addr))
		return out;
	if (addr.storage.ss_family == AF_INET6) {
		memcpy(&in6, &addr.storage, sizeof(in6));
		out.len = 16;
		memcpy(out.bytes, &in6.sin6_addr, out.len);
	} else {
		memcpy(&in, &addr.storage, sizeof(in));
		out.len = 4;
		memcpy(out.bytes, &in.sin_addr, out.len);
	}
	return out;
}

static bool same_net(const struct address *a, const struct address *b, size_t bits)
{
	size_t whole = bits / 8;
	unsigned rest = bits % 8;

	if (a->len == 0 || a->len != b->len || bits > a->len * 8 ||
	    memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

/* A port behind the last ':' of "host:port" or "[address]:port". False when it is none. */
static bool read_port(larder_slice text, uint16_t *port)
{
	uint64_t number;

	if (lrd_u64_parse(text, &number) < 0 || number == 0 || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* False for what cannot be read. */
static bool read_place(larder_slice text, struct place *out)
{
	larder_slice rest;

	*out = (struct place){ .name = text };
	if (text.len && text.ptr[0] == '[') {
		if (!lrd_slice_cut(lrd_slice_skip(text, 1), ']', &out->name, &rest))
			return false;
		if (rest.len && (rest.ptr[0] != ':' ||
				 !read_port(lrd_slice_skip(rest, 1), &out->port)))
			return false;
	} else if (lrd_slice_cut(text, ':', &out->name, &rest)) {
		/* More than one ':' is an address without brackets, which has no port. */
		if (lrd_slice_find(rest, ':') < rest.len)
			out->name = text;
		else if (!read_port(rest, &out->port))
			return false;
	}
	out->name.len = lrd_slice_find(out->name, '%');
	if (out->name.len && out->name.ptr[out->name.len - 1] == '.')
		out->name.len--;
	out->address = read_address(out->name);
	return out->name.len > 0;
}

/* "192.0.2.0/24", "[2001:db8::]/32" */
static bool matches_net(larder_slice net, larder_slice length, const struct place *host)
{
	struct place place;
	uint64_t bits;

	return lrd_u64_parse(length, &bits) == 0 && bits <= 128 &&
	       read_place(net, &place) && place.port == 0 &&
	       same_net(&place.address, &host->address, (size_t)bits);
}

static bool matches_name(larder_slice name, larder_slice host)
{
	larder_slice tail;

	if (lrd_slice_starts(name, LRD_SLICE("*.")))
		name = lrd_slice_skip(name, 1);
	if (lrd_slice_starts(name, LRD_SLICE(".")))
		name = lrd_slice_skip(name, 1);
	if (name.len == 0 || name.len > host.len)
		return false;
	tail = lrd_slice_skip(host, host.len - name.len);
	if (!lrd_slice_equal_nocase(tail, name))
		return false;
	return host.len == name.len || host.ptr[host.len - name.len - 1] == '.';
}

static bool matches(larder_slice member, const struct place *host)
{
	larder_slice net;
	larder_slice length;
	struct place place;

	if (lrd_slice_equal(member, LRD_SLICE("*")))
		return true;
	if (lrd_slice_cut(member, '/', &net, &length))
		return matches_net(net, length, host);
	if (!read_place(member, &place) || (place.port && place.port != host->port))
		return false;
	/* "0.0.1" is a name, and no end of 127.0.0.1. */
	if (place.address.len || host->address.len)
		return same_net(&place.address, &host->address, place.address.len * 8);
	return matches_name(place.name, host->name);
}

bool lrd_no_proxy_matches(larder_slice list, larder_slice host, uint16_t port)
{
	struct place place;

	if (!read_place(host, &place))
		return false;
	place.port = port;
	for (size_t i = 0; i < list.len;) {
		size_t end = i;

		while (end < list.len && !strchr(", \t\r\n", list.ptr[end]))
			end++;
		if (end > i && matches(lrd_slice_of(list.ptr + i, end - i), &place))
			return true;
		i = end + 1;
	}
	return false;
}
