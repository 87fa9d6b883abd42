/* SPDX-License-Identifier: MIT */
/* test_resolve.c - names to addresses; the system's resolver is one of our own, slow on demand. */
#include "transport/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"
#include "transport/lookup.h"

#define MS UINT64_C(1000000)

/* ---- the system's resolver -------------------------------------------------------------- */

static atomic_int calls;

static struct addrinfo *chain(const char *const *texts)
{
	struct addrinfo *first = NULL;
	struct addrinfo **link = &first;

	for (; *texts; texts++) {
		struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct lrd_addr));
		struct lrd_addr *addr = (struct lrd_addr *)(void *)(info + 1);

		if (!info || !lrd_addr_parse(*texts, 0, addr))
			abort();
		info->ai_addr = (struct sockaddr *)&addr->storage;
		info->ai_addrlen = addr->len;
		info->ai_family = addr->storage.ss_family;
		*link = info;
		link = &info->ai_next;
	}
	return first;
}

void freeaddrinfo(struct addrinfo *info)
{
	while (info) {
		struct addrinfo *next = info->ai_next;

		free(info);
		info = next;
	}
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static const char *const mixed[] = { "2001:db8::1", "2001:db8::2", "2001:db8::3",
					     "192.0.2.1",   "192.0.2.2",   NULL };
	static const char *const one[] = { "192.0.2.9", NULL };
	static const char *const many[] = {
		"192.0.2.1",  "192.0.2.2",  "192.0.2.3",  "192.0.2.4",  "192.0.2.5",
		"192.0.2.6",  "192.0.2.7",  "192.0.2.8",  "192.0.2.9",  "192.0.2.10",
		"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15",
		"192.0.2.16", "192.0.2.17", "192.0.2.18", NULL
	};

	(void)service;
	(void)hints;
	calls++;
	if (strcmp(host, "slow.test") == 0)
		usleep(300000);
	if (strcmp(host, "stuck.test") == 0)
		usleep(2000000);
	if (strcmp(host, "none.test") == 0)
		return EAI_NONAME;
	if (strcmp(host, "again.test") == 0)
		return EAI_AGAIN;
	if (strcmp(host, "memory.test") == 0)
		return EAI_MEMORY;
	if (strcmp(host, "system.test") == 0) {
		errno = EMFILE;
		return EAI_SYSTEM;
	}
	*out = chain(strcmp(host, "mixed.test") == 0  ? mixed
		     : strcmp(host, "many.test") == 0 ? many
						      : one);
	return 0;
}

/* ---- tests ------------------------------------------------------------------------------ */

static struct lrd_resolver *resolver;
static larder_error err;
static const struct lrd_wait for_ever = { 0 };

static void set_up(void)
{
	calls = 0;
	ck_assert_int_eq(lrd_resolver_new(NULL, &resolver), 0);
}

static void tear_down(void)
{
	lrd_resolver_free(resolver);
}

static const char *text_of(const struct lrd_addr_list *list, size_t i)
{
	static char text[LRD_ADDR_TEXT_MAX];

	return lrd_addr_text(&list->addr[i], text, sizeof(text));
}

