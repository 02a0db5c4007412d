/*
 * record - the records of a snapshot as text, see listmap-cache(5).
 *
 *	entry's name	BASIS <TAB> HOST <TAB> INODE <TAB> MTIME <TAB> SIZE
 *	":host:" HOST	COUNT <TAB> URL [<TAB> REAL]
 *	":gap:" WORD	COUNT <TAB> NAMES
 *	":listmap"	VERSION <TAB> CHECKSUM <TAB> COUNT <TAB> DEVICE <TAB>
 *			INODE <TAB> CTIME <TAB> STAMP <TAB> CENSUS <TAB> SITE
 *
 * No entry's name begins with a colon.  The head stands first, then the gaps
 * and the hosts, then the entries.  Further fields may follow; readers pass
 * over them.  What is decoded points into the value.  Pure.
 *
 * Every entry of the directory has a record, whether it is a list or not: a
 * name without one was not there.  What a look-up needs of a record stands
 * first, and is told from one byte and one search.
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "mailman/lists.h"

struct buf;

#define RECORD_VERSION 3
#define RECORD_HEAD_KEY ":listmap"
/*
 * Where the checksum begins in the file: behind the head of the CDB, the
 * lengths of the first record, its key, the version and a tab.
 */
#define RECORD_CHECKSUM_AT 2066
#define RECORD_HOST_PREFIX ":host:"
#define RECORD_GAP_PREFIX ":gap:"
/* No longer hosts and URLs are written or read. */
#define RECORD_HOST_MAX 255
#define RECORD_URL_MAX 287
/* That of the configuration: no site has a longer name. */
#define RECORD_SITE_MAX 64

/* One entry of the lists directory, or one list of Mailman's files. */
struct record {
	/* Of the file that makes it a list, when it was last read well; all 0
	 * where there is none, and of LISTS_UNREAD and LISTS_NONE.  Of
	 * LISTS_GONE, `ino' is the stamp of Mailman's files as they were when
	 * it went. */
	uint64_t ino;
	int64_t mtime; /* nanoseconds since the epoch */
	uint64_t size; /* bytes */
	/* Lower case; empty: it names none.  Of LISTS_UNREAD and LISTS_DOUBTFUL
	 * the last that was known; empty: none ever was. */
	struct str host;
	enum lists_basis basis;
};

/* What a scan could not find out (gaps.h). */
struct record_gap {
	uint64_t count;
	struct str names;
};

/* One mail host of the lists. */
struct record_host {
	uint64_t count;  /* of the lists that have it */
	struct str url;  /* where they are to be seen; empty: not known */
	struct str real; /* the host that it is an alias of, or empty */
};

/* What stands first in a snapshot. */
struct record_head {
	uint64_t version; /* RECORD_VERSION */
	struct str checksum; /* checksum.h; CHECKSUM_LENGTH digits */
	uint64_t count;   /* of the lists, without phantoms */
	uint64_t dev;     /* of the lists directory */
	uint64_t ino;     /* likewise */
	/*
	 * Likewise, its ctime in nanoseconds before it was read: while it has
	 * that, no entry came or went.  0: it proves nothing.  Nor does it
	 * where the directory has another, for a scan that found nothing new
	 * wrote no snapshot.
	 */
	int64_t ctime;
	uint64_t stamp; /* postfix_files_stamp(); 0: there are no files */
	size_t census[LISTS_BASES]; /* how many records have which basis */
	struct str site; /* whose lists these are; not empty */
};

/*
 * Takes from the VALUE of an entry's record what a look-up needs.  False where
 * it is no such record; the rest of it is not looked at.
 */
bool record_look(struct str value, struct str *host,
    enum lists_basis *basis) WARN_UNUSED;

/* The decoders return 0, or -1 where VALUE is no such record; *R is then as it
 * was.  The encoders add the text to OUT. */
int record_decode(struct str value, struct record *r) WARN_UNUSED;
void record_encode(const struct record *r, struct buf *out);
int record_decode_host(struct str value, struct record_host *r) WARN_UNUSED;
void record_encode_host(const struct record_host *r, struct buf *out);
int record_decode_gap(struct str value, struct record_gap *r) WARN_UNUSED;
void record_encode_gap(const struct record_gap *r, struct buf *out);
/* -1 also for another version; r->version is then set all the same, or 0. */
int record_decode_head(struct str value, struct record_head *r) WARN_UNUSED;
void record_encode_head(const struct record_head *r, struct buf *out);

#endif
