/*
 * list_info - what a list's own configuration says of it.
 */
#ifndef MAILMAN_LIST_INFO_H
#define MAILMAN_LIST_INFO_H

/* The errno of a configuration that is broken, which no later try mends. */
#define LIST_INFO_BROKEN EPROTO

struct list_info {
	char host[256]; /* its mail host, lower case; "" if it names none */
	char
	    url[288]; /* the overview of the lists, if the list is advertised */
};

#endif