START_TEST(families_take_turns)
{
	static const char *const order[] = { "2001:db8::1", "192.0.2.1", "2001:db8::2",
					     "192.0.2.2", "2001:db8::3" };
	struct lrd_addr_list list;

	ck_assert_int_eq(lrd_resolve(resolver, "mixed.test", 443, &for_ever, &list, &err),
			 0);
	ck_assert_uint_eq(list.count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(text_of(&list, i), order[i]);
	ck_assert_uint_eq(
		ntohs(((struct sockaddr_in6 *)(void *)&list.addr[0].storage)->sin6_port),
		443);
	ck_assert_uint_eq(
		ntohs(((struct sockaddr_in *)(void *)&list.addr[1].storage)->sin_port),
		443);
}
END_TEST

START_TEST(the_list_is_bounded)
{
	struct lrd_addr_list list;

	ck_assert_int_eq(lrd_resolve(NULL, "many.test", 1, &for_ever, &list, &err), 0);
	ck_assert_uint_eq(list.count, LRD_RESOLVE_MAX);
}
END_TEST

static const struct {
	const char *host;
	int code;
	const char *says; /* NULL: no error */
	int lookups;
} names[] = {
	{ "one.test", 0, NULL, 1 },
	{ "127.0.0.1", 0, NULL, 0 },
	{ "::1", 0, NULL, 0 },
	{ "localhost", 0, NULL, 0 },
	{ "LocalHost.", 0, NULL, 0 },
	{ "a.localhost", 0, NULL, 0 },
	{ "notlocalhost", 0, NULL, 1 },
	{ "none.test", LARDER_ERESOLVE, "none.test: no such host", 1 },
	{ "again.test", LARDER_ERESOLVE, "no name server answered", 1 },
	{ "system.test", LARDER_ERESOLVE, "open files", 1 },
	{ "memory.test", LARDER_ENOMEM, "memory.test", 1 },
	{ "", LARDER_ERESOLVE, "empty", 0 },
	{ ".", LARDER_ERESOLVE, "empty", 0 },
	{ ".a.test", LARDER_ERESOLVE, "empty", 0 },
	{ "a..test", LARDER_ERESOLVE, "empty", 0 },
	{ "127.1", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "0x7f000001", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "1.2.3.0x4", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "256.1.1.1", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "2130706433", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "12::zz", LARDER_ERESOLVE, "looks like an address", 0 },
	{ "a b", LARDER_ERESOLVE, "characters", 0 },
	{ "a\r\nb", LARDER_ERESOLVE, "characters", 0 },
	{ "a@b", LARDER_ERESOLVE, "characters", 0 },
	{ "b\xc3\xbc"
	  "cher.test",
	  LARDER_ERESOLVE, "characters", 0 },
	{ "1a.test", 0, NULL, 1 },
	{ "0xyz", 0, NULL, 1 },
};

START_TEST(names_and_what_is_wrong_with_them)
{
	struct lrd_addr_list list = { .count = 99 };
	int rc = lrd_resolve(resolver, names[_i].host, 80, &for_ever, &list, &err);

	ck_assert_msg(rc == names[_i].code, "%s: %d", names[_i].host, rc);
	ck_assert_msg(calls == names[_i].lookups, "%s: %d lookups", names[_i].host, calls);
	if (!names[_i].says) {
		ck_assert_uint_ge(list.count, 1);
		return;
	}
	ck_assert_uint_eq(list.count, 99);
	ck_assert_int_eq(err.code, rc);
	ck_assert_uint_eq(err.phase, LARDER_PHASE_RESOLVE);
	ck_assert_msg(strstr(err.message, names[_i].says) != NULL, "%s", err.message);
}
END_TEST

START_TEST(long_names_are_refused)
{
	char name[300];
	struct lrd_addr_list list;

	memset(name, 'a', sizeof(name));
	name[254] = '\0';
	ck_assert_int_eq(lrd_resolve(NULL, name, 80, &for_ever, &list, &err),
			 LARDER_ERESOLVE);
	ck_assert_int_eq(calls, 0);
	name[253] = '\0';
	ck_assert_int_eq(lrd_resolve(NULL, name, 80, &for_ever, &list, &err), 0);
	name[253] = '.';
	ck_assert_int_eq(lrd_resolve(NULL, name, 80, &for_ever, &list, &err), 0);
}
END_TEST

START_TEST(a_slow_lookup_is_left_behind)
{
	uint64_t begin_ns = lrd_clock_mono_ns();
	struct lrd_wait wait = { .deadline_ns = begin_ns + 50 * MS };
	struct lrd_addr_list list;

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(lrd_resolve(resolver, "slow.test", 80, &wait, &list, &err),
				 LARDER_ETIMEDOUT);
		ck_assert_uint_eq(err.phase, LARDER_PHASE_RESOLVE);
		ck_assert_str_eq(err.host, "slow.test");
	}
	ck_assert_uint_lt(lrd_clock_mono_ns() - begin_ns, 290 * MS);
	/* The threads end by themselves: the sanitizer sees whether what they held is freed. */
	usleep(500000);
}
END_TEST

