/*
 * answer - from the name of a map to its role, from a request to a reply.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "base/str.h"

struct buf;
struct conf;
struct lists;
struct map;
struct sites;

/* The map of `listmap status'; no map of a configuration begins with a dot. */
#define ANSWER_STATUS ".status"
/* That of `listmap query -v'; its key is "MAP KEY". */
#define ANSWER_EXPLAIN ".explain"

struct answer;

/*
 * The maps of CONF over the lists of its sites.  STATUS (or NULL) writes what
 * ANSWER_STATUS says.  NULL when out of memory.  CONF and lists must outlive
 * it.
 */
typedef void answer_status_fn(void *arg, struct buf *out);
struct answer *answer_new(const struct conf *conf,
    const struct lists *const *lists_of, answer_status_fn *status, void *arg);
void answer_free(struct answer *a);

/* The role that NAME stands for, and the sites it knows; NULL: none. */
const struct map *answer_map(const struct answer *a, struct str name,
    const struct sites **sites);

/* All sites. */
const struct sites *answer_sites(const struct answer *a);

/* A conn_answer_fn; ARG is the struct answer. */
void answer_request(void *arg, struct str request, struct buf *out);

#endif
