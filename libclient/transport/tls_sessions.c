/* SPDX-License-Identifier: MIT */
/* tls_sessions.c - TLS sessions of one configuration, kept for resumption by host. */
#include "transport/tls_sessions.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/digest.h"

enum { PLACE_MAX = 600 };

void lrd_tls_sessions_init(struct lrd_tls_sessions *sessions)
{
	memset(sessions, 0, sizeof(*sessions));
	(void)pthread_mutex_init(&sessions->lock, NULL);
}

static void empty(struct lrd_tls_session *slot)
{
	SSL_SESSION_free(slot->session);
	free(slot->host);
	*slot = (struct lrd_tls_session){ NULL, 0, 0, NULL };
}

void lrd_tls_sessions_release(struct lrd_tls_sessions *sessions)
{
	for (size_t i = 0; i < LRD_TLS_SESSIONS_MAX; i++)
		empty(&sessions->slots[i]);
	(void)pthread_mutex_destroy(&sessions->lock);
}

/* False when it does not fit: such a place is not remembered. */
static bool place_of(const char *name, const struct lrd_stream *stream, char *place,
		     uint64_t *key)
{
	int len = snprintf(place, PLACE_MAX, "%s\n%s\n%" PRIx64, name, stream->host,
			   stream->route);

	if (len < 0 || len >= PLACE_MAX)
		return false;
	*key = lrd_digest(place, (size_t)len, 0);
	return true;
}

static bool is_at(const struct lrd_tls_session *slot, uint64_t key, const char *place)
{
	return slot->session && slot->key == key && strcmp(slot->host, place) == 0;
}

/* Where a new session goes: the place's oldest when it has enough, a free slot, the oldest. */
static struct lrd_tls_session *slot_for(struct lrd_tls_sessions *sessions, uint64_t key,
					const char *place)
{
	struct lrd_tls_session *oldest = &sessions->slots[0];
	struct lrd_tls_session *oldest_here = NULL;
	size_t here = 0;

	for (size_t i = 0; i < LRD_TLS_SESSIONS_MAX; i++) {
		struct lrd_tls_session *slot = &sessions->slots[i];

		/* A free slot was added at 0. */
		if (slot->added < oldest->added)
			oldest = slot;
		if (!is_at(slot, key, place))
			continue;
		here++;
		if (!oldest_here || slot->added < oldest_here->added)
			oldest_here = slot;
	}
	return here >= LRD_TLS_SESSIONS_PER_HOST ? oldest_here : oldest;
}

int lrd_tls_sessions_put(struct lrd_tls_sessions *sessions, const char *name,
			 const struct lrd_stream *stream, SSL_SESSION *session)
{
	char place[PLACE_MAX];
	struct lrd_tls_session *slot;
	uint64_t key;
	char *copy;

	if (!place_of(name, stream, place, &key))
		return 0;
	copy = strdup(place);
	if (!copy)
		return 0;
	if (pthread_mutex_trylock(&sessions->lock) != 0) {
		free(copy);
		return 0;
	}
	slot = slot_for(sessions, key, place);
	empty(slot);
	*slot = (struct lrd_tls_session){ session, ++sessions->added, key, copy };
	(void)pthread_mutex_unlock(&sessions->lock);
	return 1;
}

SSL_SESSION *lrd_tls_sessions_take(struct lrd_tls_sessions *sessions, const char *name,
				   const struct lrd_stream *stream)
{
	char place[PLACE_MAX];
	struct lrd_tls_session *best = NULL;
	SSL_SESSION *session = NULL;
	uint64_t key;

	if (!place_of(name, stream, place, &key))
		return NULL;
	if (pthread_mutex_trylock(&sessions->lock) != 0)
		return NULL;
	for (size_t i = 0; i < LRD_TLS_SESSIONS_MAX; i++) {
		struct lrd_tls_session *slot = &sessions->slots[i];

		if (is_at(slot, key, place) && (!best || slot->added > best->added))
			best = slot;
	}
	if (best && SSL_SESSION_up_ref(best->session) == 1) {
		session = best->session;
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			empty(best);
	}
	(void)pthread_mutex_unlock(&sessions->lock);
	return session;
}
