/*
 * query: looks keys up, through the daemon or without it (--direct).
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/program.h"
#include "base/str.h"
#include "wire/client.h"
#include "wire/socketmap.h"
#include "maps/maps.h"
#include "answer/answer.h"
#include "answer/configuration.h"
#include "answer/explain.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"

/* A daemon answers within its deadline, unless it is stopped. */
#define PATIENCE_SECONDS 10.0

#define EX_ABSENT 1

struct query {
	struct client *client; /* of the daemon; NULL with --direct, then: */
	struct direct *direct;
	const struct map *map;
	const struct sites *sites;
	const char *name; /* of the map */
	bool with_keys; /* print key<TAB>value */
	bool verbose;   /* explain each key */
	struct buf value;
	bool found;     /* at least one key was */
	bool no_answer; /* for at least one key */
};

/* Prints to standard error, so that standard output has the values alone. */
static void
explain_key(struct query *q, struct str key)
{
	char shown[STR_SHOWN];
	struct buf request;

	buf_reset(&q->value);
	if (q->direct) {
		explain(&q->value, q->sites, key);
	} else {
		buf_init(&request, SOCKETMAP_REPLY_MAX);
		buf_printf(&request, "%s ", q->name);
		buf_str(&request, key);
		if (client_ask(q->client, STR(ANSWER_EXPLAIN),
		    buf_get(&request), &q->value) != 1)
			buf_add(&q->value, " (the daemon does not explain)");
		buf_clear(&request);
	}
	fprintf(stderr, "%s: %s\n", str_printable(key, shown, sizeof(shown)),
	    buf_cstr(&q->value));
}

/* Looks KEY up and prints what was found. */
static void
query_key(struct query *q, struct str key)
{
	char shown[STR_SHOWN];
	int r;

	if (q->verbose)
		explain_key(q, key);
	buf_reset(&q->value);
	r = q->client
	    ? client_ask(q->client, str_from(q->name), key, &q->value)
	    : map_lookup(q->map, q->sites, key, &q->value);
	if (r == 1) {
		q->found = true;
		if (q->with_keys) {
			fwrite(key.p, 1, key.n, stdout);
			putchar('\t');
		}
		fwrite(q->value.p, 1, q->value.n, stdout);
		putchar('\n');
	} else if (r == -1) {
		q->no_answer = true;
		log_error("%s: no answer: %s",
		    str_printable(key, shown, sizeof(shown)),
		    buf_cstr(&q->value));
	}
}

/* Looks up the keys on standard input, one a line; the last line may lack its
 * end. */
static void
query_stdin(struct query *q)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) != -1) {
		if (n && line[n - 1] == '\n')
			n--;
		query_key(q, (struct str){ line, (size_t)n });
	}
	if (ferror(stdin))
		fatal(EX_IOERR, "standard input: %s", strerror(errno));
	free(line);
}

static void
open_client(struct query *q, const char *path)
{
	struct conf *conf = configuration_need(path);
	const char *err;

	q->client = client_open(conf->listen.word[0], PATIENCE_SECONDS, &err);
	if (!q->client)
		fatal(EX_TEMPFAIL, "%s: %s: is listmapd running? "
		    "(--direct asks without it)", conf->listen.word[0], err);
	conf_free(conf);
}

static void
open_query(struct query *q, const char *path, bool direct)
{
	buf_init(&q->value, SOCKETMAP_REPLY_MAX);
	if (!direct) {
		open_client(q, path);
		return;
	}
	q->direct = direct_open(path);
	q->map = direct_map(q->direct, q->name, &q->sites);
}

static int
run_query(const char *path, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "direct", no_argument, NULL, 'd' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct query q = { 0 };
	bool direct = false;
	int c;

	while ((c = getopt_long(argc, argv, "+v", longs, NULL)) != -1) {
		if (c != 'd' && c != 'v')
			return cmd_usage(&cmd_query);
		direct |= c == 'd';
		q.verbose |= c == 'v';
	}
	if (argc - optind < 2)
		return cmd_usage(&cmd_query);
	q.name = argv[optind++];
	q.with_keys = argc - optind > 1 || !strcmp(argv[optind], "-");
	open_query(&q, path, direct);
	for (int i = optind; i < argc; i++) {
		if (!strcmp(argv[i], "-"))
			query_stdin(&q);
		else
			query_key(&q, str_from(argv[i]));
	}
	program_flush();
	buf_clear(&q.value);
	client_close(q.client);
	if (q.direct)
		direct_close(q.direct);
	return q.no_answer ? EX_TEMPFAIL : q.found ? EX_OK : EX_ABSENT;
}

const struct cmd cmd_query = {
	.name = "query",
	.usage = "[-v] [--direct] map key ... | -",
	.help = "look keys up",
	.run = run_query,
};
