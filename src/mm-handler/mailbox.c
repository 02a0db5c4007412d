/*
 * The file is locked, checked, written and synced, in this order.  Where
 * writing fails the file is cut to the size that it had, so that a message is
 * in it whole or not at all.
 *
 * All signals are blocked from the start.  Between two pieces of the message
 * the pending ones are looked at, which is where a signal can still end the
 * delivery.
 */
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
#include "mm-handler/writer.h"

#define CHUNK (64 * 1024)
#define LOCK_SECONDS 30.0 /* nobody locks a mailbox for longer */
#define LOCK_PAUSE_MS 100
#define MAILBOX_MODE 0660

static const char from_[] = "From ";
#define FROM_N (sizeof(from_) - 1)

struct mailbox {
	const struct mailbox_order *o;
	struct delivery_result *r;
	int fd;
	off_t size;      /* of the file before we wrote */
	char lock[4096]; /* path of the dot lock */
	bool locked;     /* the dot lock is ours */
	double deadline; /* by clock_seconds() */
	/* Of the line in hand, how many bytes of "From " it began with; FROM_N
	 * + 1 once it is known whether it has to be quoted. */
	size_t matched;
	bool first; /* no line was written yet */
	bool open;  /* the line in hand has no end yet */
	struct buf out; /* to be written */
};

#define fail_append(b, ...) delivery_fail((b)->r, __VA_ARGS__)

/* Opens the file; refuses links, devices and pipes. */
static bool
open_mailbox(struct mailbox *b)
{
	struct stat st;

	b->fd = open(b->o->path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC, MAILBOX_MODE);
	if (b->fd == -1)
		return fail_append(b, "%s: %s", b->o->path, strerror(errno));
	if (fstat(b->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return fail_append(b, "%s: is no regular file", b->o->path);
	return true;
}

/* Pauses; false where the time is over (UNTIL, by clock_seconds()). */
static bool
pause_before_retry(double until)
{
	if (clock_seconds() >= until)
		return false;
	(void)poll(NULL, 0, LOCK_PAUSE_MS);
	return true;
}

/* Takes both locks, and waits for others to give them up. */
static bool
lock_mailbox(struct mailbox *b)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	double until = clock_seconds() + LOCK_SECONDS;
	int rc;

	if (until > b->deadline)
		until = b->deadline;
	while (fcntl(b->fd, F_SETLK, &whole) == -1) {
		if (errno != EACCES && errno != EAGAIN && errno != EINTR)
			return fail_append(b, "%s: cannot be locked: %s",
			    b->o->path, strerror(errno));
		if (!pause_before_retry(until))
			return fail_append(b, "%s: is locked", b->o->path);
	}
	if ((size_t)snprintf(b->lock, sizeof(b->lock), "%s.lock", b->o->path) >=
	    sizeof(b->lock))
		return fail_append(b, "%s: is too long", b->o->path);
	while ((rc = lockfile_create(b->lock, 0, L_PID)) != L_SUCCESS) {
		if (rc != L_MAXTRYS)
			return fail_append(b, "%s: cannot be made: %s", b->lock,
			    strerror(errno));
		if (!pause_before_retry(until))
			return fail_append(b, "%s: is locked", b->lock);
	}
	b->locked = true;
	return true;
}

/*
 * Makes sure that the file is still the mailbox: while we waited for the locks
 * a mail reader may have put another in its place.  Notes its size, and puts
 * the empty line that divides messages where the file does not end with one;
 * it may end with half of a message that a crash left there.
 */
static bool
check_mailbox(struct mailbox *b)
{
	struct stat ours, there;
	char last[2] = "\n\n";
	ssize_t n;

	if (fstat(b->fd, &ours) == -1 || stat(b->o->path, &there) == -1 ||
	    ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
		return fail_append(b, "%s: was replaced", b->o->path);
	b->size = ours.st_size;
	n = b->size < 2 ? (ssize_t)b->size : 2;
	if (pread(b->fd, last + 2 - n, (size_t)n, b->size - n) != n)
		return fail_append(b, "%s: cannot be read", b->o->path);
	if (last[1] != '\n')
		buf_add(&b->out, "\n\n");
	else if (last[0] != '\n')
		buf_char(&b->out, '\n');
	return true;
}

static bool
write_to_mailbox(struct mailbox *b, struct str s)
{
	while (s.n > 0) {
		ssize_t n = write(b->fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail_append(b, "%s: cannot be written: %s",
			    b->o->path, strerror(errno));
		s = str_tail(s, (size_t)n);
	}
	return true;
}

/* Begins a message in the file: the From_ line, unless it brings its own. */
static void
put_from_line(struct mailbox *b)
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

/* Puts the beginning of a line, `matched' bytes of "From ", once it is known
 * whether all of "From " stands there. */
static void
put_line_start(struct mailbox *b)
{
	bool from = b->matched == FROM_N;

	if (b->first)
		put_from_line(b);
	else if (from)
		buf_char(&b->out, '>');
	buf_put(&b->out, from_, b->matched);
	b->matched = FROM_N + 1;
}

/* Puts S, the next piece of the message, with a '>' before each line that
 * begins with "From ". */
static void
put_quoted(struct mailbox *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		b->open = c != '\n';
		if (b->matched < FROM_N && c == from_[b->matched]) {
			if (++b->matched == FROM_N)
				put_line_start(b);
			continue;
		}
		if (b->matched < FROM_N)
			put_line_start(b);
		buf_char(&b->out, c);
		if (c == '\n')
			b->matched = 0;
	}
}

/* Whether a signal waits that would end us.  It ends the delivery before the
 * message is on the disk, or not at all: half of a message is as bad as one
 * that sendmail brings twice. */
static bool
has_ending_signal(struct mailbox *b)
{
	sigset_t ending, pending;

	delivery_signals(&ending);
	sigemptyset(&pending);
	sigpending(&pending);
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&ending, i) == 1 &&
		    sigismember(&pending, i) == 1)
			return !fail_append(b, "ended by signal %d", i);
	return false;
}

