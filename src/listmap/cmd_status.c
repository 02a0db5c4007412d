/*
 * status: prints for people what the daemon says of itself.  What it sends is
 * described in answer/status.h.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/program.h"
#include "base/str.h"
#include "wire/client.h"
#include "wire/socketmap.h"
#include "answer/answer.h"
#include "answer/configuration.h"
#include "listmap/cmd.h"

#define PATIENCE_SECONDS 10.0

/* Takes the text up to C, or all of it, from *REST. */
static struct str
take_until(struct str *rest, char c)
{
	size_t at = str_find(*rest, c);
	struct str s = at == STR_NONE ? *rest : str_head(*rest, at);

	*rest = str_tail(*rest, at == STR_NONE ? rest->n : at + 1);
	return s;
}

static void
print_time(struct str value)
{
	char text[64];
	uint64_t at;
	time_t t;
	struct tm tm;

	if (str_number(value, 1, INT64_MAX / 2, &at) == -1) {
		puts("never");
		return;
	}
	t = (time_t)at;
	if (!localtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		text[0] = '\0';
	printf("%s (%lld s ago)\n", text, (long long)(time(NULL) - t));
}

/* Prints a line of the report, and its object unless LAST (SIZE bytes) was the
 * same.  False where it says that something is wrong. */
static bool
print_line(struct str line, char *last, size_t size)
{
	struct str object = take_until(&line, '\t');
	struct str name = take_until(&line, '\t');
	char shown[STR_SHOWN];

	str_printable(object, shown, sizeof(shown));
	if (strcmp(shown, last)) {
		snprintf(last, size, "%s", shown);
		printf("%s\n", shown);
	}
	printf("  %-14s ", str_printable(name, shown, sizeof(shown)));
	if (str_ends(name, "_at"))
		print_time(line);
	else
		printf("%s\n", str_printable(line, shown, sizeof(shown)));
	return !(str_is(name, "state") && !str_is(line, "ok"));
}

static int
run_status(const char *path, int argc, char **argv)
{
	struct conf *conf;
	struct client *client;
	struct buf report;
	struct str rest;
	const char *err;
	char last[STR_SHOWN] = "";
	bool well = true;

	(void)argv;
	if (argc != 1)
		return cmd_usage(&cmd_status);
	conf = configuration_need(path);
	client = client_open(conf->listen.word[0], PATIENCE_SECONDS, &err);
	if (!client)
		fatal(EX_TEMPFAIL, "%s: %s: is listmapd running?",
		    conf->listen.word[0], err);
	buf_init(&report, SOCKETMAP_REPLY_MAX);
	if (client_ask(client, STR(ANSWER_STATUS), STR("all"), &report) != 1)
		fatal(EX_TEMPFAIL, "%s: no answer: %s", conf->listen.word[0],
		    buf_cstr(&report));
	rest = buf_get(&report);
	while (rest.n)
		well &= print_line(take_until(&rest, '\n'), last, sizeof(last));
	program_flush();
	buf_clear(&report);
	client_close(client);
	conf_free(conf);
	return well ? EX_OK : EX_TEMPFAIL;
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = "",
	.help = "what the daemon serves, and how old it is",
	.run = run_status,
};
