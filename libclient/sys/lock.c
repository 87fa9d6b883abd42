/* SPDX-License-Identifier: MIT */
/* lock.c - locks on byte ranges that belong to an open file (OFD locks). */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "sys/clock.h"
#include "sys/error.h"

static struct flock range(short type, uint64_t offset, uint64_t len)
{
	/* l_pid is 0, as an open-file lock demands. */
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	lock.l_start = (off_t)offset;
	lock.l_len = (off_t)len;
	return lock;
}

int lrd_lock_try(int fd, uint64_t offset, uint64_t len, bool shared)
{
	struct flock lock = range(shared ? F_RDLCK : F_WRLCK, offset, len);
	int rc;

	do {
		rc = fcntl(fd, F_OFD_SETLK, &lock);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? LARDER_EBUSY
						  : lrd_error_from_errno(errno);
}

int lrd_lock_wait(int fd, uint64_t offset, uint64_t len, uint64_t deadline_ns)
{
	/* The kernel's waiting call has no timeout, so ask again, at growing intervals. */
	struct timespec pause = { 0, 200000 };
	int rc;

	for (;;) {
		rc = lrd_lock_try(fd, offset, len, false);
		if (rc != LARDER_EBUSY || lrd_clock_mono_ns() >= deadline_ns)
			return rc;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
}

int lrd_lock_drop(int fd, uint64_t offset, uint64_t len)
{
	struct flock lock = range(F_UNLCK, offset, len);

	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return lrd_error_from_errno(errno);
	return 0;
}

int lrd_lock_probe(int fd, uint64_t offset, uint64_t len, bool *held)
{
	struct flock lock = range(F_WRLCK, offset, len);

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return lrd_error_from_errno(errno);
	*held = lock.l_type != F_UNLCK;
	return 0;
}
