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
	cfg_opt_t opts[CONF_WHERES][SECTION_OPTIONS];
	struct place *place;
	size_t nplaces;
	bool failed;
};

/* libconfuse's callbacks carry no argument. */
static struct reader *reading;

__attribute__((format(printf, 2, 0))) static void
parse_error(cfg_t *cfg, const char *fmt, va_list ap)
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
words_for(const struct conf_option *row)
{
	if (row->where == CONF_MAP && !strcmp(row->name, "role"))
		return reading->words->roles;
	if (row->where == CONF_SITE && !strcmp(row->name, "actions"))
		return reading->words->actions;
	if (row->where == CONF_SITE && !strcmp(row->name, "mailman"))
		return reading->mailmans;
	return row->may;
}

static const struct conf_option *
find_row(enum conf_where where, const char *name)
{
	for (const struct conf_option *row = conf_options; row->name; row++)
		if (row->where == where && !strcmp(row->name, name))
			return row;
	return NULL;
}

static void
remember_place(cfg_t *section)
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
check_word(cfg_t *cfg, cfg_opt_t *opt, const char *const *may, const char *word)
{
	char all[256];
	struct buf b;

	for (size_t i = 0; may[i]; i++)
		if (!strcmp(may[i], word))
			return 0;
	buf_over(&b, all, sizeof(all));
	for (size_t i = 0; may[i]; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", may[i]);
	cfg_error(cfg, "option '%s': no such value '%s' (one of: %s)",
	    opt->name, word, buf_cstr(&b));
	return -1;
}

static int
check_number(cfg_t *cfg, cfg_opt_t *opt, const struct conf_option *row)
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
check_text(cfg_t *cfg, cfg_opt_t *opt, const struct conf_option *row,
    const char *text)
{
	const char *const *may = words_for(row);
	const char *why;

	if (may && check_word(cfg, opt, may, text) == -1)
		return -1;
	why = conf_value_check(row, text);
	if (!why)
		return 0;
	cfg_error(cfg, "option '%s': %s", opt->name, why);
	return -1;
}

/* Called by libconfuse after each option that it set. */
static int
check_option(enum conf_where where, cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_option *row = find_row(where, opt->name);

	remember_place(cfg);
	if (row->type == CONF_BOOL)
		return 0;
	if (row->type == CONF_SECONDS || row->type == CONF_COUNT)
		return check_number(cfg, opt, row);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		if (check_text(cfg, opt, row, cfg_opt_getnstr(opt, i)) == -1)
			return -1;
	return 0;
}

static int
check_top(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_option(CONF_TOP, cfg, opt);
}

static int
check_site(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_option(CONF_SITE, cfg, opt);
}

static int
check_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_option(CONF_DOMAIN, cfg, opt);
}

static int
check_map(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_option(CONF_MAP, cfg, opt);
}

