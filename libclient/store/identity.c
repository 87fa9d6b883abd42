/* SPDX-License-Identifier: MIT */
/* identity.c - whether a directory and its files are a store that this process may open. */
#include "store/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/error.h"

static int refuse_errno(larder_error *err, int code, const char *verb, const char *path)
{
	int why = errno;
	char text[128];

	return lrd_error_set(err, code, LARDER_PHASE_STORE, why, NULL,
			     "cannot %s store %s: %s", verb, path,
			     lrd_error_os_text(why, text, sizeof(text)));
}

/* Names why open(2) would not take the path as a directory. */
static int refuse_dir(const char *path, int rc, larder_error *err)
{
	struct lrd_file_facts facts;
	int why = errno;

	if (rc == LARDER_ENOTFOUND)
		return lrd_error_set(err, LARDER_ENOTFOUND, LARDER_PHASE_STORE, why, NULL,
				     "there is no store at %s", path);
	if (lrd_file_facts_at(AT_FDCWD, path, &facts) == 0) {
		if (facts.is_symlink)
			return lrd_error_set(
				err, LARDER_ESTORE, LARDER_PHASE_STORE, why, NULL,
				"store %s is a symbolic link; name the directory itself",
				path);
		if (!facts.is_dir)
			return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, why,
					     NULL, "store %s is a file; name a directory",
					     path);
	}
	errno = why;
	return refuse_errno(err, why == EACCES ? LARDER_ESTORE : rc, "open", path);
}

static int check_dir(const char *path, int fd, larder_error *err)
{
	struct lrd_file_facts facts;
	const char *network = NULL;
	uint32_t me = geteuid();
	int rc = lrd_file_facts(fd, &facts);

	if (rc < 0)
		return refuse_errno(err, rc, "examine", path);
	if (facts.mode & S_IWOTH)
		return lrd_error_set(
			err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
			"store %s is writable by everyone; chmod o-w it, or use another",
			path);
	/* One's own, or a group's: then its mode and our groups must both say so. */
	if (facts.uid != me && !((facts.mode & S_IWGRP) && lrd_file_in_group(facts.gid)))
		return lrd_error_set(
			err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
			"store %s belongs to user %u, this process is user %u; run "
			"as its owner, or share it with a group",
			path, facts.uid, me);
	rc = lrd_file_network_name(fd, &network);
	if (rc < 0)
		return refuse_errno(err, rc, "examine", path);
	if (network)
		return lrd_error_set(
			err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
			"store %s is on a %s file system, whose locks and maps cannot be "
			"trusted; use a local disk or /dev/shm",
			path, network);
	return 0;
}

int lrd_identity_open_dir(const char *path, bool create, bool group_shared, int *out,
			  larder_error *err)
{
	int fd = -1;
	int rc = lrd_dir_open(path, &fd);

	if (rc == LARDER_ENOTFOUND && create) {
		rc = lrd_dir_ensure(path, group_shared ? 02770 : 0700);
		if (rc < 0)
			return refuse_errno(err, rc == LARDER_ENOTFOUND ? LARDER_EIO : rc,
					    "create", path);
		rc = lrd_dir_open(path, &fd);
	}
	if (rc < 0)
		return refuse_dir(path, rc, err);
	rc = check_dir(path, fd, err);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

int lrd_identity_check_group(const char *path, int dir_fd, bool group_shared,
			     larder_error *err)
{
	struct lrd_file_facts facts;
	int rc = lrd_file_facts(dir_fd, &facts);

	if (rc < 0)
		return refuse_errno(err, rc, "examine", path);
	if ((facts.mode & S_IWGRP) && !group_shared)
		return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
				     "store %s is writable by its group but was not made "
				     "to be shared; "
				     "chmod g-w it",
				     path);
	return 0;
}

int lrd_identity_check_file(const char *path, const char *name, int dir_fd, int fd,
			    larder_error *err)
{
	struct lrd_file_facts dir;
	struct lrd_file_facts file;

	if (lrd_file_facts(dir_fd, &dir) < 0 || lrd_file_facts(fd, &file) < 0)
		return refuse_errno(err, LARDER_EIO, "examine", path);
	if (!file.is_regular)
		return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
				     "%s/%s is not a regular file", path, name);
	if (file.mode & S_IWOTH)
		return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
				     "%s/%s is writable by everyone; chmod o-w it", path,
				     name);
	/* In a group's store any member may have made it; the directory's mode let him. */
	if (file.uid != dir.uid && file.uid != geteuid() &&
	    !((dir.mode & S_IWGRP) && file.gid == dir.gid))
		return lrd_error_set(
			err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
			"%s/%s belongs to another user than its directory; remove it",
			path, name);
	return 0;
}
