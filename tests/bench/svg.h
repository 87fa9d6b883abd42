/* SPDX-License-Identifier: MIT */
/* svg.h - line charts as plain SVG files, readable on light and on dark pages. */
#ifndef LARDER_BENCH_SVG_H
#define LARDER_BENCH_SVG_H

#include <stdbool.h>
#include <stddef.h>

enum { SVG_POINTS_MAX = 256 };

struct svg_series {
	const char *name;
	size_t count;
	double x[SVG_POINTS_MAX];
	double y[SVG_POINTS_MAX];
};

struct svg_chart {
	const char *title;
	const char *x_label;
	const char *y_label;
	bool log_x;
	bool log_y; /* values must then be above 0; else the axis begins at 0 */
};

/* Adds a point; those beyond SVG_POINTS_MAX are dropped. */
void svg_point(struct svg_series *series, double x, double y);

/* Writes a chart of at most eight series. Series without points are left out. */
void svg_write(const char *path, const struct svg_chart *chart,
	       const struct svg_series *series, size_t count);

#endif
