/*
 * Mailman 3.  A list is the directory NAME.DOMAIN, its id, with nothing in it
 * that counts (mailman/model/mailinglist.py); it answers at its name and at
 * eight suffixes, all of them with any detail (mailman/runners/lmtp.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lmtp.h"
#include "mailman/entry.h"
#include "mailman/mailman.h"

/* What listname_chars may hold at most (mailman/app/lifecycle.py). */
static bool
name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-_.+=!$*{}~", c) != NULL);
}

static bool
name_ok(struct str name)
{
	return entry_name_ok(name, name_byte);
}

static struct timespec
time_of(struct statx_timestamp t)
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
is_list(int dir, const char *name, struct stat *made)
{
	struct statx x;

	if (statx(dir, name, 0, STATX_BASIC_STATS | STATX_BTIME, &x) == -1)
		return entry_is_missing(errno) ? 0 : -1;
	if (!S_ISDIR(x.stx_mode))
		return 0;
	*made = (struct stat){ .st_ino = x.stx_ino, .st_mode = x.stx_mode,
		.st_mtim = time_of(x.stx_mtime),
		.st_ctim = time_of(x.stx_ctime) };
	if ((x.stx_mask & STATX_BTIME) != 0 &&
	    is_older(time_of(x.stx_btime), made->st_mtim))
		made->st_mtim = time_of(x.stx_btime);
	return 1;
}

/* A list's directory says nothing of it. */
static int
read_particulars(int dir, const char *name, off_t max, struct particulars *p)
{
	(void)dir;
	(void)name;
	(void)max;
	*p = (struct particulars){ 0 };
	return 0;
}

/*
 * A list was found that does not answer here for its host.  Before that makes
 * the address absent, the list is asked whether it is another by now.
 */
static enum lists_found
ask_again(const struct manner *how, const struct lists *lists, struct str id)
{
	struct list list;
	enum lists_found r = lists->find_changed(lists, id, &list);

	if (r == LISTS_FOUND && !how->at_home(how->arg, &list))
		return LISTS_ABSENT;
	return r;
}

/* Whether M's name at M's domain is a list. */
static enum lists_found
ask(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct meaning *m)
{
	char memory[ENTRY_NAME_MAX];
	enum lists_found r;
	struct list list = { 0 };
	struct buf id;

	buf_over(&id, memory, sizeof(memory));
	buf_str(&id, m->list);
	buf_char(&id, '.');
	buf_str(&id, m->domain);
	if (id.failed || !name_ok(buf_get(&id)))
		return LISTS_ABSENT;
	r = lists->find(lists, buf_get(&id), effort, &list);
	m->basis = list.basis;
	if (r != LISTS_FOUND || !how->at_home ||
	    how->at_home(how->arg, &list))
		return r;
	return effort == LISTS_KNOWN ? LISTS_ABSENT :
	    ask_again(how, lists, buf_get(&id));
}

/* The same at all names of the domain. */
static enum lists_found
ask_names(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct meaning *m)
{
	enum lists_found worst = LISTS_ABSENT;

	if (m->list.n == 0 || !(how->actions & ACTION_BIT(m->action)))
		return LISTS_ABSENT;
	for (size_t i = 0; i < how->nnames; i++) {
		enum lists_found r;

		m->domain = how->names[i];
		r = ask(how, lists, effort, m);
		if (r == LISTS_FOUND || r == LISTS_NO_ANSWER)
			return r;
		if (r == LISTS_AWAY)
			worst = r;
	}
	return worst;
}

/*
 * The local part ends at its first '+'.  It is a list, or what stands before
 * its last dash is one and what follows a suffix.  A doubtful name ends the
 * search, for it may be the one; a site that is away does not.
 */
static enum lists_found
understand(const struct manner *how, const struct lists *lists,
    enum lists_effort effort, struct str local, struct meaning *m)
{
	size_t plus = str_find(local, '+'), dash;
	struct meaning reading[2] = { { .action = ACTION_POST } };
	enum lists_found worst = LISTS_ABSENT;
	size_t n = 1;
	int a = -1;

	reading[0].list = plus == STR_NONE ? local : str_head(local, plus);
	dash = str_rfind(reading[0].list, '-');
	if (dash != STR_NONE)
		a = action_find(str_tail(reading[0].list, dash + 1));
	if (a != -1 && (ACTION_SUFFIXES_3 & ACTION_BIT(a)))
		reading[n++] = (struct meaning){ .action = (enum action)a,
			.list = str_head(reading[0].list, dash) };
	for (size_t i = 0; i < n; i++) {
		enum lists_found r = ask_names(how, lists, effort,
		    &reading[i]);

		if (r == LISTS_AWAY)
			worst = r;
		if (r != LISTS_FOUND && r != LISTS_NO_ANSWER)
			continue;
		*m = reading[i];
		if (plus != STR_NONE)
			m->detail = str_tail(local, plus + 1);
		return r;
	}
	return worst;
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
each_local(const struct manner *how, struct str id,
    int (*visit)(void *arg, struct str local, enum action a), void *arg)
{
	const unsigned there = how->actions &
	    (ACTION_SUFFIXES_3 | ACTION_BIT(ACTION_POST));
	char text[2 * ENTRY_NAME_MAX];
	struct buf b;

	buf_over(&b, text, sizeof(text));
	for (size_t i = 0; i < how->nnames; i++) {
		struct str name = name_at(id, how->names[i]);

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

static void
put_host(struct buf *b, const struct conf_site *site, struct str domain)
{
	struct lmtp l;

	(void)domain;
	if (lmtp_parse(site->lmtp, &l))
		return;
	buf_add(b, l.brackets ? "[" : "");
	buf_str(b, l.host);
	buf_add(b, l.brackets ? "]" : "");
}

static void
put_transport(struct buf *b, const struct conf_site *site)
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
	.hosts_are_domains = true,
	.settles = true,
	.name_ok = name_ok,
	.is_list = is_list,
	.read = read_particulars,
	.read_register = register_read,
	.stamp = register_stamp,
	.register_prefix = REGISTER_PREFIX,
	.understand = understand,
	.each_local = each_local,
	.put_host = put_host,
	.put_transport = put_transport,
};
