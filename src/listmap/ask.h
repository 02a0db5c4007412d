/*
 * ask - finds the daemon and connects to it.
 *
 * A daemon goes on with what it read before somebody spoilt the configuration,
 * and then above all one wants to ask it.  So a wrong file is said, and what
 * can still be read of it tells where the daemon is.
 */
#ifndef LISTMAP_ASK_H
#define LISTMAP_ASK_H

struct client;
struct conf;

struct ask {
	struct client *client;
	struct conf *conf; /* NULL: it is wrong, and that was logged; or it was
	                      not read */
	char *address;     /* of the daemon */
};

/*
 * Reads the configuration PATH and connects to the daemon: at ADDRESS, or
 * where that is NULL at the first address of `listen'.  PATH may be NULL where
 * ADDRESS is not: then no configuration is read.  Ends the program where nobody
 * answers there: with EX_CONFIG where the configuration is wrong, else with
 * EX_TEMPFAIL, and says REMEDY, which is "" or begins with a blank.
 */
void ask_open(struct ask *a, const char *path, const char *address,
    const char *remedy);
void ask_close(struct ask *a);

#endif
