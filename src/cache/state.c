/*
 * The file has one "word value" a line, always these five in this order:
 *
 *	away no
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

static int
parse_state(struct str text, struct state *s)
{
	struct str value;
	uint64_t ms;

	if (next_state_flag(&text, "away", &s->away) == -1 ||
	    next_state_flag(&text, "failing", &s->failing) == -1)
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

static int
touch_or_write(const char *path, const struct rebuild_result *r)
{
	char memory[FILE_MAX];
	struct state old;
	struct buf b;
	bool away, failing, known, well;
	size_t lists;

	known = read_state_file(path, &old) == 0;
	well = r->status == REBUILD_WRITTEN || r->status == REBUILD_UNCHANGED;
	lists = well ? r->lists : known ? old.lists : 0;
	/* A scan that failed says nothing about the directory. */
	away = r->status == REBUILD_AWAY;
	failing = r->failing;
	if (r->status == REBUILD_FAILED) {
		away = known && old.away;
		failing = known && old.failing;
	}
	buf_over(&b, memory, sizeof(memory));
	buf_printf(&b, "away %s\nfailing %s\nlists %zu\nmilliseconds %lu\n"
	    "reason ", away ? "yes" : "no", failing ? "yes" : "no", lists,
	    r->milliseconds);
	put_reason_line(&b, r->reason);
	buf_char(&b, '\n');
	if (r->status != REBUILD_WRITTEN && known && old.away == away &&
	    old.failing == failing &&
	    old.lists == lists &&
	    strcmp(old.reason, r->reason) == 0 &&
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
