/* SPDX-License-Identifier: MIT */
/*
 * report.h - figures of a benchmark, printed as tables for people or as JSON for programs.
 *
 *	struct bench_report *report = bench_report_new("hit", json);
 *	bench_report_section(report, "CPU microseconds for one hit");
 *	bench_report_add(report, "1 KiB", "larder.h", "client", 1.9, 2);
 *	...					a table is printed when its section ends
 *	bench_report_free(report);		with `json`, prints it all here
 *
 * A section's rows are its pairs of (row, contender), its columns the names of figures, both
 * in the order in which they first came. Text is copied.
 */
#ifndef LARDER_BENCH_REPORT_H
#define LARDER_BENCH_REPORT_H

#include <stdbool.h>

struct bench_report;

struct bench_report *bench_report_new(const char *bench, bool json);
void bench_report_section(struct bench_report *report, const char *title);
/* `decimals` is how many the table shows. */
void bench_report_add(struct bench_report *report, const char *row, const char *contender,
		      const char *column, double value, int decimals);
/* A line below the table: what was left out, and why. */
void bench_report_note(struct bench_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void bench_report_free(struct bench_report *report);

#endif
