/*
 * conf_parse - a configuration file as libconfuse reads it.
 *
 * While libconfuse reads, each value is checked against its row of the table of
 * options, since only then the line of an error is known.  What several options
 * must be together is checked later, by conf_check.
 */
#ifndef BASE_CONF_PARSE_H
#define BASE_CONF_PARSE_H

struct cfg_t;
struct conf_parsed;
struct conf_vocabulary;
struct conf_words;

/*
 * Reads the file PATH, or without one (NULL) what holds then: see conf_load().
 * WORDS must live as long as the result.  Adds a line for each option that its
 * section sets twice to REPEATED (see struct conf), which the caller frees.
 * NULL after an error, which is then logged.  The caller ends it with
 * conf_parsed_free() before it parses again.
 */
struct conf_parsed *conf_parse(const char *path,
    const struct conf_vocabulary *words, struct conf_words *repeated);

/* libconfuse's tree of sections and options, whose filename is set. */
struct cfg_t *conf_parsed_tree(const struct conf_parsed *p);

/*
 * The line of the first option that SECTION (one of the tree) sets, for log
 * lines; where it sets none, the last line that libconfuse saw of it.
 */
int conf_parsed_line(const struct conf_parsed *p, struct cfg_t *section);

/* P may be NULL. */
void conf_parsed_free(struct conf_parsed *p);

#endif
