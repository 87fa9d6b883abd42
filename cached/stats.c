/* SPDX-License-Identifier: MIT */
/*
 * stats.c - the command `stats` and its kinds.
 *
 * Names and shapes are memcached's, for the sake of the exporters that read them: three words
 * a line, numbers where numbers are expected, one class of items, numbered 1. Whose numbers:
 * commands and connections are this daemon's; items, bytes and evictions are the store's,
 * whichever process caused them. Lines of our own begin with larder_.
 */
#include "cached/stats.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cached/dump.h"
#include "cached/log.h"
#include "cached/server.h"
#include "cached/version.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

struct stats {
	struct lrd_task *task;
	const struct lrd_server *server;
	struct lrd_store_stat store;
	const char *group; /* "", "items:1:" or "1:" */
};

static void put_text(struct stats *stats, const char *name, const char *value)
{
	if (lrd_buf_appendf(&stats->task->out, "STAT %s%s %s\r\n", stats->group, name,
			    value) < 0)
		stats->task->closing = true;
}

static void put(struct stats *stats, const char *name, uint64_t value)
{
	if (lrd_buf_appendf(&stats->task->out, "STAT %s%s %" PRIu64 "\r\n", stats->group,
			    name, value) < 0)
		stats->task->closing = true;
}

static void put_time(struct stats *stats, const char *name, struct timeval time)
{
	if (lrd_buf_appendf(&stats->task->out, "STAT %s %ld.%06ld\r\n", name,
			    (long)time.tv_sec, (long)time.tv_usec) < 0)
		stats->task->closing = true;
}

static void put_zeros(struct stats *stats, const char *const *names)
{
	for (; *names; names++)
		put(stats, *names, 0);
}

/* A counter of the store since the last reset. */
static uint64_t since(uint64_t counter, uint64_t base)
{
	return counter > base ? counter - base : 0;
}

static uint64_t evicted(const struct stats *stats)
{
	return since(stats->store.counters[LRD_COUNT_EVICTED],
		     stats->server->evicted_base);
}

static uint64_t expired(const struct stats *stats)
{
	return since(stats->store.counters[LRD_COUNT_EXPIRED],
		     stats->server->expired_base);
}

static void put_process(struct stats *stats)
{
	const struct lrd_server *server = stats->server;
	int64_t now = stats->task->batch.now;
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	put(stats, "pid", (uint64_t)getpid());
	put(stats, "uptime",
	    (uint64_t)(now > server->started_at ? now - server->started_at : 0));
	put(stats, "time", (uint64_t)now);
	put_text(stats, "version", LRD_CACHED_VERSION_TEXT);
	put(stats, "pointer_size", 8 * sizeof(void *));
	put_time(stats, "rusage_user", usage.ru_utime);
	put_time(stats, "rusage_system", usage.ru_stime);
	put(stats, "max_connections", server->config.conns_max);
	put(stats, "curr_connections", server->conns_now);
	put(stats, "total_connections", server->conns_total);
	put(stats, "rejected_connections", server->conns_rejected);
	put(stats, "connection_structures", server->conns_now);
}

static void put_store(struct stats *stats)
{
	const struct lrd_store_stat *store = &stats->store;
	static const char *const zeros[] = { "evicted_unfetched", "expired_unfetched",
					     "evicted_active",    "crawler_reclaimed",
					     "direct_reclaims",   NULL };

	put(stats, "limit_maxbytes", store->budget_bytes);
	put(stats, "accepting_conns", 1);
	put(stats, "listen_disabled_num", 0);
	put(stats, "threads", stats->server->config.threads);
	put(stats, "hash_bytes", 0);
	put(stats, "bytes", store->used_bytes);
	put(stats, "curr_items", store->entries);
	put(stats, "evictions", evicted(stats));
	put(stats, "reclaimed", expired(stats));
	put_zeros(stats, zeros);
}

static void put_own(struct stats *stats)
{
	const struct lrd_store_stat *store = &stats->store;
	char name[64];

	put(stats, "larder_store_map_bytes", store->map_bytes);
	put(stats, "larder_store_file_bytes", store->file_bytes);
	put(stats, "larder_store_generation", store->generation);
	put(stats, "larder_store_format", store->format);
	put(stats, "larder_store_readers", store->readers_used);
	put(stats, "larder_store_readers_max", store->readers_max);
	put(stats, "larder_store_processes", store->processes);
	put(stats, "larder_store_garbage_bodies", store->garbage_bodies);
	put(stats, "larder_upkeep_runs", stats->server->upkeep_runs);
	for (int i = 0; i < LRD_COUNT_END; i++) {
		snprintf(name, sizeof(name), "larder_%s",
			 lrd_counter_name((enum lrd_counter)i));
		put(stats, name, store->counters[i]);
	}
}

