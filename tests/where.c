/*
 * Says what addresses mean, which no map tells for each domain apart: a tool
 * for the shell tests.
 *
 * usage: where CONF <addresses
 *
 * ADDRESS <TAB> ACTION LIST for those found; "redirect TARGET" and "no answer"
 * stand there otherwise; those that are absent are left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "mailman/resolve.h"
#include "listmap/direct.h"

static void
say(const struct sites *sites, struct str key)
{
	struct address a;
	struct route r;

	if (address_parse(key, &a) == -1)
		return;
	switch (resolve(sites, &a, &r)) {
	case RESOLVED_ABSENT:
		break;
	case RESOLVED_NO_ANSWER:
		printf("%.*s\tno answer\n", (int)key.n, key.p);
		break;
	case RESOLVED_FOUND:
		if (r.redirect)
			printf("%.*s\tredirect %s\n", (int)key.n, key.p,
			    r.redirect);
		else
			printf("%.*s\t%s %.*s\n", (int)key.n, key.p,
			    action_name(r.reading.action),
			    (int)r.reading.list.n, r.reading.list.p);
		break;
	}
}

int
main(int argc, char **argv)
{
	struct direct *d;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (argc != 2)
		fatal(EX_USAGE, "usage: where conf");
	d = direct_open(argv[1]);
	while ((n = getline(&line, &size, stdin)) > 0)
		say(direct_sites(d), (struct str){ line, (size_t)n - 1 });
	free(line);
	direct_close(d);
	return fflush(stdout) == EOF ? EX_IOERR : EX_OK;
}
