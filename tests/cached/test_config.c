/* SPDX-License-Identifier: MIT */
/* test_config.c - larderd's command line: what is taken, what is refused, and in what words. */
#include "cached/config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check_main.h"

enum { WORDS_MAX = 20 };

/* Parses a line of words. `copy` keeps them, since the result points into argv. */
static int parse(const char *line, char copy[static 256], struct lrd_config *config,
		 larder_error *err)
{
	char name[] = "larderd";
	char *argv[WORDS_MAX + 2] = { name };
	int argc = 1;

	snprintf(copy, 256, "%s", line);
	for (char *at = copy; *at; at += strcspn(at, " ")) {
		if (*at == ' ')
			*at++ = '\0';
		ck_assert_int_lt(argc, WORDS_MAX);
		argv[argc++] = at;
	}
	memset(err, 0, sizeof(*err));
	return lrd_config_parse(argc, argv, config, err);
}

static const struct {
	const char *line;
	const char *word; /* that the message must hold */
} refused[] = {
	{ "-p 65536", "-p" },
	{ "-p -2", "-p" },
	{ "--port=x", "--port" },
	{ "-a 8", "-a" },
	{ "-a 01777", "-a" },
	{ "-a 77777", "-a" },
	{ "-m 0", "-m" },
	{ "-m 1x", "-m" },
	{ "-m 99999999999", "-m" },
	{ "-c 0", "-c" },
	{ "-t 0", "-t" },
	{ "-t 65", "-t" },
	{ "-I 1023", "-I" },
	{ "-I 1025m", "-I" },
	{ "-I 1g", "-I" },
	{ "-I k", "-I" },
	{ "-I 18446744073709551615m", "-I" },
	{ "-R 0", "-R" },
	{ "-b 70000", "-b" },
	{ "-D ::", "-D" },
	{ "-U 1", "-U" },
	{ "-B binary", "-B" },
	{ "-l [::1", "-l" },
	{ "-l [::1]x", "-l" },
	{ "-l a:0", "-l" },
	{ "-l a:65536", "-l" },
	{ "-l a,,b", "-l" },
	{ "-o idle_timeout=-1", "-o" },
	{ "-q", "-q" },
	{ "--no-such", "--no-such" },
	{ "-S", "not offered" },
	{ "-m", "needs an argument" },
	{ "word", "\"word\"" },
};

START_TEST(a_bad_line_is_refused_by_name)
{
	struct lrd_config config = { .threads = 77 };
	larder_error err;
	char copy[256];

	ck_assert_int_eq(parse(refused[_i].line, copy, &config, &err), LARDER_EINVAL);
	ck_assert_msg(strstr(err.message, refused[_i].word) != NULL, "%s: %s",
		      refused[_i].line, err.message);
	ck_assert_uint_eq(config.threads, 77); /* untouched */
}
END_TEST

START_TEST(defaults_are_memcached_s)
{
	struct lrd_config config;
	larder_error err;
	char copy[256];

	ck_assert_int_eq(parse("", copy, &config, &err), 0);
	ck_assert_uint_eq(config.conns_max, 1024);
	ck_assert_uint_eq(config.threads, 4);
	ck_assert_uint_eq(config.socket_mode, 0700);
	ck_assert_uint_eq(config.item_max, 1 << 20);
	ck_assert_uint_eq(config.reqs_per_event, 20);
	ck_assert_int_eq(config.backlog, 1024);
	ck_assert_int_eq(config.prefix_char, ':');
	ck_assert(!config.tcp && !config.daemon && !config.shutdown && !config.detail);
	ck_assert_uint_eq(config.budget_bytes, 0);
	ck_assert_str_eq(config.warnings, "");
	ck_assert_int_eq(config.action, LRD_RUN);
}
END_TEST

