/*
 * A double of Mailman 2.1's wrapper (its src/mail-wrapper.c): it checks how
 * it was run and keeps the message, and fails in every way that it is told.
 *
 *	wrapper ACTION LIST		the message on standard input
 *
 * As the real one it ends with 5 without arguments, 6 for an action that there
 * is not, 2 where the real group has another name than its administrator
 * chose, 8 where that has no name, 1 where there is no such list or where a
 * message cannot be kept; and it may be setgid.  It ends with 70 where it was
 * not run as the contract of mm-handler says.
 *
 * It is given no environment, so whatever it is told and whatever it tells
 * stands in files in its own directory; all of them may be missing but got:
 *
 *	script	what to do, a command a line; if missing: read, store
 *	groups	the names that the real group may have
 *	ids	"uid N", "gid N", "groups N..." that it must have
 *	lists	a directory that has its lists
 *	got	a directory that it may write:
 *		NAME/message, NAME/report	of each message kept, at once
 *		events	a line each: EVENT NUMBER-OF-PROCESS [WORD...]
 *		faults	what was not as the contract says
 *
 * Commands of the script:
 *
 *	read [N]		all of the message, or N bytes of it
 *	store			keep what was read
 *	close FD
 *	print FD N line|block	N bytes, with newlines or without
 *	say FD TEXT
 *	wait NAME		until the file NAME is there
 *	hang			for ever
 *	background [COMMAND;...]	leave a process behind that has the descriptors
 *				and does this
 *	orphan			of one that is left behind: until the other ended
 *	session			of one that is left behind: into one of its own
 *	on-term exit N | ignore
 *	exit N
 *	signal N		die by it
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* No process that a test forgot lives for ever. */
#define LIFE 300
#define BLOCK 65536
#define GROUPS_MAX 64

static char here[PATH_MAX]; /* its own directory */
static char self[PATH_MAX]; /* its own path */
static char unfinished[PATH_MAX + 64]; /* where the message is being kept */
static char finished[PATH_MAX + 64];
static FILE *report;
static int message = -1;
static volatile sig_atomic_t term_status;

static const char *const actions[] = { "admin", "bounces", "confirm", "join",
	"leave", "owner", "post", "request", "subscribe", "unsubscribe", NULL };

static void
put(const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/got/%s", here, name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1)
		return;
	(void)fchmod(fd, 0666);
	if (write(fd, text, strlen(text)) == -1)
		perror(path);
	close(fd);
}

/* A line of the file of events; WORDS is what it has besides. */
static void
event_of(pid_t pid, const char *what, const char *words)
{
	char line[512];

	snprintf(line, sizeof(line), "%s %ld%s%s\n", what, (long)pid,
	    *words ? " " : "", words);
	put("events", line);
}

static void
event(const char *what, const char *words)
{
	event_of(getpid(), what, words);
}

static _Noreturn void
end(int status)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", status);
	event("exit", text);
	_exit(status);
}

static _Noreturn void __attribute__((format(printf, 2, 3)))
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	end(status);
}

static bool faulty;

static void __attribute__((format(printf, 1, 2)))
fault(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	snprintf(line + n, sizeof(line) - n, "\n");
	put("faults", line);
	faulty = true;
}

/* A file beside the program, or NULL where there is none. */
static FILE *
beside(const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", here, name);
	return fopen(path, "re");
}

/* The next line of F without its end; the caller frees *LINE in the end. */
static bool
next_line(FILE *f, char **line, size_t *size)
{
	ssize_t n = getline(line, size, f);

	if (n <= 0)
		return false;
	if ((*line)[n - 1] == '\n')
		(*line)[n - 1] = '\0';
	return true;
}

static void
check_environment(char **env)
{
	for (; *env; env++) {
		fprintf(report, "env: %s\n", *env);
		if (strcmp(*env, "PATH=/usr/bin:/bin"))
			fault("environment: %s", *env);
	}
}

