/*
 * mm-handler - sendmail's delivery agent for Mailman 2.1: takes one message
 * for one address and hands it to Mailman's wrapper.
 *
 * To sendmail it says 0, EX_NOUSER or EX_TEMPFAIL and nothing else: sendmail
 * bounces for every other status, and whatever is wrong here somebody can
 * mend while the message waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/program.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/mailman.h"
#include "mailman/refusal.h"
#include "mailman/sites.h"
#include "mm-handler/deliver.h"
#include "mm-handler/delivery.h"
#include "mm-handler/mailbox.h"
#include "mm-handler/message.h"
#include "mm-handler/recipient.h"
#include "mm-handler/runas.h"

/* An address, a path, an action, a list, with what is between them. */
#define REASON_MAX 1024
#define ADDRESS_BYTES 8192

/* Mailman/MTA/Postfix.py, in data_dir. */
#define MAILBOX "owner-bounces.mbox"

struct job {
	const char *conf_path;
	const char *queue_id;
	const char *sender;
	const char *test;
	struct conf *conf;
	struct recipient_sites *targets;
	char text[ADDRESS_BYTES]; /* USER@HOST as it was given */
	struct address address;
	struct route route;
	uint64_t size;
	pid_t parent; /* sendmail, which writes the message */
	double began;
	char reason[REASON_MAX];
};

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

static int __attribute__((format(printf, 2, 3)))
defer(struct job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->reason, sizeof(j->reason), fmt, ap);
	va_end(ap);
	return EX_TEMPFAIL;
}

/* What came from outside must look like no other field. */
static void
put_outside(struct buf *b, struct str value)
{
	char shown[STR_SHOWN];
	size_t began = b->n;
	const char *p;

	str_printable(value, shown, sizeof(shown));
	for (p = shown; *p && b->n - began < STR_SHOWN; p++)
		if (strchr(" ,<>", *p))
			buf_printf(b, "\\x%02x", (unsigned)*p);
		else
			buf_char(b, *p);
	buf_add(b, *p ? "..." : "");
}

static void
put_shown(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(b, ", %s=", name);
	put_outside(b, value);
}