START_TEST(options_are_taken)
{
	struct lrd_config config;
	larder_error err;
	char copy[256];

	ck_assert_int_eq(
		parse("-m 64 -I 2m -vv -a 0770 --socket-group g -s /s --store /d -P /p",
		      copy, &config, &err),
		0);
	ck_assert_uint_eq(config.budget_bytes, (uint64_t)64 << 20);
	ck_assert_uint_eq(config.item_max, 2 << 20);
	ck_assert_uint_eq(config.verbosity, 2);
	ck_assert_uint_eq(config.socket_mode, 0770);
	ck_assert_str_eq(config.socket_group, "g");
	ck_assert_str_eq(config.socket_path, "/s");
	ck_assert_str_eq(config.store_dir, "/d");
	ck_assert_str_eq(config.pidfile, "/p");
	ck_assert_int_eq(parse("-MCAFX -D / -o idle_timeout=9,slab_automove=1 -f 2", copy,
			       &config, &err),
			 0);
	ck_assert(config.no_evictions && config.no_cas && config.shutdown &&
		  config.no_flush && config.no_dump && config.detail);
	ck_assert_int_eq(config.prefix_char, '/');
	ck_assert_uint_eq(config.idle_timeout_s, 9);
	ck_assert_ptr_nonnull(strstr(config.warnings, "slab_automove=1"));
	ck_assert_ptr_nonnull(strstr(config.warnings, "-f"));
}
END_TEST

static const struct {
	const char *line;
	bool tcp;
	int port;
	unsigned count;
	const char *host;
	int host_port;
} listens[] = {
	{ "-p 0", false, 0, 0, "", 0 },
	{ "-p 11211", true, 11211, 0, "", 0 },
	{ "-p -1", true, -1, 0, "", 0 },
	{ "-l localhost", true, 11211, 1, "localhost", -1 },
	{ "-l 127.0.0.1:123", true, 11211, 1, "127.0.0.1", 123 },
	{ "-l ::1", true, 11211, 1, "::1", -1 },
	{ "-l [::1]:5", true, 11211, 1, "::1", 5 },
	{ "-l [::1]", true, 11211, 1, "::1", -1 },
	{ "-l *", true, 11211, 1, "", -1 },
	{ "-l a,b:2 -l c", true, 11211, 3, "a", -1 },
	{ "-p 0 -l a", false, 0, 1, "a", -1 },
};

START_TEST(tcp_only_when_asked)
{
	struct lrd_config config;
	larder_error err;
	char copy[256];

	ck_assert_int_eq(parse(listens[_i].line, copy, &config, &err), 0);
	ck_assert_int_eq(config.tcp, listens[_i].tcp);
	ck_assert_int_eq(config.port, listens[_i].port);
	ck_assert_uint_eq(config.listen_count, listens[_i].count);
	if (listens[_i].count) {
		ck_assert_str_eq(config.listens[0].host, listens[_i].host);
		ck_assert_int_eq(config.listens[0].port, listens[_i].host_port);
	}
}
END_TEST

/* In a manual page the hyphen of an option is written \\-. */
static void escape(const char *word, char *out)
{
	for (; *word; word++) {
		if (*word == '-')
			*out++ = '\\';
		*out++ = *word;
	}
	*out = '\0';
}

START_TEST(help_and_manual_name_every_option)
{
	static const struct {
		char letter;
		const char *name;
	} rows[] = {
#define LRD_OPTION(id, letter, longname, argument, fallback, help) { letter, longname },
#include "cached/options.def"
	};
	char *manual = NULL, *help = NULL;
	size_t manual_len = 0, help_len = 0;
	FILE *page = fopen(LARDER_SOURCE_DIR "/cached/larderd.8", "r");
	FILE *out = open_memstream(&help, &help_len);
	char word[80], escaped[2 * sizeof(word)];

	ck_assert_ptr_nonnull(page);
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(getdelim(&manual, &manual_len, '\0', page), 0);
	lrd_config_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(word, sizeof(word), "--%s", rows[i].name);
		ck_assert_msg(strstr(help, word) != NULL, "--help lacks %s", word);
		escape(word, escaped);
		ck_assert_msg(strstr(manual, escaped) != NULL, "larderd.8 lacks %s", word);
		if (rows[i].letter) {
			snprintf(word, sizeof(word), "\\-%c", rows[i].letter);
			ck_assert_msg(strstr(manual, word) != NULL, "larderd.8 lacks %s",
				      word);
		}
	}
	fclose(page);
	free(manual);
	free(help);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cached/config");
	TCase *tcase = tcase_create("options");

	tcase_add_loop_test(tcase, a_bad_line_is_refused_by_name, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tcase, defaults_are_memcached_s);
	tcase_add_test(tcase, options_are_taken);
	tcase_add_loop_test(tcase, tcp_only_when_asked, 0,
			    sizeof(listens) / sizeof(listens[0]));
	tcase_add_test(tcase, help_and_manual_name_every_option);
	suite_add_tcase(suite, tcase);
	return suite;
}