static void
check_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	struct stat st;

	if (!d)
		die(70, "/proc/self/fd: %s", strerror(errno));
	while ((e = readdir(d))) {
		char *rest;
		long fd = strtol(e->d_name, &rest, 10);

		if (*rest || fd == dirfd(d) || fd == fileno(report))
			continue;
		fprintf(report, "fd: %ld\n", fd);
		if (fd > STDERR_FILENO)
			fault("descriptor %ld is open", fd);
	}
	closedir(d);
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags == -1)
			fault("descriptor %d is closed", fd);
		else if (flags & O_NONBLOCK)
			fault("descriptor %d does not block", fd);
	}
	if (fstat(0, &st) == 0 && !S_ISFIFO(st.st_mode) &&
	    !S_ISSOCK(st.st_mode))
		fault("standard input is no pipe");
}

/* What /proc/self/status tells better than any call. */
static void
check_status(void)
{
	static const struct {
		const char *name, *must;
	} lines[] = { { "Umask:", "0007" }, { "SigBlk:", "0000000000000000" },
		{ "NoNewPrivs:", "0" },
		{ "CapPrm:", "0000000000000000" },
		{ "CapEff:", "0000000000000000" },
		{ "Uid:", NULL }, { "Gid:", NULL }, { "Groups:", NULL } };
	FILE *f = fopen("/proc/self/status", "re");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		die(70, "/proc/self/status: %s", strerror(errno));
	while (next_line(f, &line, &size))
		for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
			const char *value = line + strlen(lines[i].name);

			if (strncmp(line, lines[i].name,
			    strlen(lines[i].name)))
				continue;
			while (isspace((unsigned char)*value))
				value++;
			fprintf(report, "%s %s\n", lines[i].name, value);
			if (lines[i].must && strcmp(value, lines[i].must))
				fault("%s %s", lines[i].name, value);
		}
	free(line);
	fclose(f);
}

/* 32 and 33 are the C library's own; its posix_spawn() ignores them. */
static void
check_signals(void)
{
	for (int sig = 1; sig < SIGRTMAX; sig++) {
		struct sigaction now;

		if (sig != 32 && sig != 33 && sigaction(sig, NULL, &now) == 0 &&
		    now.sa_handler == SIG_IGN)
			fault("signal %d is ignored", sig);
	}
}

static void
check_place(char **argv)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	fprintf(report, "cwd: %s\n", cwd);
	if (strcmp(cwd, "/"))
		fault("working directory: %s", cwd);
	if (getpgrp() == getpgid(getppid()))
		fault("in the process group of whoever started it");
	if (strcmp(argv[0], self))
		fault("called as %s", argv[0]);
}

/* Three ids that must be the number in TEXT; a setgid program's differ. */
static void
must_be(const char *what, const char *text, bool set, id_t r, id_t e, id_t s)
{
	id_t want = (id_t)strtol(text, NULL, 10);

	if (r != want || (!set && (e != want || s != want)))
		fault("%s %ld %ld %ld, not %s", what, (long)r, (long)e,
		    (long)s, text);
}

static void
must_have_groups(const char *text)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);
	char *rest = NULL;

	for (int i = 0; i < n; i++) {
		long want = strtol(text, &rest, 10);

		if (rest == text || (gid_t)want != groups[i]) {
			fault("group %ld where %s is wanted", (long)groups[i],
			    text);
			return;
		}
		text = rest;
	}
	if (text[strspn(text, " ")])
		fault("groups:%s are missing", text);
}

static void
check_ids(void)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	struct stat st;
	FILE *f = beside("ids");
	char *line = NULL;
	size_t size = 0;

	if (getresuid(&ruid, &euid, &suid) == -1 ||
	    getresgid(&rgid, &egid, &sgid) == -1 || stat(self, &st) == -1)
		die(70, "ids: %s", strerror(errno));
	if (ruid == 0 || ruid != euid || ruid != suid)
		fault("uids %ld %ld %ld", (long)ruid, (long)euid, (long)suid);
	if (!(st.st_mode & S_ISGID) && (rgid != egid || rgid != sgid))
		fault("gids %ld %ld %ld", (long)rgid, (long)egid, (long)sgid);
	while (f && next_line(f, &line, &size)) {
		if (!strncmp(line, "uid ", 4))
			must_be("uids", line + 4, false, ruid, euid, suid);
		else if (!strncmp(line, "gid ", 4))
			must_be("gids", line + 4, st.st_mode & S_ISGID, rgid,
			    egid, sgid);
		else if (!strncmp(line, "groups", 6))
			must_have_groups(line + 6);
	}
	free(line);
	if (f)
		fclose(f);
}

