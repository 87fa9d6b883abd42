/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - client CPU of a GET over a connection kept alive, beside libcurl and a bare socket.
 *
 * usage: fetch [--quick] [--rounds N] [--json] [--only CONTENDER [--case "http 1 KiB"]]
 * --only runs one contender alone for three seconds a case and prints no ratios: for profilers.
 */
#include "fetch.h"
#include "bench.h"
#include "nginx.h"
#include "report.h"
#include "tests/support/tls_certs.h"
#include "tests/support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CONTENDERS = 3, ALONE_S = 3 };

struct fetch_case {
	const char *label;
	const char *file;
	size_t body_bytes;
	size_t slice; /* gets a contender does in one round */
	bool tls;
};

static const struct fetch_case cases[] = {
	{ "http 1 KiB", "1k", 1 << 10, 1500, false },
	{ "http 10 KiB", "10k", 10 << 10, 1500, false },
	{ "http 1 MiB", "1m", 1 << 20, 60, false },
	{ "https 1 KiB", "1k", 1 << 10, 1000, true },
	{ "https 10 KiB", "10k", 10 << 10, 1000, true },
	{ "https 1 MiB", "1m", 1 << 20, 40, true },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* Place 0 is the subject, 1 the rival, 2 the floor. */
static const struct fetch_contender *contender(const struct fetch_case *one, size_t place)
{
	if (place == 2)
		return one->tls ? &fetch_openssl : &fetch_socket;
	return place == 0 ? &fetch_larder : &fetch_curl;
}

struct origin {
	pid_t pid;
	unsigned http_port;
	unsigned https_port;
	char ca_file[BENCH_PATH_MAX];
};

static void write_certificates(struct origin *origin, const char *root)
{
	struct lrd_test_cert_spec spec = { 0 };
	struct lrd_test_cert *authority = lrd_test_ca_new("larder bench");
	struct lrd_test_cert *leaf = lrd_test_cert_new(&spec, authority);
	char path[BENCH_PATH_MAX];

	bench_format(origin->ca_file, sizeof(origin->ca_file), "%s/ca.pem", root);
	lrd_test_cert_write(authority, origin->ca_file, false);
	bench_format(path, sizeof(path), "%s/leaf.pem", root);
	lrd_test_cert_write(leaf, path, true);
	lrd_test_cert_free(leaf);
	lrd_test_cert_free(authority);
}

static void start_origin(struct origin *origin, const char *folder)
{
	char root[BENCH_PATH_MAX];
	char path[BENCH_PATH_MAX];
	char lines[4096];
	size_t i;

	bench_format(root, sizeof(root), "%s/origin", folder);
	mkdir(root, 0700);
	write_certificates(origin, root);
	for (i = 0; i < CASES; i++) {
		char *body = bench_alloc(cases[i].body_bytes);

		bench_body(1, body, cases[i].body_bytes);
		bench_format(path, sizeof(path), "%s/%s", root, cases[i].file);
		bench_nginx_file(path, body, cases[i].body_bytes);
		free(body);
	}
	origin->http_port = bench_free_port();
	origin->https_port = bench_free_port();
	bench_format(lines, sizeof(lines),
		     "  sendfile off; output_buffers 4 256k; open_file_cache max=100;\n"
		     "  server { listen 127.0.0.1:%u; listen 127.0.0.1:%u ssl; root %s;\n"
		     "    ssl_certificate %s/leaf.pem; ssl_certificate_key %s/leaf.pem;\n"
		     "    ssl_protocols TLSv1.3; }\n",
		     origin->http_port, origin->https_port, root, root, root);
	origin->pid = bench_nginx_start(root, lines);
	bench_await_port(origin->http_port);
}

static void get_slice(const struct fetch_contender *one, void *state,
		      const struct fetch_case *what, char *buf, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (one->get(state, buf) != what->body_bytes)
			bench_die("%s: %s: a short body", one->name, what->label);
	}
}

static void verify(const struct fetch_contender *one, void *state,
		   const struct fetch_case *what, char *buf)
{
	char *expected = bench_alloc(what->body_bytes);

	bench_body(1, expected, what->body_bytes);
	get_slice(one, state, what, buf, 1);
	if (memcmp(buf, expected, what->body_bytes) != 0)
		bench_die("%s: %s: wrong bytes", one->name, what->label);
	free(expected);
}

static void describe_target(struct fetch_target *target, const struct origin *origin,
			    const struct fetch_case *what, char *url, char *path)
{
	unsigned port = what->tls ? origin->https_port : origin->http_port;

	bench_format(path, BENCH_PATH_MAX, "/%s", what->file);
	bench_format(url, BENCH_PATH_MAX, "%s://localhost:%u%s",
		     what->tls ? "https" : "http", port, path);
	*target = (struct fetch_target){ .url = url,
					 .host = "localhost",
					 .path = path,
					 .ca_file = origin->ca_file,
					 .port = port,
					 .tls = what->tls,
					 .body_bytes = what->body_bytes };
}

