/*
 * pickle - reads a few fields of Mailman's config.pck, which is a Python
 * pickle of a dictionary.
 *
 * It walks protocols 0 to 5 opcode by opcode (Lib/pickletools.py).  It
 * executes nothing and builds nothing: it only remembers of each thing on the
 * stack what kind it is, and where in the file the strings lie.  It never
 * searches for bytes, since a list's description may hold any.
 */
#ifndef MAILMAN_PICKLE_H
#define MAILMAN_PICKLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* The most things that may be on the stack at one time.  Mailman's own writer
 * needs some two thousand for each level of nesting. */
#define PICKLE_STACK_MAX 32768
/* The error of a pickle that may be well the next time: no permission, an I/O
 * error, no memory, a file that is cut off while it is read. */
extern const char pickle_unreadable[];
#define PICKLE_TEXT_MAX 255

enum pickle_field {
	PICKLE_HOST_NAME,
	PICKLE_WEB_PAGE_URL,
	PICKLE_ADVERTISED,
	PICKLE_FIELDS
};

/* A text field as it stood in the file; printable ASCII. */
struct pickle_text {
	bool known;
	char text[PICKLE_TEXT_MAX + 1];
};

struct pickle {
	struct pickle_text host_name;
	struct pickle_text web_page_url;
	int advertised; /* 1 yes, 0 no, -1 not known */
};

/* Where the bytes come from. */
struct pickle_source {
	/* Reads the N bytes at OFFSET, which lie before `size', into TO.  0, or
	 * -1. */
	int (*read)(void *arg, uint64_t offset, void *to, size_t n);
	void *arg;
	uint64_t size;
};

/*
 * Reads the fields from the dictionary that the pickle holds.  Returns NULL,
 * and the fields that are there and make sense are known; or what is wrong
 * (static text), and no field is known.  It stops as soon as it has seen all
 * fields.  If a key comes twice, which no pickler writes, the first or the
 * last one may count.
 */
const char *pickle_read(const struct pickle_source *source, struct pickle *p);

#endif
