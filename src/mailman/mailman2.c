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
#include "mailman/address.h"
#include "mailman/entry.h"
#include "mailman/mailman.h"
#include "mailman/pickle.h"

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
take_host(const struct pickle *pickle, struct particulars *p)
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
take_url(const struct pickle *pickle, struct particulars *p)
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
read_particulars(int dir, const char *name, off_t max, struct particulars *p)
{
	static const char *const files[] = { "config.pck", "config.pck.last" };
	char path[ENTRY_NAME_MAX + 32];
	struct pickle pickle;

	*p = (struct particulars){ 0 };
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

/*
 * A list was found that does not answer here for its host.  Before that makes
 * the address absent, the list is asked whether it moved.
 */
static enum lists_found
ask_again(const struct manner *how, const struct lists *lists,
    struct meaning *m)
{
	struct list list;
	enum lists_found r = lists->find_changed(lists, m->list, &list);

	if (r == LISTS_FOUND && !how->at_home(how->arg, &list))
		return LISTS_ABSENT;
	return r;
}

/* One question, if the site has that action at all. */
static enum lists_found
ask(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct meaning *m)
{
	struct list list;
	enum lists_found r;

	if (!(how->actions & ACTION_BIT(m->action)) || !name_ok(m->list))
		return LISTS_ABSENT;
	r = lists->find(lists, m->list, effort, &list);
	if (r == LISTS_FOUND && how->only_hosts && list.unread)
		return LISTS_NO_ANSWER;
	if (r != LISTS_FOUND || !how->at_home ||
	    (m->everywhere && !how->only_hosts) ||
	    how->at_home(how->arg, &list))
		return r;
	return effort == LISTS_KNOWN ? LISTS_ABSENT :
	    ask_again(how, lists, m);
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

/* The readings of a local part without detail, in the order they count. */
static size_t
readings(struct str local, struct meaning m[4])
{
	size_t dash = str_rfind(local, '-');
	size_t n = 0;
	int a;

	m[n++] = (struct meaning){ .action = ACTION_POST, .list = local };
	a = dash == STR_NONE ? -1 : action_find(str_tail(local, dash + 1));
	if (a != -1 && a != ACTION_POST && a != ACTION_LOOP)
		m[n++] = (struct meaning){ .action = a,
			.list = str_head(local, dash) };
	if (str_starts(local, OWNER_PREFIX))
		m[n++] = (struct meaning){ .action = ACTION_OWNER,
			.list = str_tail(local, strlen(OWNER_PREFIX)) };
	if (is_site_address(local)) {
		m[n] = (struct meaning){ .everywhere = true,
			.action = ACTION_POST, .list = STR(SITE_LIST) };
		if (local.n > m[n].list.n)
			m[n].action = (enum action)action_find(
			    str_tail(local, m[n].list.n + 1));
		n++;
	}
	return n;
}

/*
 * The first reading that is a list counts.  A doubtful name ends the search,
 * for it may be the one; a site that is away does not: a later reading may be
 * a list that is known.
 */
static enum lists_found
understand_plain(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct str local, struct meaning *m)
{
	struct meaning reading[4];
	size_t n = readings(local, reading);
	enum lists_found worst = LISTS_ABSENT;

	for (size_t i = 0; i < n; i++) {
		enum lists_found r = ask(how, lists, effort, &reading[i]);

		if (r == LISTS_AWAY)
			worst = r;
		else if (r != LISTS_ABSENT) {
			*m = reading[i];
			return r;
		}
	}
	return worst;
}

/* Spares the look-ups that cannot lead to an action that takes a detail. */
static bool
may_take_detail(const struct manner *how, struct str local)
{
	return how->plus_any || str_ends(local, "-bounces") ||
	    str_ends(local, "-confirm");
}

static enum lists_found
understand(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct str local, struct meaning *m)
{
	struct manner detailed = *how;
	enum lists_found worst, r;

	/* List "foo-bounces" must not hide the VERP bounces of list "foo". */
	if (!how->plus_any)
		detailed.actions &= ACTION_BIT(ACTION_BOUNCES) |
		    ACTION_BIT(ACTION_CONFIRM);
	worst = understand_plain(how, lists, effort, local, m);
	if (worst == LISTS_FOUND || worst == LISTS_NO_ANSWER)
		return worst;
	for (size_t i = 0; i < local.n; i++) {
		struct str before = str_head(local, i);

		if (local.p[i] != '+' || !may_take_detail(how, before))
			continue;
		r = understand_plain(&detailed, lists, effort, before, m);
		if (r == LISTS_FOUND)
			m->detail = str_tail(local, i + 1);
		if (r == LISTS_FOUND || r == LISTS_NO_ANSWER)
			return r;
		if (r == LISTS_AWAY)
			worst = r;
	}
	return worst;
}

static int
each_local(const struct manner *how, struct str list,
    int (*visit)(void *arg, struct str local, enum action a), void *arg)
{
	char text[2 * ENTRY_NAME_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	for (int a = 0; a < ACTIONS; a++) {
		int r;

		if (!(how->actions & ACTION_BIT(a)) ||
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
	if (!(how->actions & ACTION_BIT(ACTION_OWNER)) ||
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
	.strangers = true,
	.wrapped = true,
	.name_ok = name_ok,
	.is_list = is_list,
	.read = read_particulars,
	.understand = understand,
	.each_local = each_local,
	.put_host = put_host,
	.put_transport = put_transport,
};
