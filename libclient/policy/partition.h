/* SPDX-License-Identifier: MIT */
/*
 * partition.h - whose answers a request may see: the principal behind its credentials, as a
 * name that does not reveal them.
 *
 * Credentials are: Authorization, Proxy-Authorization, Cookie, the login fields that schemes
 * outside HTTP use (X-WSSE, X-Api-Key, X-Auth-Token), the user name and password in a URL, and
 * the identity of the connection (client certificate, session's credentials). Without any the
 * name is empty: the anonymous partition. Otherwise it is '~' and 32 hexadecimal digits of a
 * keyed 128-bit hash over all of them; equal credentials in equal order give equal names, in
 * every process that knows the key.
 *
 * Schemes whose field differs with every request (Digest and its kin, WSSE) would give each
 * request a partition of its own: where an identity is given, it stands for such a field.
 */
#ifndef LRD_POLICY_PARTITION_H
#define LRD_POLICY_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/http/fields.h"

enum { LRD_PARTITION_NAME_SIZE = 34 }; /* '~', 32 digits, NUL */

/* Is this field a credential? */
bool lrd_partition_credential(larder_slice name);

/* Writes the name, NUL-terminated, and returns its length; `userinfo` is the URL's. */
size_t lrd_partition_name(struct lrd_field_view request, larder_slice userinfo,
			  larder_slice identity, const uint8_t secret[16],
			  char out[LRD_PARTITION_NAME_SIZE]);

#endif