/* One line for each delivery, to=<...> first as in sendmail's own. */
static void
log_result(const struct job *j, int status)
{
	char text[4096], reason[REASON_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	buf_printf(&b, "%s: to=<", status == EX_OK ? "delivered" :
	    status == EX_NOUSER ? "refused" : "deferred");
	put_outside(&b, str_from(j->text));
	buf_char(&b, '>');
	put_shown(&b, "queue", str_from(j->queue_id));
	if (j->route.site) {
		buf_printf(&b, ", site=%s", j->route.site->conf->name);
		put_shown(&b, "list", j->route.reading.list);
		buf_printf(&b, ", action=%s",
		    action_name(j->route.reading.action));
	}
	if (j->size)
		buf_printf(&b, ", size=%llu", (unsigned long long)j->size);
	buf_printf(&b, ", seconds=%.3f", clock_seconds() - j->began);
	if (j->reason[0])
		buf_printf(&b, ", reason=%s", str_printable(
		    str_from(j->reason), reason, sizeof(reason)));
	if (status == EX_TEMPFAIL)
		log_warn("%s", buf_cstr(&b));
	else
		log_info("%s", buf_cstr(&b));
}

/*
 * What sendmail puts into the bounce: the text of a refusal, for whoever
 * wrote to a list that does not exist; of our own trouble nothing.
 */
static void
tell_sender(const struct job *j, int status)
{
	const struct sites *sites = j->targets ? recipient_sites(j->targets) :
	    NULL;
	char memory[REFUSAL_TEXT_MAX + 1];
	struct domain nobodys = { .name = j->address.domain };
	const struct domain *d = NULL;
	struct buf text;

	if (status == EX_TEMPFAIL)
		fputs("Mailman could not take this message\n", stderr);
	if (status != EX_NOUSER || !sites)
		return;
	buf_over(&text, memory, sizeof(memory));
	d = sites_domain(sites, j->address.domain);
	refusal_text(&text, sites, &j->address,
	    d && d->real ? d->real : &nobodys);
	fprintf(stderr, "%s\n", buf_cstr(&text));
}

/*
 * sendmail leaves the quotes of a local part with a blank in it, old Mmailman
 * lines of any (RFC 5321 4.1.2, Quoted-string); the look-up had none.
 */
static void
put_unquoted(struct buf *b, struct str user)
{
	if (user.n < 2 || user.p[0] != '"' || user.p[user.n - 1] != '"') {
		buf_str(b, user);
		return;
	}
	for (size_t i = 1; i < user.n - 1; i++) {
		if (user.p[i] == '\\' && i + 1 < user.n - 1)
			i++;
		buf_char(b, user.p[i]);
	}
}

/* USER@HOST taken apart; HOST comes from sendmail's tables. */
static int
parse(struct job *j, const char *host, const char *user)
{
	char text[ADDRESS_BYTES];
	struct buf b;
	int n = snprintf(j->text, sizeof(j->text), "%s@%s", user, host);

	if (n < 0 || (size_t)n >= sizeof(j->text))
		return defer(j, "the address is too long");
	buf_over(&b, text, sizeof(text));
	put_unquoted(&b, str_from(user));
	buf_printf(&b, "@%s", host);
	if (strchr(host, '@') ||
	    address_parse(buf_get(&b), &j->address) == -1)
		return defer(j, "the host is no domain");
	return EX_OK;
}

static int
find(struct job *j)
{
	j->conf = mailman_conf(j->conf_path, NULL);
	if (!j->conf)
		return defer(j, "the configuration %s is wrong", j->conf_path);
	program_log_level(j->conf);
	j->targets = recipient_open(j->conf);
	if (!j->targets)
		return defer(j, "out of memory");
	switch (recipient_find(j->targets, &j->address, &j->route, j->reason,
	    sizeof(j->reason))) {
	case RESOLVED_FOUND:
		return EX_OK;
	case RESOLVED_ABSENT:
		j->route.site = NULL;
		return EX_NOUSER;
	case RESOLVED_NO_ANSWER:
		break;
	}
	j->route.site = NULL;
	return EX_TEMPFAIL;
}

static int
drop_ids(struct job *j)
{
	struct account a;
	const char *err = runas_find(j->route.site->conf, &a);
	int status = EX_OK;

	if (err)
		status = defer(j, "%s", err);
	else if (privileges_drop(&a) == -1)
		status = defer(j, "cannot become uid %d, gid %d: %s",
		    (int)a.uid, (int)a.gid, strerror(errno));
	privileges_clear(&a);
	return status;
}

static struct delivery
delivery_of(const struct job *j, struct str fields)
{
	return (struct delivery){ .fields = fields,
		.timeout = j->route.site->conf->delivery_timeout,
		.from = STDIN_FILENO, .writer = j->parent };
}

static int
append(struct job *j, struct str fields, struct delivery_result *r)
{
	char memory[4096];
	struct buf path;
	struct mailbox_order o = { .delivery = delivery_of(j, fields),
		.sender = j->sender };

	buf_over(&path, memory, sizeof(memory));
	buf_printf(&path, "%s/" MAILBOX, j->route.site->conf->data_dir);
	o.path = buf_cstr(&path);
	return mailbox_append(&o, r) ? EX_OK : EX_TEMPFAIL;
}

static int
run_wrapper(struct job *j, struct str fields, struct delivery_result *r)
{
	char *list = str_dup(j->route.reading.list);
	const struct deliver_order o = { .delivery = delivery_of(j, fields),
		.wrapper = j->route.site->conf->wrapper,
		.action = action_name(j->route.reading.action), .list = list };
	bool ok = list && deliver(&o, r);

	free(list);
	return ok ? EX_OK : EX_TEMPFAIL;
}

static int
hand_over(struct job *j)
{
	char memory[ADDRESS_BYTES + 128];
	struct delivery_result r = { .reason = "" };
	struct buf fields;
	int status = drop_ids(j);

	if (status != EX_OK)
		return status;
	umask(007); /* Mailman's own */
	if (chdir("/") == -1)
		return defer(j, "/: %s", strerror(errno));
	buf_over(&fields, memory, sizeof(memory));
	message_fields(&fields, str_from(j->text));
	status = j->route.reading.action == ACTION_LOOP ?
	    append(j, buf_get(&fields), &r) :
	    run_wrapper(j, buf_get(&fields), &r);
	j->size = r.size;
	return status == EX_OK ? EX_OK : defer(j, "%s", r.reason);
}

static void
print_ids(const struct account *a)
{
	const struct passwd *pw = getpwuid(a->uid);
	const struct group *gr = getgrgid(a->gid);

	printf("user: %s (%d)\n", pw ? pw->pw_name : "?", (int)a->uid);
	printf("group: %s (%d)\n", gr ? gr->gr_name : "?", (int)a->gid);
}

static void
print_name(const char *what, struct str value)
{
	char shown[STR_SHOWN];

	printf("%s: %s\n", what, str_printable(value, shown, sizeof(shown)));
}

/* What a delivery would do. */
static int
print_target(struct job *j)
{
	const struct conf_site *site = j->route.site->conf;
	const struct reading *m = &j->route.reading;
	struct account a;
	const char *err = runas_find(site, &a);

	print_name("site", str_from(site->name));
	print_name("list", m->list);
	print_name("action", str_from(action_name(m->action)));
	if (m->detail.n)
		print_name("detail", m->detail);
	if (m->action == ACTION_LOOP)
		printf("mailbox: %s/" MAILBOX "\n", site->data_dir);
	else
		printf("command: %s %s %.*s\n", site->wrapper,
		    action_name(m->action), (int)m->list.n, m->list.p);
	if (!err)
		print_ids(&a);
	privileges_clear(&a);
	return err ? defer(j, "%s", err) : EX_OK;
}

static int
test(struct job *j)
{
	const char *at = strrchr(j->test, '@');
	char *user;
	int status;

	if (!at)
		return defer(j, "the address has no host");
	user = str_dup((struct str){ j->test, (size_t)(at - j->test) });
	status = user ? parse(j, at + 1, user) : defer(j, "out of memory");
	free(user);
	if (status == EX_OK)
		status = find(j);
	if (status == EX_OK)
		status = print_target(j);
	if (status != EX_OK)
		log_error("%s: %s", status == EX_NOUSER ? "refused" :
		    "deferred", j->reason);
	program_flush();
	return status;
}

/* The message on standard input to USER at HOST. */
static int
handle(struct job *j, bool input, int argc, char **argv)
{
	int status;

	if (argc < 2)
		return defer(j, "wrong arguments: a host and a user, please");
	status = parse(j, argv[0], argv[1]);
	if (argc > 2)
		return defer(j, "%d recipients at once: the mailer must not "
		    "have flag m", argc - 1);
	if (!input)
		return defer(j, "standard input is closed");
	if (status == EX_OK)
		status = find(j);
	if (status == EX_OK)
		status = hand_over(j);
	return status;
}

/* Whether the options are right; --help and --version end the program. */
static bool
read_options(int argc, char **argv, struct job *j)
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
			if (isatty(STDERR_FILENO))
				usage(stderr);
			return false;
		}
	}
	return !j->test || optind == argc;
}

/* They are looked for while the message comes: what ends us ends with 75. */
static void
block_signals(void)
{
	sigset_t mask;

	delivery_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

int
main(int argc, char **argv)
{
	static struct job job = { .conf_path = PROGRAM_CONF, .queue_id = "",
		.sender = "MAILER-DAEMON" };
	bool input = fcntl(STDIN_FILENO, F_GETFD) != -1;
	bool right;
	int status;

	closefrom(STDERR_FILENO + 1);
	program_begin("mm-handler");
	fatal_always(EX_TEMPFAIL);
	job.began = clock_seconds();
	job.parent = getppid();
	right = read_options(argc, argv, &job);
	if (right && job.test)
		return test(&job);
	/* What goes to standard error ends up in bounces. */
	log_to_syslog("mm-handler");
	block_signals();
	status = right ? handle(&job, input, argc - optind, argv + optind) :
	    defer(&job, "wrong options");
	log_result(&job, status);
	tell_sender(&job, status);
	recipient_close(job.targets);
	conf_free(job.conf);
	return status;
}
