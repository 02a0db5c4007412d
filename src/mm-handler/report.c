#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mm-handler/report.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/refusal.h"
#include "mailman/sites.h"
#include "mm-handler/job.h"
#include "mm-handler/recipient.h"

/* Escapes what would make a value from outside look like another field. */
static void
put_escaped(struct buf *b, struct str value)
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
put_log_field(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(b, ", %s=", name);
	put_escaped(b, value);
}

void
report_log(const struct job *j, int status)
{
	char text[4096], reason[JOB_REASON_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	buf_printf(&b, "%s: to=<", status == EX_OK ? "delivered" :
	    status == EX_NOUSER ? "refused" : "deferred");
	put_escaped(&b, str_from(j->text));
	buf_char(&b, '>');
	put_log_field(&b, "queue", str_from(j->queue_id));
	if (j->route.site) {
		buf_printf(&b, ", site=%s", j->route.site->conf->name);
		put_log_field(&b, "list", j->route.reading.list);
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

static void
print_refusal(const struct job *j)
{
	const struct sites *sites = recipient_sites(j->recipients);
	const struct domain *d = sites_domain(sites, j->address.domain);
	struct domain unknown = { .name = j->address.domain };
	char memory[REFUSAL_TEXT_MAX + 1];
	struct buf text;

	buf_over(&text, memory, sizeof(memory));
	refusal_text(&text, sites, &j->address,
	    d && d->real ? d->real : &unknown);
	fprintf(stderr, "%s\n", buf_cstr(&text));
}

void
report_to_sender(const struct job *j, int status)
{
	char reason[JOB_REASON_MAX];

	/* Whoever tries it by hand sees why; sendmail's mailers have no
	 * terminal. */
	if (status == EX_TEMPFAIL && isatty(STDERR_FILENO))
		fprintf(stderr, "mm-handler: deferred: %s\n", str_printable(
		    str_from(j->reason), reason, sizeof(reason)));
	else if (status == EX_TEMPFAIL)
		fputs("Mailman could not take this message\n", stderr);
	if (status == EX_NOUSER && j->recipients)
		print_refusal(j);
}
