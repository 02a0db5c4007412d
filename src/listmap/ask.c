#include <errno.h>
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

/* What to look at where nobody answered for the reason ERROR; the text for what
 * is no address (0) says all. */
static const char *
choose_hint(int error)
{
	switch (error) {
	case 0:
		return "";
	case EACCES:
	case EPERM:
		return ": may this account connect (option socket_mode, and "
		       "the directories above)?";
	default:
		return ": is listmapd running?";
	}
}

void
ask_open(struct ask *a, const char *path, const char *address,
    const char *remedy)
{
	bool wrong;
	const char *err;

	*a = (struct ask){ 0 };
	if (path)
		a->conf = configuration_load(path, NULL);
	wrong = path && !a->conf;
	a->address = choose_address(a->conf, path, address);
	if (wrong)
		log_error("%s: not used: this asks the daemon at %s, which "
		    "goes on with what it read before", path, a->address);
	a->client = client_open(a->address, PATIENCE_SECONDS, &err);
	if (!a->client)
		fatal(wrong ? EX_CONFIG : EX_TEMPFAIL,
		    "%s: %s%s%s", a->address, err, choose_hint(errno), remedy);
}

void
ask_close(struct ask *a)
{
	client_close(a->client);
	conf_free(a->conf);
	free(a->address);
}
