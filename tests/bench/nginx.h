/* SPDX-License-Identifier: MIT */
/* nginx.h - an nginx of one process for benchmarks, started with the lines that differ. */
#ifndef LARDER_BENCH_NGINX_H
#define LARDER_BENCH_NGINX_H

#include <sys/types.h>

/*
 * Writes a configuration whose http block has `http_lines`, in `folder` (made where absent,
 * and the prefix of relative paths), and starts nginx. bench_stop() ends it.
 */
pid_t bench_nginx_start(const char *folder, const char *http_lines);

/* Writes one file that nginx is to serve. */
void bench_nginx_file(const char *path, const char *bytes, size_t len);

#endif