/* As the real one does it: the name of the real group. */
static void
check_group(void)
{
	struct group *g = getgrgid(getgid());
	FILE *f = beside("groups");
	char *line = NULL;
	size_t size = 0;
	bool ok = !f;

	if (!g)
		die(8, "Failure to find group name for GID %ld.",
		    (long)getgid());
	while (!ok && next_line(f, &line, &size))
		ok = !strcmp(line, g->gr_name);
	free(line);
	if (f)
		fclose(f);
	if (!ok)
		die(2, "Group mismatch error.  Mailman expected the mail\n"
		    "wrapper script to be executed as group \"daemon\", but\n"
		    "the system's mail server executed the mail script as\n"
		    "group \"%s\".  Try tweaking the mail server to run the\n"
		    "script as group \"daemon\", or re-run configure, \n"
		    "providing the command line option "
		    "`--with-mail-gid=%s'.", g->gr_name, g->gr_name);
	/* The real one's setregid(getegid(), -1). */
	if (setregid(getegid(), (gid_t)-1) == -1)
		die(3, "setregid: %s", strerror(errno));
}

static void
check_list(const char *name)
{
	char path[PATH_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/lists", here);
	if (stat(path, &st) == -1)
		return;
	snprintf(path, sizeof(path), "%s/lists/%s", here, name);
	if (stat(path, &st) == -1)
		die(1, "post script, list not found: %s", name);
}

static void
check_arguments(int argc, char **argv)
{
	size_t i = 0;

	if (argc < 2)
		die(5, "Usage: %s program [args...]", argv[0]);
	while (actions[i] && strcmp(actions[i], argv[1]))
		i++;
	if (!actions[i])
		die(6, "Illegal command: %s", argv[1]);
	if (argc != 3)
		fault("%d arguments", argc - 1);
	else
		fprintf(report, "argv: %s %s\n", argv[1], argv[2]);
}

static void
read_message(long most)
{
	static char buf[BLOCK];
	bool begun = false;

	while (most != 0) {
		size_t want = most > 0 && most < BLOCK ? (size_t)most : BLOCK;
		ssize_t n = read(0, buf, want);

		if (n == 0)
			break;
		if (n == -1 || write(message, buf, (size_t)n) != n)
			die(1, "IOError: %s", strerror(errno));
		if (!begun)
			event("reading", "");
		begun = true;
		most -= most > 0 ? n : 0;
	}
	event("read", "");
}

static void
store(void)
{
	if (close(message) == -1 || fclose(report) == EOF ||
	    rename(unfinished, finished) == -1)
		die(1, "IOError: %s", strerror(errno));
	message = -1;
	event("stored", finished + strlen(here) + strlen("/got/"));
}

static void
print(int fd, long bytes, bool block)
{
	static char buf[BLOCK];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = !block && i % 64 == 63 ? '\n' : 'x';
	while (bytes > 0) {
		ssize_t n = write(fd, buf, bytes < BLOCK ? (size_t)bytes :
		    BLOCK);

		if (n == -1)
			die(1, "IOError: %s", strerror(errno));
		bytes -= n;
	}
	event("printed", "");
}

static void
wait_for(const char *name)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	FILE *f;

	event("waiting", name);
	while (!(f = beside(name)))
		nanosleep(&moment, NULL);
	fclose(f);
}

static void
hang(void)
{
	event("hanging", "");
	for (;;)
		pause();
}

/* Who leaves others behind. */
static pid_t leaver;

static void
wait_until_orphan(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	while (getppid() == leaver)
		nanosleep(&moment, NULL);
}

static void obey(char *line);

static void
leave_behind(char *commands)
{
	pid_t pid;

	leaver = getpid();
	pid = fork();
	if (pid != 0) {
		/* It may be killed before it could say so. */
		event_of(pid, "background", "");
		return;
	}
	alarm(LIFE);
	while (commands && *commands)
		obey(strsep(&commands, ";"));
	for (;;)
		pause();
}

