/*
 * conf_print - prints the configuration in force, for `listmapd -T'.
 */
#ifndef BASE_CONF_PRINT_H
#define BASE_CONF_PRINT_H

#include <stdio.h>

struct conf;

/*
 * Prints every option with its value.  The output is a configuration file
 * again, with the same values.
 */
void conf_print(const struct conf *c, FILE *to);

#endif
