/* SPDX-License-Identifier: MIT */
/* nginx.c - an nginx of one process: no master, no logs, nothing outside its folder. */
#include "nginx.h"

#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bench_nginx_file(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		bench_die("nginx: cannot write %s", path);
}

pid_t bench_nginx_start(const char *folder, const char *http_lines)
{
	char config[BENCH_PATH_MAX];
	char log[BENCH_PATH_MAX];
	char text[8192];

	mkdir(folder, 0700);
	bench_format(config, sizeof(config), "%s/nginx.conf", folder);
	bench_format(log, sizeof(log), "%s/start.log", folder);
	bench_format(
		text, sizeof(text),
		"%sdaemon off;\nmaster_process off;\npid nginx.pid;\nerror_log "
		"nginx.log;\n"
		"events { worker_connections 512; }\n"
		"http {\n"
		"  access_log off;\n  keepalive_requests 100000000;\n"
		"  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n"
		"  uwsgi_temp_path t4; scgi_temp_path t5;\n"
		"%s}\n",
		geteuid() == 0 ? "user root;\n" : "", http_lines);
	bench_nginx_file(config, text, strlen(text));
	return bench_start(log,
			   (const char *[]){ "nginx", "-p", folder, "-c", config, NULL });
}
