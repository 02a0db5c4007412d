#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "listmap/ask.h"
#include "base/conf.h"
#include "base/conf_listen.h"
#include "base/log.h"
#include "wire/client.h"
#include "answer/configuration.h"

/* A daemon answers within its deadline, unless it is stopped. */
#define PATIENCE_SECONDS 10.0

static char *
choose_address(const struct conf *conf, const char *path, const char *address)
{
	char *copy;

	if (!address && !conf)
		return conf_listen(path);
	copy = strdup(address ? address : conf->listen.word[0]);
	if (!copy)
		fatal(EX_OSERR, "out of memory");
	return copy;
}

void
ask_open(struct ask *a, const char *path, const char *address,
    const char *remedy)
{
	bool wrong;
	const char *err;

	*a = (struct ask){ .conf = path ? configuration_load(path) : NULL };
	wrong = path && !a->conf;
	a->address = choose_address(a->conf, path, address);
	if (wrong)
		log_error("%s: not used: this asks the daemon at %s, which "
		    "goes on with what it read before", path, a->address);
	a->client = client_open(a->address, PATIENCE_SECONDS, &err);
	if (!a->client)
		fatal(wrong ? EX_CONFIG : EX_TEMPFAIL,
		    "%s: %s: is listmapd running?%s", a->address, err, remedy);
}

void
ask_close(struct ask *a)
{
	client_close(a->client);
	conf_free(a->conf);
	free(a->address);
}
