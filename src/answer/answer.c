#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/str.h"
#include "wire/socketmap.h"
#include "mailman/sites.h"
#include "maps/maps.h"
#include "answer/explain.h"

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

static void
put_unknown_map(struct answer *a, struct str name, struct buf *out)
{
	char shown[STR_SHOWN];
	unsigned long before;

	if (log_limit(&a->unknown, &before))
		log_warn("answer: no map has the name: %s (%lu more before)",
		    str_printable(name, shown, sizeof(shown)), before);
	put_temp_reply(out, "no map has that name");
}

static void
put_look_up(struct answer *a, const struct map *map, const struct sites *sites,
    struct str key, struct buf *out)
{
	int found;

	buf_reset(&a->value);
	found = map_lookup(map, sites, key, &a->value);
	if (a->value.failed)
		put_temp_reply(out, "out of memory");
	else if (found == 1)
		socketmap_put_reply(out, SOCKETMAP_OK, buf_get(&a->value));
	else if (found == 0)
		socketmap_put_reply(out, SOCKETMAP_NOTFOUND, STR(""));
	else
		socketmap_put_reply(out, SOCKETMAP_TEMP, buf_get(&a->value));
	if (log_wants(LEVEL_DEBUG)) {
		char k[STR_SHOWN], v[STR_SHOWN];

		log_debug("answer: %s %s: %s %s", map->name,
		    str_printable(key, k, sizeof(k)),
		    found == 1 ? "found" : found ? "no answer" : "absent",
		    str_printable(buf_get(&a->value), v, sizeof(v)));
	}
}

/* The key is a request itself; its map says which sites take part. */
static void
put_explanation(struct answer *a, struct str request, struct buf *out)
{
	struct socketmap_request r;
	const struct sites *sites;

	if (socketmap_parse_request(request, &r) == -1 ||
	    !answer_map(a, r.map, &sites)) {
		put_temp_reply(out, "no map has that name");
		return;
	}
	buf_reset(&a->value);
	explain(&a->value, sites, r.key);
	socketmap_put_reply(out, SOCKETMAP_OK, buf_get(&a->value));
}

void
answer_request(void *arg, struct str request, struct buf *out)
{
	struct answer *a = arg;
	struct socketmap_request r;
	const struct sites *sites;
	const struct map *map;
	unsigned long before;

	if (socketmap_parse_request(request, &r) == -1) {
		if (log_limit(&a->no_space, &before))
			log_warn("answer: a request has no space between map "
			    "and key (%lu more before)", before);
		put_temp_reply(out, "a request is a map, a space and a key");
		return;
	}
	map = answer_map(a, r.map, &sites);
	if (map) {
		put_look_up(a, map, sites, r.key, out);
	} else if (a->status && str_is(r.map, ANSWER_STATUS)) {
		buf_reset(&a->value);
		a->status(a->arg, &a->value);
		socketmap_put_reply(out, SOCKETMAP_OK, buf_get(&a->value));
	} else if (str_is(r.map, ANSWER_EXPLAIN)) {
		put_explanation(a, r.key, out);
	} else {
		put_unknown_map(a, r.map, out);
	}
}