static void put_general(struct stats *stats)
{
	static const char *const zeros[] = { "cmd_meta",  "get_expired", "get_flushed",
					     "auth_cmds", "auth_errors", NULL };

	put_process(stats);
	for (int i = 0; i < LRD_METRIC_END; i++)
		put(stats, lrd_metric_name((enum lrd_metric)i),
		    lrd_server_metric(stats->server, (enum lrd_metric)i));
	put_zeros(stats, zeros);
	put_store(stats);
	put_own(stats);
}

static void put_settings(struct stats *stats)
{
	const struct lrd_config *config = &stats->server->config;
	const struct lrd_listeners *listeners = &stats->server->listeners;
	char text[16];

	put(stats, "maxbytes", stats->store.budget_bytes);
	put(stats, "maxconns", config->conns_max);
	put(stats, "tcpport",
	    config->tcp && config->port > 0 ? (uint64_t)config->port : 0);
	put(stats, "udpport", 0);
	put_text(stats, "inter", config->listen_count ? config->listens[0].host : "NULL");
	put(stats, "verbosity", lrd_log_verbosity());
	put(stats, "oldest", 0);
	put_text(stats, "evictions", config->no_evictions ? "off" : "on");
	put_text(stats, "domain_socket", listeners->path ? listeners->path : "NULL");
	snprintf(text, sizeof(text), "%o", config->socket_mode);
	put_text(stats, "umask", text);
	put_text(stats, "shutdown_command", config->shutdown ? "yes" : "no");
	put_text(stats, "growth_factor", "1.00");
	put(stats, "chunk_size", 1);
	put(stats, "num_threads", config->threads);
	snprintf(text, sizeof(text), "%c", config->prefix_char);
	put_text(stats, "stat_key_prefix", text);
	put_text(stats, "detail_enabled",
		 lrd_prefix_is_on(&stats->server->prefixes) ? "yes" : "no");
	put(stats, "reqs_per_event", config->reqs_per_event);
	put_text(stats, "cas_enabled", config->no_cas ? "no" : "yes");
	put(stats, "tcp_backlog", (uint64_t)config->backlog);
	put_text(stats, "binding_protocol", "ascii");
	put_text(stats, "auth_enabled_sasl", "no");
	put_text(stats, "auth_enabled_ascii", "no");
	put(stats, "item_size_max", config->item_max);
	put_text(stats, "maxconns_fast", "yes");
	put_text(stats, "flush_enabled", config->no_flush ? "no" : "yes");
	put_text(stats, "dump_enabled", config->no_dump ? "no" : "yes");
	put_text(stats, "lru_crawler", "no");
	put(stats, "idle_timeout", config->idle_timeout_s);
	put_text(stats, "ssl_enabled", "no");
	put_text(stats, "larder_store", lrd_store_path(stats->server->store));
}

/* All items are one class. */
static void put_items(struct stats *stats)
{
	static const char *const zeros[] = {
		"age_hot",           "age_warm",          "age",
		"evicted_nonzero",   "evicted_time",      "outofmemory",
		"tailrepairs",       "expired_unfetched", "evicted_unfetched",
		"evicted_active",    "crawler_reclaimed", "crawler_items_checked",
		"lrutail_reflocked", "moves_to_cold",     "moves_to_warm",
		"moves_within_lru",  "direct_reclaims",   "hits_to_hot",
		"hits_to_warm",      "hits_to_temp",      NULL
	};

	if (stats->store.entries == 0)
		return;
	stats->group = "items:1:";
	put(stats, "number", stats->store.entries);
	put(stats, "mem_requested", stats->store.used_bytes);
	put(stats, "evicted", evicted(stats));
	put(stats, "reclaimed", expired(stats));
	put(stats, "hits_to_cold", lrd_server_metric(stats->server, LRD_METRIC_GET_HITS));
	put_zeros(stats, zeros);
	stats->group = "";
}

static void put_slabs(struct stats *stats)
{
	static const enum lrd_metric shown[] = {
		LRD_METRIC_GET_HITS,   LRD_METRIC_CMD_SET,   LRD_METRIC_DELETE_HITS,
		LRD_METRIC_INCR_HITS,  LRD_METRIC_DECR_HITS, LRD_METRIC_CAS_HITS,
		LRD_METRIC_CAS_BADVAL, LRD_METRIC_TOUCH_HITS
	};
	uint64_t page = 4096;
	uint64_t total = stats->store.budget_bytes / page,
		 used = stats->store.used_bytes / page;

	stats->group = "1:";
	put(stats, "chunk_size", page);
	put(stats, "chunks_per_page", 1);
	put(stats, "total_pages", total);
	put(stats, "total_chunks", total);
	put(stats, "used_chunks", used);
	put(stats, "free_chunks", total > used ? total - used : 0);
	put(stats, "free_chunks_end", 0);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		put(stats, lrd_metric_name(shown[i]),
		    lrd_server_metric(stats->server, shown[i]));
	stats->group = "";
	put(stats, "active_slabs", 1);
	put(stats, "total_malloced", stats->store.file_bytes);
}

