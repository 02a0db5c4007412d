/*
 * answer - answers requests: finds the role that a map's name stands for, looks
 * the key up in it, and writes the reply.
 *
 * The maps are those of the configuration.  Besides, each role is a map of its
 * own name with all sites, unless the configuration has a map of that name.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "base/str.h"

struct buf;
struct conf;
struct lists;
struct map;
struct sites;

/* The map of `listmap status'; status.h says what its key means.  No name of a
 * map in a configuration begins with a dot. */
#define ANSWER_STATUS ".status"
/* The map of `listmap query -v'; its key is "MAP KEY". */
#define ANSWER_EXPLAIN ".explain"

struct answer;

/* Appends to OUT what the map ANSWER_STATUS answers to KEY.  Returns 0; or -1
 * and in OUT the reason, where it has no answer. */
typedef int answer_status_fn(void *arg, struct str key, struct buf *out);

/*
 * Makes the maps of CONF, which ask LISTS_OF[i] for the lists of
 * conf->sites[i]; both must outlive the result.  Where STATUS is NULL there is
 * no map ANSWER_STATUS; it is called with ARG.  NULL when out of memory.
 */
struct answer *answer_new(const struct conf *conf,
    const struct lists *const *lists_of, answer_status_fn *status, void *arg);
/* Frees A, which may be NULL. */
void answer_free(struct answer *a);

/* The role that the map NAME stands for, and in *SITES the sites that it knows;
 * NULL where no map has that name. */
const struct map *answer_map(const struct answer *a, struct str name,
    const struct sites **sites);

/* Appends which maps there are, for somebody who asked for WRONG: "there are
 * a, b, c", and which of them may be meant. */
void answer_put_names(const struct answer *a, struct str wrong,
    struct buf *out);

/* All sites; they are valid as long as A. */
const struct sites *answer_sites(const struct answer *a);

/* Appends to OUT the framed reply to REQUEST, always one.  ARG is the struct
 * answer. */
void answer_request(void *arg, struct str request, struct buf *out);

/* Logs the look-up that the last answer_request() made, whose request must
 * still be there: for debugging, and once it is known that the reply stands. */
void answer_log(const struct answer *a);

#endif
