#include <stdlib.h>

#include "base/conf.h"
#include "base/conf_options.h"

void
conf_words_clear(struct conf_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w->word);
}

/* Frees the values of one section, as the table of options has them. */
static void
free_section(enum conf_section section, void *from)
{
	for (const struct conf_option *row = conf_options; row->name; row++) {
		void *at = (char *)from + row->offset;

		if (row->section != section)
			continue;
		if (row->type == CONF_WORDS)
			conf_words_clear(at);
		else if (row->type == CONF_STRING || row->type == CONF_MODE)
			free(*(char **)at);
	}
}

static void
free_domain(struct conf_domain *d)
{
	for (size_t i = 0; i < d->nredirects; i++) {
		free(d->redirects[i].local);
		free(d->redirects[i].target);
	}
	free(d->redirects);
	free(d->name);
	free_section(CONF_DOMAIN, d);
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nsites; i++) {
		struct conf_site *s = &c->sites[i];

		for (size_t j = 0; j < s->ndomains; j++)
			free_domain(&s->domains[j]);
		free(s->domains);
		free(s->name);
		free_section(CONF_SITE, s);
	}
	free(c->sites);
	for (size_t i = 0; i < c->nmaps; i++) {
		free(c->maps[i].name);
		free_section(CONF_MAP, &c->maps[i]);
	}
	free(c->maps);
	conf_words_clear(&c->repeated);
	free(c->path);
	free_section(CONF_TOP, c);
	free(c);
}
