/*
 * Mailman 2.1.  A list is a directory with one of four files in it
 * (Mailman/Utils.py, list_exists); it answers at its name and at nine
 * suffixes (Mailman/MTA/Utils.py, makealiases), and at owner-NAME as in the
 * days of Majordomo.  The site list has a mailbox beside them, "mailman-loop"
 * where it is called "mailman" (Mailman/MTA/Postfix.py).
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
#define LOOP_SUFFIX "-loop"

/* The actions of the site list that have an address on every domain; besides,
 * there are post and loop. */
#define SITE_ACTIONS                                            \
	(ACTION_BIT(ACTION_OWNER) | ACTION_BIT(ACTION_BOUNCES) | \
	    ACTION_BIT(ACTION_REQUEST))

/* The actions that Mailman itself gives a detail (VERP_FORMAT,
 * VERP_CONFIRM_FORMAT). */
#define VERP_ACTIONS \
	(ACTION_BIT(ACTION_BOUNCES) | ACTION_BIT(ACTION_CONFIRM))

static bool
is_link(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode);
}

/* Whether the entry NAME is a link that leads round in a circle. */
static bool
is_circle(int dir, const char *name)
{
	struct stat st;

	return is_link(dir, name) && fstatat(dir, name, &st, 0) == -1 &&
	    errno == ELOOP;
}

/*
 * A configuration that is a link which leads nowhere leaves it open whether
 * this is a list (ENOLINK): what it leads to may be on a volume that is away.
 */
static int
is_list2(int dir, const char *name, struct stat *config)
{
	/* In the order in which Mailman loads them (MailList.py, Load). */
	static const char *const files[] = { "config.pck", "config.pck.last",
		"config.db", "config.db.last" };
	char path[ENTRY_NAME_MAX + 32];
	bool link = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int error;

		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		if (fstatat(dir, path, config, 0) == 0)
			return 1;
		error = errno;
		if ((error == ENOENT || error == ELOOP) && is_link(dir, path)) {
			link = true;
			continue;
		}
		if (error == ENOTDIR ||
		    (error == ELOOP && is_circle(dir, name)))
			return 0;
		errno = error;
		if (!entry_is_missing(error))
			return -1;
	}
	errno = ENOLINK;
	return link ? -1 : 0;
}

/* Takes the host from a pickle. */
static void
copy_host(const struct pickle *pickle, struct list_info *p)
{
	size_t n;

	if (!pickle->host_name.known)
		return;
	snprintf(p->host, sizeof(p->host), "%s", pickle->host_name.text);
	n = strlen(p->host);
	/* As address_parse() does it with the domain of an address. */
	if (n && p->host[n - 1] == '.')
		p->host[--n] = '\0';
	address_fold(p->host, n);
}

/* Takes the overview (Mailman/Cgi/listinfo.py) if the list is advertised. */
static void
copy_url(const struct pickle *pickle, struct list_info *p)
{
	const char *base = pickle->web_page_url.text;

	if (!pickle->web_page_url.known || !*base || pickle->advertised != 1)
		return;
	snprintf(p->url, sizeof(p->url), "%s%slistinfo", base,
	    base[strlen(base) - 1] == '/' ? "" : "/");
}

static bool
is_marshalled(int dir, const char *name)
{
	static const char *const files[] = { "config.db", "config.db.last" };
	char path[ENTRY_NAME_MAX + 32];
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		if (fstatat(dir, path, &st, 0) == 0)
			return true;
	}
	return false;
}

/*
 * If config.pck is broken, Mailman goes back to the one before it (MailList.py,
 * Load), and so do we.  A marshalled config.db, which Mailman gave up in 2002,
 * is not read, and its list names no host.
 */
static int
read_list2(int dir, const char *name, off_t max, struct list_info *p)
{
	static const char *const files[] = { "config.pck", "config.pck.last" };
	char path[ENTRY_NAME_MAX + 32];
	struct pickle pickle;
	bool pickled = false;

	*p = (struct list_info){ 0 };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *err;

		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		err = pickle_read_file(dir, path, max, &pickle);
		if (err == pickle_too_large)
			errno = EFBIG;
		if (err == pickle_too_large || err == pickle_unreadable)
			return -1;
		pickled |= err != pickle_not_there;
		if (err)
			continue;
		copy_host(&pickle, p);
		copy_url(&pickle, p);
		return 0;
	}
	if (!pickled && is_marshalled(dir, name))
		return 0;
	errno = LIST_INFO_BROKEN;
	return -1;
}

/*
 * The readings of a part, in the order they count.  Each function puts one of
 * them into *R, where the part can be read that way.  The site list's own
 * addresses exist on every domain (MTA/Postfix.py).
 */

static bool
read_as_list(const struct readings *all, struct reading *r)
{
	r->action = ACTION_POST;
	r->list = all->part;
	r->everywhere = str_eq(r->list, all->rules->site_list);
	return true;
}

static bool
read_as_suffix(const struct readings *all, struct reading *r)
{
	size_t dash = str_rfind(all->part, '-');
	int a;

	if (dash == STR_NONE)
		return false;
	a = action_find(str_tail(all->part, dash + 1));
	if (a == -1 || a == ACTION_POST || a == ACTION_LOOP)
		return false;
	r->action = (enum action)a;
	r->list = str_head(all->part, dash);
	r->everywhere = (SITE_ACTIONS & ACTION_BIT(a)) &&
	    str_eq(r->list, all->rules->site_list);
	return true;
}

static bool
read_as_prefix(const struct readings *all, struct reading *r)
{
	if (!str_starts(all->part, OWNER_PREFIX))
		return false;
	r->action = ACTION_OWNER;
	r->list = str_tail(all->part, strlen(OWNER_PREFIX));
	return true;
}

