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
#include "answer/explain.h"
#include "listmap/ask.h"
#include "listmap/cmd.h"
#include "listmap/direct.h"

#define EX_ABSENT 1

struct query {
	struct ask daemon;     /* its client is NULL with --direct, then: */
	struct direct *direct;
	const struct map *map; /* of the daemon: NULL if only it knows */
	const struct sites *sites;
	const char *name; /* of the map */
	bool with_keys; /* print key<TAB>value */
	bool verbose;   /* explain each key */
	struct buf value;
	bool found;     /* at least one key was */
	bool no_answer; /* for at least one key */
};

/* Half a value would be a wrong one: false where there is no whole one, and the
 * value says why. */
static bool
check_value(struct query *q)
{
	if (!q->value.failed)
		return true;
	buf_reset(&q->value);
	buf_add(&q->value, "out of memory, or the value is too long");
	return false;
}

/* Prints to standard error, so that standard output has the values alone. */
static void
explain_key(struct query *q, struct str key)
{
	char shown[STR_SHOWN];
	struct buf request;

	buf_reset(&q->value);
	if (q->direct) {
		explain(&q->value, q->sites, key);
		check_value(q);
	} else {
		buf_init(&request, SOCKETMAP_REPLY_MAX);
		buf_printf(&request, "%s ", q->name);
		buf_str(&request, key);
		if (client_ask(q->daemon.client, STR(ANSWER_EXPLAIN),
		    buf_get(&request), &q->value) != 1)
			buf_add(&q->value, " (the daemon does not explain)");
		buf_clear(&request);
	}
	fprintf(stderr, "%s: %s\n", str_printable(key, shown, sizeof(shown)),
	    buf_cstr(&q->value));
}

/* What is wrong with a KEY of such a map, or NULL. */
static const char *
find_wrong_key(const struct map *map, struct str key)
{
	static const char no_domain[] = "the keys of this map are addresses: "
	    "the domain is missing, NAME@DOMAIN";
	static const char ascii[] = "domains are looked up as they are sent, "
	    "in their xn-- form";
	size_t at = str_rfind(key, '@');

	if (map->key == MAP_ADDRESS && at == STR_NONE)
		return no_domain;
	if (map->key == MAP_DOMAIN && at != STR_NONE)
		return "the keys of this map are domains, without an address";
	if (map->key == MAP_LOCAL_PART && at != STR_NONE)
		return "the keys of this map are local parts, without a domain";
	if (map->key == MAP_LOCAL_PART)
		return NULL;
	for (size_t i = at == STR_NONE ? 0 : at + 1; i < key.n; i++)
		if ((unsigned char)key.p[i] > '~')
			return ascii;
	return NULL;
}

/* Somebody who asks one thing, and gets nothing, may have asked wrong. */
static void
say_wrong_key(const struct query *q, struct str key)
{
	const char *why = q->map ? find_wrong_key(q->map, key) : NULL;
	char shown[STR_SHOWN];

	if (why && !q->with_keys)
		log_error("%s: absent: %s", str_printable(key, shown,
		    sizeof(shown)), why);
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
	r = q->direct
	    ? map_lookup(q->map, q->sites, key, &q->value)
	    : client_ask(q->daemon.client, str_from(q->name), key, &q->value);
	if (!check_value(q))
		r = -1;
	if (r == 0)
		say_wrong_key(q, key);
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

/* The role of the map NAME, as far as CONF (or NULL) tells it. */
static const struct map *
find_role(const struct conf *conf, const char *name)
{
	for (size_t i = 0; conf && i < conf->nmaps; i++)
		if (!strcmp(conf->maps[i].name, name))
			return map_find(conf->maps[i].role);
	return map_find(name);
}

static void
open_query(struct query *q, const char *path, const char *address, bool direct)
{
	buf_init(&q->value, SOCKETMAP_REPLY_MAX);
	if (direct) {
		q->direct = direct_open(path);
		q->map = direct_map(q->direct, q->name, &q->sites);
		return;
	}
	ask_open(&q->daemon, address ? NULL : path, address,
	    " (--direct asks without it)");
	q->map = find_role(q->daemon.conf, q->name);
}

static void
close_query(struct query *q)
{
	buf_clear(&q->value);
	if (q->direct)
		direct_close(q->direct);
	else
		ask_close(&q->daemon);
}

/* A map, and nothing to look up in it. */
static int
query_usage(const char *word)
{
	if (word && !strcmp(word, "-"))
		log_error("a map stands before the keys: listmap query "
		    "recipients -");
	else if (word && strchr(word, '@'))
		log_error("a map stands before the address: listmap query "
		    "recipients %s", word);
	else if (word)
		log_error("a key stands behind the map: listmap query %s KEY",
		    word);
	return cmd_usage(&cmd_query);
}

struct query_options {
	const char *address; /* of the daemon, or NULL */
	bool direct, verbose;
};

/* False where the command line is wrong. */
static bool
parse_query_options(int argc, char **argv, struct query_options *o)
{
	static const struct option longs[] = {
		{ "direct", no_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct query_options){ 0 };
	while ((c = getopt_long(argc, argv, "+s:v", longs, NULL)) != -1) {
		if (c != 'd' && c != 's' && c != 'v')
			return false;
		if (c == 's')
			o->address = optarg;
		o->direct |= c == 'd';
		o->verbose |= c == 'v';
	}
	return !o->direct || !o->address;
}

static int
run_query(const char *path, int argc, char **argv)
{
	struct query_options o;
	struct query q = { 0 };

	if (!parse_query_options(argc, argv, &o))
		return cmd_usage(&cmd_query);
	if (argc - optind < 2)
		return query_usage(argv[optind]);
	q.verbose = o.verbose;
	q.name = argv[optind++];
	q.with_keys = argc - optind > 1 || !strcmp(argv[optind], "-");
	open_query(&q, path, o.address, o.direct);
	for (int i = optind; i < argc; i++) {
		if (!strcmp(argv[i], "-"))
			query_stdin(&q);
		else
			query_key(&q, str_from(argv[i]));
	}
	program_flush();
	close_query(&q);
	return q.no_answer ? EX_TEMPFAIL : q.found ? EX_OK : EX_ABSENT;
}

const struct cmd cmd_query = {
	.name = "query",
	.usage = "[-v] [--direct | -s address] map key ... | -",
	.help = "look keys up",
	.run = run_query,
};
