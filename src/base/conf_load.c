/*
 * What libconfuse read is copied into our own structs, row by row of the table
 * of options, so that nothing else in the tree knows libconfuse.
 */
#include <confuse.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf_load.h"
#include "base/conf.h"
#include "base/conf_check.h"
#include "base/conf_options.h"
#include "base/conf_parse.h"
#include "base/log.h"

/*
 * strdup() that ends the program where memory is out.  Programs read their
 * configuration when they start, and a daemon that has no memory to read it
 * again cannot go on either.
 */
static char *
copy_text(const char *c)
{
	char *d = strdup(c ? c : "");

	if (!d)
		fatal(EX_OSERR, "conf: out of memory");
	return d;
}

/* Returns a cleared array with one element more than N.  Ends the program when
 * out of memory. */
static void *
alloc_array(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		fatal(EX_OSERR, "conf: out of memory");
	return p;
}

/* An empty list gets the row's default, which is one word. */
static struct conf_words
copy_words(cfg_t *cfg, const struct conf_option *row)
{
	struct conf_words w = { .n = cfg_size(cfg, row->name) };

	if (w.n == 0 && *row->value) {
		w.word = alloc_array(1, sizeof(*w.word));
		w.word[w.n++] = copy_text(row->value);
		return w;
	}
	w.word = alloc_array(w.n, sizeof(*w.word));
	for (size_t i = 0; i < w.n; i++)
		w.word[i] = copy_text(cfg_getnstr(cfg, row->name, i));
	return w;
}

static void
copy_section(enum conf_section section, cfg_t *cfg, void *to)
{
	for (const struct conf_option *row = conf_options; row->name; row++) {
		void *at = (char *)to + row->offset;

		if (row->section != section)
			continue;
		switch (row->type) {
		case CONF_BOOL:
			*(bool *)at = cfg_getbool(cfg, row->name);
			break;
		case CONF_SECONDS:
			*(double *)at = cfg_getfloat(cfg, row->name);
			break;
		case CONF_COUNT:
			*(long *)at = cfg_getint(cfg, row->name);
			break;
		case CONF_WORDS:
			*(struct conf_words *)at = copy_words(cfg, row);
			break;
		case CONF_STRING:
		case CONF_MODE:
			*(char **)at = copy_text(cfg_getstr(cfg, row->name));
			break;
		}
	}
}

static void
copy_site(const struct conf_parsed *p, cfg_t *cfg, struct conf_site *site)
{
	copy_section(CONF_SITE, cfg, site);
	site->name = copy_text(cfg_title(cfg));
	site->line = conf_parsed_line(p, cfg);
	site->ndomains = cfg_size(cfg, "domain");
	site->domains = alloc_array(site->ndomains, sizeof(*site->domains));
	for (size_t i = 0; i < site->ndomains; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "domain", i);
		struct conf_domain *d = &site->domains[i];

		copy_section(CONF_DOMAIN, sub, d);
		d->name = copy_text(cfg_title(sub));
		d->line = conf_parsed_line(p, sub);
	}
}

static struct conf *
copy_conf(const struct conf_parsed *p)
{
	cfg_t *cfg = conf_parsed_tree(p);
	struct conf *c = alloc_array(1, sizeof(*c));

	c->path = copy_text(cfg->filename);
	copy_section(CONF_TOP, cfg, c);
	c->nsites = cfg_size(cfg, "site");
	c->sites = alloc_array(c->nsites, sizeof(*c->sites));
	for (size_t i = 0; i < c->nsites; i++)
		copy_site(p, cfg_getnsec(cfg, "site", i), &c->sites[i]);
	c->nmaps = cfg_size(cfg, "map");
	c->maps = alloc_array(c->nmaps, sizeof(*c->maps));
	for (size_t i = 0; i < c->nmaps; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "map", i);

		copy_section(CONF_MAP, sub, &c->maps[i]);
		c->maps[i].name = copy_text(cfg_title(sub));
		c->maps[i].line = conf_parsed_line(p, sub);
	}
	return c;
}

struct conf *
conf_load(const char *path, const struct conf_vocabulary *words)
{
	struct conf_words repeated = { 0 };
	struct conf_parsed *p = conf_parse(path, words, &repeated);
	struct conf *c;

	if (!p) {
		conf_words_clear(&repeated);
		return NULL;
	}
	c = copy_conf(p);
	c->repeated = repeated;
	conf_parsed_free(p);
	if (conf_check(c, words->mailmans) == 0)
		return c;
	conf_free(c);
	return NULL;
}
