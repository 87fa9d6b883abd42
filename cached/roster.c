/* SPDX-License-Identifier: MIT */
/* roster.c - who is connected, for `stats conns`. */
#include "cached/roster.h"

#include <string.h>

void lrd_roster_init(struct lrd_roster *roster)
{
	pthread_mutex_init(&roster->lock, NULL);
	roster->head.next = roster->head.prev = &roster->head;
}

void lrd_roster_release(struct lrd_roster *roster)
{
	pthread_mutex_destroy(&roster->lock);
}

void lrd_roster_add(struct lrd_roster *roster, struct lrd_roster_entry *entry)
{
	pthread_mutex_lock(&roster->lock);
	entry->next = &roster->head;
	entry->prev = roster->head.prev;
	entry->prev->next = entry;
	roster->head.prev = entry;
	pthread_mutex_unlock(&roster->lock);
}

void lrd_roster_remove(struct lrd_roster *roster, struct lrd_roster_entry *entry)
{
	pthread_mutex_lock(&roster->lock);
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	pthread_mutex_unlock(&roster->lock);
}

int lrd_roster_dump(struct lrd_roster *roster, int64_t now, struct lrd_buf *out)
{
	int rc = 0;

	pthread_mutex_lock(&roster->lock);
	for (struct lrd_roster_entry *at = roster->head.next;
	     at != &roster->head && rc == 0; at = at->next) {
		int64_t seen = atomic_load_explicit(&at->seen_at, memory_order_relaxed);
		const char *state = atomic_load_explicit(&at->state, memory_order_relaxed);

		rc = lrd_buf_appendf(
			out,
			"STAT %d:addr %s\r\nSTAT %d:listen_addr %s\r\n"
			"STAT %d:state %s\r\nSTAT %d:secs_since_last_cmd %lld\r\n",
			at->fd, at->peer, at->fd, at->listener, at->fd, state, at->fd,
			(long long)(now > seen ? now - seen : 0));
	}
	pthread_mutex_unlock(&roster->lock);
	return rc;
}
