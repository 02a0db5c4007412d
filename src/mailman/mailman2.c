/*
 * Mailman 2.1.  A list is a directory with one of four files in it
 * (Mailman/Utils.py, list_exists); it answers at its name and at nine
 * suffixes (Mailman/MTA/Utils.py, makealiases), and at owner-NAME as in the
 * days of Majordomo.  The site list "mailman" has a mailbox beside them:
 * mailman-loop (Mailman/MTA/Postfix.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/entry.h"
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "mailman/pickle.h"
#include "mailman/pickle_file.h"
#include "mailman/reading.h"

#define OWNER_PREFIX "owner-"
#define SITE_LIST "mailman"
#define SITE_LOOP "mailman-loop"

/* Mailman/Defaults.py, ACCEPTABLE_LISTNAME_CHARACTERS. */
static bool
name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '+' || c == '=';
}

static bool
name_ok(struct str name)
{
	return entry_name_ok(name, name_byte);
}

static int
is_list(int dir, const char *name, struct stat *config)
{
	/* In the order in which Mailman loads them (MailList.py, Load). */
	static const char *const files[] = { "config.pck", "config.pck.last",
		"config.db", "config.db.last" };
	char path[ENTRY_NAME_MAX + 32];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		if (fstatat(dir, path, config, 0) == 0)
			return 1;
		if (errno == ENOTDIR)
			return 0;
		if (!entry_is_missing(errno))
			return -1;
	}
	return 0;
}

/* A host as the pickle has it, if it can be one. */
static void
take_host(const struct pickle *pickle, struct list_info *p)
{
	size_t n;

	if (!pickle->host_name.known)
		return;
	snprintf(p->host, sizeof(p->host), "%s", pickle->host_name.text);
	n = strlen(p->host);
	/* As that of an address (address_parse). */
	if (n && p->host[n - 1] == '.')
		p->host[--n] = '\0';
	address_fold(p->host, n);
}

/* The overview (Mailman/Cgi/listinfo.py), as an advertised list has it. */
static void
take_url(const struct pickle *pickle, struct list_info *p)
{
	const char *base = pickle->web_page_url.text;

	if (!pickle->web_page_url.known || !*base || pickle->advertised != 1)
		return;
	snprintf(p->url, sizeof(p->url), "%s%slistinfo", base,
	    base[strlen(base) - 1] == '/' ? "" : "/");
}

/*
 * Where config.pck is broken Mailman goes back to the one before it
 * (MailList.py, Load), and so do we.  Of a marshalled config.db, which
 * Mailman gave up in 2002, the host is not known.
 */
static int
read_particulars(int dir, const char *name, off_t max, struct list_info *p)
{
	static const char *const files[] = { "config.pck", "config.pck.last" };
	char path[ENTRY_NAME_MAX + 32];
	struct pickle pickle;

	*p = (struct list_info){ 0 };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *err;

		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		err = pickle_read_file(dir, path, max, &pickle);
		if (err == pickle_too_large || err == pickle_unreadable)
			return -1;
		if (err)
			continue;
		take_host(&pickle, p);
		take_url(&pickle, p);
		return 0;
	}
	return 0;
}

/* The site list's addresses are there on every domain (MTA/Postfix.py). */
static bool
is_site_address(struct str local)
{
	static const char *const all[] = { SITE_LIST, SITE_LIST "-owner",
		SITE_LIST "-bounces", SITE_LIST "-request", SITE_LOOP };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (str_is(local, all[i]))
			return true;
	return false;
}

