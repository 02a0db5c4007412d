/*
 * conf_listen - where a daemon listens whose configuration is wrong by now.
 *
 * Such a daemon still serves what it read before, and can be asked what is the
 * matter.  Most mistakes leave the option `listen' alone, so it is looked for
 * without an understanding of the rest.
 */
#ifndef BASE_CONF_LISTEN_H
#define BASE_CONF_LISTEN_H

/*
 * The first address of the option `listen' in the file PATH, or its default
 * where none can be found.  The caller frees it; without memory the program
 * ends.
 */
char *conf_listen(const char *path);

#endif
