/*
 * mm-handler - sendmail's delivery agent for Mailman 2.1: takes one message
 * for one address and gives it to Mailman's wrapper.
 *
 * It exits with 0 (delivered), 67 (EX_NOUSER: bounce it) or 75 (EX_TEMPFAIL:
 * try again later) and with nothing else, because sendmail bounces a message
 * for every other status.  Whatever is wrong here, somebody can mend while the
 * message waits; so 75 is the rule, and recipient.c alone decides on 67.
 *
 * The steps of a delivery are in job.c, what is said of it in report.c.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/program.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/sites.h"
#include "mm-handler/accounts.h"
#include "mm-handler/delivery.h"
#include "mm-handler/job.h"
#include "mm-handler/report.h"
#include "mm-handler/runas.h"
#include "mm-handler/writer.h"

static void
usage(FILE *to)
{
	fputs("usage: mm-handler [-c file] [-i queue-id] [-r sender] [--] "
	      "host user <message\n"
	      "       mm-handler [-c file] --test user@host\n"
	      "       mm-handler -h | -V\n\n"
	      "  -c, --config file  configuration (" PROGRAM_CONF ")\n"
	      "  -i, --id queue-id  sendmail's name of the message, for the "
	      "log\n"
	      "  -r sender          envelope sender (flag r of a mailer)\n"
	      "      --test ADDRESS say what would be run, and run nothing\n"
	      "  -h, --help         print this\n"
	      "  -V, --version      print the version\n\n"
	      "The manual is mm-handler(8).\n", to);
}

static void
print_account(const struct account *a)
{
	char name[ACCOUNTS_NAME_MAX];

	accounts_user_name(a->uid, name);
	printf("user: %s (%d)\n", name, (int)a->uid);
	accounts_group_name(a->gid, name);
	printf("group: %s (%d)\n", name, (int)a->gid);
}

static void
print_field(const char *what, struct str value)
{
	char shown[STR_SHOWN];

	printf("%s: %s\n", what, str_printable(value, shown, sizeof(shown)));
}

/* Whether what a delivery needs is there for A. */
static int
try_delivery(struct job *j, const struct account *a)
{
	const struct conf_site *site = j->route.site->conf;
	bool loop = j->route.reading.action == ACTION_LOOP;
	const char *path = loop ? site->data_dir : site->wrapper;
	int err = runas_access(a, path, loop ? W_OK | X_OK : X_OK);

	return err == 0 ? EX_OK : job_defer(j, "cannot %s %s: %s",
	    loop ? "write into" : "run", path, strerror(err));
}

/* Prints what a delivery would run, and as whom. */
static int
print_delivery(struct job *j)
{
	const struct conf_site *site = j->route.site->conf;
	const struct reading *m = &j->route.reading;
	struct account a;
	const char *err = runas_find(site, &a);
	int status;

	print_field("site", str_from(site->name));
	print_field("list", m->list);
	print_field("action", str_from(action_name(m->action)));
	if (m->detail.n)
		print_field("detail", m->detail);
	if (m->action == ACTION_LOOP)
		printf("mailbox: %s/" JOB_MAILBOX "\n", site->data_dir);
	else
		printf("command: %s %s %.*s\n", site->wrapper,
		    action_name(m->action), (int)m->list.n, m->list.p);
	if (!err)
		print_account(&a);
	status = err ? job_defer(j, "%s", err) : try_delivery(j, &a);
	privileges_clear(&a);
	return status;
}

/* --test: the same steps up to the delivery, which is printed. */
static int
test_delivery(struct job *j)
{
	const char *at = strrchr(j->test, '@');
	char *user = str_dup((struct str){ j->test, (size_t)(at - j->test) });
	int status = user ? job_parse(j, at + 1, user) :
	    job_defer(j, "out of memory");

	free(user);
	if (status == EX_OK)
		status = job_find(j);
	if (status == EX_OK)
		status = print_delivery(j);
	if (status != EX_OK)
		log_error("%s: %s", status == EX_NOUSER ? "refused" :
		    "deferred", j->reason);
	if (status == EX_NOUSER)
		report_to_sender(j, status);
	program_flush();
	job_clear(j);
	return status;
}

