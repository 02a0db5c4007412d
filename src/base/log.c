#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/devlog.h"

/* A line of syslog carries no more (RFC 3164, section 4.1). */
#define LINE_MAX_BYTES 1024

/* A reader that is alive takes a line in so many milliseconds; after one that
 * it did not take nobody waits for it. */
#define MOMENT_MS 20
/* What is done must not wait longer for its line: a delivery whose exit code
 * nobody gets is made again. */
#define SYSLOG_MS 5000

/* Where lines go. */
struct output {
	const char *name;
	bool (*take)(int wait, int priority, const char *line);
	int patience; /* milliseconds before log_never_wait(); -1: no end */
	bool wanted;
	unsigned long lost; /* lines since the last one that was taken */
};

static bool stderr_takes(int wait, int priority, const char *line);
static bool syslog_takes(int wait, int priority, const char *line);

static struct output to_stderr = { "standard error", stderr_takes, -1, true,
	0 };
static struct output to_syslog = { "syslog", syslog_takes, SYSLOG_MS, false,
	0 };
static struct devlog devlog = DEVLOG_INIT(_PATH_LOG);
static enum log_level wanted = LEVEL_INFO;
static const char *prefix = "listmap";
static bool never_waits;
static int fatal_code;
static log_sink_fn *sink_fn;
static void *sink_arg;
static char *kept; /* NULL: no error is to be kept */
static size_t kept_size;

static void
log_to(const char *ident, bool stderr_wanted, bool syslog_wanted)
{
	prefix = ident;
	to_stderr.wanted = stderr_wanted;
	to_syslog.wanted = syslog_wanted;
}

void
log_to_stderr(const char *ident)
{
	log_to(ident, true, false);
}

void
log_to_syslog(const char *ident)
{
	log_to(ident, false, true);
}

void
log_to_both(const char *ident)
{
	log_to(ident, true, true);
}

void
log_never_wait(void)
{
	never_waits = true;
}

void
log_level(enum log_level level)
{
	wanted = level;
}

bool
log_wants(enum log_level level)
{
	return level <= wanted;
}

void
log_sink(log_sink_fn *sink, void *arg)
{
	sink_fn = sink;
	sink_arg = arg;
}

void
log_keep_error(char *text, size_t size)
{
	kept = text;
	kept_size = size;
	if (kept)
		*kept = '\0';
}

static bool
stderr_takes(int wait, int priority, const char *line)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	int ready;

	(void)priority;
	do
		ready = wait == -1 ? 1 : poll(&p, 1, wait);
	while (ready == -1 && errno == EINTR);
	if (ready == 1)
		fprintf(stderr, "%s: %s\n", prefix, line);
	return ready == 1;
}

static bool
syslog_takes(int wait, int priority, const char *line)
{
	return devlog_send(&devlog, wait, LOG_MAIL | priority, prefix, line);
}

/* Says first what was lost. */
static void
put_line(struct output *o, int priority, const char *line)
{
	const int wait = o->lost > 0 ? 0 : never_waits ? MOMENT_MS :
	    o->patience;
	char said[LINE_MAX_BYTES];

	snprintf(said, sizeof(said), "log: %lu lines were lost: %s did not "
	    "take them", o->lost, o->name);
	if (o->lost > 0 && o->take(wait, LOG_WARNING, said))
		o->lost = 0;
	if (o->lost > 0 || !o->take(wait, priority, line))
		o->lost++;
}

__attribute__((format(printf, 2, 0))) static void
write_log_line(enum log_level level, const char *fmt, va_list ap)
{
	static const int priority[] = {
		[LEVEL_ERROR] = LOG_ERR,
		[LEVEL_WARN] = LOG_WARNING,
		[LEVEL_INFO] = LOG_INFO,
		[LEVEL_DEBUG] = LOG_DEBUG,
	};
	char line[LINE_MAX_BYTES];
	int saved = errno;

	if (!log_wants(level))
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	if (kept && level == LEVEL_ERROR && !*kept)
		snprintf(kept, kept_size, "%s", line);
	if (sink_fn)
		sink_fn(sink_arg, level, line);
	if (!sink_fn && to_syslog.wanted)
		put_line(&to_syslog, priority[level], line);
	if (!sink_fn && to_stderr.wanted)
		put_line(&to_stderr, priority[level], line);
	errno = saved;
}

#define WRITE_LINE(level)                     \
	do {                                  \
		va_list ap;                   \
		va_start(ap, fmt);            \
		write_log_line(level, fmt, ap);   \
		va_end(ap);                   \
	} while (0)

void
log_error(const char *fmt, ...)
{
	WRITE_LINE(LEVEL_ERROR);
}

void
log_warn(const char *fmt, ...)
{
	WRITE_LINE(LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
	WRITE_LINE(LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	WRITE_LINE(LEVEL_DEBUG);
}

void
fatal_always(int code)
{
	fatal_code = code;
}

void
fatal(int code, const char *fmt, ...)
{
	WRITE_LINE(LEVEL_ERROR);
	exit(fatal_code ? fatal_code : code);
}

bool
log_limit(struct log_limit *l, unsigned long *suppressed)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (l->used && now.tv_sec - l->last < LOG_LIMIT_SECONDS) {
		l->suppressed++;
		return false;
	}
	*suppressed = l->suppressed;
	*l = (struct log_limit){ .last = now.tv_sec, .used = true };
	return true;
}
