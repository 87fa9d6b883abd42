/* SPDX-License-Identifier: MIT */
/* refresh.c - refreshing in the background what was just served stale (RFC 5861 s3). */
#include "session/refresh.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache/plan.h"
#include "proto/bytes/alloc.h"
#include "session/exchange.h"
#include "session/request.h"
#include "sys/fork.h"

enum { PIECE = 64 * 1024 };

/* A thread's place, with the connections that it leaves to the next thread there. */
struct work {
	struct lrd_refresher *refresher;
	larder_session *session; /* the parent's settings, and connections of its own */
	pthread_t thread;
	bool started;      /* to be joined */
	_Atomic bool busy; /* its thread has not ended; the rest is the thread's then */
	larder_plan *plan;
	struct lrd_request request;
	larder_error err; /* nobody asks for it */
	char piece[PIECE];
};

struct lrd_refresher {
	larder_session *session;
	uint32_t fork_generation;
	int wake[2]; /* a pipe: closing its second end cancels whatever goes on */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned busy; /* guarded by `lock` */
	struct work *works[LRD_REFRESH_THREADS];
};

/* ---- life -------------------------------------------------------------------------------- */

static int init_sync(struct lrd_refresher *refresher)
{
	pthread_condattr_t attr;
	int rc = pthread_condattr_init(&attr);

	if (rc != 0)
		return LARDER_ENOMEM;
	rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(&refresher->ended, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (rc != 0)
		return LARDER_ENOMEM;
	if (pthread_mutex_init(&refresher->lock, NULL) == 0)
		return 0;
	(void)pthread_cond_destroy(&refresher->ended);
	return LARDER_ENOMEM;
}

static struct lrd_refresher *refresher_new(larder_session *session)
{
	struct lrd_refresher *refresher = lrd_alloc_zero(session->mem, sizeof(*refresher));

	if (!refresher)
		return NULL;
	refresher->session = session;
	refresher->fork_generation = lrd_fork_generation();
	if (pipe(refresher->wake) < 0)
		goto free;
	if (init_sync(refresher) == 0)
		return refresher;
	(void)close(refresher->wake[0]);
	(void)close(refresher->wake[1]);
free:
	lrd_alloc_free(session->mem, refresher);
	return NULL;
}

/* Shares what never changes while the parent is open, and has the rest for itself. */
static larder_session *clone_session(const larder_session *parent)
{
	struct lrd_pool_options pool = {
		.allocator = parent->mem,
		.max_idle = 1,
		.max_idle_per_key = 1,
		.idle_keep_ms = parent->options.idle_keep_ms,
	};
	larder_session *clone = lrd_alloc(parent->mem, sizeof(*clone));

	if (!clone)
		return NULL;
	*clone = *parent;
	clone->users = 1;
	clone->owns_cache = false;
	clone->spare_response = NULL;
	clone->spare_exchange = NULL;
	lrd_buf_init(&clone->spare_in, parent->spare_in.max, parent->mem);
	clone->options.trace = NULL;
	clone->options.debug = 0;
	/* The refresher cancels by a descriptor of its own. */
	memset(&clone->wake, 0, sizeof(clone->wake));
	clone->watch = NULL; /* it is called in the caller's thread alone */
	clone->refresher = NULL;
	clone->refused = NULL;
	clone->resolver = NULL;
	clone->pool = NULL;
	clone->tls = lrd_tls_ref(parent->tls);
	memset(&clone->err, 0, sizeof(clone->err));
	if (lrd_pool_new(&pool, &clone->pool) == 0 &&
	    lrd_resolver_new(clone->mem, &clone->resolver) == 0)
		return clone;
	lrd_pool_free(clone->pool);
	lrd_tls_unref(clone->tls);
	lrd_alloc_free(parent->mem, clone);
	return NULL;
}

static void free_clone(larder_session *clone)
{
	if (!clone)
		return;
	lrd_exchange_free(clone->spare_exchange);
	lrd_buf_release(&clone->spare_in);
	lrd_pool_free(clone->pool);
	lrd_resolver_free(clone->resolver);
	lrd_tls_unref(clone->tls);
	lrd_alloc_free(clone->mem, clone);
}

/* ---- the thread -------------------------------------------------------------------------- */

static void fetch(struct work *work)
{
	struct lrd_exchange *ex = NULL;
	ptrdiff_t n = 1;
	int rc = lrd_exchange_take(work->session, &ex);

	if (rc < 0)
		return;
	lrd_exchange_begin(ex, &work->request, work->plan, work->request.url, &work->err);
	ex->wake_fd = work->refresher->wake[0];
	rc = lrd_exchange_run(ex);
	/* A plan that is past hearing of it is over all the same. */
	if (rc < 0 && larder_plan_fail(work->plan, rc) < 0)
		n = 0;
	/* Reading it to its end is what stores it. */
	while (rc == 0 && ex->outcome == LRD_OUTCOME_PASS && n > 0)
		n = lrd_exchange_pull(ex, work->piece, sizeof(work->piece), &work->err);
	lrd_exchange_put(ex);
}

static void finish(struct work *work)
{
	lrd_request_release(&work->request);
	larder_plan_free(work->plan);
	work->plan = NULL;
}

static void *run(void *arg)
{
	struct work *work = arg;
	struct lrd_refresher *refresher = work->refresher;

	fetch(work);
	finish(work);
	(void)pthread_mutex_lock(&refresher->lock);
	refresher->busy--;
	atomic_store(&work->busy, false);
	(void)pthread_cond_broadcast(&refresher->ended);
	(void)pthread_mutex_unlock(&refresher->lock);
	return NULL;
}

/* The program's signal handlers are not for our thread. */
static int start_thread(struct work *work)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return LARDER_EIO;
	rc = pthread_create(&work->thread, NULL, run, work);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : LARDER_ENOMEM;
}

