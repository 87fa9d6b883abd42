/* SPDX-License-Identifier: MIT */
/* addr.c - a socket address as a value: read from a literal, written for messages. */
#include "transport/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool parse_v4(const char *text, uint16_t port, struct lrd_addr *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	/* inet_pton() takes four decimal numbers alone, without leading zeros. */
	if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
		return false;
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->storage, &in, sizeof(in));
	addr->len = sizeof(in);
	return true;
}

static bool parse_v6(const char *text, uint16_t port, struct lrd_addr *addr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	char digits[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "%");

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (inet_pton(AF_INET6, digits, &in6.sin6_addr) != 1)
		return false;
	/* A zone is the name of an interface of this machine. */
	if (text[len] == '%') {
		in6.sin6_scope_id = if_nametoindex(text + len + 1);
		if (in6.sin6_scope_id == 0)
			return false;
	}
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->storage, &in6, sizeof(in6));
	addr->len = sizeof(in6);
	return true;
}

bool lrd_addr_parse(const char *text, uint16_t port, struct lrd_addr *addr)
{
	return strchr(text, ':') ? parse_v6(text, port, addr) : parse_v4(text, port, addr);
}

bool lrd_addr_is_literal(const char *text)
{
	struct lrd_addr unused;

	return lrd_addr_parse(text, 0, &unused);
}

bool lrd_addr_unix(const char *path, struct lrd_addr *addr)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(un.sun_path))
		return false;
	memcpy(un.sun_path, path, len);
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->storage, &un, sizeof(un));
	addr->len = sizeof(un);
	return true;
}

const char *lrd_addr_text(const struct lrd_addr *addr, char *buf, size_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;

	if (len == 0)
		return "";
	buf[0] = '\0';
	switch (addr->storage.ss_family) {
	case AF_INET:
		memcpy(&in, &addr->storage, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, buf, (socklen_t)len);
		break;
	case AF_INET6:
		memcpy(&in6, &addr->storage, sizeof(in6));
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, buf, (socklen_t)len);
		break;
	case AF_UNIX:
		memcpy(&un, &addr->storage, sizeof(un));
		(void)snprintf(buf, len, "%s", un.sun_path);
		break;
	default:
		(void)snprintf(buf, len, "unknown address");
		break;
	}
	return buf;
}

void lrd_addr_set_port(struct lrd_addr *addr, uint16_t port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (addr->storage.ss_family == AF_INET) {
		memcpy(&in, &addr->storage, sizeof(in));
		in.sin_port = htons(port);
		memcpy(&addr->storage, &in, sizeof(in));
	} else if (addr->storage.ss_family == AF_INET6) {
		memcpy(&in6, &addr->storage, sizeof(in6));
		in6.sin6_port = htons(port);
		memcpy(&addr->storage, &in6, sizeof(in6));
	}
}
