/*
 * socketmap - sendmail's look-up protocol (op.me, "socket" maps; sendmail's
 * map.c; Postfix's socketmap_table(5)): requests and replies as values.
 *
 *	request	<map name> <key>	split at the first space
 *	reply	OK <value> | NOTFOUND <nothing> | TEMP <reason>
 *
 * PERM and TIMEOUT exist as well, and are never sent: sendmail's rules take
 * PERM for NOTFOUND, which would bounce mail.
 */
#ifndef WIRE_SOCKETMAP_H
#define WIRE_SOCKETMAP_H

#include <stdbool.h>

#include "base/str.h"

struct buf;

/* Longest request and longest reply (Postfix refuses longer ones). */
#define SOCKETMAP_REQUEST_MAX 10000
#define SOCKETMAP_REPLY_MAX 100000

struct socketmap_request {
	struct str map;
	struct str key;
};

/* 0, or -1 where PAYLOAD has no space. */
int socketmap_parse_request(struct str payload, struct socketmap_request *r)
    WARN_UNUSED;
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
	struct str text;
};

/*
 * 0, or -1 where PAYLOAD is no reply.  A value-less "OK", on which sendmail's
 * child dies, is none.
 */
int socketmap_parse_reply(struct str payload, struct socketmap_reply *r)
    WARN_UNUSED;

/*
 * Appends a framed reply.  An OK without a value, or one that is too long,
 * becomes TEMP: neither may ever reach a client.
 */
void socketmap_put_reply(struct buf *out, enum socketmap_word word,
    struct str text);

#endif
