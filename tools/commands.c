/* SPDX-License-Identifier: MIT */
/* commands.c - every command of `larder`, in the order in which help lists them. */
#include <stddef.h>

#include "tools/command.h"

const struct lrd_cli_command *const lrd_cli_commands[] = {
	&lrd_cli_command_get,
	&lrd_cli_command_ls,
	&lrd_cli_command_show,
	&lrd_cli_command_explain,
	&lrd_cli_command_stat,
	&lrd_cli_command_purge,
	&lrd_cli_command_verify,
	&lrd_cli_command_batch,
	NULL,
};
