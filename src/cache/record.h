/*
 * record - a value of the cache, as text: listmap-cache(5).
 *
 *	list name	INODE <TAB> MTIME <TAB> SIZE <TAB> HOST [<TAB> BASIS]
 *	":host:" HOST	COUNT <TAB> URL [<TAB> REAL]
 *	":listmap"	VERSION <TAB> COUNT <TAB> DEVICE <TAB> INODE
 *			[<TAB> STAMP]
 *
 * No list's name begins with a colon.  The records of the hosts stand before
 * those of the lists.  Further fields may follow; readers pass over them.
 * What is decoded points into the value.  Pure.
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "mailman/lists.h"

struct buf;

#define RECORD_VERSION 1
#define RECORD_HEAD_KEY ":listmap"
#define RECORD_HOST_PREFIX ":host:"
/* Longer ones are not written. */
#define RECORD_HOST_MAX 255
#define RECORD_URL_MAX 287

struct record {
	uint64_t ino;  /* of the file that makes it a list */
	int64_t mtime; /* nanoseconds since the epoch */
	uint64_t size;
	struct str host; /* lower case; empty: not known */
	enum lists_basis basis;
};

/* One host: how many lists have it, and where they are to be seen. */
struct record_host {
	uint64_t count;
	struct str url;  /* empty: not known */
	struct str real; /* the host that it is an alias of, or empty */
};

struct record_head {
	uint64_t version;
	uint64_t count;
	uint64_t dev; /* of the lists directory */
	uint64_t ino;
	uint64_t stamp; /* of Mailman's files; 0: there are none */
};

/* Whether such a thing is a list. */
bool record_counts(const struct record *r);

/* 0, or -1 where VALUE is no such record. */
int record_decode(struct str value, struct record *r) WARN_UNUSED;
void record_encode(const struct record *r, struct buf *out);
int record_decode_host(struct str value, struct record_host *r) WARN_UNUSED;
void record_encode_host(const struct record_host *r, struct buf *out);
/* Also -1 for another version; r->version is then set all the same. */
int record_decode_head(struct str value, struct record_head *r) WARN_UNUSED;
void record_encode_head(const struct record_head *r, struct buf *out);

#endif
