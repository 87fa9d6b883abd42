/* SPDX-License-Identifier: MIT */
/* wake.c - a word by which another thread, or a signal handler, stops one that works or polls. */
#include "sys/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sys/fork.h"

static int fd_of(uint64_t armed)
{
	return (int)(armed & UINT32_MAX);
}

/* Not a descriptor that the parent of a fork polls. */
static bool is_ours(uint64_t armed)
{
	return armed && (uint32_t)(armed >> 32) == lrd_fork_generation();
}

void lrd_wake_raise(struct lrd_wake *wake)
{
	const uint64_t one = 1;
	int before = errno;
	uint64_t armed;

	/* The word first: whoever arms only now looks at it before he polls. */
	atomic_store(&wake->raised, true);
	armed = atomic_load(&wake->armed);
	if (is_ours(armed)) {
		ssize_t ignored = write(fd_of(armed), &one, sizeof(one));

		(void)ignored; /* full means readable */
	}
	errno = before;
}

/* Zero and below are no descriptors to those who wait. */
static int open_above_zero(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int higher;

	if (fd != 0)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, 1);
	(void)close(fd);
	return higher;
}

int lrd_wake_arm(struct lrd_wake *wake)
{
	uint64_t armed = atomic_load_explicit(&wake->armed, memory_order_relaxed);
	int fd;

	if (is_ours(armed))
		return fd_of(armed);
	lrd_wake_release(wake);
	fd = open_above_zero();
	if (fd < 0)
		return LARDER_EIO;
	armed = (uint64_t)lrd_fork_generation() << 32 | (uint32_t)fd;
	atomic_store(&wake->armed, armed);
	/* It was raised before there was anything to write to. */
	if (atomic_load(&wake->raised))
		lrd_wake_raise(wake);
	return fd;
}

void lrd_wake_clear(struct lrd_wake *wake)
{
	uint64_t armed;
	uint64_t count;

	if (!lrd_wake_raised(wake))
		return;
	atomic_store(&wake->raised, false);
	armed = atomic_load(&wake->armed);
	if (is_ours(armed)) {
		ssize_t ignored = read(fd_of(armed), &count, sizeof(count));

		(void)ignored; /* empty is what it shall be */
	}
}

void lrd_wake_release(struct lrd_wake *wake)
{
	uint64_t armed = atomic_exchange(&wake->armed, 0);

	if (armed)
		(void)close(fd_of(armed));
}
