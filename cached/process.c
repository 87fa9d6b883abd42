/* SPDX-License-Identifier: MIT */
/* process.c - larderd as a process of the system: user, background, pid file, systemd. */
#include "cached/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached/log.h"
#include "sys/error.h"

#ifdef LARDER_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* Descriptors beside those of clients: store, listeners, loops, pipes. */
enum { FDS_RESERVED = 256 };

int lrd_process_raise_limits(const struct lrd_config *config, larder_error *err)
{
	rlim_t wanted = config->conns_max + FDS_RESERVED;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted;
		if (limit.rlim_max < wanted)
			limit.rlim_max = wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return lrd_error_set(
				err, LARDER_ELIMIT, LARDER_PHASE_PREPARE, errno, NULL,
				"cannot have %u connections: the limit of open files is "
				"too low; raise it (ulimit -n %llu, LimitNOFILE=) or "
				"give a smaller -c",
				config->conns_max, (unsigned long long)wanted);
	}
	if (config->coredumps) {
		limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
		if (setrlimit(RLIMIT_CORE, &limit) < 0)
			return lrd_error_set(err, LARDER_ELIMIT, LARDER_PHASE_PREPARE,
					     errno, NULL,
					     "cannot raise the limit of core files (-r)");
	}
	return 0;
}

int lrd_process_drop_root(const struct lrd_config *config, larder_error *err)
{
	const struct passwd *user;

	if (getuid() != 0 && geteuid() != 0)
		return 0;
	/*
	 * Behind a private socket, root serves a store of root's own to nobody else; a port
	 * would serve it to all accounts of the machine.
	 */
	if (!config->user && !config->tcp)
		return 0;
	if (!config->user)
		return lrd_error_set(
			err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			"started by root with TCP (-p, -l): name the account to run as with "
			"-u USER (-u root if it must be root)");
	user = getpwnam(config->user);
	if (!user)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "there is no user \"%.80s\" to run as (-u)",
				     config->user);
	if (user->pw_uid == 0)
		return 0;
	if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
	    setuid(user->pw_uid) < 0)
		return lrd_error_set(err, LARDER_EIO, LARDER_PHASE_PREPARE, errno, NULL,
				     "cannot become user \"%.80s\": %s", config->user,
				     strerror(errno));
	return 0;
}

static _Noreturn void wait_for_child(pid_t child, int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);
	/* It has said why on standard error. */
	waitpid(child, NULL, 0);
	_exit(EXIT_FAILURE);
}

int lrd_process_daemonize(int *ready_fd, larder_error *err)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return lrd_error_set(err, lrd_error_from_errno(errno),
				     LARDER_PHASE_PREPARE, errno, NULL,
				     "cannot go into the background (-d)");
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_PREPARE, errno, NULL,
				     "cannot go into the background (-d): fork failed");
	}
	if (child > 0) {
		close(ends[1]);
		wait_for_child(child, ends[0]);
	}
	close(ends[0]);
	setsid();
	*ready_fd = ends[1];
	return 0;
}

void lrd_process_detached(int ready_fd, bool stay)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t n;

	/* So that it keeps no file system from being unmounted. */
	if (!stay && chdir("/") < 0)
		lrd_log(LRD_LOG_INFO, "event=chdir-failed errno=%d", errno);

	/* Only now: until here errors had to reach the terminal. */
	if (null_fd >= 0) {
		dup2(null_fd, STDIN_FILENO);
		dup2(null_fd, STDOUT_FILENO);
		dup2(null_fd, STDERR_FILENO);
		if (null_fd > STDERR_FILENO)
			close(null_fd);
	}
	do {
		n = write(ready_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	close(ready_fd);
}

int lrd_process_write_pid(const char *path, char **resolved, larder_error *err)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool written;

	if (fd < 0)
		goto failed;
	written = write(fd, text, (size_t)len) == len;
	if (close(fd) < 0 || !written)
		goto failed;
	*resolved = realpath(path, NULL);
	if (!*resolved)
		goto failed;
	return 0;
failed:
	return lrd_error_set(err, LARDER_EIO, LARDER_PHASE_PREPARE, errno, NULL,
			     "cannot write the process id to %.200s (-P): %s", path,
			     strerror(errno));
}

void lrd_process_remove_pid(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return; /* the directory may not be ours any more */
}

void lrd_process_notify(const char *state)
{
#ifdef LARDER_HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

int lrd_process_inherited(void)
{
#ifdef LARDER_HAVE_SYSTEMD
	int count = sd_listen_fds(1);

	return count > 0 ? count : 0;
#else
	return 0;
#endif
}
