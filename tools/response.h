/* SPDX-License-Identifier: MIT */
/* response.h - a response as `larder get` prints it: head, JSON, and how it was served. */
#ifndef LRD_TOOLS_RESPONSE_H
#define LRD_TOOLS_RESPONSE_H

#include <jansson.h>

#include <larder/larder.h>

#include "tools/command.h"
#include "tools/output.h"

/* Status line, fields, empty line; escaped where it goes to a terminal. */
int lrd_cli_response_write_head(const larder_response *response,
				struct lrd_cli_output *out) LARDER_MUST_USE;

/* One JSON object. `body` NULL: it went to the file `body_file`. ENOMEM. */
int lrd_cli_response_print_json(const larder_response *response, const larder_slice *body,
				const char *body_file) LARDER_MUST_USE;

/* How it was served and why, as an object. Owned by the caller; NULL when memory ran out. */
json_t *lrd_cli_response_json_cache(const larder_response *response);

/*
 * On stderr: with -v how it was served and whether it is stored; `cache_status` its
 * Cache-Status value; and unless -q a warning when the store could not take it.
 */
void lrd_cli_response_explain(const struct lrd_cli *cli, const char *url,
			      const larder_response *response, bool cache_status);

#endif
