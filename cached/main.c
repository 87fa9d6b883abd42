/* SPDX-License-Identifier: MIT */
/* main.c - larderd: from the command line to a serving process and back. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cached/config.h"
#include "cached/log.h"
#include "cached/process.h"
#include "cached/server.h"
#include "cached/version.h"

static int complain(const larder_error *err, int status)
{
	fprintf(stderr, "larderd: %s\n", err->message);
	return status;
}

static int serve(struct lrd_server *server, int ready_fd, larder_error *err)
{
	const struct lrd_config *config = &server->config;
	int rc;

	if (ready_fd >= 0)
		lrd_process_detached(ready_fd, config->coredumps);
	lrd_log(LRD_LOG_INFO, "event=start version=%s store=%s listeners=%u threads=%u",
		LARDER_VERSION, lrd_store_path(server->store), server->listeners.count,
		config->threads);
	for (unsigned i = 0; i < server->listeners.count; i++)
		lrd_log(LRD_LOG_INFO, "event=listen at=%s", server->listeners.at[i].name);
	lrd_process_notify("READY=1");
	rc = lrd_server_run(server, err);
	lrd_process_notify("STOPPING=1");
	return rc;
}

/* From an open server to a closed one. */
static int serve_with_pidfile(struct lrd_server *server, int ready_fd, larder_error *err)
{
	const char *named = server->config.pidfile;
	char *path = NULL;
	int rc = named ? lrd_process_write_pid(named, &path, err) : 0;

	if (rc < 0) {
		lrd_server_close(server);
		return rc;
	}
	rc = serve(server, ready_fd, err);
	if (path)
		lrd_process_remove_pid(path);
	free(path);
	lrd_server_close(server);
	lrd_log(LRD_LOG_INFO, "event=stop");
	return rc;
}

static int run(const struct lrd_config *config)
{
	larder_error err = { 0 };
	struct lrd_server *server = NULL;
	int ready_fd = -1;
	int rc;

	rc = lrd_process_raise_limits(config, &err);
	if (rc == 0)
		rc = lrd_process_drop_root(config, &err);
	if (rc < 0)
		return complain(&err, EX_USAGE);
	if (config->daemon && lrd_process_daemonize(&ready_fd, &err) < 0)
		return complain(&err, EX_OSERR);
	server = malloc(sizeof(*server));
	if (!server)
		return EX_OSERR;
	rc = lrd_server_open(server, config, &err);
	if (rc == 0) {
		rc = serve_with_pidfile(server, ready_fd, &err);
	}
	free(server);
	return rc < 0 ? complain(&err, EXIT_FAILURE) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	larder_error err = { 0 };
	struct lrd_config config;

	if (lrd_config_parse(argc, argv, &config, &err) < 0)
		return complain(&err, EX_USAGE);
	if (config.action == LRD_HELP) {
		lrd_config_help(stdout);
		return EXIT_SUCCESS;
	}
	if (config.action == LRD_VERSION) {
		printf("larderd %s (speaks memcache as %s)\n", LARDER_VERSION,
		       LRD_CACHED_VERSION_TEXT);
		return EXIT_SUCCESS;
	}
	fputs(config.warnings, stderr);
	lrd_log_set_verbosity(config.verbosity);
	return run(&config);
}
