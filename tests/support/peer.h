/* SPDX-License-Identifier: MIT */
/*
 * peer.h - a byte-exact peer for tests of handshakes below HTTP: it checks every byte that
 * comes, answers with the bytes told, and may then relay to another port, as a proxy does.
 *
 * It listens on an ephemeral port of 127.0.0.1, plain or with TLS, plays the same steps on
 * each connection, in a thread of its own, and remembers all it got. Not there in a forked
 * child.
 */
#ifndef LARDER_TESTS_PEER_H
#define LARDER_TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lrd_test_cert;

enum lrd_peer_action {
	PEER_ACT_END = 0, /* closes in order */
	PEER_ACT_EXPECT,
	PEER_ACT_HEAD,
	PEER_ACT_SEND,
	PEER_ACT_PAUSE,
	PEER_ACT_RELAY,
	PEER_ACT_HOLD
};

struct lrd_peer_step {
	enum lrd_peer_action action;
	const char *bytes;
	size_t len;
};

/* clang-format off */
/* Reads that many bytes; others are counted by lrd_peer_unexpected() and end the connection. */
#define PEER_EXPECT(text) { PEER_ACT_EXPECT, text, sizeof(text) - 1 }
#define PEER_EXPECT_BYTES(ptr, len) { PEER_ACT_EXPECT, ptr, len }
/* Reads up to and with an empty line. */
#define PEER_HEAD { PEER_ACT_HEAD, NULL, 0 }
#define PEER_SEND(text) { PEER_ACT_SEND, text, sizeof(text) - 1 }
#define PEER_SEND_BYTES(ptr, len) { PEER_ACT_SEND, ptr, len }
#define PEER_PAUSE(milliseconds) { PEER_ACT_PAUSE, NULL, milliseconds }
/* Copies both ways to options.relay_port until one side ends. */
#define PEER_RELAY { PEER_ACT_RELAY, NULL, 0 }
/* Reads on, silent, until the client closes. */
#define PEER_HOLD { PEER_ACT_HOLD, NULL, 0 }
#define PEER_END { PEER_ACT_END, NULL, 0 }
/* clang-format on */

struct lrd_peer_options {
	const struct lrd_peer_step *steps; /* up to a PEER_END; borrowed */
	uint16_t relay_port;               /* of 127.0.0.1 */
	const struct lrd_test_cert *cert;  /* TLS with it; NULL: plain */
};

struct lrd_peer;

/* Listening when it returns. Never NULL: what cannot be done ends the test. */
struct lrd_peer *lrd_peer_new(const struct lrd_peer_options *options);
/* Cuts all connections and waits for their threads. Accepts NULL. */
void lrd_peer_free(struct lrd_peer *peer);

uint16_t lrd_peer_port(const struct lrd_peer *peer);
unsigned lrd_peer_connections(struct lrd_peer *peer);
unsigned lrd_peer_unexpected(struct lrd_peer *peer);
/* Whether the bytes occur in what clients sent (as decrypted, what was relayed included). */
bool lrd_peer_saw(struct lrd_peer *peer, const char *text);
/* All that clients sent, in a NUL-terminated copy that the caller frees. */
char *lrd_peer_received(struct lrd_peer *peer, size_t *len);

#endif