static void put_sizes(struct stats *stats)
{
	put_text(stats, "sizes_status", "disabled");
}

static void put_conns(struct stats *stats)
{
	struct lrd_task *task = stats->task;
	struct lrd_server *server = task->server;
	const struct lrd_listeners *listeners = &server->listeners;

	for (unsigned i = 0; i < listeners->count; i++) {
		const struct lrd_listener *at = &listeners->at[i];

		if (lrd_buf_appendf(&task->out,
				    "STAT %d:addr %s\r\nSTAT %d:state conn_listening\r\n"
				    "STAT %d:secs_since_last_cmd %lld\r\n",
				    at->watch.fd, at->name, at->watch.fd, at->watch.fd,
				    (long long)(task->batch.now - server->started_at)) < 0)
			task->closing = true;
	}
	if (lrd_roster_dump(&server->roster, task->batch.now, &task->out) < 0)
		task->closing = true;
}

/* Kinds that are a list of STAT lines. */
static const struct {
	larder_slice name;
	void (*put)(struct stats *stats);
} kinds[] = {
	{ LRD_SLICE_INIT(""), put_general },
	{ LRD_SLICE_INIT("settings"), put_settings },
	{ LRD_SLICE_INIT("items"), put_items },
	{ LRD_SLICE_INIT("slabs"), put_slabs },
	{ LRD_SLICE_INIT("sizes"), put_sizes },
	{ LRD_SLICE_INIT("conns"), put_conns },
};

static void answer_detail(struct lrd_task *task, larder_slice what)
{
	struct lrd_prefixes *prefixes = &task->server->prefixes;

	if (lrd_slice_equal(what, LRD_SLICE("on"))) {
		lrd_prefix_switch(prefixes, true);
		lrd_task_put_status(task, LRD_MC_OK);
	} else if (lrd_slice_equal(what, LRD_SLICE("off"))) {
		lrd_prefix_switch(prefixes, false);
		lrd_task_put_status(task, LRD_MC_OK);
	} else if (lrd_slice_equal(what, LRD_SLICE("dump"))) {
		if (lrd_prefix_dump(prefixes, &task->out) < 0)
			task->closing = true;
		lrd_task_put_status(task, LRD_MC_END);
	} else {
		lrd_task_put_line(
			task, LRD_SLICE("CLIENT_ERROR usage: stats detail on|off|dump"));
	}
}

static void answer_cachedump(struct lrd_task *task, larder_slice class_word,
			     larder_slice limit_word)
{
	uint64_t class_id, limit;

	if (task->server->config.no_dump)
		lrd_task_put_line(task,
				  LRD_SLICE("CLIENT_ERROR stats cachedump not allowed"));
	else if (limit_word.len == 0)
		lrd_task_put_line(task, LRD_SLICE("CLIENT_ERROR bad command line"));
	else if (lrd_u64_parse(class_word, &class_id) < 0 ||
		 lrd_u64_parse(limit_word, &limit) < 0)
		lrd_task_put_line(task, lrd_mc_refusal_text(LRD_MC_REFUSED_FORMAT));
	else if (class_id >= 64)
		lrd_task_put_line(task, LRD_SLICE("CLIENT_ERROR Illegal slab id"));
	else if (class_id != 1)
		lrd_task_put_status(task, LRD_MC_END);
	else
		lrd_dump_items(task, limit);
}

static void answer_list(struct lrd_task *task, larder_slice kind)
{
	struct stats stats = { .task = task, .server = task->server, .group = "" };
	int rc = lrd_store_stat(task->server->store, &stats.store);

	if (rc < 0) {
		lrd_task_put_error(task, rc);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (lrd_slice_equal(kind, kinds[i].name)) {
			kinds[i].put(&stats);
			lrd_task_put_status(task, LRD_MC_END);
			return;
		}
	}
	lrd_task_put_status(task, LRD_MC_ERROR);
}

void lrd_stats_answer(struct lrd_task *task, larder_slice words)
{
	larder_slice word[3] = { { "", 0 }, { "", 0 }, { "", 0 } };

	for (int i = 0; i < 3 && lrd_mc_next_word(&words, &word[i]); i++)
		;
	if (lrd_slice_equal(word[0], LRD_SLICE("reset"))) {
		lrd_server_reset_metrics(task->server);
		lrd_task_put_status(task, LRD_MC_RESET);
	} else if (lrd_slice_equal(word[0], LRD_SLICE("detail"))) {
		answer_detail(task, word[1]);
	} else if (lrd_slice_equal(word[0], LRD_SLICE("cachedump"))) {
		answer_cachedump(task, word[1], word[2]);
	} else {
		answer_list(task, word[0]);
	}
}
