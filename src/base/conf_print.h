/*
 * conf_print - the configuration in force, for `listmapd -T'.
 */
#ifndef BASE_CONF_PRINT_H
#define BASE_CONF_PRINT_H

#include <stdio.h>

struct conf;

/* Every option with its value, in the file's own syntax. */
void conf_print(const struct conf *c, FILE *to);

#endif
