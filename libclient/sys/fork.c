/* SPDX-License-Identifier: MIT */
/* fork.c - noticing a fork without a system call, and what must not cross one. */
#include "sys/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <larder/types.h>

#include "sys/assert.h"

enum { CLOSE_MAX = 256 };

/*
 * What a process knows of its forks: mutable and global because a fork is a fact about the
 * whole process. `word` points at the current generation in a page that the kernel wipes in a
 * child; where it cannot, at `plain_word`, which the atfork handler wipes.
 */
static struct {
	pthread_once_t once;
	pthread_mutex_t guard;
	_Atomic(atomic_uint *) word;
	atomic_uint plain_word;
	atomic_uint last; /* the newest generation in this process's line of ancestors */
	int close_fds[CLOSE_MAX];
	size_t close_count;
} forks = {
	.once = PTHREAD_ONCE_INIT,
	.guard = PTHREAD_MUTEX_INITIALIZER,
};

static void before_fork(void)
{
	(void)pthread_mutex_lock(&forks.guard);
}

static void after_fork_in_parent(void)
{
	(void)pthread_mutex_unlock(&forks.guard);
}

static void after_fork_in_child(void)
{
	for (size_t i = 0; i < forks.close_count; i++)
		(void)close(forks.close_fds[i]);
	forks.close_count = 0;
	atomic_store(atomic_load(&forks.word), 0);
	(void)pthread_mutex_unlock(&forks.guard);
}

static void set_up(void)
{
	atomic_uint *word = &forks.plain_word;
	long page = sysconf(_SC_PAGESIZE);

#ifdef MADV_WIPEONFORK
	void *map = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map != MAP_FAILED) {
		if (madvise(map, (size_t)page, MADV_WIPEONFORK) == 0)
			word = map;
		else
			(void)munmap(map, (size_t)page);
	}
#endif
	atomic_store(&forks.word, word);
	lrd_assert(pthread_atfork(before_fork, after_fork_in_parent,
				  after_fork_in_child) == 0);
}

static uint32_t next_generation(void)
{
	atomic_uint *word;
	unsigned int fresh;
	unsigned int seen = 0;

	lrd_assert(pthread_once(&forks.once, set_up) == 0);
	word = atomic_load(&forks.word);
	do {
		fresh = atomic_fetch_add(&forks.last, 1) + 1;
	} while (fresh == 0);
	/* Another thread may have been first: then its number counts. */
	if (atomic_compare_exchange_strong(word, &seen, fresh))
		return fresh;
	return seen;
}

uint32_t lrd_fork_generation(void)
{
	atomic_uint *word = atomic_load_explicit(&forks.word, memory_order_acquire);
	unsigned int generation = 0;

	if (word)
		generation = atomic_load_explicit(word, memory_order_relaxed);
	return generation ? generation : next_generation();
}

void lrd_fork_guard_lock(void)
{
	(void)lrd_fork_generation(); /* the handlers are in place */
	lrd_assert(pthread_mutex_lock(&forks.guard) == 0);
}

void lrd_fork_guard_unlock(void)
{
	lrd_assert(pthread_mutex_unlock(&forks.guard) == 0);
}

int lrd_fork_close_in_child(int fd)
{
	if (forks.close_count == CLOSE_MAX)
		return LARDER_ENOMEM;
	forks.close_fds[forks.close_count++] = fd;
	return 0;
}

void lrd_fork_forget(int fd)
{
	for (size_t i = 0; i < forks.close_count; i++) {
		if (forks.close_fds[i] != fd)
			continue;
		forks.close_fds[i] = forks.close_fds[--forks.close_count];
		return;
	}
}
