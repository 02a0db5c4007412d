/*
 * conf_options - the one table of options.
 */
#ifndef BASE_CONF_OPTIONS_H
#define BASE_CONF_OPTIONS_H

#include <stddef.h>

enum conf_type { CONF_STRING, CONF_WORDS, CONF_BOOL, CONF_SECONDS, CONF_COUNT,
	CONF_MODE };
enum conf_section { CONF_TOP, CONF_SITE, CONF_DOMAIN, CONF_MAP, CONF_SECTIONS };

struct conf_option {
	enum conf_section section;
	const char *name;
	enum conf_type type;
	size_t offset;          /* in the section's struct */
	const char *value;      /* default, as it would be written */
	const char *const *allowed; /* the words allowed, or NULL */
	double min, max;        /* of a number */
	const char *help;
};

/* The table; a row without a name ends it. */
extern const struct conf_option conf_options[];

#endif