/* At the end of the input: whether the message is not at its end. */
static bool
writer_may_be_gone(struct mailbox *b)
{
	const char *doubt = writer_doubt(b->o->delivery.writer, b->open);

	return doubt && !fail_append(b, "%s", doubt);
}

/* Reads a piece of the message, which may be empty.  1; 0 at the end of the
 * message; -1 where it fails. */
static int
read_message_piece(struct mailbox *b, char *chunk, size_t size, size_t *got)
{
	struct pollfd p = { .fd = b->o->delivery.from, .events = POLLIN };
	double left = b->deadline - clock_seconds();
	ssize_t n = -1;

	if (left <= 0)
		fail_append(b, "the message did not come in time");
	if (left <= 0 || has_ending_signal(b))
		return -1;
	errno = EAGAIN;
	if (poll(&p, 1, left > 1 ? 1000 : (int)(left * 1000) + 1) == 1)
		n = read(b->o->delivery.from, chunk, size);
	*got = n > 0 ? (size_t)n : 0;
	b->r->size += *got;
	if (n == -1 && errno != EINTR && errno != EAGAIN) {
		fail_append(b, "the message cannot be read: %s",
		    strerror(errno));
		return -1;
	}
	if (n == 0 && writer_may_be_gone(b))
		return -1;
	return n != 0;
}

/* Writes what waits in `out'. */
static bool
flush_to_mailbox(struct mailbox *b)
{
	bool ok = b->out.failed ? fail_append(b, "out of memory") :
	    write_to_mailbox(b, buf_get(&b->out));

	buf_reset(&b->out);
	return ok;
}

/* Copies all of the message into the file. */
static bool
copy_message(struct mailbox *b)
{
	struct message m;
	struct buf piece;
	char chunk[CHUNK];
	size_t n;
	int rc;

	message_init(&m, b->o->delivery.fields);
	buf_init(&piece, CHUNK + b->o->delivery.fields.n + 16);
	do {
		rc = read_message_piece(b, chunk, sizeof(chunk), &n);
		if (rc == 1)
			message_feed(&m, (struct str){ chunk, n }, &piece);
		else if (rc == 0)
			message_end(&m, &piece);
		put_quoted(b, buf_get(&piece));
		buf_reset(&piece);
		if (!flush_to_mailbox(b))
			rc = -1;
	} while (rc == 1);
	buf_clear(&piece);
	if (rc == -1)
		return false;
	if (b->r->size == 0)
		return fail_append(b, "there is no message on standard input");
	if (b->matched < FROM_N)
		put_line_start(b);
	buf_add(&b->out, b->open ? "\n\n" : "\n");
	return flush_to_mailbox(b) && !has_ending_signal(b);
}

/* A signal between two writes would leave half of a message; one after the
 * last write would make sendmail bring it again. */
static void
block_all_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

bool
mailbox_append(const struct mailbox_order *o, struct delivery_result *r)
{
	struct mailbox b = { .o = o, .r = r, .fd = -1, .first = true,
		.deadline = clock_seconds() + o->delivery.timeout };
	bool ok;

	*r = (struct delivery_result){ 0 };
	/* Quoting makes a piece longer, but never twice as long. */
	buf_init(&b.out, 2 * CHUNK + o->delivery.fields.n + strlen(o->sender) +
	    64);
	block_all_signals();
	ok = open_mailbox(&b) && lock_mailbox(&b) && check_mailbox(&b);
	if (ok) {
		ok = copy_message(&b);
		if (ok && fsync(b.fd) == -1)
			ok = fail_append(&b, "%s: %s", o->path,
			    strerror(errno));
		if (!ok && ftruncate(b.fd, b.size) == -1)
			fail_append(&b, "%s: %s", o->path, strerror(errno));
	}
	if (b.locked)
		lockfile_remove(b.lock);
	if (b.fd != -1 && close(b.fd) == -1 && ok)
		ok = fail_append(&b, "%s: %s", o->path, strerror(errno));
	buf_clear(&b.out);
	return ok;
}
