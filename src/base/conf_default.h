/*
 * conf_default - the configuration that holds without a file.
 */
#ifndef BASE_CONF_DEFAULT_H
#define BASE_CONF_DEFAULT_H

struct buf;
struct conf_vocabulary;

/* Appends it to TEXT, as it would stand in a file: see conf_load(). */
void conf_default(const struct conf_vocabulary *words, struct buf *text);

#endif
