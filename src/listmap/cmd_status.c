/*
 * status: prints for people what the daemon says of itself.  What it sends is
 * described in answer/status.h.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/program.h"
#include "base/str.h"
#include "wire/client.h"
#include "wire/socketmap.h"
#include "answer/answer.h"
#include "listmap/ask.h"
#include "listmap/cmd.h"

/* More than any daemon has to say. */
#define REPORT_MAX (64 << 20)
/* How often the report may be another one before its last page came. */
#define TRIES 10

/* What was printed, and what the next lines need of it. */
struct printed {
	struct str object; /* of the line before */
	struct str since;  /* when the configuration was refused first */
	bool well;         /* nothing was wrong */
};

/* Takes the text up to C, or all of it, from *REST. */
static struct str
take_until(struct str *rest, char c)
{
	size_t at = str_find(*rest, c);
	struct str s = at == STR_NONE ? *rest : str_head(*rest, at);

	*rest = str_tail(*rest, at == STR_NONE ? rest->n : at + 1);
	return s;
}

/* Prints all of S, in pieces that str_printable() does not cut. */
static void
print_text(struct str s)
{
	char shown[STR_SHOWN];

	while (s.n > 0) {
		size_t n = s.n < sizeof(shown) / 5 ? s.n : sizeof(shown) / 5;

		fputs(str_printable(str_head(s, n), shown, sizeof(shown)),
		    stdout);
		s = str_tail(s, n);
	}
}

static void
print_time(struct str value)
{
	char text[64];
	uint64_t at;
	time_t t;
	struct tm tm;

	if (str_number(value, 1, INT64_MAX / 2, &at) == -1) {
		fputs("never", stdout);
		return;
	}
	t = (time_t)at;
	if (!localtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		text[0] = '\0';
	printf("%s (%lld s ago)", text, (long long)(time(NULL) - t));
}

static void
print_refused(struct printed *p, struct str reason)
{
	fputs("  configuration refused since ", stdout);
	print_time(p->since);
	fputs(", because ", stdout);
	print_text(reason);
	putchar('\n');
	p->well = false;
}

/* Prints a line of the report, and its object unless the line before had the
 * same. */
static void
print_line(struct printed *p, struct str line)
{
	struct str object = take_until(&line, '\t');
	struct str name = take_until(&line, '\t');
	char shown[STR_SHOWN];

	if (!str_eq(object, p->object)) {
		print_text(object);
		putchar('\n');
	}
	p->object = object;
	if (str_is(name, "refused_at")) {
		p->since = line;
		return;
	}
	if (str_is(name, "refused")) {
		print_refused(p, line);
		return;
	}
	printf("  %-14s ", str_printable(name, shown, sizeof(shown)));
	if (str_ends(name, "_at"))
		print_time(line);
	else
		print_text(line);
	putchar('\n');
	p->well &= !str_is(name, "state") || str_is(line, "ok");
}

/* Takes the last line, if it names the next page, off the report.  False where
 * it names none. */
static bool
take_next_key(struct buf *report, struct buf *key)
{
	static const char more[] = "daemon\tmore\t";
	struct str all = buf_get(report), last;
	size_t end = all.n && all.p[all.n - 1] == '\n' ? all.n - 1 : all.n;
	size_t before = str_rfind(str_head(all, end), '\n');
	size_t start = before == STR_NONE ? 0 : before + 1;

	last = str_tail(str_head(all, end), start);
	if (!str_starts(last, more))
		return false;
	buf_reset(key);
	buf_str(key, str_tail(last, sizeof(more) - 1));
	report->n = start;
	return true;
}

/* Asks for all pages.  Returns 0; or -1, and in PAGE is the reason. */
static int
ask_for_report(struct client *client, struct buf *report, struct buf *page)
{
	struct buf key;
	int rc;

	buf_init(&key, SOCKETMAP_REQUEST_MAX);
	buf_reset(report);
	buf_add(&key, "all");
	do {
		rc = client_ask(client, STR(ANSWER_STATUS), buf_get(&key),
		    page);
		if (rc != 1)
			break;
		buf_str(report, buf_get(page));
		if (report->failed) {
			buf_reset(page);
			buf_add(page, "out of memory");
			rc = -1;
			break;
		}
	} while (take_next_key(report, &key));
	buf_clear(&key);
	return rc == 1 ? 0 : -1;
}

/* Appends the whole report to REPORT, or ends the program. */
static void
get_report(const struct ask *a, struct buf *report)
{
	struct buf page;
	int tries = TRIES;

	buf_init(&page, SOCKETMAP_REPLY_MAX);
	/* A site with a new snapshot makes another report of it. */
	while (ask_for_report(a->client, report, &page) == -1)
		if (--tries == 0)
			fatal(EX_TEMPFAIL, "%s: no answer: %s", a->address,
			    buf_cstr(&page));
	buf_clear(&page);
}

static int
run_status(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct printed p = { .well = true };
	const char *address = NULL;
	struct buf report;
	struct ask a;
	struct str rest;
	bool right;
	int c;

	while ((c = getopt_long(argc, argv, "s:", longs, NULL)) != -1) {
		if (c != 's')
			return cmd_usage(&cmd_status);
		address = optarg;
	}
	if (optind != argc)
		return cmd_usage(&cmd_status);
	ask_open(&a, path, address, "");
	buf_init(&report, REPORT_MAX);
	get_report(&a, &report);
	rest = buf_get(&report);
	while (rest.n)
		print_line(&p, take_until(&rest, '\n'));
	program_flush();
	buf_clear(&report);
	right = a.conf != NULL;
	ask_close(&a);
	return !right ? EX_CONFIG : p.well ? EX_OK : EX_TEMPFAIL;
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = "[-s address]",
	.help = "what the daemon serves, and how old it is",
	.run = run_status,
};