static void run_case(struct bench_report *report, const struct origin *origin,
		     const struct fetch_case *what, size_t rounds)
{
	static double client[CONTENDERS][BENCH_ROUNDS_MAX];
	static double server[CONTENDERS][BENCH_ROUNDS_MAX];
	char url[BENCH_PATH_MAX], path[BENCH_PATH_MAX];
	struct fetch_target target;
	void *states[CONTENDERS];
	double client_us[CONTENDERS];
	char *buf = bench_alloc(what->body_bytes);
	size_t i, round;

	describe_target(&target, origin, what, url, path);
	for (i = 0; i < CONTENDERS; i++) {
		states[i] = contender(what, i)->open(&target);
		verify(contender(what, i), states[i], what, buf);
	}
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < CONTENDERS; i++) {
			uint64_t server_ns = bench_cpu_ns_of(origin->pid);
			uint64_t client_ns = bench_cpu_ns();
			double per_get_us = 1.0 / 1000.0 / (double)what->slice;

			get_slice(contender(what, i), states[i], what, buf, what->slice);
			client[i][round] =
				(double)(bench_cpu_ns() - client_ns) * per_get_us;
			server[i][round] =
				(double)(bench_cpu_ns_of(origin->pid) - server_ns) *
				per_get_us;
		}
	}
	for (i = 0; i < CONTENDERS; i++)
		client_us[i] = bench_median(client[i], rounds);
	for (i = 0; i < CONTENDERS; i++) {
		const char *name = contender(what, i)->name;

		bench_report_add(report, what->label, name, "client us", client_us[i], 2);
		bench_report_add(report, what->label, name, "server us",
				 bench_median(server[i], rounds), 2);
		bench_report_add(report, what->label, name, "x libcurl",
				 client_us[i] / client_us[1], 2);
		bench_report_add(report, what->label, name, "x floor",
				 client_us[i] / client_us[2], 2);
		bench_report_add(report, what->label, name, "above floor",
				 client_us[i] - client_us[2], 2);
		contender(what, i)->close(states[i]);
	}
	free(buf);
}

/* One contender without the others, for as long as a profiler needs. */
static bool run_alone(const struct origin *origin, const struct fetch_case *what,
		      const char *only)
{
	char url[BENCH_PATH_MAX], path[BENCH_PATH_MAX];
	struct fetch_target target;
	char *buf = bench_alloc(what->body_bytes);
	bool found = false;
	size_t i;

	describe_target(&target, origin, what, url, path);
	for (i = 0; i < CONTENDERS; i++) {
		const struct fetch_contender *one = contender(what, i);
		uint64_t until_ns = bench_now_ns() + ALONE_S * UINT64_C(1000000000);
		uint64_t cpu_ns;
		size_t gets = 0;
		void *state;

		if (!strstr(one->name, only))
			continue;
		found = true;
		state = one->open(&target);
		verify(one, state, what, buf);
		cpu_ns = bench_cpu_ns();
		for (; bench_now_ns() < until_ns; gets += what->slice)
			get_slice(one, state, what, buf, what->slice);
		printf("%s %s: %.2f us a get\n", what->label, one->name,
		       (double)(bench_cpu_ns() - cpu_ns) / 1000.0 / (double)gets);
		one->close(state);
	}
	free(buf);
	return found;
}

int main(int argc, char **argv)
{
	bool quick = bench_flag(&argc, argv, "--quick");
	bool json = bench_flag(&argc, argv, "--json");
	const char *only = bench_option(&argc, argv, "--only");
	const char *label = bench_option(&argc, argv, "--case");
	size_t rounds =
		bench_number(&argc, argv, "--rounds", quick ? 3 : 15, BENCH_ROUNDS_MAX);
	struct bench_report *report = NULL;
	struct origin origin;
	size_t i;

	bench_no_more_options(
		argc, argv,
		"[--quick] [--rounds N] [--json] [--case LABEL] [--only CONTENDER]");
	/* Client and origin share the CPU: a wake-up across CPUs would drown the rest. */
	bench_pin(0);
	start_origin(&origin, lrd_tmpdir_new());
	if (!only) {
		report = bench_report_new("fetch", json);
		bench_report_section(report, "CPU microseconds for one GET, kept alive, "
					     "nginx on loopback, TLS 1.3");
	}
	for (i = 0; i < CASES; i++) {
		if (label && strcmp(label, cases[i].label) != 0)
			continue;
		if (!only)
			run_case(report, &origin, &cases[i], rounds);
		else if (!run_alone(&origin, &cases[i], only))
			bench_die("no contender for %s has \"%s\" in its name",
				  cases[i].label, only);
	}
	if (report)
		bench_report_free(report);
	bench_stop(origin.pid);
	return 0;
}
