/* SPDX-License-Identifier: MIT */
/* svg.c - line charts: axes with round numbers, one colour a series, names beside the lines. */
#include "svg.h"

#include "bench.h"

#include <math.h>
#include <stdio.h>

enum {
	WIDTH = 760,
	HEIGHT = 420,
	LEFT = 80,
	RIGHT = 230,
	TOP = 44,
	BOTTOM = 52,
	SERIES_MAX = 8
};

/* Of middling lightness: they stand out from white and from black. */
static const char *const colours[SERIES_MAX] = {
	"#2f7fd1", "#d9772b", "#2f9e5b", "#c2457a",
	"#8a63d2", "#9a8a1f", "#2aa1a6", "#888888",
};

struct axis {
	double low, high;
	bool log;
	double from, to; /* in picture units */
};

static double place(const struct axis *axis, double value)
{
	double share = axis->log ? log(value / axis->low) / log(axis->high / axis->low)
				 : (value - axis->low) / (axis->high - axis->low);

	return axis->from + share * (axis->to - axis->from);
}

void svg_point(struct svg_series *series, double x, double y)
{
	if (series->count == SVG_POINTS_MAX)
		return;
	series->x[series->count] = x;
	series->y[series->count] = y;
	series->count++;
}

/* 1, 2 or 5 times a power of ten, so that at most about `steps` of them fill `span`. */
static double round_step(double span, int steps)
{
	double power = pow(10, floor(log10(span / steps)));
	double times = span / steps / power;

	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static void widen(struct axis *axis)
{
	if (axis->log) {
		axis->low = pow(10, floor(log10(axis->low)));
		axis->high = pow(10, ceil(log10(axis->high)));
		if (axis->high <= axis->low)
			axis->high = axis->low * 10;
		return;
	}
	axis->low = 0;
	if (axis->high <= 0)
		axis->high = 1;
	axis->high =
		ceil(axis->high / round_step(axis->high, 6)) * round_step(axis->high, 6);
}

static void span_of(const struct svg_series *series, size_t count, bool vertical,
		    struct axis *axis)
{
	bool first = true;
	size_t s, i;

	axis->low = axis->high = 1;
	for (s = 0; s < count; s++) {
		for (i = 0; i < series[s].count; i++) {
			double value = vertical ? series[s].y[i] : series[s].x[i];

			if (first || value < axis->low)
				axis->low = value;
			if (first || value > axis->high)
				axis->high = value;
			first = false;
		}
	}
	widen(axis);
}

/* 1500 -> "1.5k": short enough for an axis. */
static void tick_text(double value, char *text, size_t cap)
{
	if (value >= 1e6)
		bench_format(text, cap, "%gM", value / 1e6);
	else if (value >= 1e3)
		bench_format(text, cap, "%gk", value / 1e3);
	else
		bench_format(text, cap, "%g", value);
}

static void draw_tick(FILE *file, const struct axis *axis, double value, bool vertical)
{
	double at = place(axis, value);
	char text[32];

	tick_text(value, text, sizeof(text));
	if (vertical)
		fprintf(file,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
			"y2=\"%.1f\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT, WIDTH - RIGHT, at, at, LEFT - 8, at + 4, text);
	else
		fprintf(file,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
			"y2=\"%d\"/>"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			at, at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 18, text);
}

static void draw_axis(FILE *file, const struct axis *axis, bool vertical)
{
	double step = axis->log ? 10 : round_step(axis->high, 6);
	double value = axis->low;

	while (value <= axis->high * 1.0001) {
		draw_tick(file, axis, value, vertical);
		value = axis->log ? value * step : value + step;
	}
}

static void draw_series(FILE *file, const struct svg_series *series, size_t index,
			const struct axis *x, const struct axis *y)
{
	const char *colour = colours[index % SERIES_MAX];
	double row = TOP + 14 + (double)index * 20;
	size_t i;

	fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"",
		colour);
	for (i = 0; i < series->count; i++)
		fprintf(file, "%.1f,%.1f ", place(x, series->x[i]),
			place(y, series->y[i]));
	fprintf(file, "\"/>\n");
	for (i = 0; series->count <= 16 && i < series->count; i++)
		fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
			place(x, series->x[i]), place(y, series->y[i]), colour);
	fprintf(file,
		"<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
		"stroke-width=\"3\"/><text x=\"%d\" y=\"%.1f\">%s</text>\n",
		WIDTH - RIGHT + 12, WIDTH - RIGHT + 32, row - 4, row - 4, colour,
		WIDTH - RIGHT + 38, row, series->name);
}

static void draw_frame(FILE *file, const struct svg_chart *chart)
{
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"role=\"img\">\n"
		"<title>%s</title>\n<style>\n"
		"text { font: 12px sans-serif; fill: #333 } .title { font-size: 15px }\n"
		".grid { stroke: #888; stroke-opacity: .3 }\n"
		"@media (prefers-color-scheme: dark) { text { fill: #ddd } }\n</style>\n",
		WIDTH, HEIGHT, chart->title);
	fprintf(file, "<text class=\"title\" x=\"%d\" y=\"22\">%s</text>\n", LEFT,
		chart->title);
	fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, chart->x_label);
	fprintf(file,
		"<text transform=\"translate(18 %d) rotate(-90)\" "
		"text-anchor=\"middle\">%s"
		"</text>\n",
		(TOP + HEIGHT - BOTTOM) / 2, chart->y_label);
}

void svg_write(const char *path, const struct svg_chart *chart,
	       const struct svg_series *series, size_t count)
{
	struct axis x = { .log = chart->log_x, .from = LEFT, .to = WIDTH - RIGHT };
	struct axis y = { .log = chart->log_y, .from = HEIGHT - BOTTOM, .to = TOP };
	FILE *file = fopen(path, "w");
	size_t i;

	if (!file)
		bench_die("cannot write %s", path);
	span_of(series, count, false, &x);
	span_of(series, count, true, &y);
	draw_frame(file, chart);
	draw_axis(file, &x, false);
	draw_axis(file, &y, true);
	for (i = 0; i < count && i < SERIES_MAX; i++) {
		if (series[i].count)
			draw_series(file, &series[i], i, &x, &y);
	}
	fprintf(file, "</svg>\n");
	if (fclose(file) != 0)
		bench_die("cannot write %s", path);
}
