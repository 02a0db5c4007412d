#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "listmap/diff_missing.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/entry.h"
#include "mailman/resolve.h"
#include "mailman/sites.h"
#include "listmap/diff.h"
#include "listmap/table_file.h"

#define KEY_BYTES 1024

/* One line is printed for a group: all that is missing of a list. */
struct missing {
	struct diff *d;
	char group[KEY_BYTES]; /* of the line that is not ended yet; or "" */
};

/*
 * Whether a table may lack ADDRESS.  Mailman itself never wrote owner-NAME into
 * a table, nor mailman-loop for sendmail.  Of a list "owner", though,
 * owner-owner is the usual form.
 */
static bool
is_no_loss(struct str address, const struct route *r)
{
	struct str list = r->reading.list;
	size_t at = str_find(address, '@');
	struct str local = at == STR_NONE ? address : str_head(address, at);

	if (r->redirect)
		return false;
	return r->reading.action == ACTION_LOOP ||
	    (r->reading.action == ACTION_OWNER && !str_is(list, "owner") &&
	    str_starts(local, "owner-") &&
	    str_eq(str_tail(local, strlen("owner-")), list));
}

static void
end_group(struct missing *m)
{
	if (*m->group)
		putc('\n', m->d->out);
	*m->group = '\0';
}

static void
print_missing(struct missing *m, const char *key, const struct route *r)
{
	char words[512], group[sizeof(m->group)];
	const char *at = strchr(key, '@');

	m->d->count[DIFF_MISSING]++;
	if (m->d->hides_missing)
		return;
	if (r->redirect)
		snprintf(group, sizeof(group), "%s", key);
	else
		snprintf(group, sizeof(group), "%s %.*s%s",
		    r->site->conf->name, (int)r->reading.list.n,
		    r->reading.list.p, at ? at : "");
	if (!strcmp(group, m->group)) {
		fprintf(m->d->out, ", %s", action_name(r->reading.action));
		return;
	}
	end_group(m);
	memcpy(m->group, group, sizeof(group));
	fprintf(m->d->out, "%s: missing: %s: %s", m->d->file, key,
	    diff_words(r, words, sizeof(words)));
}

static int
find_missing(void *arg, struct str address, const struct route *r)
{
	struct missing *m = arg;
	char key[KEY_BYTES];

	snprintf(key, sizeof(key), "%.*s", (int)address.n, address.p);
	if (!is_no_loss(address, r) && !diff_has_key(m->d, key))
		print_missing(m, key, r);
	return 0;
}

/* A list that no alias file can have is missing from none. */
static int
find_missing_alias(void *arg, struct str local, const struct route *r)
{
	return entry_name_is_plain(r->reading.list) ?
	    find_missing(arg, local, r) : 0;
}

static int
find_missing_at_domain(void *arg, struct str address, const struct route *r)
{
	const struct missing *m = arg;
	struct str at = str_tail(address, str_rfind(address, '@'));
	char domain[KEY_BYTES];

	snprintf(domain, sizeof(domain), "%.*s", (int)at.n, at.p);
	/* A domain that no table names is none of their business. */
	return diff_has_domain(m->d, domain) ?
	    find_missing(arg, address, r) : 0;
}

/* The name of the first file with aliases, or of the first virtusertable; or
 * NULL.  A file without any line is neither. */
static const char *
first_file(const struct diff *d, bool aliases)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct table_file *t = &d->tables[i];

		if (t->n && (aliases ? table_file_is_aliases(t) :
		    t->kind == TABLE_FILE_VIRTUSER))
			return d->files[i];
	}
	return NULL;
}

void
diff_missing(struct diff *d)
{
	struct missing m = { .d = d };
	int rc = 0;

	d->file = first_file(d, true);
	if (d->file)
		rc = resolve_each_local(d->sites, find_missing_alias, &m);
	end_group(&m);
	d->file = first_file(d, false);
	if (d->file && rc == 0)
		rc = resolve_each(d->sites, find_missing_at_domain, &m);
	end_group(&m);
	if (rc == -1)
		fatal(EX_TEMPFAIL, "the lists cannot be read: is there a cache "
		    "(listmap rebuild)?");
}
