#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/str.h"
#include "wire/socketmap.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "answer/explain.h"

#define NO_REQUEST "a request is a map, a space and a key"

/* A map that can be asked. */
struct named_map {
	struct str name;
	const struct map *role;
	struct sites *sites;
	bool own; /* the sites are of this map alone, and it frees them */
};

struct answer {
	struct named_map *map;
	size_t n;
	struct sites *all;
	struct buf value; /* of the request in hand */
	struct {
		const struct map *map; /* NULL: none was looked into */
		struct str key;
		int found;
	} last; /* what answer_request() did for it */
	struct log_limit unknown;  /* for names that no map has */
	struct log_limit no_space; /* for requests without a space */
	answer_status_fn *status;
	void *arg;
};

static bool
is_configured_map(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->nmaps; i++)
		if (!strcmp(conf->maps[i].name, name))
			return true;
	return false;
}

static int
add_configured_maps(struct answer *a, const struct conf *conf,
    const struct lists *const *lists_of)
{
	for (size_t i = 0; i < conf->nmaps; i++) {
		const struct conf_map *m = &conf->maps[i];
		struct named_map *new = &a->map[a->n];

		*new = (struct named_map){ str_from(m->name), map_find(m->role),
			a->all, m->sites.n > 0 };
		if (new->own) {
			new->sites = sites_new(conf, lists_of, &m->sites);
			if (!new->sites)
				return -1;
		}
		a->n++;
	}
	return 0;
}

struct answer *
answer_new(const struct conf *conf, const struct lists *const *lists_of,
    answer_status_fn *status, void *arg)
{
	const struct conf_words everything = { 0 };
	struct answer *a = calloc(1, sizeof(*a));
	size_t roles = 0;

	if (!a)
		return NULL;
	buf_init(&a->value, SOCKETMAP_REPLY_MAX);
	a->status = status;
	a->arg = arg;
	while (maps[roles])
		roles++;
	a->map = calloc(conf->nmaps + roles, sizeof(*a->map));
	a->all = sites_new(conf, lists_of, &everything);
	if (!a->map || !a->all ||
	    add_configured_maps(a, conf, lists_of) == -1) {
		answer_free(a);
		return NULL;
	}
	for (size_t i = 0; i < roles; i++)
		if (!is_configured_map(conf, maps[i]->name))
			a->map[a->n++] = (struct named_map){
				str_from(maps[i]->name), maps[i], a->all,
				false };
	return a;
}

void
answer_free(struct answer *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		if (a->map[i].own)
			sites_free(a->map[i].sites);
	sites_free(a->all);
	free(a->map);
	buf_clear(&a->value);
	free(a);
}

const struct map *
answer_map(const struct answer *a, struct str name, const struct sites **sites)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq(a->map[i].name, name)) {
			*sites = a->map[i].sites;
			return a->map[i].role;
		}
	return NULL;
}

static void
put_nearest_name(const struct answer *a, struct str wrong, struct buf *out)
{
	const char **names = calloc(a->n + 1, sizeof(*names));
	const char *meant;

	for (size_t i = 0; names && i < a->n; i++)
		names[i] = a->map[i].name.p;
	meant = names ? nearest_word(wrong, names) : NULL;
	if (meant)
		buf_printf(out, "is %s meant? ", meant);
	else if (str_find(wrong, '@') != STR_NONE)
		buf_add(out, "a map stands before the address; ");
	free(names);
}

void
answer_put_names(const struct answer *a, struct str wrong, struct buf *out)
{
	put_nearest_name(a, wrong, out);
	buf_add(out, "there are");
	for (size_t i = 0; i < a->n; i++) {
		buf_add(out, i ? ", " : " ");
		buf_str(out, a->map[i].name);
	}
}

const struct sites *
answer_sites(const struct answer *a)
{
	return a->all;
}

