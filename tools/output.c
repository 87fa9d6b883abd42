/* SPDX-License-Identifier: MIT */
/* output.c - a place for bytes: standard output, or a file that appears whole or not at all. */
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/error.h"
#include "sys/random.h"

/* Errno is the caller's to name; freeing must not lose it. */
static void forget(struct lrd_cli_output *out)
{
	int saved = errno;

	if (out->owned)
		close(out->fd);
	free(out->path);
	free(out->tmp_path);
	*out = (struct lrd_cli_output){ .fd = -1 };
	errno = saved;
}

/* "DIR/.NAME.larder-XXXXXXXXXXXXXXXX", beside the file, so that a rename is enough. */
static char *name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;
	size_t size = strlen(path) + 32;
	char *name = malloc(size);

	if (name)
		snprintf(name, size, "%.*s.%.64s.%016" PRIx64, dir_len, path,
			 path + dir_len, lrd_random_u64());
	return name;
}

/* A file without a name in the directory of `path`; -1 where the file system has none. */
static int open_nameless(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == path ? strdup("/")
		    : slash       ? strndup(path, (size_t)(slash - path))
				  : strdup(".");
	int fd = dir ? open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode) : -1;

	free(dir);
	return fd;
}

static int open_file(const char *path, mode_t mode, struct lrd_cli_output *out)
{
	struct lrd_cli_output file = { .fd = -1, .owned = true };

	file.path = strdup(path);
	file.tmp_path = name_beside(path);
	if (!file.path || !file.tmp_path) {
		forget(&file);
		return LARDER_ENOMEM;
	}
	file.fd = open_nameless(path, mode);
	file.nameless = file.fd >= 0;
	if (file.fd < 0)
		file.fd = open(file.tmp_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
			       mode);
	if (file.fd < 0) {
		int rc = lrd_error_from_errno(errno);

		file.owned = false;
		forget(&file);
		return rc;
	}
	*out = file;
	return LARDER_OK;
}

int lrd_cli_output_open(const char *path, struct lrd_cli_output *out)
{
	struct stat facts;
	char *target;
	int rc;

	if (!path || strcmp(path, "-") == 0) {
		*out = (struct lrd_cli_output){ .fd = STDOUT_FILENO };
		return LARDER_OK;
	}
	if (stat(path, &facts) < 0)
		return errno == ENOENT ? open_file(path, 0666, out)
				       : lrd_error_from_errno(errno);
	if (S_ISREG(facts.st_mode)) {
		/* Behind a symlink it is the file that is replaced, not the link. */
		target = realpath(path, NULL);
		rc = target ? open_file(target, facts.st_mode & 0777, out)
			    : lrd_error_from_errno(errno);
		free(target);
		return rc;
	}
	rc = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (rc < 0)
		return lrd_error_from_errno(errno);
	*out = (struct lrd_cli_output){ .fd = rc, .owned = true };
	return LARDER_OK;
}

int lrd_cli_output_write(struct lrd_cli_output *out, const void *bytes, size_t len)
{
	const char *next = bytes;

	while (len > 0) {
		ssize_t n = write(out->fd, next, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lrd_error_from_errno(errno);
		next += n;
		len -= (size_t)n;
	}
	return LARDER_OK;
}

/* Gives the nameless file its name. */
static int name_it(struct lrd_cli_output *out)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", out->fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, out->tmp_path, AT_SYMLINK_FOLLOW) < 0)
		return lrd_error_from_errno(errno);
	out->nameless = false;
	return LARDER_OK;
}

int lrd_cli_output_commit(struct lrd_cli_output *out)
{
	int rc = LARDER_OK;

	if (!out->path) {
		forget(out);
		return LARDER_OK;
	}
	if (out->nameless)
		rc = name_it(out);
	if (rc == 0) {
		/* Some file systems tell of a full disk only here. */
		out->owned = false;
		if (close(out->fd) < 0 || rename(out->tmp_path, out->path) < 0)
			rc = lrd_error_from_errno(errno);
	}
	if (rc < 0)
		lrd_cli_output_abort(out);
	else
		forget(out);
	return rc;
}

void lrd_cli_output_abort(struct lrd_cli_output *out)
{
	int saved = errno;

	if (out->tmp_path && !out->nameless)
		unlink(out->tmp_path);
	errno = saved;
	forget(out);
}
