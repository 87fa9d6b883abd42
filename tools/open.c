/* SPDX-License-Identifier: MIT */
/* open.c - the store that a command looks into, which it never creates. */
#include "tools/open.h"

int lrd_cli_open_failed(const struct lrd_cli *cli, int rc, const larder_error *err)
{
	if (rc != LARDER_ENOTFOUND)
		return lrd_cli_message_failure(cli, cli->store, rc, err);
	lrd_cli_message(cli, "%s%sno store there; 'larder get' and larderd make one",
			cli->store ? cli->store : err->message,
			cli->store || err->message[0] ? ": " : "");
	return LRD_EXIT_STORE;
}

int lrd_cli_open_store(const struct lrd_cli *cli, struct lrd_store **out)
{
	struct lrd_store_options options = { .must_exist = true };
	larder_error err = { 0 };
	int rc = lrd_store_open(cli->store, &options, out, &err);

	return rc == 0 ? 0 : lrd_cli_open_failed(cli, rc, &err);
}
