/*
 * configuration - the configuration file as listmapd and listmap read it: with
 * the roles that maps may have.
 */
#ifndef ANSWER_CONFIGURATION_H
#define ANSWER_CONFIGURATION_H

struct conf;

/*
 * Reads and checks the file PATH.  PROGRAM_CONF may be absent: then Debian's
 * paths hold, and the hosts of the lists are domains.  NULL where it is wrong,
 * and that was logged; the caller frees it with conf_free().
 */
struct conf *configuration_load(const char *path);
/* The same for a program that cannot go on without: ends it (EX_CONFIG). */
struct conf *configuration_need(const char *path);

#endif
