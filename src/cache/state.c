/*
 * The file has one "word value" a line, always these six in this order:
 *
 *	away no
 *	lost no
 *	failing no
 *	lists 120
 *	milliseconds 12
 *	reason ...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/state.h"
#include "base/buf.h"
#include "base/replace.h"
#include "base/str.h"
#include "cache/cache.h"
#include "cache/rebuild.h"

#define FILE_MAX 1024

/* Takes the line "WORD value" off *REST.  0, or -1 where it is another one. */
static int
next_state_value(struct str *rest, const char *word, struct str *value)
{
	size_t end = str_find(*rest, '\n'), n = strlen(word);
	struct str line;

	if (end == STR_NONE)
		return -1;
	line = str_head(*rest, end);
	*rest = str_tail(*rest, end + 1);
	if (!str_starts(line, word) || line.n <= n || line.p[n] != ' ')
		return -1;
	*value = str_tail(line, n + 1);
	return 0;
}

static int
next_state_flag(struct str *rest, const char *word, bool *flag)
{
	struct str value;

	if (next_state_value(rest, word, &value) == -1 ||
	    (!str_is(value, "yes") && !str_is(value, "no")))
		return -1;
	*flag = str_is(value, "yes");
	return 0;
}

/* The file of an earlier listmap has not all flags: those are "no". */
static int
next_new_flag(struct str *rest, const char *word, bool *flag)
{
	*flag = false;
	return str_starts(*rest, word) ? next_state_flag(rest, word, flag) : 0;
}

static int
parse_state(struct str text, struct state *s)
{
	struct str value;
	uint64_t ms;

	if (next_state_flag(&text, "away", &s->away) == -1 ||
	    next_new_flag(&text, "lost", &s->lost) == -1 ||
	    next_new_flag(&text, "failing", &s->failing) == -1)
		return -1;
	if (next_state_value(&text, "lists", &value) == -1 ||
	    str_number(value, 0, SIZE_MAX, &ms) == -1)
		return -1;
	s->lists = (size_t)ms;
	if (next_state_value(&text, "milliseconds", &value) == -1 ||
	    str_number(value, 0, UINT32_MAX, &ms) == -1)
		return -1;
	s->milliseconds = (unsigned long)ms;
	if (next_state_value(&text, "reason", &value) == -1 ||
	    value.n >= sizeof(s->reason))
		return -1;
	memcpy(s->reason, value.p, value.n);
	s->reason[value.n] = '\0';
	return 0;
}

static int
read_state_file(const char *path, struct state *s)
{
	char text[FILE_MAX];
	struct stat st;
	ssize_t n;
	int fd, result = -1;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, text, sizeof(text));
	if (n > 0 && fstat(fd, &st) == 0) {
		*s = (struct state){ .scanned = st.st_mtime };
		result = parse_state((struct str){ text, (size_t)n }, s);
	}
	close(fd);
	return result;
}

int
state_read(const char *cache_dir, const char *site, struct state *s)
{
	char *path = cache_path(cache_dir, site, "state");
	int result = -1;

	if (path != NULL)
		result = read_state_file(path, s);
	free(path);
	return result;
}

/* Puts the reason on one line, whatever is in it. */
static void
put_reason_line(struct buf *b, const char *reason)
{
	for (; *reason != '\0'; reason++)
		buf_char(b, (unsigned char)*reason < ' ' ? ' ' : *reason);
}

static int
write_state_file(const char *path, struct str text)
{
	struct replace file;

	if (replace_open(&file, path, 0644) == -1)
		return -1;
	if (replace_write(file.fd, text) == -1) {
		replace_cancel(&file);
		return -1;
	}
	return replace_commit(&file);
}

/* What the file says after the scan with the result R; OLD is what it says
 * before, or all zeroes. */
static struct state
next_state(const struct rebuild_result *r, const struct state *old)
{
	const bool well =
	    r->status == REBUILD_WRITTEN || r->status == REBUILD_UNCHANGED;
	struct state now = *old;

	/* A scan that failed says nothing about the directory. */
	if (r->status != REBUILD_FAILED) {
		now.away = r->status == REBUILD_AWAY;
		now.failing = r->failing;
	}
	/* Nor does one that was not believed for another reason, or that came
	 * into a burst, say that what was lost is back. */
	if (r->lost || (well && !r->burst))
		now.lost = r->lost;
	if (well || r->lists > now.lists)
		now.lists = r->lists;
	now.milliseconds = r->milliseconds;
	snprintf(now.reason, sizeof(now.reason), "%s", r->reason);
	return now;
}

static bool
says_the_same(const struct state *a, const struct state *b)
{
	return a->away == b->away && a->lost == b->lost &&
	    a->failing == b->failing && a->lists == b->lists &&
	    strcmp(a->reason, b->reason) == 0;
}

static const char *
yes_or_no(bool flag)
{
	return flag ? "yes" : "no";
}

static int
touch_or_write(const char *path, const struct rebuild_result *r)
{
	char memory[FILE_MAX];
	struct state old = { 0 }, now;
	bool known = read_state_file(path, &old) == 0;
	struct buf b;

	if (!known)
		old = (struct state){ 0 };
	now = next_state(r, &old);
	buf_over(&b, memory, sizeof(memory));
	buf_printf(&b, "away %s\nlost %s\nfailing %s\nlists %zu\n"
	    "milliseconds %lu\nreason ", yes_or_no(now.away),
	    yes_or_no(now.lost), yes_or_no(now.failing), now.lists,
	    now.milliseconds);
	put_reason_line(&b, now.reason);
	buf_char(&b, '\n');
	if (r->status != REBUILD_WRITTEN && known &&
	    says_the_same(&old, &now) &&
	    utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return 0;
	return write_state_file(path, buf_get(&b));
}

int
state_write(const char *cache_dir, const char *site,
    const struct rebuild_result *r)
{
	char *path = cache_path(cache_dir, site, "state");
	int result, saved;

	if (path == NULL) {
		errno = ENOMEM;
		return -1;
	}
	result = touch_or_write(path, r);
	saved = errno;
	free(path);
	errno = saved;
	return result;
}