static void
at_term(int sig)
{
	(void)sig;
	event("term", "");
	_exit(term_status);
}

static void
on_term(const char *word, const char *rest)
{
	if (!strcmp(word, "ignore")) {
		signal(SIGTERM, SIG_IGN);
		return;
	}
	term_status = (int)strtol(rest, NULL, 10);
	signal(SIGTERM, at_term);
}

static _Noreturn void
die_by(int sig)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	event("signal", "");
	signal(sig, SIG_DFL);
	raise(sig);
	die(70, "signal %d was survived", sig);
}

/* One line of the script. */
static void
obey(char *line)
{
	const char *word = strsep(&line, " ");
	char *rest = line ? line : self + strlen(self);

	if (!strcmp(word, "read"))
		read_message(*rest ? strtol(rest, NULL, 10) : -1);
	else if (!strcmp(word, "store"))
		store();
	else if (!strcmp(word, "close"))
		close((int)strtol(rest, NULL, 10));
	else if (!strcmp(word, "print")) {
		int fd = (int)strtol(rest, &rest, 10);
		long n = strtol(rest, &rest, 10);

		print(fd, n, !strcmp(rest, " block"));
	} else if (!strcmp(word, "say")) {
		int fd = (int)strtol(rest, &rest, 10);

		dprintf(fd, "%s\n", rest + strspn(rest, " "));
	} else if (!strcmp(word, "wait"))
		wait_for(rest);
	else if (!strcmp(word, "hang"))
		hang();
	else if (!strcmp(word, "orphan"))
		wait_until_orphan();
	else if (!strcmp(word, "session"))
		setsid();
	else if (!strcmp(word, "background"))
		leave_behind(rest);
	else if (!strcmp(word, "on-term")) {
		word = strsep(&rest, " ");
		on_term(word, rest ? rest : "");
	} else if (!strcmp(word, "exit"))
		end((int)strtol(rest, NULL, 10));
	else if (!strcmp(word, "signal"))
		die_by((int)strtol(rest, NULL, 10));
	else
		die(70, "script: %s?", word);
}

static void
find_place(void)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n == -1 || !(slash = strrchr(self, '/')))
		die(70, "where am I?");
	memcpy(here, self, (size_t)(slash - self));
}

/* Where the message and the report grow until they are renamed. */
static void
begin_to_keep(void)
{
	char path[PATH_MAX + 128];
	struct timespec now;
	int fd;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(unfinished, sizeof(unfinished), "%s/got/.%lld.%09ld.%ld",
	    here, (long long)now.tv_sec, now.tv_nsec, (long)getpid());
	snprintf(finished, sizeof(finished), "%s/got/%s", here,
	    strrchr(unfinished, '/') + 2);
	if (mkdir(unfinished, 0777) == -1)
		die(1, "IOError: %s: %s", unfinished, strerror(errno));
	snprintf(path, sizeof(path), "%s/report", unfinished);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	report = fd == -1 ? NULL : fdopen(fd, "w");
	if (!report)
		die(1, "IOError: %s: %s", path, strerror(errno));
}

static void
open_message(void)
{
	char path[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/message", unfinished);
	message = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (message == -1)
		die(1, "IOError: %s: %s", path, strerror(errno));
}

int
main(int argc, char **argv, char **env)
{
	char read_all[] = "read", keep[] = "store";
	char *line = NULL;
	size_t size = 0;
	FILE *script;

	alarm(LIFE);
	find_place();
	event("started", argc == 3 ? argv[1] : "");
	begin_to_keep();
	check_arguments(argc, argv);
	check_environment(env);
	check_status();
	check_signals();
	check_place(argv);
	check_ids();
	check_descriptors();
	if (faulty)
		die(70, "not run as it must be");
	check_group();
	check_list(argv[2]);
	open_message();
	script = beside("script");
	if (!script) {
		obey(read_all);
		obey(keep);
		end(0);
	}
	while (next_line(script, &line, &size))
		obey(line);
	free(line);
	fclose(script);
	end(0);
}
