/* SPDX-License-Identifier: MIT */
/* config.c - larderd's command line, from options.def. */
#include "cached/config.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"

enum option_name {
#define LRD_OPTION(name, letter, longname, argument, fallback, help) OPTION_##name,
#include "cached/options.def"
	OPTION_COUNT
};

struct option_row {
	char letter;
	const char *longname;
	const char *argument;
	const char *fallback;
	const char *help;
};

static const struct option_row rows[OPTION_COUNT] = {
#define LRD_OPTION(name, letter, longname, argument, fallback, help) \
	[OPTION_##name] = { letter, longname, argument, fallback, help },
#include "cached/options.def"
};

struct parse {
	struct lrd_config *config;
	larder_error *err;
	bool socket_given;
};

static int refuse(struct parse *parse, enum option_name name, const char *value,
		  const char *want)
{
	char shown[40];

	if (rows[name].letter)
		snprintf(shown, sizeof(shown), "-%c (--%s)", rows[name].letter,
			 rows[name].longname);
	else
		snprintf(shown, sizeof(shown), "--%s", rows[name].longname);
	return lrd_error_set(parse->err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "option %s: \"%.80s\" is not valid; give %s", shown, value,
			     want);
}

/* Notes one thing that was accepted for memcached's sake and has no effect. */
static void warn(struct parse *parse, const char *what, const char *why)
{
	char *warnings = parse->config->warnings;
	size_t used = strlen(warnings);

	snprintf(warnings + used, sizeof(parse->config->warnings) - used, "%s: %s\n",
		 what, why);
}

static bool number_in(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t number;

	if (lrd_i64_parse(lrd_slice_cstr(text), &number) < 0 || number < min ||
	    number > max)
		return false;
	*out = number;
	return true;
}

/* 1m, 512k or plain bytes. */
static bool parse_size(const char *text, uint64_t *out)
{
	larder_slice digits = lrd_slice_cstr(text);
	uint64_t number, unit = 1;

	if (digits.len && strchr("kKmM", digits.ptr[digits.len - 1])) {
		unit = strchr("kK", digits.ptr[digits.len - 1]) ? 1024 : 1024 * 1024;
		digits.len--;
	}
	return lrd_u64_parse(digits, &number) == 0 && lrd_u64_mul(number, unit, out);
}

static bool parse_mode(const char *text, unsigned *out)
{
	unsigned mode = 0;

	if (!*text || strlen(text) > 4)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return false;
		mode = mode * 8 + (unsigned)(*text - '0');
	}
	*out = mode;
	return mode <= 0777;
}

/* One of HOST, HOST:PORT, [V6], [V6]:PORT, or a bare V6 address. */
static bool parse_listen(larder_slice item, struct lrd_config_listen *out)
{
	larder_slice host = item, port = { "", 0 };
	uint64_t number;

	if (item.len && item.ptr[0] == '[') {
		size_t end = lrd_slice_find(item, ']');

		if (end == item.len)
			return false;
		host = lrd_slice_of(item.ptr + 1, end - 1);
		port = lrd_slice_skip(item, end + 1);
		if (port.len && port.ptr[0] != ':')
			return false;
		port = lrd_slice_skip(port, 1);
	} else if (lrd_slice_cut(item, ':', &host, &port) &&
		   lrd_slice_find(port, ':') != port.len) {
		host = item;
		port = LRD_SLICE("");
	}
	if (host.len == 0 || host.len >= sizeof(out->host))
		return false;
	out->port = -1;
	if (host.ptr + host.len < item.ptr + item.len && port.len) {
		if (lrd_u64_parse(port, &number) < 0 || number < 1 || number > 65535)
			return false;
		out->port = (int)number;
	}
	if (lrd_slice_equal(host, LRD_SLICE("*")))
		host.len = 0;
	memcpy(out->host, host.ptr, host.len);
	out->host[host.len] = '\0';
	return true;
}

static int take_listens(struct parse *parse, const char *value)
{
	struct lrd_config *config = parse->config;
	larder_slice rest = lrd_slice_cstr(value), item;

	while (lrd_slice_split(&rest, ',', &item)) {
		if (config->listen_count == LRD_CONFIG_LISTENS_MAX ||
		    !parse_listen(lrd_slice_trim(item),
				  &config->listens[config->listen_count]))
			return refuse(
				parse, OPTION_LISTEN,
				value, "HOST or HOST:PORT, at most 32 of them, with commas between");
		config->listen_count++;
	}
	return 0;
}

