/*
 * list_info - what a list's own configuration says of it.
 */
#ifndef MAILMAN_LIST_INFO_H
#define MAILMAN_LIST_INFO_H

struct list_info {
	char host[256]; /* its mail host, lower case; "" if it is not known */
	char
	    url[288]; /* the overview of the lists, if the list is advertised */
};

#endif
