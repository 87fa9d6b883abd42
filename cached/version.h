/* SPDX-License-Identifier: MIT */
/*
 * version.h - the version that memcache clients are told.
 *
 * Clients and test tools read it as memcached's and choose their expectations by it, so it
 * begins with the version whose answers larderd gives to the byte; our own follows.
 */
#ifndef LRD_CACHED_VERSION_H
#define LRD_CACHED_VERSION_H

#define LRD_CACHED_VERSION_TEXT "1.6.45-larder-" LARDER_VERSION

#endif
