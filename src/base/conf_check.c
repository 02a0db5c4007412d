/*
 * First all values are completed (fill_conf): names in lower case, defaults of
 * the generation, redirects taken apart.  Then every site and every map is
 * checked.  A domain may stand in several sites; what it is (dedicated, alias)
 * must be the same in all of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/conf_check.h"
#include "base/conf.h"
#include "base/conf_load.h"
#include "base/conf_value.h"
#include "base/errands.h"
#include "base/log.h"
#include "base/str.h"

/* So long conf_check_places() waits for a file server. */
#define PLACES_SECONDS 1.0

static int
conf_error(const struct conf *c, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
conf_error(const struct conf *c, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("conf: %s:%d: %s", c->path, line, text);
	return -1;
}

/* Makes ASCII letters lower case, and drops one dot at the end. */
static void
fold_name(char *c)
{
	size_t n = strlen(c);

	for (; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	if (n && c[-1] == '.')
		c[-1] = '\0';
}

/* Whether NAME can be a part of a file's name, as that of a site is. */
static bool
is_site_name(const char *name)
{
	if (!*name || *name == '.' || strlen(name) > 64)
		return false;
	return conf_value_is_printable(name, "/\"'\\");
}

static char *
join_text(struct str a, const char *b)
{
	char *c = NULL;

	if (asprintf(&c, "%.*s%s", (int)a.n, a.p, b) == -1)
		fatal(EX_OSERR, "conf: out of memory");
	return c;
}

/* Sets an empty option to the default VALUE of the generation. */
static void
fill_empty_option(char **text, const char *value)
{
	if (**text)
		return;
	free(*text);
	*text = join_text(str_from(value), "");
}

/* Drops slashes at the end of a path; returns its length. */
static size_t
drop_slashes(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	return n;
}

static void
fill_site_defaults(struct conf_site *s, const struct conf_generation *g)
{
	size_t n;

	while (strcmp(g->word, s->mailman))
		g++;
	fill_empty_option(&s->lists_dir, g->lists_dir);
	fill_empty_option(&s->mailer, g->mailer);
	n = drop_slashes(s->lists_dir);
	if (*s->data_dir) {
		drop_slashes(s->data_dir);
		return;
	}
	/* LISTS_DIR/../data without the dots: alias files show it. */
	free(s->data_dir);
	while (n > 1 && s->lists_dir[n - 1] != '/')
		n--;
	s->data_dir = join_text(str_head(str_from(s->lists_dir), n), "data");
}

/* Makes d->redirects of the words LOCAL=TARGET, which are well formed. */
static void
split_redirects(struct conf_domain *d)
{
	d->redirects = calloc(d->redirect.n + 1, sizeof(*d->redirects));
	if (!d->redirects)
		fatal(EX_OSERR, "conf: out of memory");
	for (size_t i = 0; i < d->redirect.n; i++) {
		const char *text = d->redirect.word[i];
		const char *eq = strchr(text, '=');
		struct conf_redirect *r = &d->redirects[d->nredirects++];

		r->local = str_dup((struct str){ text, (size_t)(eq - text) });
		r->target = str_dup(str_from(eq + 1));
		if (!r->local || !r->target)
			fatal(EX_OSERR, "conf: out of memory");
		fold_name(r->local);
	}
}

/* Returns the first domain of that name, in any site, or NULL. */
static const struct conf_domain *
find_domain_section(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nsites; i++)
		for (size_t j = 0; j < c->sites[i].ndomains; j++)
			if (!strcasecmp(c->sites[i].domains[j].name, name))
				return &c->sites[i].domains[j];
	return NULL;
}

static int
check_domain_section(const struct conf *c, struct conf_domain *d)
{
	const char *why = conf_value_domain_name(d->name);
	const struct conf_domain *other;

	/* fold_name() dropped one dot at the end; this is another. */
	if (!why && d->name[strlen(d->name) - 1] == '.')
		why = "is no domain name";
	if (why)
		return conf_error(c, d->line, "domain \"%s\": %s", d->name,
		    why);
	other = find_domain_section(c, d->name);
	if (other != d && other->dedicated != d->dedicated)
		return conf_error(c, d->line,
		    "domain \"%s\": option 'dedicated' is not as in line %d",
		    d->name, other->line);
	if (other != d && strcmp(other->alias, d->alias))
		return conf_error(c, d->line,
		    "domain \"%s\": option 'alias' is not as in line %d",
		    d->name, other->line);
	if (!*d->alias)
		return 0;
	other = find_domain_section(c, d->alias);
	if (!other)
		return conf_error(c, d->line,
		    "domain \"%s\": option 'alias': no site has the domain %s",
		    d->name, d->alias);
	if (*other->alias)
		return conf_error(c, d->line,
		    "domain \"%s\": option 'alias': %s is an alias itself",
		    d->name, d->alias);
	if (d->dedicated || d->nredirects)
		return conf_error(c, d->line, "domain \"%s\": an alias takes "
		    "dedicated and redirect from %s", d->name, d->alias);
	return 0;
}

/* Returns the redirect that mail for ADDRESS takes, in any site, or NULL. */
static const struct conf_redirect *
next_redirect(const struct conf *c, const char *address)
{
	const char *at = strrchr(address, '@');
	size_t local = strcspn(address, "+@");
	const struct conf_domain *d = find_domain_section(c, at + 1);

	if (d && *d->alias)
		d = find_domain_section(c, d->alias);
	for (size_t i = 0; d && i < c->nsites; i++)
		for (size_t j = 0; j < c->sites[i].ndomains; j++) {
			const struct conf_domain *e = &c->sites[i].domains[j];

			if (strcmp(e->name, d->name))
				continue;
			for (size_t k = 0; k < e->nredirects; k++) {
				const char *l = e->redirects[k].local;

				if (strlen(l) == local &&
				    !strncasecmp(l, address, local))
					return &e->redirects[k];
			}
		}
	return NULL;
}

static int
check_redirect_loops(const struct conf *c, const struct conf_domain *d)
{
	for (size_t i = 0; i < d->nredirects; i++) {
		const struct conf_redirect *r = &d->redirects[i];

		for (size_t j = 0; j < i; j++)
			if (!strcmp(d->redirects[j].local, r->local))
				return conf_error(c, d->line, "domain \"%s\": "
				    "option 'redirect': %s is there twice",
				    d->name, r->local);
		for (size_t n = 0; r; n++) {
			r = next_redirect(c, r->target);
			if (r && (r == &d->redirects[i] || n > 100))
				return conf_error(c, d->line, "domain \"%s\": "
				    "option 'redirect': %s leads to itself",
				    d->name, d->redirects[i].local);
		}
	}
	return 0;
}

/* libconfuse takes D.test and d.test. for two names; here they are one. */
static int
check_domain_once(const struct conf *c, const struct conf_site *s, size_t i)
{
	const struct conf_domain *d = &s->domains[i];

	for (size_t j = 0; j < i; j++)
		if (!strcmp(s->domains[j].name, d->name))
			return conf_error(c, d->line, "domain \"%s\": is there "
			    "twice", d->name);
	return 0;
}

static bool
shares_domain(const struct conf_site *a, const struct conf_site *b)
{
	for (size_t i = 0; i < a->ndomains; i++)
		for (size_t j = 0; j < b->ndomains; j++)
			if (!strcmp(a->domains[i].name, b->domains[j].name))
				return true;
	return false;
}

/*
 * A pseudo domain, DOMAIN.MAILER, leads to one server.  So two sites with the
 * same mailer must be of one generation and, where they share a domain, have
 * the same server.
 */
static int
check_mailers(const struct conf *c, const struct conf_site *s)
{
	for (const struct conf_site *o = c->sites; o < s; o++)
		if (!strcmp(o->mailer, s->mailer) &&
		    (strcmp(o->mailman, s->mailman) ||
		    (strcmp(o->lmtp, s->lmtp) && shares_domain(o, s))))
			return conf_error(c, s->line, "site \"%s\": option "
			    "'mailer': site \"%s\" has %s already, for "
			    "another server", s->name, o->name, s->mailer);
	return 0;
}

#define SAME_DIRECTORY "site \"%s\": option 'data_dir': is lists_dir"

/* A delimiter that one generation has cuts the addresses of another. */
static int
check_delimiters(const struct conf *c, const struct conf_site *s,
    const struct conf_generation *g)
{
	size_t n;

	while (strcmp(g->word, s->mailman))
		g++;
	n = strspn(s->verp_delimiter, g->delimiters);
	if (!s->verp_delimiter[n])
		return 0;
	return conf_error(c, s->line, "site \"%s\": option 'verp_delimiter': "
	    "'%c' cannot be one for Mailman %s, which cuts every address there",
	    s->name, s->verp_delimiter[n], s->mailman);
}

static int
check_site_section(const struct conf *c, struct conf_site *s,
    const struct conf_generation *mailmans)
{
	int rc = check_delimiters(c, s, mailmans);

	if (!is_site_name(s->name))
		rc = conf_error(c, s->line, "site \"%s\": the name is a part "
		    "of file names: no blank, quote or slash, no leading dot, "
		    "64 characters at most", s->name);
	for (const struct conf_site *o = c->sites; o < s; o++)
		if (!strcmp(o->lists_dir, s->lists_dir))
			rc = conf_error(c, s->line, "site \"%s\": option "
			    "'lists_dir': %s is that of site \"%s\" already",
			    s->name, s->lists_dir, o->name);
	if (!strcmp(s->data_dir, s->lists_dir))
		rc = conf_error(c, s->line, SAME_DIRECTORY, s->name);
	if (check_mailers(c, s) == -1)
		rc = -1;
	for (size_t i = 0; i < s->ndomains; i++)
		if (check_domain_once(c, s, i) == -1 ||
		    check_domain_section(c, &s->domains[i]) == -1 ||
		    check_redirect_loops(c, &s->domains[i]) == -1)
			rc = -1;
	return rc;
}

static int
check_map_section(const struct conf *c, const struct conf_map *m)
{
	if (!conf_value_is_printable(m->name, "") || !*m->name ||
	    *m->name == '.')
		return conf_error(c, m->line,
		    "map \"%s\": no map of sendmail "
		    "can have that name",
		    m->name);
	if (!*m->role)
		return conf_error(c, m->line, "map \"%s\": option 'role' is "
		    "missing", m->name);
	for (size_t i = 0; i < m->sites.n; i++) {
		bool found = false;

		for (size_t j = 0; j < c->nsites; j++)
			found |= !strcmp(c->sites[j].name, m->sites.word[i]);
		if (!found)
			return conf_error(c, m->line, "map \"%s\": option "
			    "'site': there is no site \"%s\"", m->name,
			    m->sites.word[i]);
	}
	return 0;
}

static void
fill_conf(struct conf *c, const struct conf_generation *mailmans)
{
	c->socket_mode = strtoul(c->socket_mode_text, NULL, 8);
	for (size_t i = 0; i < c->nsites; i++) {
		struct conf_site *s = &c->sites[i];

		fill_site_defaults(s, mailmans);
		for (size_t j = 0; j < s->ndomains; j++) {
			fold_name(s->domains[j].name);
			fold_name(s->domains[j].alias);
			split_redirects(&s->domains[j]);
		}
	}
}

int
conf_check(struct conf *c, const struct conf_generation *mailmans)
{
	int rc = 0;

	fill_conf(c, mailmans);
	if (c->nsites == 0)
		rc = conf_error(c, 1, "no site");
	for (size_t i = 0; i < c->nsites; i++)
		if (check_site_section(c, &c->sites[i], mailmans) == -1)
			rc = -1;
	for (size_t i = 0; i < c->nmaps; i++)
		if (check_map_section(c, &c->maps[i]) == -1)
			rc = -1;
	return rc;
}

static bool
are_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

/* What a child finds out about one site. */
struct places {
	bool data_is_lists;  /* data_dir leads to lists_dir */
	bool cache_is_lists; /* cache_dir does */
};

struct places_check {
	const struct conf *conf;
	int rc;
};

static void
look_at_places(void *arg, size_t i, int fd)
{
	const struct places_check *check = arg;
	const struct conf_site *s = &check->conf->sites[i];
	const struct places found = {
		.data_is_lists = are_same_file(s->data_dir, s->lists_dir),
		.cache_is_lists = are_same_file(check->conf->cache_dir,
		    s->lists_dir),
	};

	errands_say(fd, &found, sizeof(found));
}

static void
judge_places(void *arg, size_t i, struct str message)
{
	struct places_check *check = arg;
	const struct conf *c = check->conf;
	const struct conf_site *s = &c->sites[i];
	struct places found;

	if (message.n != sizeof(found))
		return;
	memcpy(&found, message.p, sizeof(found));
	if (found.data_is_lists)
		check->rc = conf_error(c, s->line, SAME_DIRECTORY, s->name);
	/* Each scan writes there, and would be a change of lists. */
	if (found.cache_is_lists)
		check->rc = conf_error(c, s->line, "option 'cache_dir': is "
		    "the lists_dir of site \"%s\"", s->name);
}

int
conf_check_places(const struct conf *c)
{
	struct places_check check = { .conf = c };
	struct errands all = { look_at_places, judge_places, NULL, &check,
		calloc(c->nsites, sizeof(*all.errand)), c->nsites };

	if (!all.errand)
		fatal(EX_OSERR, "conf: out of memory");
	for (size_t i = 0; i < c->nsites; i++)
		all.errand[i].seconds = PLACES_SECONDS;
	errands_run(&all);
	free(all.errand);
	return check.rc;
}