/* --test with other arguments than one address. */
static int
test_nothing(const struct job *j)
{
	char shown[STR_SHOWN];

	log_error("--test%s%s: %s", *j->test ? " " : "",
	    str_printable(str_from(j->test), shown, sizeof(shown)),
	    strchr(j->test, '@') ? "one address, and nothing else" :
	    "an address is wanted, user@host: there is no @");
	usage(stderr);
	return EX_TEMPFAIL;
}

/* Delivers the message on standard input, which INPUT says is open, to the
 * arguments HOST and USER.  Returns the exit code. */
static int
handle_message(struct job *j, bool input, int argc, char **argv)
{
	int status;

	if (argc < 2)
		return job_defer(j, "wrong arguments: a host and a user, "
		    "please");
	status = job_parse(j, argv[0], argv[1]);
	if (argc > 2)
		return job_defer(j, "%d recipients at once: the mailer must "
		    "not have flag m", argc - 1);
	if (!input)
		return job_defer(j, "standard input is closed");
	if (status == EX_OK)
		status = job_find(j);
	if (status == EX_OK)
		status = job_deliver(j);
	return status;
}

/* False where an option is wrong; --help and --version end the program. */
static bool
parse_options(int argc, char **argv, struct job *j)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "id", required_argument, NULL, 'i' },
		{ "test", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+c:i:r:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c': j->conf_path = optarg; break;
		case 'i': j->queue_id = optarg; break;
		case 'r': j->sender = optarg; break;
		case 't': j->test = optarg; break;
		case 'h':
			usage(stdout);
			program_flush();
			exit(EX_OK);
		case 'V':
			program_version("mm-handler");
			program_flush();
			exit(EX_OK);
		default:
			if (optopt == 't')
				j->test = "";
			else if (isatty(STDERR_FILENO))
				usage(stderr);
			return false;
		}
	}
	return !j->test || (optind == argc && strchr(j->test, '@'));
}

/* The delivery looks for them itself, so that a signal ends it with 75. */
static void
block_ending_signals(void)
{
	sigset_t mask;

	delivery_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

#ifdef WITH_SANITIZERS
/* A report of theirs ends the program by a signal, and sendmail defers, not
 * with a status for which it bounces. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *
__ubsan_default_options(void)
{
	return "abort_on_error=1";
}
#endif

/*
 * No library ends this program with a status of its own: libconfuse's scanner
 * calls exit(2) when it is out of memory.
 */
static void
keep_exit_codes(int status, void *arg)
{
	(void)arg;
	if (status != EX_OK && status != EX_NOUSER && status != EX_TEMPFAIL)
		_exit(EX_TEMPFAIL);
}

int
main(int argc, char **argv)
{
	static struct job job = { .conf_path = PROGRAM_CONF, .queue_id = "",
		.sender = "MAILER-DAEMON" };
	bool input = fcntl(STDIN_FILENO, F_GETFD) != -1;
	bool right;
	int status;

	(void)on_exit(keep_exit_codes, NULL);
	/* While it is ignored the kernel drops the status of children. */
	signal(SIGCHLD, SIG_DFL);
	closefrom(STDERR_FILENO + 1);
	program_begin("mm-handler");
	writer_note(&job.writer);
	fatal_always(EX_TEMPFAIL);
	job.began = clock_seconds();
	right = parse_options(argc, argv, &job);
	if (job.test)
		return right ? test_delivery(&job) : test_nothing(&job);
	/* What goes to standard error ends up in bounces. */
	log_to_syslog("mm-handler");
	block_ending_signals();
	status = right ?
	    handle_message(&job, input, argc - optind, argv + optind) :
	    job_defer(&job, "wrong options");
	report_log(&job, status);
	report_to_sender(&job, status);
	job_clear(&job);
	return status;
}