static bool
read_as_loop(const struct readings *all, struct reading *r)
{
	if (!str_ends(all->part, LOOP_SUFFIX))
		return false;
	r->action = ACTION_LOOP;
	r->list = str_head(all->part, all->part.n - strlen(LOOP_SUFFIX));
	r->everywhere = true;
	return str_eq(r->list, all->rules->site_list);
}

static bool (*const kinds[])(const struct readings *, struct reading *) = {
	read_as_list,
	read_as_suffix,
	read_as_prefix,
	read_as_loop,
};

/* Whether PART can be read as an action that Mailman gives a detail. */
static bool
may_be_verp(struct str part)
{
	return str_ends(part, "-bounces") || str_ends(part, "-confirm");
}

/* Makes N bytes of the local part the part in hand; the delimiter that follows
 * them is not part of the detail. */
static void
take_part(struct readings *all, size_t n)
{
	all->part = str_head(all->local, n);
	all->delimiter = '\0';
	all->detail = STR("");
	if (n < all->local.n) {
		all->delimiter = all->local.p[n];
		all->detail = str_tail(all->local, n + 1);
	}
	all->next = 0;
}

/* What stands before each '+', from the left, as Mailman's VERP_REGEXP cuts an
 * address. */
static bool
next_before_plus(struct readings *all)
{
	const struct address_rules *rules = all->rules;

	if (!rules->plus_any && rules->delimiters[0] != '+' &&
	    !strchr(rules->delimiters, '+'))
		return false;
	while (all->from < all->local.n) {
		struct str rest = str_tail(all->local, all->from);
		size_t plus = str_find(rest, '+'), at;

		if (plus == STR_NONE)
			break;
		at = all->from + plus;
		all->from = at + 1;
		if (rules->plus_any ||
		    may_be_verp(str_head(all->local, at))) {
			take_part(all, at);
			return true;
		}
	}
	all->from = all->local.n;
	return false;
}

/*
 * What stands before each other delimiter, from the right: these may be in the
 * names of lists, and as everywhere the longest name counts.  With '-' the
 * bounces of list foo-bounces would be foo's otherwise.
 */
static bool
next_before_delimiter(struct readings *all)
{
	const char *delimiters = all->rules->delimiters;
	size_t at;

	/* By default there is no other. */
	if (delimiters[0] == '+' && delimiters[1] == '\0')
		return false;
	while ((at = str_rfind_any(str_head(all->local, all->until),
	    delimiters)) != STR_NONE) {
		all->until = at;
		if (all->local.p[at] != '+' &&
		    may_be_verp(str_head(all->local, at))) {
			take_part(all, at);
			return true;
		}
	}
	return false;
}

/*
 * The actions that count for the part in hand.  List "foo-bounces" must not
 * hide list foo's VERP bounces; and only a '+' is a detail behind any action,
 * for what follows a dash is as well the name of another list.
 */
static unsigned
actions_of_part(const struct readings *all)
{
	bool verp = all->delimiter != '\0' &&
	    (all->delimiter != '+' || !all->rules->plus_any);

	return all->rules->actions & (verp ? VERP_ACTIONS : ACTION_ALL);
}

static bool
next_reading2(struct readings *all, struct reading *r)
{
	if (!all->begun) {
		all->begun = true;
		all->until = all->local.n;
		take_part(all, all->local.n);
	}
	do {
		while (all->next < sizeof(kinds) / sizeof(*kinds)) {
			*r = (struct reading){ .detail = all->detail };
			if (kinds[all->next++](all, r) &&
			    (actions_of_part(all) & ACTION_BIT(r->action)))
				return true;
		}
	} while (next_before_plus(all) || next_before_delimiter(all));
	return false;
}

static int
each_local2(const struct address_rules *rules, struct str list,
    int (*visit)(void *arg, struct str local, enum action a), void *arg)
{
	char text[2 * ENTRY_NAME_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	for (int a = 0; a < ACTIONS; a++) {
		int r;

		if (!(rules->actions & ACTION_BIT(a)) ||
		    (a == ACTION_LOOP && !str_eq(list, rules->site_list)))
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

/* Hosting panels have one list of a name for each domain, NAME_DOMAIN; and a
 * branch of Mailman for virtual hosts has NAME@DOMAIN. */
static const char *
misnamed2(struct str name, mailman_domain_fn *is_domain, const void *arg)
{
	size_t i = str_find(name, '_');

	if (str_find(name, '@') != STR_NONE)
		return "no list's name has an @: rename it to what stands "
		       "before that";
	if (!entry_name_is_mailable(name))
		return entry_name_fault(name);
	while (i != STR_NONE) {
		size_t next;

		if (is_domain(arg, str_tail(name, i + 1)))
			return "a hosting panel's name for NAME@DOMAIN: rename "
			       "it to NAME";
		next = str_find(str_tail(name, i + 1), '_');
		i = next == STR_NONE ? next : i + 1 + next;
	}
	return NULL;
}

static void
put_transport2(struct buf *b, const struct conf_site *site)
{
	buf_printf(b, "%s:", site->mailer);
}

const struct mailman mailman2 = {
	.version = "2.1",
	.mailer = "mailman",
	.lists_dir = "/var/lib/mailman/lists",
	.delimiters = "+-=_.#~",
	.foreign_hosts = true,
	.wrapped = true,
	.misname_joints = "@_",
	.misnamed = misnamed2,
	.is_list = is_list2,
	.read = read_list2,
	.next_reading = next_reading2,
	.each_local = each_local2,
	/* mm-handler is given the domain. */
	.put_host = NULL,
	.put_transport = put_transport2,
};
