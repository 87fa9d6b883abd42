/* SPDX-License-Identifier: MIT */
/*
 * herd.c - many processes want one URL at one moment: what reaches the origin, who waits.
 *
 * usage: herd [--workers N] [--delay MS] [--rounds N] [--only CONTENDER] [--json]
 * Cases: nothing stored; stored but stale, with a licence to serve it while it is refreshed;
 * an answer that must not be stored, first met by the herd, then met again.
 */
#include "herd.h"
#include "bench.h"
#include "crew.h"
#include "report.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 200, ROUNDS_MAX = 20, STALE_AFTER_MS = 2200 };

static const struct herd_contender *const contenders[] = {
	&herd_direct,
	&herd_larder,
	&herd_nginx,
	&herd_varnish,
};

struct herd {
	const struct herd_contender *contender;
	void *state;
	void *worker;
	const char *path;
};

struct setting {
	struct bench_report *report;
	struct herd_origin *origin;
	size_t workers;
	size_t rounds;
	unsigned delay_ms;
};

static void prepare(size_t index, void *ctx)
{
	struct herd *herd = ctx;

	(void)index;
	herd->worker = herd->contender->join(herd->state);
}

static void work(size_t index, void *ctx, void *result)
{
	const struct herd *herd = ctx;
	uint64_t begun_ns = bench_now_ns();
	double *ms = result;

	(void)index;
	herd->contender->get(herd->worker, herd->path);
	*ms = (double)(bench_now_ns() - begun_ns) / 1e6;
}

/* What a herd of `count` met: adds its latencies, returns what the origin was asked. */
static uint64_t run_herd(const struct setting *setting,
			 const struct herd_contender *contender, void *state,
			 const char *path, size_t count, double *ms)
{
	struct herd herd = { .contender = contender, .state = state, .path = path };
	struct bench_crew crew = { .count = count,
				   .prepare = prepare,
				   .work = work,
				   .ctx = &herd,
				   .result_bytes = sizeof(*ms),
				   /* A refresh in the background has time to be counted. */
				   .linger_ms = setting->delay_ms + 200 };
	uint64_t before = __atomic_load_n(setting->origin->requests, __ATOMIC_RELAXED);

	bench_crew_run(&crew, ms);
	return __atomic_load_n(setting->origin->requests, __ATOMIC_RELAXED) - before;
}

enum phase { COLD, STALE, PRIVATE_FIRST, PRIVATE_AGAIN, PHASES };

static const char *const phase_names[PHASES] = {
	"cold",
	"stale, SWR",
	"no-store, first met",
	"no-store, met before",
};

static void phase_path(enum phase phase, size_t round, char *path, size_t cap)
{
	const char *kind = phase == COLD ? "cold" : phase == STALE ? "stale" : "private";

	bench_format(path, cap, "/%s/%zu", kind, round);
}

static void run_phase(const struct setting *setting,
		      const struct herd_contender *contender, void *state,
		      enum phase phase)
{
	double ms[WORKERS_MAX * ROUNDS_MAX];
	double requests[ROUNDS_MAX];
	size_t round, total = setting->workers * setting->rounds;

	for (round = 0; round < setting->rounds; round++) {
		char path[64];
		double ignored;

		phase_path(phase, round, path, sizeof(path));
		if (phase == STALE) {
			run_herd(setting, contender, state, path, 1, &ignored);
			bench_sleep_ms(STALE_AFTER_MS);
		}
		requests[round] =
			(double)run_herd(setting, contender, state, path,
					 setting->workers, ms + round * setting->workers);
	}
	bench_report_add(setting->report, phase_names[phase], contender->name,
			 "origin asked", bench_median(requests, setting->rounds), 0);
	bench_report_add(setting->report, phase_names[phase], contender->name, "p50 ms",
			 bench_quantile(ms, total, 0.5), 2);
	bench_report_add(setting->report, phase_names[phase], contender->name, "p90 ms",
			 bench_quantile(ms, total, 0.9), 2);
	bench_report_add(setting->report, phase_names[phase], contender->name, "max ms",
			 bench_quantile(ms, total, 1.0), 2);
}

int main(int argc, char **argv)
{
	struct bench_report *report =
		bench_report_new("herd", bench_flag(&argc, argv, "--json"));
	const char *only = bench_option(&argc, argv, "--only");
	struct herd_origin origin;
	struct setting setting = { .report = report, .origin = &origin };
	const char *folder = lrd_tmpdir_new();
	void *states[sizeof(contenders) / sizeof(contenders[0])] = { NULL };
	char title[128];
	size_t i;
	int phase;

	setting.workers = bench_number(&argc, argv, "--workers", 50, WORKERS_MAX);
	setting.rounds = bench_number(&argc, argv, "--rounds", 1, ROUNDS_MAX);
	setting.delay_ms = (unsigned)bench_number(&argc, argv, "--delay", 200, 5000);
	bench_no_more_options(
		argc, argv,
		"[--workers N] [--delay MS] [--rounds N] [--only CONTENDER] [--json]");
	herd_origin_start(&origin, setting.delay_ms);
	bench_format(title, sizeof(title),
		     "%zu processes, one URL, an origin that takes %u ms",
		     setting.workers, setting.delay_ms);
	bench_report_section(report, title);
	for (i = 0; i < sizeof(contenders) / sizeof(contenders[0]); i++) {
		const struct herd_contender *contender = contenders[i];

		if (only && !strstr(contender->name, only))
			continue;
		if (contender->program && !bench_has_program(contender->program))
			bench_report_note(report, "%s is left out: there is no %s here",
					  contender->name, contender->program);
		else
			states[i] = contender->open(folder, origin.port);
	}
	for (phase = COLD; phase <= PRIVATE_FIRST; phase++) {
		for (i = 0; i < sizeof(contenders) / sizeof(contenders[0]); i++) {
			if (states[i])
				run_phase(&setting, contenders[i], states[i],
					  (enum phase)phase);
			/* At once: what was learned may be forgotten soon. */
			if (states[i] && phase == PRIVATE_FIRST)
				run_phase(&setting, contenders[i], states[i],
					  PRIVATE_AGAIN);
		}
	}
	for (i = 0; i < sizeof(contenders) / sizeof(contenders[0]); i++) {
		if (states[i])
			contenders[i]->close(states[i]);
	}
	herd_origin_stop(&origin);
	bench_report_free(report);
	return 0;
}
