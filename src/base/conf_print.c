#include "base/conf_print.h"
#include "base/conf.h"
#include "base/conf_options.h"

static void
print_string(const char *s, FILE *to)
{
	fputc('"', to);
	for (; *s; s++) {
		/* '$': "${x}" would be read as an environment variable. */
		if (*s == '"' || *s == '\\' || *s == '$')
			fputc('\\', to);
		fputc(*s, to);
	}
	fputc('"', to);
}

static void
print_words(const struct conf_words *w, FILE *to)
{
	fputs("{ ", to);
	for (size_t i = 0; i < w->n; i++) {
		if (i)
			fputs(", ", to);
		print_string(w->word[i], to);
	}
	fputs(w->n ? " }" : "}", to);
}

static void
print_section(enum conf_section section, const void *from, const char *indent,
    FILE *to)
{
	for (const struct conf_option *row = conf_options; row->name; row++) {
		const void *at = (const char *)from + row->offset;

		if (row->section != section)
			continue;
		fprintf(to, "%s%s = ", indent, row->name);
		switch (row->type) {
		case CONF_BOOL:
			fputs(*(const bool *)at ? "true" : "false", to);
			break;
		case CONF_SECONDS:
			fprintf(to, "%g", *(const double *)at);
			break;
		case CONF_COUNT:
			fprintf(to, "%ld", *(const long *)at);
			break;
		case CONF_WORDS:
			print_words(at, to);
			break;
		case CONF_STRING:
		case CONF_MODE:
			print_string(*(char *const *)at, to);
			break;
		}
		fputc('\n', to);
	}
}

void
conf_print(const struct conf *c, FILE *to)
{
	print_section(CONF_TOP, c, "", to);
	for (size_t i = 0; i < c->nsites; i++) {
		const struct conf_site *s = &c->sites[i];

		fprintf(to, "site \"%s\" {\n", s->name);
		print_section(CONF_SITE, s, "\t", to);
		for (size_t j = 0; j < s->ndomains; j++) {
			fprintf(to, "\tdomain \"%s\" {\n", s->domains[j].name);
			print_section(CONF_DOMAIN, &s->domains[j], "\t\t", to);
			fputs("\t}\n", to);
		}
		fputs("}\n", to);
	}
	for (size_t i = 0; i < c->nmaps; i++) {
		fprintf(to, "map \"%s\" {\n", c->maps[i].name);
		print_section(CONF_MAP, &c->maps[i], "\t", to);
		fputs("}\n", to);
	}
}