/* ---- starting ---------------------------------------------------------------------------- */

/* The threads are the parent's, and so may be any lock: it is all left behind. */
static bool inherited(const struct lrd_refresher *refresher)
{
	return refresher->fork_generation != lrd_fork_generation();
}

static struct work *free_place(struct lrd_refresher *refresher)
{
	larder_session *session = refresher->session;

	for (unsigned i = 0; i < LRD_REFRESH_THREADS; i++) {
		struct work *work = refresher->works[i];

		if (work && atomic_load(&work->busy))
			continue;
		if (!work) {
			work = lrd_alloc_zero(session->mem, sizeof(*work));
			if (!work)
				return NULL;
			work->refresher = refresher;
			refresher->works[i] = work;
		}
		if (work->started)
			(void)pthread_join(work->thread, NULL);
		work->started = false;
		if (!work->session)
			work->session = clone_session(session);
		return work->session ? work : NULL;
	}
	return NULL;
}

/* The request as the stale answer was asked for; its text lives as long as the plan. */
static int prepare(struct work *work)
{
	const struct lrd_asked *asked = work->plan->asked;
	larder_request again = LARDER_REQUEST_INIT;

	again.url = asked->url.ptr;
	again.fields = asked->facts.fields.at;
	again.field_count = asked->facts.fields.count;
	again.mode = asked->facts.mode;
	return lrd_request_prepare(&work->request, work->session, &again, &work->err);
}

static void start(struct lrd_refresher *refresher, struct work *work, larder_plan *stale)
{
	if (larder_plan_refresh(stale, &work->plan) < 0)
		return;
	if (prepare(work) < 0) {
		larder_plan_free(work->plan);
		work->plan = NULL;
		return;
	}
	(void)pthread_mutex_lock(&refresher->lock);
	refresher->busy++;
	(void)pthread_mutex_unlock(&refresher->lock);
	atomic_store(&work->busy, true);
	if (start_thread(work) == 0) {
		work->started = true;
		return;
	}
	atomic_store(&work->busy, false);
	refresher->busy--; /* no thread, nobody else looks */
	finish(work);
}

bool lrd_refresh_possible(const larder_session *session, larder_slice url)
{
	const larder_options *options = &session->options;

	/* A caller's own functions may belong to the caller's thread. */
	if (session->mem || options->choose_proxy || options->transport)
		return false;
	/* The cache's copy of the request has no user name and password any more. */
	return memchr(url.ptr, '@', url.len) == NULL;
}

void lrd_refresh_start(larder_session *session, larder_plan *plan)
{
	struct work *work;

	if (session->refresher && inherited(session->refresher)) {
		lrd_refresh_stop(session->refresher);
		session->refresher = NULL;
	}
	if (!session->refresher)
		session->refresher = refresher_new(session);
	if (!session->refresher)
		return;
	work = free_place(session->refresher);
	if (work)
		start(session->refresher, work, plan);
}

/* ---- stopping ---------------------------------------------------------------------------- */

/* Sleeps until all threads have ended, or the time is over. */
static void linger(struct lrd_refresher *refresher)
{
	struct timespec until;
	int rc = 0;

	if (clock_gettime(CLOCK_MONOTONIC, &until) < 0)
		return;
	until.tv_sec += LRD_REFRESH_LINGER_MS / 1000;
	(void)pthread_mutex_lock(&refresher->lock);
	while (refresher->busy > 0 && rc == 0)
		rc = pthread_cond_timedwait(&refresher->ended, &refresher->lock, &until);
	(void)pthread_mutex_unlock(&refresher->lock);
}

/* What no thread was using when the process forked is whole; the rest stays where it is. */
static bool forget_inherited(struct lrd_refresher *refresher)
{
	bool whole = true;

	for (unsigned i = 0; i < LRD_REFRESH_THREADS; i++) {
		struct work *work = refresher->works[i];

		if (!work)
			continue;
		if (atomic_load(&work->busy)) {
			whole = false;
			continue;
		}
		free_clone(work->session);
		lrd_alloc_free(refresher->session->mem, work);
		refresher->works[i] = NULL;
	}
	return whole;
}

static void join_all(struct lrd_refresher *refresher)
{
	for (unsigned i = 0; i < LRD_REFRESH_THREADS; i++) {
		struct work *work = refresher->works[i];

		if (!work)
			continue;
		if (work->started)
			(void)pthread_join(work->thread, NULL);
		free_clone(work->session);
		lrd_alloc_free(refresher->session->mem, work);
	}
}

void lrd_refresh_stop(struct lrd_refresher *take)
{
	if (!take)
		return;
	if (inherited(take)) {
		(void)close(take->wake[0]);
		(void)close(take->wake[1]);
		if (forget_inherited(take))
			lrd_alloc_free(take->session->mem, take);
		return;
	}
	linger(take);
	(void)close(take->wake[1]); /* readable for all who wait from now on */
	join_all(take);
	(void)close(take->wake[0]);
	(void)pthread_cond_destroy(&take->ended);
	(void)pthread_mutex_destroy(&take->lock);
	lrd_alloc_free(take->session->mem, take);
}
