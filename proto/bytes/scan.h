/* SPDX-License-Identifier: MIT */
/*
 * scan.h - what class a byte belongs to, by one table for every parser.
 *
 * No locale, no <ctype.h>. A class is a bit, so classes combine:
 *	lrd_is(byte, LRD_ALPHA | LRD_DIGIT)
 */
#ifndef LRD_BYTES_SCAN_H
#define LRD_BYTES_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

enum {
	LRD_ALPHA = 1 << 0, /* A-Z a-z */
	LRD_DIGIT = 1 << 1, /* 0-9 */
	LRD_HEX = 1 << 2,   /* 0-9 A-F a-f */
	LRD_TCHAR = 1 << 3, /* what a token is made of (RFC 9110 s5.6.2) */
	LRD_FIELD = 1 << 4, /* field value: HTAB, SP, VCHAR, obs-text (RFC 9110 s5.5) */
	LRD_OWS = 1 << 5,   /* SP HTAB */
	LRD_UNRESERVED = 1 << 6, /* RFC 3986 s2.3 */
	LRD_SUBDELIM = 1 << 7,   /* RFC 3986 s2.2: ! $ & ' ( ) * + , ; = */
	LRD_PCHAR = 1 << 8,      /* unreserved, sub-delims, ':', '@'; not '%' */
	LRD_ETAGC = 1 << 9,      /* inside an entity-tag's quotes (RFC 9110 s8.8.3) */
	LRD_UPPER = 1 << 10,     /* A-Z */
	LRD_VCHAR = 1 << 11,     /* 0x21-0x7e */
	LRD_LOOSE = 1 << 12, /* printable, outside RFC 3986, yet sent raw: [ ] ^ ` { | } */
	LRD_PATH = 1 << 13,  /* pchar and '/' */
	LRD_QUERY = 1 << 14, /* pchar, '/' and '?': query and fragment */
};

extern const uint16_t lrd_scan_class[256];

static inline bool lrd_is(char byte, unsigned classes)
{
	return (lrd_scan_class[(unsigned char)byte] & classes) != 0;
}

static inline char lrd_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static inline char lrd_upper(char byte)
{
	return byte >= 'a' && byte <= 'z' ? (char)(byte - ('a' - 'A')) : byte;
}

/* 0 to 15, or -1 for a byte that is no hexadecimal digit. */
int lrd_hex_digit(char byte);

/* How many leading bytes belong to one of `classes`. */
size_t lrd_scan_span(larder_slice slice, unsigned classes);

/* Not empty, and every byte belongs to one of `classes`. */
bool lrd_scan_all(larder_slice slice, unsigned classes);

#endif
