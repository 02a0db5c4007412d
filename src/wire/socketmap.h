/*
 * socketmap - sendmail's look-up protocol: requests and replies as values.
 *
 *	request	<map name> <key>	split at the first space
 *	reply	OK <value> | NOTFOUND <nothing> | TEMP <reason>
 *
 * Sources: "socket" maps in sendmail's op.me and map.c; Postfix's
 * socketmap_table(5).  PERM and TIMEOUT exist as well, and are never sent:
 * sendmail's rules take PERM for NOTFOUND, which would bounce mail.
 */
#ifndef WIRE_SOCKETMAP_H
#define WIRE_SOCKETMAP_H

#include "base/str.h"

struct buf;

/* The longest request and the longest reply (Postfix refuses longer ones). */
#define SOCKETMAP_REQUEST_MAX 10000
#define SOCKETMAP_REPLY_MAX 100000

struct socketmap_request {
	struct str map;
	struct str key;
};

/* Takes PAYLOAD apart; *R points into it.  0, or -1 where it has no space. */
int socketmap_parse_request(struct str payload, struct socketmap_request *r)
    WARN_UNUSED;
/* Appends a framed request. */
void socketmap_put_request(struct buf *out, struct str map, struct str key);

enum socketmap_word {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND,
	SOCKETMAP_TEMP,
	SOCKETMAP_TIMEOUT,
	SOCKETMAP_PERM
};

struct socketmap_reply {
	enum socketmap_word word;
	struct str text; /* what follows the word's space */
};

/*
 * Takes PAYLOAD apart; *R points into it.  Returns 0, or -1 where PAYLOAD is
 * no reply.  An "OK" without a space and a value is none: sendmail's child
 * dies of it.
 */
int socketmap_parse_reply(struct str payload, struct socketmap_reply *r)
    WARN_UNUSED;

/*
 * Appends a framed reply.  An OK without a value, a reply that is too long,
 * and every word but OK and NOTFOUND become TEMP: none of them may ever reach
 * a client.
 */
void socketmap_put_reply(struct buf *out, enum socketmap_word word,
    struct str text);

#endif
