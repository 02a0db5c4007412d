#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "keys.h"

/* Enough to touch the whole of a large table again and again, and few enough
 * to be read in order out of the memory of any machine. */
#define KEYS_GENERATED 262144
#define KEYS_MAX 2000000

/* splitmix64: small, even, and the same everywhere. */
static uint64_t
keys_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
keys_add(struct keys *k, const char *map, const char *text, bool found)
{
	char frame[ASK_REQUEST_MAX];
	struct key *key = &k->key[k->n];
	size_t n = ask_request(frame, map, text);

	if (n == 0)
		errx(EX_DATAERR, "%s: key too long", text);
	memcpy(k->bytes + k->nbytes, frame, n);
	key->offset = (uint32_t)k->nbytes;
	key->len = (uint16_t)n;
	key->found = found;
	k->nbytes += n;
	k->n++;
}

static void
keys_allocate(struct keys *k, size_t n)
{
	memset(k, 0, sizeof(*k));
	k->key = calloc(n, sizeof(*k->key));
	k->bytes = malloc(n * ASK_REQUEST_MAX);
	if (k->key == NULL || k->bytes == NULL)
		err(EX_OSERR, "memory for %zu keys", n);
}

static void
keys_known(char *buf, size_t size, unsigned long list, uint64_t r)
{
	/* Those that both Mailmans have. */
	static const char *const actions[] = { "bounces", "confirm", "join",
		"leave", "owner", "request", "subscribe", "unsubscribe" };
	unsigned kind = (unsigned)(r % 100);
	unsigned long detail = (unsigned long)(r >> 40);

	if (kind < 45)
		snprintf(buf, size, "list-%06lu@" ASK_HOST, list);
	else if (kind < 75)
		snprintf(buf, size, "list-%06lu-%s@" ASK_HOST, list,
		    actions[detail % 8]);
	else if (kind < 95)
		snprintf(buf, size,
		    "list-%06lu-bounces+user.%lu=example.net@" ASK_HOST, list,
		    detail);
	else
		snprintf(buf, size, "list-%06lu-confirm+%040lx@" ASK_HOST,
		    list, detail);
}

static void
keys_unknown(char *buf, size_t size, unsigned long list, uint64_t r)
{
	switch (r % 3) {
	case 0:
		snprintf(buf, size, "nolist-%06lu-request@" ASK_HOST, list);
		break;
	case 1:
		snprintf(buf, size, "list-%06lu-nothing@" ASK_HOST, list);
		break;
	default:
		snprintf(buf, size, "user.%06lu@elsewhere.example.net", list);
	}
}

void
keys_generate(struct keys *k, const char *map, unsigned long lists,
    unsigned unknown)
{
	uint64_t state = 1;
	char text[128];
	unsigned long list;
	bool found;
	size_t i;

	keys_allocate(k, KEYS_GENERATED);
	for (i = 0; i < KEYS_GENERATED; i++) {
		list = (unsigned long)(keys_random(&state) % lists);
		found = keys_random(&state) % 100 >= unknown;
		(found ? keys_known : keys_unknown)(text, sizeof(text), list,
		    keys_random(&state));
		keys_add(k, map, text, found);
	}
}

void
keys_read(struct keys *k, const char *map, const char *file)
{
	FILE *f;
	char *line = NULL;
	char *tab;
	size_t size = 0;
	size_t lines = 0;
	ssize_t n;

	if ((f = fopen(file, "r")) == NULL)
		err(EX_NOINPUT, "%s", file);
	while (getline(&line, &size, f) > 0)
		lines++;
	if (lines == 0 || lines > KEYS_MAX)
		errx(EX_DATAERR, "%s: %zu keys", file, lines);
	keys_allocate(k, lines);
	rewind(f);
	while (k->n < lines && (n = getline(&line, &size, f)) > 0) {
		line[n - (line[n - 1] == '\n')] = '\0';
		if ((tab = strchr(line, '\t')) != NULL)
			*tab = '\0';
		keys_add(k, map, line, tab == NULL ||
		    strcmp(tab + 1, "NOTFOUND") != 0);
	}
	free(line);
	fclose(f);
}

void
keys_free(struct keys *k)
{
	free(k->bytes);
	free(k->key);
}