static int take_extended(struct parse *parse, const char *value)
{
	larder_slice rest = lrd_slice_cstr(value), item, name, number;
	uint64_t seconds;

	while (lrd_slice_split(&rest, ',', &item)) {
		if (lrd_slice_cut(item, '=', &name, &number) &&
		    lrd_slice_equal(name, LRD_SLICE("idle_timeout"))) {
			if (lrd_u64_parse(number, &seconds) < 0 || seconds > 86400 * 365)
				return refuse(parse, OPTION_EXTENDED, value,
					      "idle_timeout=SECONDS");
			parse->config->idle_timeout_s = (unsigned)seconds;
		} else {
			char shown[64];

			snprintf(shown, sizeof(shown), "-o %.*s",
				 (int)(item.len < 50 ? item.len : 50),
				 item.len ? item.ptr : "");
			warn(parse, shown, "has no meaning here and is ignored");
		}
	}
	return 0;
}

static int take_number(struct parse *parse, enum option_name name, const char *value,
		       int64_t min, int64_t max, unsigned *out)
{
	char want[64];
	int64_t number;

	if (!number_in(value, min, max, &number)) {
		snprintf(want, sizeof(want), "a number from %lld to %lld", (long long)min,
			 (long long)max);
		return refuse(parse, name, value, want);
	}
	*out = (unsigned)number;
	return 0;
}

static int take_memory(struct parse *parse, const char *value)
{
	int64_t megabytes;

	if (!number_in(value, 1, 1 << 24, &megabytes))
		return refuse(parse, OPTION_MEMORY, value, "megabytes, 1 to 16777216");
	parse->config->budget_bytes = (uint64_t)megabytes << 20;
	return 0;
}

static int take_item(struct parse *parse, const char *value)
{
	uint64_t bytes;

	if (!parse_size(value, &bytes) || bytes < 1024 || bytes > (uint64_t)1 << 30)
		return refuse(parse, OPTION_ITEM, value, "1k to 1024m");
	parse->config->item_max = bytes;
	return 0;
}

static int take_protocol(struct parse *parse, const char *value)
{
	if (strcmp(value, "ascii") == 0 || strcmp(value, "auto") == 0)
		return 0;
	return refuse(parse, OPTION_PROTOCOL, value,
		      "ascii or auto (there is no binary protocol)");
}

static int take_prefix(struct parse *parse, const char *value)
{
	if (strlen(value) != 1 || !isgraph((unsigned char)*value))
		return refuse(parse, OPTION_PREFIX, value, "one character");
	parse->config->prefix_char = *value;
	parse->config->detail = true;
	return 0;
}

static int take_port(struct parse *parse, const char *value)
{
	int64_t number;

	if (!number_in(value, -1, 65535, &number))
		return refuse(parse, OPTION_PORT, value,
			      "a port, 0 for none or -1 for any");
	parse->config->port = (int)number;
	parse->config->tcp = number != 0;
	return 0;
}

static int take(struct parse *parse, enum option_name name, const char *value)
{
	struct lrd_config *config = parse->config;
	unsigned number = 0;
	int rc = 0;

	switch (name) {
	case OPTION_PORT:
		return take_port(parse, value);
	case OPTION_SOCKET:
		config->socket_path = value;
		return *value ? 0 : refuse(parse, name, value, "a path");
	case OPTION_MODE:
		return parse_mode(value, &config->socket_mode)
			       ? 0
			       : refuse(parse, name, value, "an octal mode such as 0770");
	case OPTION_LISTEN:
		return take_listens(parse, value);
	case OPTION_MEMORY:
		return take_memory(parse, value);
	case OPTION_CONNS:
		return take_number(parse, name, value, 1, 1000000, &config->conns_max);
	case OPTION_THREADS:
		return take_number(parse, name, value, 1, 64, &config->threads);
	case OPTION_USER:
		config->user = value;
		return *value ? 0 : refuse(parse, name, value, "the name of an account");
	case OPTION_DAEMON:
		config->daemon = true;
		return 0;
	case OPTION_PIDFILE:
		config->pidfile = value;
		return *value ? 0 : refuse(parse, name, value, "a path");
	case OPTION_ITEM:
		return take_item(parse, value);
	case OPTION_VERBOSE:
		config->verbosity++;
		return 0;
	case OPTION_HELP:
		config->action = LRD_HELP;
		return 0;
	case OPTION_VERSION:
		config->action = LRD_VERSION;
		return 0;
	case OPTION_NO_EVICT:
		config->no_evictions = true;
		return 0;
	case OPTION_BACKLOG:
		rc = take_number(parse, name, value, 1, 65535, &number);
		if (rc == 0)
			config->backlog = (int)number;
		return rc;
	case OPTION_REQS:
		return take_number(parse, name, value, 1, 1000000,
				   &config->reqs_per_event);
	case OPTION_PREFIX:
		return take_prefix(parse, value);
	case OPTION_NO_CAS:
		config->no_cas = true;
		return 0;
	case OPTION_SHUTDOWN:
		config->shutdown = true;
		return 0;
	case OPTION_NO_FLUSH:
		config->no_flush = true;
		return 0;
	case OPTION_NO_DUMP:
		config->no_dump = true;
		return 0;
	case OPTION_UDP:
		return take_number(parse, name, value, 0, 0, &number);
	case OPTION_PROTOCOL:
		return take_protocol(parse, value);
	case OPTION_CORE:
		config->coredumps = true;
		return 0;
	case OPTION_LOCK:
	case OPTION_PAGES:
	case OPTION_FACTOR:
	case OPTION_SLABMIN: {
		const char shown[] = { '-', rows[name].letter, '\0' };

		warn(parse, shown, "has no meaning here and is ignored");
		return 0;
	}
	case OPTION_EXTENDED:
		return take_extended(parse, value);
	case OPTION_STORE:
		config->store_dir = value;
		return *value ? 0 : refuse(parse, name, value, "a directory");
	case OPTION_SHARE:
		config->share_store = true;
		return 0;
	case OPTION_GROUP:
		config->socket_group = value;
		return *value ? 0 : refuse(parse, name, value, "the name of a group");
	case OPTION_NO_WATCH:
	case OPTION_COUNT:
		break;
	}
	return 0;
}

