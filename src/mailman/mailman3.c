/*
 * Mailman 3.  A list is the directory NAME.DOMAIN, its id, with nothing in it
 * that counts (mailman/model/mailinglist.py); it answers at its name and at
 * eight suffixes, all of them with any detail (mailman/runners/lmtp.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/lmtp.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/entry.h"
#include "mailman/list_info.h"
#include "mailman/mailman.h"
#include "mailman/postfix_files.h"
#include "mailman/reading.h"

static struct timespec
statx_time(struct statx_timestamp t)
{
	return (struct timespec){ t.tv_sec, t.tv_nsec };
}

static bool
is_older(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/*
 * The directory stands for itself.  Files come and go in it; what tells it
 * from another one is when it was made: the older of its birth and its last
 * change, for a copy is born late, and not every filesystem knows births.
 */
static int
is_list3(int dir, const char *name, struct stat *made)
{
	struct statx x;

	if (statx(dir, name, 0, STATX_BASIC_STATS | STATX_BTIME, &x) == -1)
		return entry_is_missing(errno) ? 0 : -1;
	if (!S_ISDIR(x.stx_mode))
		return 0;
	*made = (struct stat){ .st_ino = x.stx_ino, .st_mode = x.stx_mode,
		.st_mtim = statx_time(x.stx_mtime),
		.st_ctim = statx_time(x.stx_ctime) };
	if ((x.stx_mask & STATX_BTIME) != 0 &&
	    is_older(statx_time(x.stx_btime), made->st_mtim))
		made->st_mtim = statx_time(x.stx_btime);
	return 1;
}

/* The directory of a list says nothing of the list. */
static int
read_list3(int dir, const char *name, off_t max, struct list_info *p)
{
	(void)dir;
	(void)name;
	(void)max;
	*p = (struct list_info){ 0 };
	return 0;
}

/* The local part ends at its first delimiter. */
static void
take_local(struct readings *all)
{
	size_t cut = str_find_any(all->local, all->rules->delimiters);

	all->part = all->local;
	all->detail = STR("");
	if (cut != STR_NONE) {
		all->part = str_head(all->local, cut);
		all->detail = str_tail(all->local, cut + 1);
	}
}

/* Reads what follows the last dash of the list's name as a suffix; false if it
 * is none. */
static bool
cut_suffix(struct reading *r)
{
	size_t dash = str_rfind(r->list, '-');
	int a;

	if (dash == STR_NONE)
		return false;
	a = action_find(str_tail(r->list, dash + 1));
	if (a == -1 || !(ACTION_SUFFIXES_3 & ACTION_BIT(a)))
		return false;
	r->action = (enum action)a;
	r->list = str_head(r->list, dash);
	return true;
}

/* The part is a list, at all names of the domain; or what stands before its
 * last dash is one, likewise. */
static bool
next_reading3(struct readings *all, struct reading *r)
{
	const struct address_rules *rules = all->rules;

	if (!all->begun)
		take_local(all);
	all->begun = true;
	while (all->next < 2 * rules->nnames) {
		bool suffixed = all->next >= rules->nnames;

		*r = (struct reading){ .action = ACTION_POST,
			.list = all->part, .detail = all->detail,
			.domain = rules->names[all->next++ % rules->nnames] };
		if (suffixed && !cut_suffix(r))
			return false;
		if (r->list.n > 0 && (rules->actions & ACTION_BIT(r->action)))
			return true;
	}
	return false;
}

/* The id without DOMAIN, or the empty slice. */
static struct str
name_at(struct str id, struct str domain)
{
	if (id.n < domain.n + 2 || id.p[id.n - domain.n - 1] != '.' ||
	    !str_eq(str_tail(id, id.n - domain.n), domain))
		return STR("");
	return str_head(id, id.n - domain.n - 1);
}

static int
each_local3(const struct address_rules *rules, struct str id,
    int (*visit)(void *arg, struct str local, enum action a), void *arg)
{
	const unsigned there = rules->actions &
	    (ACTION_SUFFIXES_3 | ACTION_BIT(ACTION_POST));
	char text[2 * ENTRY_NAME_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	for (size_t i = 0; i < rules->nnames; i++) {
		struct str name = name_at(id, rules->names[i]);

		for (int a = 0; name.n && a < ACTIONS; a++) {
			int r;

			if (!(there & ACTION_BIT(a)))
				continue;
			buf_reset(&b);
			buf_str(&b, name);
			if (a != ACTION_POST)
				buf_printf(&b, "-%s", action_name(a));
			r = visit(arg, buf_get(&b), a);
			if (r)
				return r;
		}
	}
	return 0;
}

/* Mailman 3.0 had the address for a list's directory. */
static const char *
misnamed3(struct str name, mailman_domain_fn *is_domain, const void *arg)
{
	size_t i = 0, dot;

	if (str_find(name, '@') != STR_NONE)
		return "Mailman 3.0's name for it: rename it to NAME.DOMAIN, "
		       "with a dot for the @";
	if (!entry_name_is_mailable(name))
		return entry_name_fault(name);
	while ((dot = str_find(str_tail(name, i), '.')) != STR_NONE) {
		i += dot + 1;
		if (is_domain(arg, str_tail(name, i)))
			return NULL;
	}
	return "it ends with no domain of the site: name that domain, or "
	       "remove it";
}

static void
put_host3(struct buf *b, const struct conf_site *site)
{
	struct lmtp l;

	if (lmtp_parse(site->lmtp, &l))
		return;
	buf_add(b, l.brackets ? "[" : "");
	buf_str(b, l.host);
	buf_add(b, l.brackets ? "]" : "");
}

static void
put_transport3(struct buf *b, const struct conf_site *site)
{
	struct lmtp l;

	if (lmtp_parse(site->lmtp, &l))
		return;
	buf_add(b, l.ipv6 ? "lmtp:inet:[" : "lmtp:inet:");
	buf_str(b, l.address);
	buf_printf(b, l.ipv6 ? "]:%u" : ":%u", (unsigned)l.port);
}

const struct mailman mailman3 = {
	.version = "3",
	.mailer = "mailman3",
	.lists_dir = "/var/lib/mailman3/lists",
	/* A dash would cut every address at its action. */
	.delimiters = "+=_.#~",
	.hosts_are_domains = true,
	.settles = true,
	.misname_joints = "@",
	.misnamed = misnamed3,
	.is_list = is_list3,
	.read = read_list3,
	.read_files = postfix_files_read,
	.stamp = postfix_files_stamp,
	.files_prefix = POSTFIX_FILES_PREFIX,
	.next_reading = next_reading3,
	.each_local = each_local3,
	.put_host = put_host3,
	.put_transport = put_transport3,
};
