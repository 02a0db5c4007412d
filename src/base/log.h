/*
 * log - one line per event, to stderr or to syslog (facility mail).
 *
 * A line reads "module: what happened: object: reason", in lower case.
 * error: something is broken and somebody must mend it; warn: somebody should
 * look; info: start, stop, a new snapshot; debug: each look-up.  Bytes from
 * outside go through str_printable() first.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Lines go to stderr, to syslog, or to both from now on, with the name IDENT,
 * which must stay valid.  Before the first call they go to stderr. */
void log_to_stderr(const char *ident);
void log_to_syslog(const char *ident);
void log_to_both(const char *ident);

/*
 * From now on a line that standard error or syslog does not take in a moment is
 * lost, and how many were is said in front of the next one that it takes:
 * whoever reads it (a pipe, a terminal, a log daemon whose disk hangs) must not
 * hold up a daemon that serves.
 */
void log_never_wait(void);

/* Sets the most verbose level that is logged; LEVEL_INFO at first. */
void log_level(enum log_level level);
/* Whether lines of LEVEL are logged: for lines that are costly to make. */
bool log_wants(enum log_level level);

/* These keep errno.  A line is cut at 1023 bytes. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * From now on the first error that is logged is copied to TEXT (SIZE bytes),
 * which is "" until then; NULL ends that.  So a function that only logs what is
 * wrong can be quoted later.
 */
void log_keep_error(char *text, size_t size);

/*
 * Logs and exits with a code of sysexits.h.  It is called only while starting
 * up and in command line programs: a daemon that serves does not end for an
 * error.
 */
void fatal(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* From now on fatal() exits with CODE, whatever it is told: for programs whose
 * caller draws conclusions from each code. */
void fatal_always(int code);

/* For tests: lines go to SINK instead; NULL undoes it. */
typedef void log_sink_fn(void *arg, enum log_level level, const char *line);
void log_sink(log_sink_fn *sink, void *arg);

/*
 * For events that a peer can cause as often as it likes.  Returns true at most
 * once in LOG_LIMIT_SECONDS for each limit; *SUPPRESSED is then how often it
 * returned false since.  A limit starts as all zeroes.
 */
#define LOG_LIMIT_SECONDS 60
struct log_limit {
	long last; /* seconds of CLOCK_MONOTONIC */
	bool used;
	unsigned long suppressed;
};
bool log_limit(struct log_limit *l, unsigned long *suppressed);

#endif
