#include "answer/explain.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/lists.h"
#include "mailman/resolve.h"

static void
put_printable(struct buf *out, struct str s)
{
	char shown[STR_SHOWN];

	buf_add(out, str_printable(s, shown, sizeof(shown)));
}

static void
put_domain_words(struct buf *out, const struct domain *d)
{
	put_printable(out, d->name);
	if (d->discovered)
		buf_add(out, " (not of the configuration)");
}

static void
put_list_words(struct buf *out, const struct route *r)
{
	static const char *const known_by[] = {
		[LISTS_BY_DIRECTORY] = "its directory",
		[LISTS_BY_BOTH] = "its directory and postfix_lmtp",
		[LISTS_BY_FILE] = "postfix_lmtp alone",
		[LISTS_UNREAD] = "its directory, for its configuration cannot "
		    "be read now",
	};
	const struct reading *m = &r->reading;

	buf_printf(out, "site %s (Mailman %s), list ", r->site->conf->name,
	    r->site->conf->mailman);
	put_printable(out, m->list);
	if (r->domain) {
		buf_add(out, " at ");
		put_domain_words(out, r->domain);
	}
	buf_printf(out, ", action %s", action_name(m->action));
	if (m->detail.n) {
		buf_add(out, ", detail ");
		put_printable(out, m->detail);
	}
	buf_printf(out, ", known by %s", known_by[m->basis]);
}

static void
put_absence(struct buf *out, const struct domain *d)
{
	if (!d) {
		buf_add(out, "no domain of any site");
		return;
	}
	buf_add(out, "no list at ");
	put_domain_words(out, d);
	buf_printf(out, ", which is %s, in site", d->dedicated ? "dedicated" :
	    "shared");
	for (size_t i = 0; i < d->nsites; i++)
		buf_printf(out, "%s %s", i ? "," : "",
		    d->site[i]->conf->name);
}

void
explain(struct buf *out, const struct sites *s, struct str key)
{
	struct address a;
	struct route r;

	if (address_parse(key, &a) == -1) {
		buf_add(out, "no address");
		return;
	}
	switch (resolve(s, &a, &r)) {
	case RESOLVED_FOUND:
		if (!r.redirect) {
			put_list_words(out, &r);
			return;
		}
		buf_add(out, "redirect of ");
		put_domain_words(out, r.domain);
		return;
	case RESOLVED_NO_ANSWER:
		buf_printf(out, "no answer: %s", r.reason);
		return;
	case RESOLVED_ABSENT:
		put_absence(out, r.domain);
		return;
	}
}
