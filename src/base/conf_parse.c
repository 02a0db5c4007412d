/*
 * The table of options is turned into libconfuse's own (make_confuse_options),
 * with one function for each kind of section that checks a value as soon as it
 * is read (set_validators).  Three habits of libconfuse are worked around:
 * its callbacks carry no argument, so `reading' is a variable of this file; it
 * takes a file that ends within a section for a whole one, so END_MARK stands
 * behind the file; and it knows the line of a section only while it reads it,
 * so find_place() writes it down.
 */
#include <confuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf_parse.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/conf_default.h"
#include "base/conf_load.h"
#include "base/conf_options.h"
#include "base/conf_text.h"
#include "base/conf_value.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/str.h"

/* Options and sections that one kind of section has, with the end. */
#define SECTION_OPTIONS 32

/*
 * An option that only the top knows, appended to the file.  In a file that ends
 * within a section or a list it is an error or is not set.
 */
#define END_MARK "end of file"

/* The path in messages where there is no file. */
#define NO_FILE "(no configuration file)"

/* A section, the line of the first option that it set, and a bit for each of
 * its options that it set. */
struct place {
	cfg_t *section;
	int line;
	uint32_t set;
};
_Static_assert(SECTION_OPTIONS <= 32, "struct place has too few bits");

struct conf_parsed {
	cfg_t *tree;
	const struct conf_vocabulary *words;
	const char *mailmans[CONF_GENERATIONS_MAX]; /* their words */
	cfg_opt_t opts[CONF_SECTIONS][SECTION_OPTIONS];
	struct place *place; /* one for each section that set an option */
	size_t nplaces;
	struct conf_words *repeated; /* as in struct conf */
	bool failed; /* an error was logged */
	struct str text; /* of the file, while it is read */
};

/* The one that is being read, for the callbacks. */
static struct conf_parsed *reading;

/* Where the option NAME may stand, in words; NULL if nowhere. */
static const char *
section_of_option(struct str name)
{
	static const char *const where[CONF_SECTIONS] = {
		[CONF_TOP] = "outside of all sections",
		[CONF_SITE] = "in a site",
		[CONF_DOMAIN] = "in a domain",
		[CONF_MAP] = "in a map",
	};

	for (const struct conf_option *row = conf_options; row->name; row++)
		if (str_is(name, row->name))
			return where[row->section];
	return NULL;
}

/* Appends to TEXT, libconfuse's words for an option that the section CFG has
 * not, which one may be meant. */
static void
hint_conf_option(const cfg_t *cfg, char *text, size_t size)
{
	static const char begin[] = "no such option '";
	const char *words[SECTION_OPTIONS] = { NULL }, *where, *meant;
	size_t n = 0, end = strlen(text);
	struct str name;

	if (!str_starts(str_from(text), begin))
		return;
	name = str_tail(str_from(text), sizeof(begin) - 1);
	name = str_head(name, strcspn(name.p, "'"));
	for (const cfg_opt_t *o = cfg->opts; o->name &&
	    n < SECTION_OPTIONS - 1; o++)
		if (strcmp(o->name, END_MARK))
			words[n++] = o->name;
	where = section_of_option(name);
	meant = nearest_word(name, words);
	if (where)
		snprintf(text + end, size - end, " here: it belongs %s", where);
	else if (meant)
		snprintf(text + end, size - end, ": is '%s' meant?", meant);
}

/* An error TEXT in LINE, behind a string that runs from its line to another
 * one: most often that is what is wrong. */
static void
log_quote(const char *path, int begins, int ends, int line, const char *text)
{
	if (!ends)
		log_error("conf: %s:%d: a quote that opens here is never "
		    "closed", path, begins);
	else
		log_error("conf: %s:%d: a quote that opens here is closed in "
		    "line %d: is one missing? (line %d: %s)", path, begins,
		    ends, line, text);
}

__attribute__((format(printf, 2, 0))) static void
log_parse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const char *path = cfg && cfg->filename ? cfg->filename : "?";
	int line = cfg ? cfg->line : 0, begins, ends;
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	reading->failed = true;
	begins = conf_text_long_string(reading->text, &ends);
	if (begins && begins <= line) {
		log_quote(path, begins, ends, line, text);
		return;
	}
	if (strstr(text, "'" END_MARK "'"))
		snprintf(text, sizeof(text), "a section or a list is not "
		    "closed");
	else if (cfg)
		hint_conf_option(cfg, text, sizeof(text));
	log_error("conf: %s:%d: %s", path, line, text);
}

/* The words that the option may hold, NULL at the end; NULL: any text. */
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

/* The place of SECTION, which is made where there is none; or NULL. */
static struct place *
find_place(cfg_t *section)
{
	struct place *more;

	for (size_t i = reading->nplaces; i-- > 0;)
		if (reading->place[i].section == section)
			return &reading->place[i];
	more = realloc(reading->place,
	    (reading->nplaces + 1) * sizeof(*reading->place));
	if (!more)
		return NULL;
	reading->place = more;
	more += reading->nplaces++;
	*more = (struct place){ .section = section, .line = section->line };
	return more;
}

