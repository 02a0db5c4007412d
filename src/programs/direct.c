#include <stdlib.h>
#include <sysexits.h>

#include "programs/direct.h"
#include "base/log.h"
#include "programs/answer.h"
#include "programs/program.h"
#include "programs/store.h"

struct direct {
	struct store *store;
	struct answer *answer;
};

struct direct *
direct_open(const char *conf_path)
{
	struct conf *conf = program_conf(conf_path);
	struct direct *d = calloc(1, sizeof(*d));

	if (d)
		d->store = store_new(NULL, conf, NULL);
	if (d && d->store)
		d->answer = answer_new(conf, d->store->lists, NULL, NULL);
	if (!d || !d->answer)
		fatal(EX_OSERR, "out of memory");
	return d;
}

void
direct_close(struct direct *d)
{
	answer_free(d->answer);
	store_free(d->store);
	free(d);
}

const struct map *
direct_map(struct direct *d, const char *name, const struct sites **sites)
{
	const struct map *map = answer_map(d->answer, str_from(name), sites);

	if (!map)
		fatal(EX_USAGE, "%s: no map has that name", name);
	return map;
}

const struct map *
direct_enumerable(struct direct *d, const char *name, bool shared,
    const struct sites **sites)
{
	const struct map *map = direct_map(d, name, sites);

	if (!map->each)
		fatal(EX_USAGE, "%s: its answers have no end, they cannot be "
		    "enumerated", name);
	if (shared && !map->each_shared)
		fatal(EX_USAGE, "%s: --shared has no meaning for it", name);
	return map;
}

int
direct_each(struct direct *d, const char *name, bool shared,
    map_emit_fn *emit, void *arg)
{
	const struct sites *sites;
	const struct map *map = direct_enumerable(d, name, shared, &sites);
	int rc;

	rc = (shared ? map->each_shared : map->each)(sites, emit, arg);
	if (rc == 0)
		return EX_OK;
	log_error("%s: the lists cannot be read: is there a cache "
	    "(listmap rebuild)?", name);
	return EX_TEMPFAIL;
}
