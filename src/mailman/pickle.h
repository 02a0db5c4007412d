/*
 * pickle - a few fields of Mailman's config.pck, which is a Python pickle of
 * a dictionary.
 *
 * Protocols 0 to 5 are walked opcode by opcode (Lib/pickletools.py).  Nothing
 * is executed and nothing is built: the walker keeps what kind each thing on
 * the stack is, and where in the file the strings lie.  It never looks for
 * bytes: a list's description may hold any.
 */
#ifndef MAILMAN_PICKLE_H
#define MAILMAN_PICKLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* Most that is on the stack at one time; Mailman's own writer needs some two
 * thousand for each level of nesting. */
#define PICKLE_STACK_MAX 32768
/* What a pickle is that may be well the next time: no permission, an I/O
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
	int advertised; /* 1, 0, -1 unknown */
};

/* Where the bytes come from. */
struct pickle_source {
	/* N bytes at OFFSET, which lie before `size'.  0, or -1. */
	int (*read)(void *arg, uint64_t offset, void *to, size_t n);
	void *arg;
	uint64_t size;
};

/*
 * Reads the wanted fields of the dictionary that the pickle is.  NULL, and
 * those that are there and make sense are known; or what is wrong (static
 * text), and nothing is known.  Stops as soon as it has seen all of them.
 * Where a key comes twice it may be the first or the last that counts:
 * no pickler writes that.
 */
const char *pickle_read(const struct pickle_source *source, struct pickle *p);

#endif