/* The tables that getopt_long wants. Value of a long option: its row, above any letter. */
static void build_tables(char letters[static 3 * OPTION_COUNT + 2],
			 struct option longs[static OPTION_COUNT + 1])
{
	char *at = letters;

	*at++ = ':';
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (rows[i].letter) {
			*at++ = rows[i].letter;
			if (rows[i].argument)
				*at++ = ':';
		}
		longs[i] = (struct option){
			.name = rows[i].longname,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = 256 + i,
		};
	}
	*at = '\0';
	longs[OPTION_COUNT] = (struct option){ 0 };
}

static enum option_name find_row(int value)
{
	if (value >= 256)
		return (enum option_name)(value - 256);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (rows[i].letter == value)
			return (enum option_name)i;
	}
	return OPTION_COUNT;
}

static int refuse_unknown(larder_error *err, int value, const char *word)
{
	const char *problem = value == ':' ? "needs an argument" : "is not known";

	if (strcmp(word, "-S") == 0 || strcmp(word, "-Y") == 0 || strcmp(word, "-Z") == 0)
		problem = "is not offered: protect the unix socket by its mode and group "
			  "instead";
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "option %.60s %s; see larderd --help", word, problem);
}

int lrd_config_parse(int argc, char **argv, struct lrd_config *out, larder_error *err)
{
	char letters[3 * OPTION_COUNT + 2];
	struct option longs[OPTION_COUNT + 1];
	struct lrd_config config = {
		.socket_mode = 0700,
		.port = LRD_CONFIG_PORT_DEFAULT,
		.conns_max = 1024,
		.threads = 4,
		.item_max = 1 << 20,
		.backlog = 1024,
		.reqs_per_event = 20,
		.prefix_char = ':',
	};
	struct parse parse = { .config = &config, .err = err };
	int value, rc;

	build_tables(letters, longs);
	optind = 0; /* glibc: start anew */
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == '?' || value == ':') {
			char word[3] = { '-', (char)optopt, '\0' };
			bool is_letter = optopt > 0 && optopt < 256;

			return refuse_unknown(err, value,
					      is_letter ? word : argv[optind - 1]);
		}
		rc = take(&parse, find_row(value), optarg);
		if (rc < 0)
			return rc;
	}
	if (optind < argc)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "\"%.80s\" is no option; see larderd --help",
				     argv[optind]);
	/* -p 0 says no TCP whatever -l says; -l alone asks for the usual port. */
	if (config.listen_count && config.port != 0)
		config.tcp = true;
	*out = config;
	return 0;
}

void lrd_config_help(FILE *out)
{
	fputs("usage: larderd [option...]\n"
	      "Serves a larder store to memcache clients. Options and their "
	      "defaults:\n\n",
	      out);
	for (int i = 0; i < OPTION_COUNT; i++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s --%s%s%s", rows[i].letter ? "-" : " ",
			 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? "," : " ",
			 rows[i].longname, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		fprintf(out, "  %-32s %s", left, rows[i].help);
		if (rows[i].argument && strcmp(rows[i].fallback, "none") != 0)
			fprintf(out, " (%s)", rows[i].fallback);
		fputc('\n', out);
	}
}
