/* SPDX-License-Identifier: MIT */
/*
 * output.h - a place for bytes: standard output, or a file that appears whole or not at all.
 *
 *	lrd_cli_output_open(path, &out);		NULL or "-": standard output
 *	lrd_cli_output_write(&out, bytes, len);
 *	lrd_cli_output_commit(&out) or lrd_cli_output_abort(&out)
 *
 * The file has no name until it is committed, so that a process killed half-way leaves
 * nothing behind where the file system can do that, else it is removed by the abort. What
 * stood there before stays until then. Devices and pipes are written to directly.
 */
#ifndef LRD_TOOLS_OUTPUT_H
#define LRD_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <larder/types.h>

struct lrd_cli_output {
	int fd;
	char *path;     /* where the file goes, NULL: bytes go to `fd` directly */
	char *tmp_path; /* its name meanwhile */
	bool nameless;  /* tmp_path does not exist yet */
	bool owned;     /* close fd */
};

/* ENOMEM, EFULL, EIO, ENOTFOUND (no such directory); errno says why. */
int lrd_cli_output_open(const char *path, struct lrd_cli_output *out) LARDER_MUST_USE;
int lrd_cli_output_write(struct lrd_cli_output *out, const void *bytes,
			 size_t len) LARDER_MUST_USE;
/* Both end it; a failed commit leaves nothing behind. */
int lrd_cli_output_commit(struct lrd_cli_output *out) LARDER_MUST_USE;
void lrd_cli_output_abort(struct lrd_cli_output *out);

#endif
