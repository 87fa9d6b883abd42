/* SPDX-License-Identifier: MIT */
/* debug.c - events and bodies as lines of text, for those who look over our shoulder. */
#include "session/debug.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum { LINE_MAX_BYTES = 1024, CONTENT_WIDTH = 96 };

/* One line under way; what does not fit is cut. */
struct line {
	const struct lrd_debug *debug;
	size_t len;
	char text[LINE_MAX_BYTES];
};

static void begin(struct line *line, const struct lrd_debug *debug, char mark)
{
	line->debug = debug;
	line->len = 0;
	line->text[line->len++] = mark;
	line->text[line->len++] = ' ';
}

/* Nothing that a terminal would act upon gets through. */
static void add(struct line *line, larder_slice text)
{
	static const char digits[] = "0123456789abcdef";

	/* Room for one escape and the newline is left. */
	for (size_t i = 0; i < text.len && line->len < sizeof(line->text) - 6; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= 0x20 && c < 0x7f && c != '\\') {
			line->text[line->len++] = (char)c;
			continue;
		}
		line->text[line->len++] = '\\';
		if (c == '\\' || c == '\r' || c == '\n' || c == '\t') {
			line->text[line->len++] = c == '\r'   ? 'r'
						  : c == '\n' ? 'n'
						  : c == '\t' ? 't'
							      : '\\';
			continue;
		}
		line->text[line->len++] = 'x';
		line->text[line->len++] = digits[c >> 4];
		line->text[line->len++] = digits[c & 0xf];
	}
}

static void add_text(struct line *line, const char *text)
{
	add(line, lrd_slice_cstr(text));
}

static void add_number(struct line *line, uint64_t number, const char *unit)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%llu%s", (unsigned long long)number, unit);
	add_text(line, text);
}

static void add_time(struct line *line, uint64_t took_ns)
{
	char text[64];

	(void)snprintf(text, sizeof(text), " (%.3f ms)", (double)took_ns / 1e6);
	add_text(line, text);
}

static void end(struct line *line)
{
	line->text[line->len++] = '\n';
	if (line->debug->write)
		line->debug->write(line->text, line->len, line->debug->ctx);
	else
		(void)fwrite(line->text, 1, line->len, stderr);
}

static void print_head(const struct lrd_debug *debug, char mark,
		       const larder_trace_event *event, larder_slice start)
{
	struct line line;

	begin(&line, debug, mark);
	add(&line, start);
	end(&line);
	for (size_t i = 0; i < event->field_count; i++) {
		begin(&line, debug, mark);
		add(&line, event->fields[i].name);
		add_text(&line, ": ");
		add(&line, event->fields[i].value);
		end(&line);
	}
	begin(&line, debug, mark);
	end(&line);
}

static void add_what(struct line *line, const larder_trace_event *event)
{
	switch (event->kind) {
	case LARDER_TRACE_BEGIN:
		add(line, event->method);
		add_text(line, " ");
		add(line, event->url);
		break;
	case LARDER_TRACE_PLAN:
	case LARDER_TRACE_FAIL:
		add(line, event->text);
		break;
	case LARDER_TRACE_TLS:
		add(line, event->text);
		add_text(line, event->tls_version == 0x0304 ? ", TLS 1.3" : ", TLS 1.2");
		if (event->alpn.len) {
			add_text(line, ", ");
			add(line, event->alpn);
		}
		break;
	case LARDER_TRACE_CHALLENGE:
		add_number(line, event->status, " is answered");
		break;
	case LARDER_TRACE_REDIRECT:
		add_number(line, event->status, " to ");
		add(line, event->url);
		break;
	case LARDER_TRACE_RETRY:
		add_number(line, event->attempt, ", after: ");
		add_text(line, larder_strerror(event->code));
		break;
	case LARDER_TRACE_UPLOAD:
	case LARDER_TRACE_BODY:
		add_number(line, event->bytes, " bytes");
		break;
	case LARDER_TRACE_DONE:
		add_number(line, event->status, "");
		break;
	default:
		add(line, event->host);
		break;
	}
}

void lrd_debug_event(const struct lrd_debug *debug, const larder_trace_event *event,
		     larder_slice start)
{
	struct line line;

	if (debug->level == 0)
		return;
	if (start.len) {
		print_head(debug, event->kind == LARDER_TRACE_REQUEST ? '>' : '<', event,
			   start);
		return;
	}
	begin(&line, debug, '*');
	add_text(&line, larder_trace_name(event->kind));
	add_text(&line, ": ");
	add_what(&line, event);
	if (event->took_ns)
		add_time(&line, event->took_ns);
	else if (event->timing)
		add_time(&line, event->timing->total_ns);
	end(&line);
}

void lrd_debug_content(const struct lrd_debug *debug, bool outgoing, larder_slice bytes)
{
	struct line line;

	while (debug->level >= 2 && bytes.len) {
		larder_slice part = lrd_slice_first(bytes, CONTENT_WIDTH);

		begin(&line, debug, outgoing ? '>' : '<');
		add_text(&line, "| ");
		add(&line, part);
		end(&line);
		bytes = lrd_slice_skip(bytes, part.len);
	}
}