/* The readings of a part without detail, in the order they count. */
static size_t
read_part(struct str part, struct reading r[READINGS_MAX])
{
	size_t dash = str_rfind(part, '-');
	size_t n = 0;
	int a;

	r[n++] = (struct reading){ .action = ACTION_POST, .list = part };
	a = dash == STR_NONE ? -1 : action_find(str_tail(part, dash + 1));
	if (a != -1 && a != ACTION_POST && a != ACTION_LOOP)
		r[n++] = (struct reading){ .action = a,
			.list = str_head(part, dash) };
	if (str_starts(part, OWNER_PREFIX))
		r[n++] = (struct reading){ .action = ACTION_OWNER,
			.list = str_tail(part, strlen(OWNER_PREFIX)) };
	if (is_site_address(part)) {
		r[n] = (struct reading){ .everywhere = true,
			.action = ACTION_POST, .list = STR(SITE_LIST) };
		if (part.n > r[n].list.n)
			r[n].action = (enum action)action_find(
			    str_tail(part, r[n].list.n + 1));
		n++;
	}
	return n;
}

/* Spares the readings that cannot be of an action that takes a detail. */
static bool
may_take_detail(const struct address_rules *rules, struct str part)
{
	return rules->plus_any || str_ends(part, "-bounces") ||
	    str_ends(part, "-confirm");
}

/* The whole local part first, then what stands before each '+'. */
static bool
next_part(struct readings *all)
{
	struct str part = all->local, detail = STR("");

	while (all->begun) {
		struct str rest = str_tail(all->local, all->from);
		size_t plus = str_find(rest, '+');

		if (plus == STR_NONE)
			return false;
		part = str_head(all->local, all->from + plus);
		detail = str_tail(rest, plus + 1);
		all->from += plus + 1;
		if (may_take_detail(all->rules, part))
			break;
	}
	all->begun = true;
	all->next = 0;
	all->n = read_part(part, all->reading);
	for (size_t i = 0; i < all->n; i++)
		all->reading[i].detail = detail;
	return true;
}

static bool
next_reading2(struct readings *all, struct reading *r)
{
	do {
		unsigned actions = all->rules->actions;

		/* List "foo-bounces" must not hide list foo's VERP bounces. */
		if (all->from > 0 && !all->rules->plus_any)
			actions &= ACTION_BIT(ACTION_BOUNCES) |
			    ACTION_BIT(ACTION_CONFIRM);
		while (all->next < all->n) {
			*r = all->reading[all->next++];
			if (actions & ACTION_BIT(r->action))
				return true;
		}
	} while (next_part(all));
	return false;
}

static int
each_local(const struct address_rules *rules, struct str list,
    int (*visit)(void *arg, struct str local, enum action a), void *arg)
{
	char text[2 * ENTRY_NAME_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	for (int a = 0; a < ACTIONS; a++) {
		int r;

		if (!(rules->actions & ACTION_BIT(a)) ||
		    (a == ACTION_LOOP && !str_is(list, SITE_LIST)))
			continue;
		buf_reset(&b);
		buf_str(&b, list);
		if (a != ACTION_POST)
			buf_printf(&b, "-%s", action_name(a));
		r = visit(arg, buf_get(&b), a);
		if (r)
			return r;
	}
	/* Of list "owner", owner-owner was the first already. */
	if (!(rules->actions & ACTION_BIT(ACTION_OWNER)) ||
	    str_is(list, action_name(ACTION_OWNER)))
		return 0;
	buf_reset(&b);
	buf_add(&b, OWNER_PREFIX);
	buf_str(&b, list);
	return visit(arg, buf_get(&b), ACTION_OWNER);
}

/* mm-handler gets the domain. */
static void
put_host(struct buf *b, const struct conf_site *site, struct str domain)
{
	(void)site;
	buf_str(b, domain);
}

static void
put_transport(struct buf *b, const struct conf_site *site)
{
	buf_printf(b, "%s:", site->mailer);
}

const struct mailman mailman2 = {
	.version = "2.1",
	.mailer = "mailman",
	.lists_dir = "/var/lib/mailman/lists",
	.foreign_hosts = true,
	.wrapped = true,
	.name_ok = name_ok,
	.is_list = is_list,
	.read = read_particulars,
	.next_reading = next_reading2,
	.each_local = each_local,
	.put_host = put_host,
	.put_transport = put_transport,
};
