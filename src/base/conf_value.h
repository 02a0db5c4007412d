/*
 * conf_value - what the value of one option must be beyond its type.
 *
 * Many rules come from where the value is used later: in alias files, in the
 * values of sendmail's maps, in pseudo domains.  Functions that return a text
 * return NULL for a good value, else what is wrong with it, to stand behind the
 * name of the option: "must be an absolute path".
 */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include <stdbool.h>

struct conf_option;

/* Checks one value of the option ROW.  Returns NULL or a static text. */
const char *conf_value_check(const struct conf_option *row, const char *text);

/* Checks that mail can be routed by the domain name TEXT.  Returns as above. */
const char *conf_value_domain_name(const char *text);

/* Whether TEXT is printable ASCII, without blanks and the characters of BUT. */
bool conf_value_is_printable(const char *text, const char *but);

#endif
