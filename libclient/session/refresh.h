/* SPDX-License-Identifier: MIT */
/*
 * refresh.h - refreshing in the background what was just served stale (RFC 5861 s3).
 *
 * The one session of the machine that is told to refresh does so in a thread of its own, with
 * a connection of its own, while its caller goes on with the stale answer. At most
 * LRD_REFRESH_THREADS at a time; where all are busy the refresh is left to the next session
 * that meets the stale entry. Threads end with their work; closing a session gives them
 * LRD_REFRESH_LINGER_MS more, so that programs which ask once refresh too.
 *
 * In a child of fork the parent's threads are not there: it starts from nothing.
 */
#ifndef LRD_SESSION_REFRESH_H
#define LRD_SESSION_REFRESH_H

#include <larder/cache.h>

#include "session/session.h"

enum { LRD_REFRESH_THREADS = 4, LRD_REFRESH_LINGER_MS = 1000 };

struct lrd_refresher;

/* May what is stale be served, to be refreshed here? Where not, it is validated first. */
bool lrd_refresh_possible(const larder_session *session, larder_slice url);

/* Refreshes what `plan` served, if it says so. Never waits for the origin, never fails. */
void lrd_refresh_start(larder_session *session, larder_plan *plan);

/* Lets what is under way come to its end, or cuts it off after a while. NULL is welcome. */
void lrd_refresh_stop(struct lrd_refresher *take);

#endif