static void
note_repeated(const cfg_t *cfg, const cfg_opt_t *opt)
{
	struct conf_words *w = reading->repeated;
	char **more = realloc(w->word, (w->n + 2) * sizeof(*more));

	if (!more)
		return;
	w->word = more;
	if (asprintf(&more[w->n], "%s:%d: option '%s' is set a second time: "
	    "what it was before is dropped%s", cfg->filename, cfg->line,
	    opt->name, opt->flags & CFGF_LIST ? " (+= would add)" : "") != -1)
		w->n++;
	more[w->n] = NULL;
}

/* OPT of the section CFG got a value.  It is the first one of an option that
 * had values already only behind `=', for `+=' keeps these. */
static void
note_set(cfg_t *cfg, const cfg_opt_t *opt)
{
	const uint32_t bit = UINT32_C(1) << (opt - cfg->opts);
	struct place *place = find_place(cfg);

	if (place && (place->set & bit) != 0 && opt->nvalues == 1)
		note_repeated(cfg, opt);
	if (place)
		place->set |= bit;
}

/* libconfuse calls this with each word of a list; the check of the option is
 * called at the end of the list once more. */
static int
note_word(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	note_set(cfg, opt);
	*(const char **)result = value;
	return 0;
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

/*
 * libconfuse calls this after each option that it set.  Returns 0, or -1 after
 * an error was logged.  libconfuse has checked a boolean itself.
 */
static int
validate_option(enum conf_section section, cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_option *row = find_option_row(section, opt->name);

	if (row->type != CONF_WORDS)
		note_set(cfg, opt);
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
		return (cfg_opt_t)CFG_STR_LIST_CB(row->name, NULL, CFGF_NONE,
		    note_word);
	case CONF_STRING:
	case CONF_MODE:
		break;
	}
	return (cfg_opt_t)CFG_STR(row->name, row->value, CFGF_NONE);
}

static void
make_confuse_options(struct conf_parsed *p)
{
	size_t n[CONF_SECTIONS] = { 0 };
	const cfg_flag_t titled = CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES;

	for (const struct conf_option *row = conf_options; row->name; row++)
		p->opts[row->section][n[row->section]++] =
		    make_confuse_option(row);
	p->opts[CONF_SITE][n[CONF_SITE]++] =
	    (cfg_opt_t)CFG_SEC("domain", p->opts[CONF_DOMAIN], titled);
	p->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("site", p->opts[CONF_SITE], titled);
	p->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_SEC("map", p->opts[CONF_MAP], titled);
	p->opts[CONF_TOP][n[CONF_TOP]++] =
	    (cfg_opt_t)CFG_BOOL(END_MARK, cfg_false, CFGF_NONE);
	for (size_t i = 0; i < CONF_SECTIONS; i++)
		p->opts[i][n[i]] = (cfg_opt_t)CFG_END();
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

static void
log_text_error(const char *path, int line, const char *err)
{
	if (line)
		log_error("conf: %s:%d: %s", path, line, err);
	else
		log_error("conf: %s: %s", path, err);
}

/* Fills p->tree.  0, or -1 after the error was logged. */
static int
parse_tree(struct conf_parsed *p, const char *path)
{
	cfg_t *cfg = p->tree;
	const char *err;
	struct buf text;
	FILE *f = NULL;
	size_t file_bytes;
	int rc = -1, line;

	buf_init(&text, CONF_TEXT_MAX);
	if (!path) {
		path = NO_FILE;
		conf_default(p->words, &text);
	} else if (conf_text_read(path, &text, &err, &line) == -1) {
		log_text_error(path, line, err);
		goto out;
	}
	file_bytes = text.n;
	buf_add(&text, "\n\"" END_MARK "\" = true\n");
	f = text.failed ? NULL : fmemopen(text.p, text.n, "r");
	if (!f) {
		log_error("conf: %s: out of memory", path);
		goto out;
	}
	p->text = str_head(buf_get(&text), file_bytes);
	cfg->filename = strdup(path);
	if (!cfg->filename)
		fatal(EX_OSERR, "conf: out of memory");
	if (cfg_parse_fp(cfg, f) == CFG_SUCCESS && !p->failed &&
	    cfg_getbool(cfg, END_MARK))
		rc = 0;
	else if (!p->failed)
		log_error("conf: %s: cannot be read", path);
out:
	p->text = STR("");
	if (f)
		fclose(f);
	buf_clear(&text);
	return rc;
}

struct conf_parsed *
conf_parse(const char *path, const struct conf_vocabulary *words,
    struct conf_words *repeated)
{
	struct conf_parsed *p = calloc(1, sizeof(*p));

	if (!p)
		fatal(EX_OSERR, "conf: out of memory");
	p->words = words;
	p->repeated = repeated;
	for (size_t i = 0; words->mailmans[i].word; i++)
		p->mailmans[i] = words->mailmans[i].word;
	reading = p;
	make_confuse_options(p);
	p->tree = cfg_init(p->opts[CONF_TOP], CFGF_NONE);
	cfg_set_error_function(p->tree, log_parse_error);
	set_validators(p->tree);
	if (parse_tree(p, path) == 0)
		return p;
	conf_parsed_free(p);
	return NULL;
}

cfg_t *
conf_parsed_tree(const struct conf_parsed *p)
{
	return p->tree;
}

int
conf_parsed_line(const struct conf_parsed *p, cfg_t *section)
{
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->place[i].section == section)
			return p->place[i].line;
	return section->line;
}

void
conf_parsed_free(struct conf_parsed *p)
{
	if (!p)
		return;
	cfg_free(p->tree);
	free(p->place);
	free(p);
	reading = NULL;
}
