/* SPDX-License-Identifier: MIT */
/*
 * request.h - the request that -X, -H and -d describe.
 *
 *	lrd_cli_request_init(&args);
 *	lrd_cli_request_add_field(cli, &args, "Accept: text/html");
 *	lrd_cli_request_set_data(cli, &args, "@file");
 *	lrd_cli_request_apply(cli, &args, &request);	once for each URL
 *	lrd_cli_request_release(&args);
 */
#ifndef LRD_TOOLS_REQUEST_H
#define LRD_TOOLS_REQUEST_H

#include <larder/larder.h>

#include "tools/command.h"

struct lrd_cli_request {
	const char *method; /* NULL: GET, or POST when there is data */
	/* private */
	larder_field *fields;
	size_t field_count;
	larder_slice data;
	int data_fd; /* -1: `data` holds all of it */
	int64_t data_length;
	bool has_data;
};

void lrd_cli_request_init(struct lrd_cli_request *request);
void lrd_cli_request_release(struct lrd_cli_request *request);

/* Both return 0, or an exit code after a message. Arguments are borrowed. */
int lrd_cli_request_add_field(const struct lrd_cli *cli, struct lrd_cli_request *request,
			      const char *text);
int lrd_cli_request_set_data(const struct lrd_cli *cli, struct lrd_cli_request *request,
			     const char *text);

/* May the data be sent a second time? Not from a pipe. */
bool lrd_cli_request_repeats(const struct lrd_cli_request *request);

/* Fills the members of `out` that these options decide. Returns 0, or an exit code. */
int lrd_cli_request_apply(const struct lrd_cli *cli, struct lrd_cli_request *request,
			  larder_request *out);

#endif
