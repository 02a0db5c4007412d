/*
 * list_info - what a list's own configuration says of it.
 */
#ifndef MAILMAN_LIST_INFO_H
#define MAILMAN_LIST_INFO_H

struct list_info {
	char host[256]; /* lower case; "" where it is not known */
	char url[288];  /* overview of the lists, of one that is advertised */
};

#endif