/* Threads do not pile up behind a name server that is gone. */
START_TEST(only_so_many_are_left_behind)
{
	const struct lrd_wait none = { .deadline_ns = 1 };
	struct lrd_addr_list list;
	int status;
	pid_t child;

	for (unsigned i = 0; i < LRD_LOOKUP_ABANDONED_MAX; i++) {
		ck_assert_int_eq(lrd_resolve(NULL, "stuck.test", 80, &none, &list, &err),
				 LARDER_ETIMEDOUT);
		ck_assert_uint_le(lrd_lookup_abandoned(), i + 1);
	}
	ck_assert_uint_eq(lrd_lookup_abandoned(), LRD_LOOKUP_ABANDONED_MAX);
	ck_assert_int_eq(lrd_resolve(NULL, "one.test", 80, &for_ever, &list, &err),
			 LARDER_ERESOLVE);
	ck_assert_ptr_nonnull(strstr(err.message, "earlier lookups still hang"));
	/* What needs no lookup still goes. */
	ck_assert_int_eq(lrd_resolve(NULL, "192.0.2.1", 80, &for_ever, &list, &err), 0);
	/* A child has none of those threads. */
	child = fork();
	if (child == 0)
		_exit(lrd_lookup_abandoned() != 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	for (int i = 0; i < 200 && lrd_lookup_abandoned(); i++)
		usleep(20000);
	ck_assert_uint_eq(lrd_lookup_abandoned(), 0);
	ck_assert_int_eq(lrd_resolve(NULL, "one.test", 80, &for_ever, &list, &err), 0);
	ck_assert_uint_eq(lrd_lookup_abandoned(), 0);
}
END_TEST

START_TEST(a_lookup_can_be_cancelled)
{
	int fds[2];
	struct lrd_wait wait = { 0 };
	struct lrd_addr_list list;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	wait.wake_fd = fds[0];
	ck_assert_int_eq(lrd_resolve(resolver, "slow.test", 80, &wait, &list, &err),
			 LARDER_ECANCELED);
	usleep(400000);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(answers_are_kept_and_forgotten)
{
	struct lrd_addr_list list;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(lrd_resolve(resolver, i % 2 ? "one.test" : "ONE.test",
					     (uint16_t)(80 + i), &for_ever, &list, &err),
				 0);
	ck_assert_int_eq(calls, 1);
	lrd_resolver_forget(resolver, "One.Test");
	ck_assert_int_eq(lrd_resolve(resolver, "one.test", 80, &for_ever, &list, &err), 0);
	ck_assert_int_eq(calls, 2);
	/* Failures are not kept. */
	ck_assert_int_lt(lrd_resolve(resolver, "none.test", 80, &for_ever, &list, &err),
			 0);
	ck_assert_int_lt(lrd_resolve(resolver, "none.test", 80, &for_ever, &list, &err),
			 0);
	ck_assert_int_eq(calls, 4);
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
	struct lrd_addr_list list;
	char name[32];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		ck_assert_int_eq(lrd_resolve(resolver, name, 80, &for_ever, &list, &err),
				 0);
	}
	ck_assert_int_eq(calls, 300);
	/* The newest are there, the first is not. */
	ck_assert_int_eq(lrd_resolve(resolver, "n299.test", 80, &for_ever, &list, &err),
			 0);
	ck_assert_int_eq(lrd_resolve(resolver, "n260.test", 80, &for_ever, &list, &err),
			 0);
	ck_assert_int_eq(calls, 300);
	ck_assert_int_eq(lrd_resolve(resolver, "n0.test", 80, &for_ever, &list, &err), 0);
	ck_assert_int_eq(calls, 301);
}
END_TEST

START_TEST(overrides_come_first)
{
	struct lrd_addr_list any = { .count = 1 };
	struct lrd_addr_list tls = { .count = 1 };
	struct lrd_addr_list list;

	ck_assert(lrd_addr_parse("198.51.100.1", 0, &any.addr[0]));
	ck_assert(lrd_addr_parse("198.51.100.2", 0, &tls.addr[0]));
	ck_assert_int_eq(lrd_resolve(resolver, "one.test", 80, &for_ever, &list, &err), 0);
	ck_assert_int_eq(lrd_resolver_override(resolver, "One.test", 0, &any), 0);
	ck_assert_int_eq(lrd_resolver_override(resolver, "one.test", 443, &tls), 0);
	ck_assert_int_eq(lrd_resolve(resolver, "one.test", 80, &for_ever, &list, &err), 0);
	ck_assert_str_eq(text_of(&list, 0), "198.51.100.1");
	ck_assert_int_eq(lrd_resolve(resolver, "one.test", 443, &for_ever, &list, &err),
			 0);
	ck_assert_str_eq(text_of(&list, 0), "198.51.100.2");
	lrd_resolver_forget(resolver, "one.test");
	ck_assert_int_eq(lrd_resolve(resolver, "one.test", 80, &for_ever, &list, &err), 0);
	ck_assert_str_eq(text_of(&list, 0), "198.51.100.1");
	ck_assert_int_eq(calls, 1);
	list.count = 0;
	ck_assert_int_eq(lrd_resolver_override(resolver, "x", 0, &list), LARDER_EINVAL);
}
END_TEST

START_TEST(memory_may_fail_anywhere)
{
	struct lrd_failing_alloc fa;
	const larder_allocator allocator = {
		.malloc_fn = lrd_failing_malloc,
		.realloc_fn = lrd_failing_realloc,
		.free_fn = lrd_failing_free,
		.ctx = &fa,
	};

	for (size_t fail_at = 0; fail_at <= 3; fail_at++) {
		struct lrd_resolver *r = NULL;
		struct lrd_addr_list list;

		lrd_failing_alloc_init(&fa, fail_at);
		if (lrd_resolver_new(&allocator, &r) == 0) {
			/* An answer that cannot be kept is an answer. */
			ck_assert_int_eq(
				lrd_resolve(r, "one.test", 1, &for_ever, &list, NULL), 0);
			ck_assert_int_eq(lrd_resolver_override(r, "x", 0, &list),
					 fail_at == 3 ? LARDER_ENOMEM : 0);
		} else {
			ck_assert_uint_eq(fail_at, 1);
			ck_assert_ptr_null(r);
		}
		lrd_resolver_free(r);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("transport/resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, families_take_turns);
	tcase_add_test(tcase, the_list_is_bounded);
	tcase_add_loop_test(tcase, names_and_what_is_wrong_with_them, 0,
			    sizeof(names) / sizeof(names[0]));
	tcase_add_test(tcase, long_names_are_refused);
	tcase_add_test(tcase, a_slow_lookup_is_left_behind);
	tcase_add_test(tcase, only_so_many_are_left_behind);
	tcase_add_test(tcase, a_lookup_can_be_cancelled);
	tcase_add_test(tcase, answers_are_kept_and_forgotten);
	tcase_add_test(tcase, what_is_kept_is_bounded);
	tcase_add_test(tcase, overrides_come_first);
	tcase_add_test(tcase, memory_may_fail_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}
