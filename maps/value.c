#include <string.h>

#include "maps/value.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/mailman.h"
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
	buf_str(value, site->mailer_host);
	if (!site->mailman->put_host)
		buf_str(value, d->name);
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

/* Writes TEXT as far as it fits, with a byte left for the quote.  Half a "%%"
 * would eat that. */
static void
put_percents_doubled(struct buf *value, struct str text)
{
	while (text.n) {
		size_t percent = str_find(text, '%');
		size_t n = percent == STR_NONE ? text.n : percent;
		size_t room = MAP_VALUE_MAX - 1 - value->n;

		buf_str(value, str_head(text, n < room ? n : room));
		if (n == text.n || n + 2 > room)
			return;
		buf_add(value, "%%");
		text = str_tail(text, n + 1);
	}
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
	put_percents_doubled(value, buf_get(&text));
	buf_char(value, '"');
}
