/* SPDX-License-Identifier: MIT */
/* report.c - tables and JSON of figures. */
#include "report.h"

#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 64,
	TITLE_MAX_BYTES = 160,
	FIGURES_MAX = 4096,
	COLUMNS_MAX = 12,
	NOTES_MAX = 64
};

struct figure {
	size_t section;
	char row[NAME_MAX_BYTES];
	char contender[NAME_MAX_BYTES];
	char column[NAME_MAX_BYTES];
	double value;
	int decimals;
};

struct note {
	size_t section;
	char text[TITLE_MAX_BYTES];
};

struct bench_report {
	char bench[NAME_MAX_BYTES];
	bool json;
	char (*titles)[TITLE_MAX_BYTES];
	size_t sections;
	struct figure *figures;
	size_t count;
	struct note notes[NOTES_MAX];
	size_t note_count;
};

struct bench_report *bench_report_new(const char *bench, bool json)
{
	struct bench_report *report = bench_alloc(sizeof(*report));

	bench_format(report->bench, sizeof(report->bench), "%s", bench);
	report->json = json;
	report->figures = bench_alloc(FIGURES_MAX * sizeof(*report->figures));
	report->titles = bench_alloc(NOTES_MAX * sizeof(*report->titles));
	return report;
}

static bool same_row(const struct figure *a, const struct figure *b)
{
	return strcmp(a->row, b->row) == 0 && strcmp(a->contender, b->contender) == 0;
}

/* The names of the section's columns, in order of appearance. */
static size_t find_columns(const struct figure *first, const struct figure *end,
			   const char *columns[COLUMNS_MAX])
{
	const struct figure *figure;
	size_t count = 0;
	size_t i;

	for (figure = first; figure < end; figure++) {
		for (i = 0; i < count && strcmp(columns[i], figure->column) != 0; i++)
			;
		if (i < count)
			continue;
		if (count == COLUMNS_MAX)
			bench_die("a table of more than %d columns", COLUMNS_MAX);
		columns[count++] = figure->column;
	}
	return count;
}

static void print_row(const struct figure *first, const struct figure *end,
		      const struct figure *row, const char *const *columns,
		      size_t column_count)
{
	size_t i;

	printf("%-22s %-34s", row->row, row->contender);
	for (i = 0; i < column_count; i++) {
		const struct figure *figure = first;

		while (figure < end &&
		       !(same_row(figure, row) && strcmp(figure->column, columns[i]) == 0))
			figure++;
		if (figure < end)
			printf(" %*.*f",
			       (int)strlen(columns[i]) > 11 ? (int)strlen(columns[i]) : 11,
			       figure->decimals, figure->value);
		else
			printf(" %*s",
			       (int)strlen(columns[i]) > 11 ? (int)strlen(columns[i]) : 11,
			       "-");
	}
	putchar('\n');
}

static void print_section(const struct bench_report *report)
{
	const struct figure *first = report->figures;
	const struct figure *end = report->figures + report->count;
	const char *columns[COLUMNS_MAX];
	const struct figure *figure;
	size_t column_count;
	size_t i;

	if (report->json || report->sections == 0)
		return;
	while (first < end && first->section != report->sections)
		first++;
	column_count = find_columns(first, end, columns);
	printf("%s\n", report->titles[report->sections - 1]);
	if (column_count)
		printf("%-22s %-34s", "", "");
	for (i = 0; i < column_count; i++)
		printf(" %11s", columns[i]);
	if (column_count)
		putchar('\n');
	for (figure = first; figure < end; figure++) {
		const struct figure *seen = first;

		while (seen < figure && !same_row(seen, figure))
			seen++;
		if (seen == figure)
			print_row(first, end, figure, columns, column_count);
	}
	for (i = 0; i < report->note_count; i++) {
		if (report->notes[i].section == report->sections)
			printf("  %s\n", report->notes[i].text);
	}
	putchar('\n');
	fflush(stdout);
}

void bench_report_section(struct bench_report *report, const char *title)
{
	print_section(report);
	if (report->sections == NOTES_MAX)
		bench_die("too many sections");
	bench_format(report->titles[report->sections], TITLE_MAX_BYTES, "%s", title);
	report->sections++;
}

void bench_report_add(struct bench_report *report, const char *row, const char *contender,
		      const char *column, double value, int decimals)
{
	struct figure *figure = &report->figures[report->count];

	if (report->count == FIGURES_MAX)
		bench_die("more than %d figures", FIGURES_MAX);
	figure->section = report->sections;
	bench_format(figure->row, sizeof(figure->row), "%s", row);
	bench_format(figure->contender, sizeof(figure->contender), "%s", contender);
	bench_format(figure->column, sizeof(figure->column), "%s", column);
	figure->value = value;
	figure->decimals = decimals;
	report->count++;
}

void bench_report_note(struct bench_report *report, const char *format, ...)
{
	struct note *note = &report->notes[report->note_count];
	va_list args;

	if (report->note_count == NOTES_MAX)
		return;
	note->section = report->sections;
	va_start(args, format);
	vsnprintf(note->text, sizeof(note->text), format, args);
	va_end(args);
	report->note_count++;
}

/* Names and titles are ours, so quotes and backslashes are all that could need care. */
static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print_json(const struct bench_report *report)
{
	size_t i;

	printf("{\"bench\":");
	print_string(report->bench);
	printf(",\"figures\":[");
	for (i = 0; i < report->count; i++) {
		const struct figure *figure = &report->figures[i];

		printf("%s\n{\"section\":", i ? "," : "");
		print_string(figure->section ? report->titles[figure->section - 1] : "");
		printf(",\"row\":");
		print_string(figure->row);
		printf(",\"contender\":");
		print_string(figure->contender);
		printf(",\"figure\":");
		print_string(figure->column);
		printf(",\"value\":%.6g}", figure->value);
	}
	printf("],\n\"notes\":[");
	for (i = 0; i < report->note_count; i++) {
		printf("%s", i ? "," : "");
		print_string(report->notes[i].text);
	}
	printf("]}\n");
}

void bench_report_free(struct bench_report *report)
{
	print_section(report);
	if (report->json)
		print_json(report);
	free(report->titles);
	free(report->figures);
	free(report);
}
