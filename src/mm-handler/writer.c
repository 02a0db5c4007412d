/*
 * A writer that wrote to the end lives when the pipe ends: sendmail waits for
 * our status, as postfix, exim and a shell do.  So it is enough to know who the
 * writer is, and whether it lives.
 *
 * Who it is.  We ask for our parent.  But where the writer died before we could
 * ask, that is another process already: process 1, or one that takes orphans
 * (PR_SET_CHILD_SUBREAPER, prctl(2)).  It lives, and nothing tells it from a
 * parent that started us.  But the kernel closes what a process has open before
 * it gives its children away.  So what the writer alone holds open is a proof,
 * if it is looked at after we asked:
 *
 *  - While the pipe of the message has a writer, the parent that we asked for
 *    is the writer.
 *  - A small message was written before we began, and its pipe has no writer
 *    any more.  But sendmail starts a mailer in a session of its own, and reads
 *    all that it prints from one pipe (sendmail/deliver.c, "create a return
 *    pipe"); postfix's pipe(8) does the same.  As long as that pipe has a
 *    reader, sendmail lives; if it has none, sendmail died.  This holds at the
 *    start alone, for sendmail closes the pipe after Timeout.quit.
 *
 * Whoever starts us in another way may leave us neither.  Then a parent that
 * is process 1, or of another session than ours, is in doubt, and doubt is
 * "gone": the writer can give us a file, whose end is its end.  Where nothing
 * speaks against the parent, a message that had ended before we began counts if
 * its last line has an end.  All that sendmail writes ends with one.
 *
 * What does not help: the number of its process that sendmail tells a mailer
 * ($p) is that of another one in DeliveryMode background; the size that it
 * tells (${msg_size}) is that from before it changed the header; the empty line
 * at the end (F=b) is one like many others; the files in its queue may not be
 * there (SuperSafe); PR_SET_PDEATHSIG says nothing where the parent is dead.
 *
 * Whether it lives.  The kernel marks a process as exiting, too, before it
 * closes anything.  So whoever sees the end of its pipe can see the mark.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "mm-handler/writer.h"

/* A flag of proc(5) stat: the process is exiting.  The number is of the
 * kernel's include/linux/sched.h. */
#define PF_EXITING 0x4

/* How long a writer that just closed its pipe is watched, where /proc does not
 * show whether it is about to end. */
#define LAST_MOMENT_MS 100

#define GIVE_A_FILE ", and whoever wrote the message may have died: the " \
	"message has to be a file (<FILE)"

/* What poll() says of FD without waiting. */
static int
poll_state(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

static int
open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Where /proc hides it (hidepid), root alone may open it, who is the real user
 * in sendmail's mailers with flag S. */
static int
open_stat(pid_t pid)
{
	uid_t user = geteuid();
	int fd = open_proc(pid, "stat");

	if (fd == -1 && user != 0 && getuid() == 0 && seteuid(0) == 0) {
		fd = open_proc(pid, "stat");
		if (seteuid(user) == -1)
			_exit(EX_TEMPFAIL);
	}
	return fd;
}

/* Whether PID is a sendmail, by the name of its program. */
static bool
is_sendmail(pid_t pid)
{
	static const char wanted[] = "sendmail";
	char name[sizeof(wanted) - 1];
	int fd = open_proc(pid, "comm");
	bool is = fd != -1 && read(fd, name, sizeof(name)) == sizeof(name) &&
	    !memcmp(name, wanted, sizeof(name));

	if (fd != -1)
		close(fd);
	return is;
}

/* Whether we were started as sendmail starts a mailer. */
static bool
is_mailer(bool leads)
{
	struct stat out, err;

	return leads && fstat(STDOUT_FILENO, &out) == 0 &&
	    fstat(STDERR_FILENO, &err) == 0 && S_ISFIFO(out.st_mode) &&
	    out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

/* Whether the parent PID of a mailer is what started it.  Process 1 is that in
 * a container that has sendmail in the place of an init. */
static bool
starts_mailers(pid_t pid)
{
	return pid != 1 || is_sendmail(pid);
}

/* What speaks against the parent of a program that is not sendmail's mailer. */
static const char *
parent_doubt(pid_t parent, bool leads, bool late)
{
	if (parent == 1)
		return "the parent of mm-handler is process 1" GIVE_A_FILE;
	/* A parent outside of our pid namespace has the number 0. */
	if (parent != 0 && !leads && getsid(parent) != getsid(0))
		return "the parent of mm-handler is of another session"
		       GIVE_A_FILE;
	if (leads && late)
		return "the message had ended before mm-handler began"
		       GIVE_A_FILE;
	return NULL;
}

void
writer_note(struct writer *w)
{
	bool leads = getsid(0) == getpid(), late, mailer;
	struct stat st;

	*w = (struct writer){ .pid = getppid(), .stat = -1 };
	/* Whatever has been closed until now was closed before we asked. */
	late = poll_state(STDIN_FILENO) & (POLLHUP | POLLERR);
	w->file = fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	if (w->file)
		return;
	mailer = is_mailer(leads);
	if (mailer && late && (poll_state(STDOUT_FILENO) & POLLERR)) {
		w->doubt = "who sent the message died before mm-handler began";
	} else if (!mailer || !starts_mailers(w->pid)) {
		w->doubt = parent_doubt(w->pid, leads, late);
		w->late = late;
	}
	w->stat = open_stat(w->pid);
}

/* 1: it is exiting, or gone; 0: it lives; -1: nobody knows. */
static int
is_exiting(int stat)
{
	char line[1024], state;
	const char *after;
	unsigned flags;
	ssize_t n;

	if (stat == -1)
		return -1;
	n = pread(stat, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return 1;
	line[n] = '\0';
	/* The name in brackets may hold any byte, also a bracket. */
	after = strrchr(line, ')');
	if (!after || sscanf(after + 1, " %c %*d %*d %*d %*d %*d %u", &state,
	    &flags) != 2)
		return -1;
	return state == 'Z' || state == 'X' || (flags & PF_EXITING);
}

/* Waits for the end of a process that may have begun to end. */
static void
await_last_moment(pid_t pid)
{
	struct pollfd p = { .events = POLLIN };

	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd == -1)
		return;
	(void)poll(&p, 1, LAST_MOMENT_MS);
	close(p.fd);
}

const char *
writer_doubt(const struct writer *w, bool open_line)
{
	int exiting;

	if (w->file)
		return NULL;
	if (w->doubt)
		return w->doubt;
	if (w->late && open_line)
		return "the message had ended before mm-handler began, within "
		       "a line: whoever wrote it may have died";
	exiting = is_exiting(w->stat);
	if (exiting == -1)
		await_last_moment(w->pid);
	/* In this order: the parent changes after the mark is set. */
	return exiting == 1 || getppid() != w->pid ?
	    "who sent the message died" : NULL;
}