static void
put_temp_reply(struct buf *out, const char *reason)
{
	socketmap_put_reply(out, SOCKETMAP_TEMP, str_from(reason));
}

/* Appends the reply with a->value.  What does not fit into it is no answer, for
 * half a value would be a wrong one. */
static void
put_value_reply(struct answer *a, enum socketmap_word word, struct buf *out)
{
	if (a->value.failed)
		put_temp_reply(out, "out of memory, or the value is too long");
	else
		socketmap_put_reply(out, word, buf_get(&a->value));
}

static void
put_no_map_reply(struct answer *a, struct str name, struct buf *out)
{
	buf_reset(&a->value);
	buf_add(&a->value, "no map has that name: ");
	answer_put_names(a, name, &a->value);
	put_value_reply(a, SOCKETMAP_TEMP, out);
}

static void
put_unknown_map(struct answer *a, struct str name, struct buf *out)
{
	char shown[STR_SHOWN];
	unsigned long before;

	if (log_limit(&a->unknown, &before))
		log_warn("answer: no map has the name: %s (%lu more before)",
		    str_printable(name, shown, sizeof(shown)), before);
	put_no_map_reply(a, name, out);
}

static void
put_look_up(struct answer *a, const struct map *map, const struct sites *sites,
    struct str key, struct buf *out)
{
	int found;

	buf_reset(&a->value);
	found = map_lookup(map, sites, key, &a->value);
	if (found == 0 && !a->value.failed)
		socketmap_put_reply(out, SOCKETMAP_NOTFOUND, STR(""));
	else
		put_value_reply(a, found == 1 ? SOCKETMAP_OK : SOCKETMAP_TEMP,
		    out);
	a->last.map = map;
	a->last.key = key;
	a->last.found = found;
}

/* The key is a request itself; its map says which sites take part. */
static void
put_explanation(struct answer *a, struct str request, struct buf *out)
{
	struct socketmap_request r;
	const struct sites *sites;

	if (socketmap_parse_request(request, &r) == -1) {
		put_temp_reply(out, NO_REQUEST);
		return;
	}
	if (!answer_map(a, r.map, &sites)) {
		put_no_map_reply(a, r.map, out);
		return;
	}
	buf_reset(&a->value);
	explain(&a->value, sites, r.key);
	put_value_reply(a, SOCKETMAP_OK, out);
}

void
answer_request(void *arg, struct str request, struct buf *out)
{
	struct answer *a = arg;
	struct socketmap_request r;
	const struct sites *sites;
	const struct map *map;
	unsigned long before;

	a->last.map = NULL;
	if (socketmap_parse_request(request, &r) == -1) {
		if (log_limit(&a->no_space, &before))
			log_warn("answer: a request has no space between map "
			    "and key (%lu more before)", before);
		put_temp_reply(out, NO_REQUEST);
		return;
	}
	map = answer_map(a, r.map, &sites);
	if (map) {
		put_look_up(a, map, sites, r.key, out);
	} else if (a->status && str_is(r.map, ANSWER_STATUS)) {
		buf_reset(&a->value);
		put_value_reply(a, a->status(a->arg, r.key, &a->value) == 0 ?
		    SOCKETMAP_OK : SOCKETMAP_TEMP, out);
	} else if (str_is(r.map, ANSWER_EXPLAIN)) {
		put_explanation(a, r.key, out);
	} else {
		put_unknown_map(a, r.map, out);
	}
}

void
answer_log(const struct answer *a)
{
	char k[STR_SHOWN], v[STR_SHOWN];

	if (a->last.map == NULL || !log_wants(LEVEL_DEBUG))
		return;
	log_debug("answer: %s %s: %s %s", a->last.map->name,
	    str_printable(a->last.key, k, sizeof(k)),
	    a->last.found == 1 ? "found" :
	        a->last.found ? "no answer" : "absent",
	    str_printable(buf_get(&a->value), v, sizeof(v)));
}
