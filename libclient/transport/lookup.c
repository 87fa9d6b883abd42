/* SPDX-License-Identifier: MIT */
/* lookup.c - one getaddrinfo() in a thread of its own, waited for under a deadline. */
#include "transport/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/error.h"
#include "sys/fork.h"

/*
 * Threads that their callers left behind: the count in the lower half, the fork generation
 * that it is of in the upper, since a child has none of its parent's threads. Global because
 * what it bounds, threads, belongs to the process.
 */
static _Atomic uint64_t abandoned_word;

static unsigned abandoned_of(uint64_t word)
{
	return word >> 32 == lrd_fork_generation() ? (unsigned)(word & UINT32_MAX) : 0;
}

static void count_abandoned(int change)
{
	const uint64_t generation = (uint64_t)lrd_fork_generation() << 32;
	uint64_t before = atomic_load(&abandoned_word);
	uint64_t after;

	do {
		after = generation | (uint32_t)((int)abandoned_of(before) + change);
	} while (!atomic_compare_exchange_weak(&abandoned_word, &before, after));
}

unsigned lrd_lookup_abandoned(void)
{
	return abandoned_of(atomic_load(&abandoned_word));
}

/*
 * Shared by the caller and the thread, freed by whichever lets go last. Its memory is libc's:
 * a caller's allocator need not stand another thread, nor outlive the caller.
 */
struct lookup {
	atomic_int owners;
	bool abandoned; /* the caller gave up: set before it lets go */
	int done[2];    /* a pipe: one byte once the answer is there */
	int gai_error;
	int os_errno;
	struct lrd_addr_list list;
	char host[]; /* NUL-terminated */
};

static void let_go(struct lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->owners, 1) != 1)
		return;
	if (lookup->abandoned)
		count_abandoned(-1);
	(void)close(lookup->done[0]);
	(void)close(lookup->done[1]);
	free(lookup);
}

static struct lookup *lookup_new(const char *host)
{
	size_t len = strlen(host);
	struct lookup *lookup = calloc(1, sizeof(*lookup) + len + 1);

	if (!lookup)
		return NULL;
	if (pipe2(lookup->done, O_CLOEXEC) < 0) {
		free(lookup);
		return NULL;
	}
	memcpy(lookup->host, host, len + 1);
	atomic_init(&lookup->owners, 2);
	return lookup;
}

/* ---- in the thread ---------------------------------------------------------------------- */

static const struct addrinfo *next_of(const struct addrinfo *info, int family, bool same)
{
	while (info && ((info->ai_family == family) != same ||
			info->ai_addrlen > sizeof(struct sockaddr_storage)))
		info = info->ai_next;
	return info;
}

static void add(struct lrd_addr_list *list, const struct addrinfo *info)
{
	struct lrd_addr *addr = &list->addr[list->count++];

	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->storage, info->ai_addr, info->ai_addrlen);
	addr->len = info->ai_addrlen;
}

/* The system's order of preference, with the two families in turn (RFC 8305 s4). */
static void interleave(const struct addrinfo *info, struct lrd_addr_list *list)
{
	int family = info->ai_family;
	const struct addrinfo *first = next_of(info, family, true);
	const struct addrinfo *other = next_of(info, family, false);

	while ((first || other) && list->count < LRD_RESOLVE_MAX) {
		if (first) {
			add(list, first);
			first = next_of(first->ai_next, family, true);
		}
		if (other && list->count < LRD_RESOLVE_MAX) {
			add(list, other);
			other = next_of(other->ai_next, family, false);
		}
	}
}

static void *lookup_thread(void *arg)
{
	struct lookup *lookup = arg;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *info = NULL;

	lookup->gai_error = getaddrinfo(lookup->host, NULL, &hints, &info);
	lookup->os_errno = lookup->gai_error == EAI_SYSTEM ? errno : 0;
	if (lookup->gai_error == 0)
		interleave(info, &lookup->list);
	if (info)
		freeaddrinfo(info);
	/* The reading end is open until we let go, so this cannot fail for want of a reader. */
	while (write(lookup->done[1], "", 1) < 0 && errno == EINTR)
		;
	let_go(lookup);
	return NULL;
}

static int start(struct lookup *lookup)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return rc;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* The application's signals are for its own threads. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, lookup_thread, lookup);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return rc;
}

/* ---- for the caller --------------------------------------------------------------------- */

static int answer(const struct lookup *lookup, struct lrd_addr_list *out,
		  larder_error *err)
{
	char text[128];
	const char *why;

	switch (lookup->gai_error) {
	case 0:
		if (lookup->list.count == 0) {
			why = "the name has no address";
			break;
		}
		*out = lookup->list;
		return 0;
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
		why = "no such host";
		break;
	case EAI_AGAIN:
		why = "no name server answered";
		break;
	case EAI_FAIL:
		why = "the name server failed";
		break;
	case EAI_MEMORY:
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_RESOLVE, 0,
				     lookup->host, "no memory to resolve %s",
				     lookup->host);
	case EAI_SYSTEM:
		why = lrd_error_os_text(lookup->os_errno, text, sizeof(text));
		break;
	default:
		why = gai_strerror(lookup->gai_error);
		break;
	}
	return lrd_error_set(err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, lookup->os_errno,
			     lookup->host, "cannot resolve %s: %s", lookup->host, why);
}

/* Leaves the thread to itself. Counted first: it may be over before we have let go. */
static void abandon(struct lookup *lookup)
{
	count_abandoned(1);
	lookup->abandoned = true;
	let_go(lookup);
}

int lrd_lookup(const char *host, const struct lrd_wait *wait, struct lrd_addr_list *out,
	       larder_error *err)
{
	struct lrd_wait own = *wait;
	struct lookup *lookup;
	int rc;

	if (lrd_lookup_abandoned() >= LRD_LOOKUP_ABANDONED_MAX) {
		return lrd_error_set(
			err, LARDER_ERESOLVE, LARDER_PHASE_RESOLVE, 0, host,
			"cannot resolve %s: %d earlier lookups still hang; is "
			"the name server there?",
			host, (int)LRD_LOOKUP_ABANDONED_MAX);
	}
	lookup = lookup_new(host);
	if (!lookup) {
		return lrd_error_set(err, errno == ENOMEM ? LARDER_ENOMEM : LARDER_EIO,
				     LARDER_PHASE_RESOLVE, errno, host,
				     "cannot start to resolve %s", host);
	}
	rc = start(lookup);
	if (rc) {
		let_go(lookup); /* in place of the thread that is not there */
		let_go(lookup);
		return lrd_error_set(err, LARDER_EIO, LARDER_PHASE_RESOLVE, rc, host,
				     "cannot start a thread to resolve %s", host);
	}
	own.phase = LARDER_PHASE_RESOLVE;
	rc = lrd_wait_fd(lookup->done[0], LRD_READABLE, &own, host, err);
	if (rc < 0)
		abandon(lookup);
	if (rc == LARDER_ETIMEDOUT) {
		(void)lrd_error_set(err, rc, LARDER_PHASE_RESOLVE, 0, host,
				    "cannot resolve %s: no answer in time", host);
	} else if (rc > 0) {
		char byte;

		/* What the byte says is known; reading it orders the answer before us. */
		(void)!read(lookup->done[0], &byte, 1);
		rc = answer(lookup, out, err);
		let_go(lookup);
	}
	return rc;
}
