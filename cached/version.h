/* SPDX-License-Identifier: MIT */
/*
 * version.h - the version that memcache clients are told.
 *
 * Clients parse it as memcached's, and some choose commands by it: so it begins with the last
 * version that has the commands larderd has (1.6 would promise meta commands), and our own
 * follows.
 */
#ifndef LRD_CACHED_VERSION_H
#define LRD_CACHED_VERSION_H

#define LRD_CACHED_VERSION_TEXT "1.5.22-larder-" LARDER_VERSION

#endif
