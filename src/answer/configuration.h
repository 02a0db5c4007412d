/*
 * configuration - reads the configuration file for listmapd and listmap, which
 * know the roles that a map may have.
 */
#ifndef ANSWER_CONFIGURATION_H
#define ANSWER_CONFIGURATION_H

struct conf;

/*
 * Reads and checks the file PATH.  Where PATH is PROGRAM_CONF it may be absent:
 * then Debian's paths hold, and the hosts of the lists are domains.  BEFORE is
 * what is in force (NULL: nothing).  The caller frees the result with
 * conf_free().  NULL where the file is wrong, and that was logged.
 *
 * Nothing is called on a directory of Mailman but by children, which are waited
 * for a short time: where one of Debian's does not answer, BEFORE tells whether
 * there is a site, and without it there is one.
 */
struct conf *configuration_load(const char *path, const struct conf *before);
/* The same for a program that cannot go on without a configuration: ends it
 * (EX_CONFIG) where the file is wrong, or one of its paths leads to where
 * another one does, and must not. */
struct conf *configuration_need(const char *path);

#endif
