/* SPDX-License-Identifier: MIT */
/* addr.h - a socket address as a value: read from a literal, written for messages. */
#ifndef LRD_TRANSPORT_ADDR_H
#define LRD_TRANSPORT_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <larder/types.h>

struct lrd_addr {
	struct sockaddr_storage storage;
	socklen_t len;
};

enum { LRD_ADDR_TEXT_MAX = 128 };

/*
 * Reads "192.0.2.1", "2001:db8::1" or "fe80::1%eth0" (no brackets). False, `addr` untouched,
 * when the text is no such literal; shortened and hexadecimal IPv4 forms are none.
 */
bool lrd_addr_parse(const char *text, uint16_t port, struct lrd_addr *addr);

/* The address of a unix socket. False when the path does not fit (107 bytes) or is empty. */
bool lrd_addr_unix(const char *path, struct lrd_addr *addr);

/* Whether the text is an IP literal, without a port in mind. */
bool lrd_addr_is_literal(const char *text);

/* Address without port ("192.0.2.1", "2001:db8::1", "/run/x.sock"); returns `buf`. */
const char *lrd_addr_text(const struct lrd_addr *addr, char *buf, size_t len);

void lrd_addr_set_port(struct lrd_addr *addr, uint16_t port);

#endif
