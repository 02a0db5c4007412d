/*
 * The parser's side: libconfuse reads the file, and what it read is copied
 * into our own structs row by row.  What one value may be is checked while
 * its line is known; what several must be together, in conf_check.c.
 */
#include <confuse.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf_load.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_check.h"
#include "base/conf_options.h"
#include "base/conf_text.h"
#include "base/conf_value.h"
#include "base/log.h"

#define SECTION_OPTIONS 32

/* More is no configuration file. */
#define FILE_MAX (1 << 20)

/*
 * Put behind the file.  libconfuse takes a file that ends within a section for
 * a whole one; then this is no option, or is not seen.
 */
#define END_MARK "end of file"

/* What stands for the path where there is none. */
#define NO_FILE "(no configuration file)"

/* Where an option was set: libconfuse knows the line only while it reads. */
struct place {
	cfg_t *section;
	int line;
};

struct reader {
	const struct conf_vocabulary *words;
	const char *mailmans[CONF_GENERATIONS_MAX];
	cfg_opt_t opts[CONF_SECTIONS][SECTION_OPTIONS];
	struct place *place;
	size_t nplaces;
	bool failed;
};

/* libconfuse's callbacks carry no argument. */
static struct reader *reading;

__attribute__((format(printf, 2, 0))) static void
log_parse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strstr(text, "'" END_MARK "'"))
		snprintf(text, sizeof(text), "a section or a list is not "
		    "closed");
	log_error("conf: %s:%d: %s",
	    cfg && cfg->filename ? cfg->filename : "?", cfg ? cfg->line : 0,
	    text);
	reading->failed = true;
}

static const char *const *
allowed_words(const struct conf_option *row)
{
	if (row->section == CONF_MAP && !strcmp(row->name, "role"))
		return reading->words->roles;
	if (row->section == CONF_SITE && !strcmp(row->name, "actions"))
		return reading->words->actions;
	if (row->section == CONF_SITE && !strcmp(row->name, "mailman"))
		return reading->mailmans;
	return row->allowed;
}

static const struct conf_option *
find_option_row(enum conf_section section, const char *name)
{
	for (const struct conf_option *row = conf_options; row->name; row++)
		if (row->section == section && !strcmp(row->name, name))
			return row;
	return NULL;
}

static void
remember_section_line(cfg_t *section)
{
	struct place *more;

	for (size_t i = 0; i < reading->nplaces; i++)
		if (reading->place[i].section == section)
			return;
	more = realloc(reading->place,
	    (reading->nplaces + 1) * sizeof(*reading->place));
	if (!more)
		return;
	reading->place = more;
	more[reading->nplaces++] = (struct place){ section, section->line };
}

static int
validate_word(cfg_t *cfg, cfg_opt_t *opt, const char *const *allowed,
    const char *word)
{
	char all[256];
	struct buf b;

	for (size_t i = 0; allowed[i]; i++)
		if (!strcmp(allowed[i], word))
			return 0;
	buf_over(&b, all, sizeof(all));
	for (size_t i = 0; allowed[i]; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", allowed[i]);
	cfg_error(cfg, "option '%s': no such value '%s' (one of: %s)",
	    opt->name, word, buf_cstr(&b));
	return -1;
}

static int
validate_number(cfg_t *cfg, cfg_opt_t *opt, const struct conf_option *row)
{
	double v = row->type == CONF_COUNT
	    ? (double)cfg_opt_getnint(opt, cfg_opt_size(opt) - 1)
	    : cfg_opt_getnfloat(opt, cfg_opt_size(opt) - 1);

	if (v >= row->min && v <= row->max)
		return 0;
	cfg_error(cfg, "option '%s': %g is not between %g and %g", opt->name,
	    v, row->min, row->max);
	return -1;
}

static int
validate_text(cfg_t *cfg, cfg_opt_t *opt, const struct conf_option *row,
    const char *text)
{
	const char *const *allowed = allowed_words(row);
	const char *why;

	if (allowed && validate_word(cfg, opt, allowed, text) == -1)
		return -1;
	why = conf_value_check(row, text);
	if (!why)
		return 0;
	cfg_error(cfg, "option '%s': %s", opt->name, why);
	return -1;
}

/* Called by libconfuse after each option that it set. */
static int
validate_option(enum conf_section section, cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_option *row = find_option_row(section, opt->name);

	remember_section_line(cfg);
	if (row->type == CONF_BOOL)
		return 0;
	if (row->type == CONF_SECONDS || row->type == CONF_COUNT)
		return validate_number(cfg, opt, row);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		if (validate_text(cfg, opt, row, cfg_opt_getnstr(opt, i)) == -1)
			return -1;
	return 0;
}

static int
validate_top(cfg_t *cfg, cfg_opt_t *opt)
{
	return validate_option(CONF_TOP, cfg, opt);
}

static int
validate_site(cfg_t *cfg, cfg_opt_t *opt)
{
	return validate_option(CONF_SITE, cfg, opt);
}

static int
validate_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	return validate_option(CONF_DOMAIN, cfg, opt);
}

