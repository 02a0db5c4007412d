/*
 * conf_value - what the value of one option must be beyond its type.
 */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include <stdbool.h>

struct conf_option;

/* One value of an option: NULL, or what is wrong with it (static text). */
const char *conf_value_check(const struct conf_option *row, const char *text);

/* NULL, or why TEXT is no domain name that mail can be routed by. */
const char *conf_value_domain_name(const char *text);

/* Whether TEXT is printable ASCII without blanks and the characters of BUT. */
bool conf_value_is_printable(const char *text, const char *but);

#endif
