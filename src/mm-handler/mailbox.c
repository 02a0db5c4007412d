#include <errno.h>
#include <fcntl.h>
#include <lockfile.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mm-handler/mailbox.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "mm-handler/delivery.h"
#include "mm-handler/message.h"

#define CHUNK (64 * 1024)
#define LOCK_SECONDS 30.0 /* others do not keep a mailbox locked longer */
#define LOCK_PAUSE_MS 100
#define MAILBOX_MODE 0660

static const char from_[] = "From ";
#define FROM_N (sizeof(from_) - 1)

struct box {
	const struct mailbox_order *o;
	struct delivery_result *r;
	int fd;
	off_t size; /* before */
	char lock[4096];
	bool locked;
	double deadline;
	/* Quoting: what a line began with so far, FROM_N + 1 behind that. */
	size_t matched;
	bool first; /* nothing was written yet */
	bool open;  /* the last line has no end yet */
	struct buf out;
};

#define fail(b, ...) delivery_fail((b)->r, __VA_ARGS__)

/* No link, no device, nobody's pipe: only an ordinary file. */
static bool
open_box(struct box *b)
{
	struct stat st;

	b->fd = open(b->o->path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC, MAILBOX_MODE);
	if (b->fd == -1)
		return fail(b, "%s: %s", b->o->path, strerror(errno));
	if (fstat(b->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return fail(b, "%s: is no regular file", b->o->path);
	return true;
}

/* A pause, unless time is over. */
static bool
may_try_again(double until)
{
	if (clock_seconds() >= until)
		return false;
	(void)poll(NULL, 0, LOCK_PAUSE_MS);
	return true;
}

static bool
lock_box(struct box *b)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	double until = clock_seconds() + LOCK_SECONDS;
	int rc;

	if (until > b->deadline)
		until = b->deadline;
	while (fcntl(b->fd, F_SETLK, &whole) == -1) {
		if (errno != EACCES && errno != EAGAIN && errno != EINTR)
			return fail(b, "%s: cannot be locked: %s", b->o->path,
			    strerror(errno));
		if (!may_try_again(until))
			return fail(b, "%s: is locked", b->o->path);
	}
	if ((size_t)snprintf(b->lock, sizeof(b->lock), "%s.lock", b->o->path) >=
	    sizeof(b->lock))
		return fail(b, "%s: is too long", b->o->path);
	while ((rc = lockfile_create(b->lock, 0, L_PID)) != L_SUCCESS) {
		if (rc != L_MAXTRYS)
			return fail(b, "%s: cannot be made: %s", b->lock,
			    strerror(errno));
		if (!may_try_again(until))
			return fail(b, "%s: is locked", b->lock);
	}
	b->locked = true;
	return true;
}

/* What a reader put in its place while we waited is the mailbox now. */
static bool
check_box(struct box *b)
{
	struct stat ours, there;
	char last[2] = "\n\n";
	ssize_t n;

	if (fstat(b->fd, &ours) == -1 || stat(b->o->path, &there) == -1 ||
	    ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
		return fail(b, "%s: was replaced", b->o->path);
	b->size = ours.st_size;
	/* An empty line divides messages, also from half of one that a crash
	 * left there. */
	n = b->size < 2 ? (ssize_t)b->size : 2;
	if (pread(b->fd, last + 2 - n, (size_t)n, b->size - n) != n)
		return fail(b, "%s: cannot be read", b->o->path);
	if (last[1] != '\n')
		buf_add(&b->out, "\n\n");
	else if (last[0] != '\n')
		buf_char(&b->out, '\n');
	return true;
}

static bool
write_all(struct box *b, struct str s)
{
	while (s.n > 0) {
		ssize_t n = write(b->fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(b, "%s: cannot be written: %s", b->o->path,
			    strerror(errno));
		s = str_tail(s, (size_t)n);
	}
	return true;
}

/* The line that divides messages, where the message does not bring it. */
static void
begin_line(struct box *b)
{
	char date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (b->matched != FROM_N) {
		localtime_r(&now, &tm);
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
		buf_add(&b->out, from_);
		for (const char *p = b->o->sender; *p; p++)
			buf_char(&b->out, *p <= ' ' || *p > '~' ? '?' : *p);
		buf_printf(&b->out, " %s\n", date);
	}
	b->first = false;
}

/* A line's beginning is known: to quote it, or it is the first of all. */
static void
decide(struct box *b)
{
	bool from = b->matched == FROM_N;

	if (b->first)
		begin_line(b);
	else if (from)
		buf_char(&b->out, '>');
	buf_put(&b->out, from_, b->matched);
	b->matched = FROM_N + 1;
}

static void
put(struct box *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		b->open = c != '\n';
		if (b->matched < FROM_N && c == from_[b->matched]) {
			if (++b->matched == FROM_N)
				decide(b);
			continue;
		}
		if (b->matched < FROM_N)
			decide(b);
		buf_char(&b->out, c);
		if (c == '\n')
			b->matched = 0;
	}
}

/* Half of a message is as bad as one that sendmail brings twice: who ends us
 * ends this before it is on the disk, or not at all. */
static bool
interrupted(struct box *b)
{
	sigset_t ending, pending;

	delivery_signals(&ending);
	sigemptyset(&pending);
	sigpending(&pending);
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&ending, i) == 1 &&
		    sigismember(&pending, i) == 1)
			return !fail(b, "ended by signal %d", i);
	return false;
}

