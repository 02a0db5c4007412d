/*
 * writer - whether the end of standard input is the end of the message.
 *
 * Whoever writes a message to us writes it into a pipe.  When the writer dies
 * in the middle of it, the pipe ends just as it does behind the message, and
 * nothing in a message says how long it is.  So the end counts only where the
 * writer is known to live; writer.c has at its head how that is known.
 */
#ifndef MM_HANDLER_WRITER_H
#define MM_HANDLER_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

struct writer {
	bool file;         /* the message is a file: its end is the end */
	pid_t pid;         /* our parent at the start */
	int stat;          /* descriptor of its proc(5) stat, or -1 */
	const char *doubt; /* why it may not be the writer, or NULL */
	bool late;         /* the pipe had ended before we began, and nothing
	                      proves that the parent is the writer */
};

/*
 * Looks who writes.  To be called once, as early as possible, while descriptors
 * 0 to 2 are what they were at the start.  *W keeps a descriptor, which is
 * close-on-exec, until the process ends.
 */
void writer_note(struct writer *w);

/*
 * At the end of standard input: NULL where that is the end of the message,
 * else why it may not be (static text).  OPEN_LINE says that the last line has
 * no end.
 */
const char *writer_doubt(const struct writer *w, bool open_line);

#endif