static int
validate_map(cfg_t *cfg, cfg_opt_t *opt)
{
	return validate_option(CONF_MAP, cfg, opt);
}

static cfg_opt_t
make_confuse_option(const struct conf_option *row)
{
	switch (row->type) {
	case CONF_BOOL:
		return (cfg_opt_t)CFG_BOOL(row->name,
		    !strcmp(row->value, "true") ? cfg_true : cfg_false,
		    CFGF_NONE);
	case CONF_SECONDS:
		return (cfg_opt_t)CFG_FLOAT(row->name, strtod(row->value, NULL),
		    CFGF_NONE);
	case CONF_COUNT:
		return (cfg_opt_t)CFG_INT(row->name,
		    strtol(row->value, NULL, 10), CFGF_NONE);
	case CONF_WORDS:
		return (cfg_opt_t)CFG_STR_LIST(row->name, NULL, CFGF_NONE);
	case CONF_STRING:
	case CONF_MODE:
		break;
	}
	return (cfg_opt_t)CFG_STR(row->name, row->value, CFGF_NONE);
}

static void
make_confuse_options(struct reader *r)
{
	size_t n[CONF_SECTIONS] = { 0 };
	const cfg_flag_t titled = CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES;

	for (const struct conf_option *row = conf_options; row->name; row++)
		r->opts[row->section][n[row->section]++] =
		    make_confuse_option(row);
	r->opts[CONF_SITE][n[CONF_SITE]++] =
	    (cfg_opt_t)CFG_SEC("domain", r->opts[CONF_DOMAIN], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("site", r->opts[CONF_SITE], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("map", r->opts[CONF_MAP], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_BOOL(END_MARK, cfg_false, CFGF_NONE);
	for (size_t i = 0; i < CONF_SECTIONS; i++)
		r->opts[i][n[i]] = (cfg_opt_t)CFG_END();
}

static void
set_validators(cfg_t *cfg)
{
	static const struct {
		const char *path;
		cfg_validate_callback_t check;
	} checks[CONF_SECTIONS] = {
		[CONF_TOP] = { "", validate_top },
		[CONF_SITE] = { "site|", validate_site },
		[CONF_DOMAIN] = { "site|domain|", validate_domain },
		[CONF_MAP] = { "map|", validate_map },
	};

	for (const struct conf_option *row = conf_options; row->name; row++) {
		char path[64];

		snprintf(path, sizeof(path), "%s%s", checks[row->section].path,
		    row->name);
		cfg_set_validate_func(cfg, path, checks[row->section].check);
	}
}

/* strdup() that ends the program: configurations are read by programs that
 * start, and a daemon without memory for one cannot go on either. */
static char *
copy_text(const char *c)
{
	char *d = strdup(c ? c : "");

	if (!d)
		fatal(EX_OSERR, "conf: out of memory");
	return d;
}

static void *
alloc_array(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		fatal(EX_OSERR, "conf: out of memory");
	return p;
}

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

static int
section_line(const struct reader *r, cfg_t *section)
{
	for (size_t i = 0; i < r->nplaces; i++)
		if (r->place[i].section == section)
			return r->place[i].line;
	return section->line;
}

static void
copy_site(const struct reader *r, cfg_t *cfg, struct conf_site *site)
{
	copy_section(CONF_SITE, cfg, site);
	site->name = copy_text(cfg_title(cfg));
	site->line = section_line(r, cfg);
	site->ndomains = cfg_size(cfg, "domain");
	site->domains = alloc_array(site->ndomains, sizeof(*site->domains));
	for (size_t i = 0; i < site->ndomains; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "domain", i);
		struct conf_domain *d = &site->domains[i];

		copy_section(CONF_DOMAIN, sub, d);
		d->name = copy_text(cfg_title(sub));
		d->line = section_line(r, sub);
	}
}

static struct conf *
copy_conf(const struct reader *r, cfg_t *cfg, const char *path)
{
	struct conf *c = alloc_array(1, sizeof(*c));

	c->path = copy_text(path);
	copy_section(CONF_TOP, cfg, c);
	c->nsites = cfg_size(cfg, "site");
	c->sites = alloc_array(c->nsites, sizeof(*c->sites));
	for (size_t i = 0; i < c->nsites; i++)
		copy_site(r, cfg_getnsec(cfg, "site", i), &c->sites[i]);
	c->nmaps = cfg_size(cfg, "map");
	c->maps = alloc_array(c->nmaps, sizeof(*c->maps));
	for (size_t i = 0; i < c->nmaps; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "map", i);

		copy_section(CONF_MAP, sub, &c->maps[i]);
		c->maps[i].name = copy_text(cfg_title(sub));
		c->maps[i].line = section_line(r, sub);
	}
	return c;
}

/* What holds where there is no file. */
static void
put_default_sites(const struct conf_generation *all, struct buf *text)
{
	size_t n = 0, i;

	while (all[n].word)
		n++;
	for (i = n; i-- > 0;)
		if (access(all[i].lists_dir, F_OK) == 0)
			buf_printf(text, "site \"%s\" { mailman = \"%s\" }\n",
			    all[i].mailer, all[i].word);
	if (text->n == 0)
		buf_printf(text, "site \"%s\" {}", all[0].mailer);
}

/* 0, or -1 after the error was logged. */
static int
parse_conf(struct reader *r, cfg_t *cfg, const char *path)
{
	const char *err;
	struct buf text;
	FILE *f = NULL;
	int rc = -1;

	buf_init(&text, FILE_MAX);
	if (!path) {
		path = NO_FILE;
		put_default_sites(r->words->mailmans, &text);
	} else if (conf_text_read(path, &text, &err) == -1) {
		log_error("conf: %s: %s", path, err);
		goto out;
	}
	buf_add(&text, "\n\"" END_MARK "\" = true\n");
	f = text.failed ? NULL : fmemopen(text.p, text.n, "r");
	if (!f) {
		log_error("conf: %s: out of memory", path);
		goto out;
	}
	cfg->filename = copy_text(path);
	if (cfg_parse_fp(cfg, f) == CFG_SUCCESS && !r->failed &&
	    cfg_getbool(cfg, END_MARK))
		rc = 0;
	else if (!r->failed)
		log_error("conf: %s: cannot be read", path);
out:
	if (f)
		fclose(f);
	buf_clear(&text);
	return rc;
}

struct conf *
conf_load(const char *path, const struct conf_vocabulary *words)
{
	struct reader *r = alloc_array(1, sizeof(*r));
	struct conf *c = NULL;
	cfg_t *cfg;

	r->words = words;
	for (size_t i = 0; words->mailmans[i].word; i++)
		r->mailmans[i] = words->mailmans[i].word;
	reading = r;
	make_confuse_options(r);
	cfg = cfg_init(r->opts[CONF_TOP], CFGF_NONE);
	cfg_set_error_function(cfg, log_parse_error);
	set_validators(cfg);
	if (parse_conf(r, cfg, path) == 0) {
		c = copy_conf(r, cfg, path ? path : NO_FILE);
		if (conf_check(c, words->mailmans) == -1) {
			conf_free(c);
			c = NULL;
		}
	}
	cfg_free(cfg);
	free(r->place);
	free(r);
	reading = NULL;
	return c;
}