/* One piece of the message, more or less.  1, 0 at its end, -1. */
static int
read_piece(struct box *b, char *chunk, size_t size, size_t *got)
{
	struct pollfd p = { .fd = b->o->delivery.from, .events = POLLIN };
	double left = b->deadline - clock_seconds();
	ssize_t n = -1;

	if (left <= 0)
		fail(b, "the message did not come in time");
	if (left <= 0 || interrupted(b))
		return -1;
	errno = EAGAIN;
	if (poll(&p, 1, left > 1 ? 1000 : (int)(left * 1000) + 1) == 1)
		n = read(b->o->delivery.from, chunk, size);
	*got = n > 0 ? (size_t)n : 0;
	b->r->size += *got;
	if (n == -1 && errno != EINTR && errno != EAGAIN) {
		fail(b, "the message cannot be read: %s", strerror(errno));
		return -1;
	}
	if (n == 0 && delivery_writer_gone(b->o->delivery.writer)) {
		fail(b, "who sent the message died");
		return -1;
	}
	return n != 0;
}

static bool
flush_out(struct box *b)
{
	bool ok = b->out.failed ? fail(b, "out of memory") :
	    write_all(b, buf_get(&b->out));

	buf_reset(&b->out);
	return ok;
}

static bool
copy(struct box *b)
{
	struct message m;
	struct buf piece;
	char chunk[CHUNK];
	size_t n;
	int rc;

	message_init(&m, b->o->delivery.fields);
	buf_init(&piece, CHUNK + b->o->delivery.fields.n + 16);
	do {
		rc = read_piece(b, chunk, sizeof(chunk), &n);
		if (rc == 1)
			message_feed(&m, (struct str){ chunk, n }, &piece);
		else if (rc == 0)
			message_end(&m, &piece);
		put(b, buf_get(&piece));
		buf_reset(&piece);
		if (!flush_out(b))
			rc = -1;
	} while (rc == 1);
	buf_clear(&piece);
	if (rc == -1)
		return false;
	if (b->r->size == 0)
		return fail(b, "there is no message on standard input");
	if (b->matched < FROM_N)
		decide(b);
	buf_add(&b->out, b->open ? "\n\n" : "\n");
	return flush_out(b) && !interrupted(b);
}

/* A signal between two writes would leave half a message; one after the last
 * would make sendmail try again. */
static void
block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

bool
mailbox_append(const struct mailbox_order *o, struct delivery_result *r)
{
	struct box b = { .o = o, .r = r, .fd = -1, .first = true,
		.deadline = clock_seconds() + o->delivery.timeout };
	bool ok;

	*r = (struct delivery_result){ 0 };
	/* Each byte of a piece may become a quoted line. */
	buf_init(&b.out, 2 * CHUNK + o->delivery.fields.n + strlen(o->sender) +
	    64);
	block_signals();
	ok = open_box(&b) && lock_box(&b) && check_box(&b);
	if (ok) {
		ok = copy(&b);
		if (ok && fsync(b.fd) == -1)
			ok = fail(&b, "%s: %s", o->path, strerror(errno));
		if (!ok && ftruncate(b.fd, b.size) == -1)
			fail(&b, "%s: %s", o->path, strerror(errno));
	}
	if (b.locked)
		lockfile_remove(b.lock);
	if (b.fd != -1 && close(b.fd) == -1 && ok)
		ok = fail(&b, "%s: %s", o->path, strerror(errno));
	buf_clear(&b.out);
	return ok;
}