static cfg_opt_t
make_option(const struct conf_option *row)
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
make_options(struct reader *r)
{
	size_t n[CONF_WHERES] = { 0 };
	const cfg_flag_t titled = CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES;

	for (const struct conf_option *row = conf_options; row->name; row++)
		r->opts[row->where][n[row->where]++] = make_option(row);
	r->opts[CONF_SITE][n[CONF_SITE]++] =
	    (cfg_opt_t)CFG_SEC("domain", r->opts[CONF_DOMAIN], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("site", r->opts[CONF_SITE], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("map", r->opts[CONF_MAP], titled);
	r->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_BOOL(END_MARK, cfg_false, CFGF_NONE);
	for (size_t i = 0; i < CONF_WHERES; i++)
		r->opts[i][n[i]] = (cfg_opt_t)CFG_END();
}

static void
set_checks(cfg_t *cfg)
{
	static const struct {
		const char *path;
		cfg_validate_callback_t check;
	} checks[CONF_WHERES] = {
		[CONF_TOP] = { "", check_top },
		[CONF_SITE] = { "site|", check_site },
		[CONF_DOMAIN] = { "site|domain|", check_domain },
		[CONF_MAP] = { "map|", check_map },
	};

	for (const struct conf_option *row = conf_options; row->name; row++) {
		char path[64];

		snprintf(path, sizeof(path), "%s%s", checks[row->where].path,
		    row->name);
		cfg_set_validate_func(cfg, path, checks[row->where].check);
	}
}

/* strdup() that ends the program: configurations are read by programs that
 * start, and a daemon without memory for one cannot go on either. */
static char *
copy(const char *c)
{
	char *d = strdup(c ? c : "");

	if (!d)
		fatal(EX_OSERR, "conf: out of memory");
	return d;
}

static void *
array(size_t n, size_t size)
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
		w.word = array(1, sizeof(*w.word));
		w.word[w.n++] = copy(row->value);
		return w;
	}
	w.word = array(w.n, sizeof(*w.word));
	for (size_t i = 0; i < w.n; i++)
		w.word[i] = copy(cfg_getnstr(cfg, row->name, i));
	return w;
}

static void
copy_section(enum conf_where where, cfg_t *cfg, void *to)
{
	for (const struct conf_option *row = conf_options; row->name; row++) {
		void *at = (char *)to + row->offset;

		if (row->where != where)
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
			*(char **)at = copy(cfg_getstr(cfg, row->name));
			break;
		}
	}
}

static int
line_of(const struct reader *r, cfg_t *section)
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
	site->name = copy(cfg_title(cfg));
	site->line = line_of(r, cfg);
	site->ndomains = cfg_size(cfg, "domain");
	site->domains = array(site->ndomains, sizeof(*site->domains));
	for (size_t i = 0; i < site->ndomains; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "domain", i);
		struct conf_domain *d = &site->domains[i];

		copy_section(CONF_DOMAIN, sub, d);
		d->name = copy(cfg_title(sub));
		d->line = line_of(r, sub);
	}
}

static struct conf *
copy_all(const struct reader *r, cfg_t *cfg, const char *path)
{
	struct conf *c = array(1, sizeof(*c));

	c->path = copy(path);
	copy_section(CONF_TOP, cfg, c);
	c->nsites = cfg_size(cfg, "site");
	c->sites = array(c->nsites, sizeof(*c->sites));
	for (size_t i = 0; i < c->nsites; i++)
		copy_site(r, cfg_getnsec(cfg, "site", i), &c->sites[i]);
	c->nmaps = cfg_size(cfg, "map");
	c->maps = array(c->nmaps, sizeof(*c->maps));
	for (size_t i = 0; i < c->nmaps; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "map", i);

		copy_section(CONF_MAP, sub, &c->maps[i]);
		c->maps[i].name = copy(cfg_title(sub));
		c->maps[i].line = line_of(r, sub);
	}
	return c;
}

/* What holds where there is no file. */
static void
put_defaults(const struct conf_generation *all, struct buf *text)
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
parse(struct reader *r, cfg_t *cfg, const char *path)
{
	const char *err;
	struct buf text;
	FILE *f = NULL;
	int rc = -1;

	buf_init(&text, FILE_MAX);
	if (!path) {
		path = NO_FILE;
		put_defaults(r->words->mailmans, &text);
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
	cfg->filename = copy(path);
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
	struct reader *r = array(1, sizeof(*r));
	struct conf *c = NULL;
	cfg_t *cfg;

	r->words = words;
	for (size_t i = 0; words->mailmans[i].word; i++)
		r->mailmans[i] = words->mailmans[i].word;
	reading = r;
	make_options(r);
	cfg = cfg_init(r->opts[CONF_TOP], CFGF_NONE);
	cfg_set_error_function(cfg, parse_error);
	set_checks(cfg);
	if (parse(r, cfg, path) == 0) {
		c = copy_all(r, cfg, path ? path : NO_FILE);
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
