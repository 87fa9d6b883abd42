/* SPDX-License-Identifier: MIT */
/* no_proxy.h - the list of hosts that are reached without a proxy. Pure. */
#ifndef LRD_TRANSPORT_NO_PROXY_H
#define LRD_TRANSPORT_NO_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

/*
 * Whether `host` (name or literal, with or without brackets) and `port` are on the list: its
 * members stand between commas and blanks, and case and a final dot do not count.
 *
 *	*                       every host
 *	example.org             that host and all below it, not "badexample.org"
 *	.example.org            the same; "*.example.org" too
 *	example.org:8080        the same, at that port alone
 *	192.0.2.7, 2001:db8::1  that address; [2001:db8::1]:443 at that port
 *	192.0.2.0/24, 2001:db8::/32   every address of the net
 *
 * Addresses match addresses and names match names; nothing is looked up. What cannot be read
 * matches nothing: then the proxy is used.
 */
bool lrd_no_proxy_matches(larder_slice list, larder_slice host, uint16_t port);

#endif
