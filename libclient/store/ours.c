/* SPDX-License-Identifier: MIT */
/*
 * ours.c - whether what lies in a directory is a store's, and may be written over.
 *
 * `control` vouches for everything beside it by its magic. Where it is lost, data.mdb has to
 * prove itself: other programs have LMDB environments too, and theirs are not ours to rebuild.
 */
#include "store/ours.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <larder/types.h>

#include "store/identity.h"
#include "store/page.h"
#include "sys/file.h"

enum {
	TABLES = 3,
	TABLE_FLAGS_AT = 4,
	TABLE_FLAGS = 0x08, /* MDB_INTEGERKEY */
	MAIN_PAGE_AT = 40,
	BLANK_PIECE = LRD_PAGE,
	BLANK_PIECES_MAX = 4096 /* of written data; holes cost nothing */
};

bool lrd_ours_is_blank(int fd)
{
	static const unsigned char zeroes[BLANK_PIECE];
	unsigned char piece[BLANK_PIECE];
	off_t at = 0;

	for (int pieces = 0; pieces < BLANK_PIECES_MAX; pieces++) {
		ssize_t got;

		at = lseek(fd, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO; /* a hole up to the end */
		got = pread(fd, piece, sizeof(piece), at);
		if (got == 0)
			return true;
		if (got < 0 || memcmp(piece, zeroes, (size_t)got) != 0)
			return false;
		at += got;
	}
	return false;
}

/* One of the tables that every store has, by its name's place in the list; -1: another. */
static int table_at(const unsigned char *page, uint32_t at)
{
	static const char *const names[TABLES] = { "entries", "rows", "garbage" };
	uint32_t name_len;

	if (at + LRD_NODE_HEAD > LRD_PAGE)
		return -1;
	name_len = lrd_page_u16(page + at + 6);
	if (at + LRD_NODE_HEAD + name_len + LRD_TABLE_SIZE > LRD_PAGE ||
	    lrd_page_u16(page + at + 4) != LRD_NODE_TABLE ||
	    lrd_page_u32(page + at) != LRD_TABLE_SIZE ||
	    lrd_page_u16(page + at + LRD_NODE_HEAD + name_len + TABLE_FLAGS_AT) !=
		    TABLE_FLAGS)
		return -1;
	for (int i = 0; i < TABLES; i++) {
		if (name_len == strlen(names[i]) &&
		    memcmp(page + at + LRD_NODE_HEAD, names[i], name_len) == 0)
			return i;
	}
	return -1;
}

/* Whether the table of tables that a meta page names is a store's. */
static bool is_store_of(int fd, const unsigned char *meta)
{
	unsigned char page[LRD_PAGE];
	uint64_t root = lrd_page_u64(meta + LRD_META_MAIN_AT + MAIN_PAGE_AT);
	uint32_t found = 0;

	if (lrd_page_u32(meta + LRD_META_MAGIC_AT) != LRD_META_MAGIC ||
	    lrd_page_u32(meta + LRD_META_VERSION_AT) != LRD_META_VERSION || root < 2 ||
	    root > INT64_MAX / LRD_PAGE)
		return false;
	if (pread(fd, page, sizeof(page), (off_t)(root * LRD_PAGE)) !=
		    (ssize_t)sizeof(page) ||
	    !lrd_page_is(page, root, LRD_PAGE_LEAF) || lrd_page_nodes(page) != TABLES)
		return false;
	for (uint32_t i = 0; i < TABLES; i++) {
		int table = table_at(page, lrd_page_offset(page, i));

		if (table < 0)
			return false;
		found |= 1U << table;
	}
	return found == (1U << TABLES) - 1;
}

/* The newer meta page tells; the other one may name a page that was used again since. */
static bool is_store(int fd)
{
	unsigned char metas[2 * LRD_PAGE];
	const unsigned char *newer = metas;

	if (pread(fd, metas, sizeof(metas), 0) != (ssize_t)sizeof(metas))
		return false;
	if (lrd_page_u64(metas + LRD_PAGE + LRD_META_TXNID_AT) >
	    lrd_page_u64(metas + LRD_META_TXNID_AT))
		newer = metas + LRD_PAGE;
	return is_store_of(fd, newer);
}

static bool is_there(int dir_fd, const char *name)
{
	struct lrd_file_facts facts;

	return lrd_file_facts_at(dir_fd, name, &facts) != LARDER_ENOTFOUND;
}

enum lrd_ours lrd_ours_data(int dir_fd)
{
	enum lrd_ours answer = LRD_OURS_ALIEN;
	int fd = -1;
	int rc = lrd_file_open_at(dir_fd, LRD_FILE_DATA, &fd);

	if (rc == LARDER_ENOTFOUND)
		return is_there(dir_fd, LRD_FILE_LOCK) ||
				       is_there(dir_fd, LRD_FILE_NEW_DATA) ||
				       is_there(dir_fd, LRD_FILE_NEW_LOCK)
			       ? LRD_OURS_ALIEN
			       : LRD_OURS_NOTHING;
	if (rc < 0)
		return answer;
	if (is_store(fd) || lrd_ours_is_blank(fd))
		answer = LRD_OURS_STORE;
	(void)close(fd);
	return answer;
}
