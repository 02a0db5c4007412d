/*
 * conf_options - the one table of options.
 *
 * Parser, defaults and printing walk it, so that an option stands in one place.
 */
#ifndef BASE_CONF_OPTIONS_H
#define BASE_CONF_OPTIONS_H

#include <stddef.h>

/* The type says what the member at `offset' is. */
enum conf_type {
	CONF_STRING,  /* char *, never NULL */
	CONF_WORDS,   /* struct conf_words */
	CONF_BOOL,    /* bool */
	CONF_SECONDS, /* double */
	CONF_COUNT,   /* long */
	CONF_MODE     /* char *, octal */
};

/* CONF_TOP stands outside of all sections; CONF_SECTIONS is their number. */
enum conf_section { CONF_TOP, CONF_SITE, CONF_DOMAIN, CONF_MAP, CONF_SECTIONS };

struct conf_option {
	enum conf_section section;
	const char *name;
	enum conf_type type;
	size_t offset;              /* in the section's struct (conf.h) */
	const char *value;          /* default, as it would be written */
	const char *const *allowed; /* words, NULL at the end; NULL: any */
	double min, max;            /* of CONF_SECONDS and CONF_COUNT */
	const char *help;
};

/* The table; a row without a name ends it. */
extern const struct conf_option conf_options[];

#endif
