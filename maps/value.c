#include <string.h>

#include "maps/value.h"
#include "base/buf.h"
#include "base/conf.h"
#include "mailman/refusal.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "maps/maps.h"

int
value_no_answer(struct buf *value, const struct route *r)
{
	buf_add(value, r->reason);
	return -1;
}

const char *
value_mailer(const struct domain *d)
{
	const char *mailer = d->nsites ? d->site[0]->conf->mailer : NULL;

	for (size_t i = 1; i < d->nsites; i++)
		if (strcmp(d->site[i]->conf->mailer, mailer))
			return NULL;
	return mailer;
}

void
value_mailer_host(struct buf *value, const struct site *site,
    const struct domain *d)
{
	buf_add(value, site->conf->mailer);
	buf_char(value, ':');
	buf_str(value, site->mailer_host.n ? site->mailer_host : d->name);
}

void
value_pseudo(struct buf *value, const struct site *site,
    const struct domain *d)
{
	buf_add(value, "%1@");
	buf_str(value, d->name);
	buf_char(value, '.');
	buf_add(value, site->conf->mailer);
}

void
value_refusal(struct buf *value, const struct sites *s,
    const struct address *a, const struct domain *d)
{
	char memory[REFUSAL_TEXT_MAX];
	struct buf text;

	buf_over(&text, memory, sizeof(memory));
	refusal_text(&text, s, a, d);
	buf_add(value, "error:5.1.1:\"550 5.1.1 ");
	for (size_t i = 0; i < text.n; i++) {
		/* Half a "%%" would eat the quote. */
		bool percent = text.p[i] == '%';

		if (value->n + percent + 2 > MAP_VALUE_MAX)
			break;
		buf_add(value, percent ? "%" : "");
		buf_char(value, text.p[i]);
	}
	buf_char(value, '"');
}
