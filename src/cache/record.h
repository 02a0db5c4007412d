/*
 * record - a value of the cache, as text: listmap-cache(5).
 *
 *	list name	INODE <TAB> MTIME <TAB> SIZE
 *	":listmap"	VERSION <TAB> COUNT <TAB> DEVICE <TAB> INODE
 *
 * No list's name begins with a colon.  Further fields may follow; readers
 * pass over them.  Pure.
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define RECORD_VERSION 1
#define RECORD_HEAD_KEY ":listmap"

struct record {
	uint64_t ino;  /* of the file that makes it a list */
	int64_t mtime; /* nanoseconds since the epoch */
	uint64_t size;
};

struct record_head {
	uint64_t version;
	uint64_t count;
	uint64_t dev; /* of the lists directory */
	uint64_t ino;
};

/* 0, or -1 where VALUE is no such record. */
int record_decode(struct str value, struct record *r) WARN_UNUSED;
void record_encode(const struct record *r, struct buf *out);
/* Also -1 for another version; r->version is then set all the same. */
int record_decode_head(struct str value, struct record_head *r) WARN_UNUSED;
void record_encode_head(const struct record_head *r, struct buf *out);

#endif
