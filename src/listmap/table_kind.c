#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "listmap/table_kind.h"
#include "base/str.h"
#include "listmap/table_file.h"

static uint32_t
word_at(struct str text, size_t at)
{
	const unsigned char *p = (const unsigned char *)text.p + at;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

/* db(3) of Berkeley: a number behind 12 bytes, in the order of the machine. */
static bool
is_berkeley(struct str text)
{
	static const uint32_t magic[] = { 0x61561, 0x53162, 0x42253, 0x40988,
		0x61150600, 0x62310500, 0x53220400, 0x88090400 };

	for (size_t i = 0; text.n >= 16 && i < sizeof(magic) / sizeof(*magic);
	    i++)
		if (word_at(text, 12) == magic[i])
			return true;
	return false;
}

/* A CDB begins with where its 256 tables are, the first right behind the
 * records; all of them lie in the file. */
static bool
is_cdb(struct str text)
{
	if (text.n < 2048)
		return false;
	for (size_t i = 0; i < 2048; i += 8)
		if (word_at(text, i) < 2048 || word_at(text, i) > text.n ||
		    word_at(text, i + 4) > text.n / 8)
			return false;
	return true;
}

const char *
table_kind_binary(struct str text)
{
	if (str_find(text, '\0') == STR_NONE)
		return NULL;
	if (is_berkeley(text))
		return "this is a Berkeley DB, not its source: give that, or "
		       "what `makemap -u hash FILE' prints";
	if (is_cdb(text))
		return "this is a CDB, not its source: give that, or what "
		       "`cdb -d -m FILE' prints";
	return "this is no text, so it is no source of a table";
}

size_t
table_key_length(struct str line, bool colon)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < line.n; i++) {
		if (line.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (colon ? line.p[i] == ':' :
		    isspace((unsigned char)line.p[i])))
			break;
	}
	return i;
}

/* The value of a line without a colon. */
static struct str
second_word(struct str line, size_t key)
{
	while (key < line.n && isspace((unsigned char)line.p[key]))
		key++;
	return str_tail(line, key);
}

static bool
is_command(struct str value)
{
	return str_starts(value, "|") || str_starts(value, "\"|") ||
	    str_starts(value, "/") || str_starts(value, ":include:");
}

void
table_kind_vote(struct table_votes *v, struct str line)
{
	size_t blank = table_key_length(line, false);
	size_t colon = table_key_length(line, true), key = colon;
	struct str first = str_head(line, blank);

	while (key > 0 && isspace((unsigned char)line.p[key - 1]))
		key--;
	if (colon < line.n && key <= blank)
		v->n[TABLE_FILE_ALIASES]++;
	else if (str_is(first, "@")) /* the mark of an alias database */
		;
	else if (str_find(first, '@') != STR_NONE)
		v->n[TABLE_FILE_VIRTUSER]++;
	else if (is_command(second_word(line, blank)))
		v->commands++;
	else
		v->n[TABLE_FILE_MAILERTABLE]++;
}

enum table_file_kind
table_kind_winner(const struct table_votes *v)
{
	enum table_file_kind best = TABLE_FILE_ALIASES;

	/* No mailertable has commands, and no alias file has TABs. */
	if (v->commands && !v->n[TABLE_FILE_ALIASES] &&
	    !v->n[TABLE_FILE_VIRTUSER])
		return TABLE_FILE_ALIASES_DUMP;
	for (size_t i = 0; i < TABLE_FILE_KINDS; i++)
		if (v->n[i] > v->n[best])
			best = (enum table_file_kind)i;
	return best;
}

static bool
is_domain_text(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.[]", *p))
			return false;
	return *text != '\0';
}

bool
table_kind_has(enum table_file_kind kind, const struct table_file_line *l)
{
	if (!*l->key)
		return false;
	switch (kind) {
	case TABLE_FILE_ALIASES:
	case TABLE_FILE_ALIASES_DUMP:
		return !strchr(l->key, ',');
	case TABLE_FILE_VIRTUSER:
		return *l->value && strchr(l->key, '@');
	case TABLE_FILE_MAILERTABLE:
		return is_domain_text(l->key) && *l->value &&
		    (strchr(l->value, ':') || is_domain_text(l->value));
	case TABLE_FILE_KINDS:
		break;
	}
	return false;
}

/* The colons of an alias's line, where it could as well be an account's. */
static size_t
account_colons(const struct table_file_line *l)
{
	size_t n = 1;

	if (strchr(l->value, '|') || strchr(l->value, '"') ||
	    strstr(l->value, ":include:"))
		return 0;
	for (const char *p = l->value; *p; p++)
		n += *p == ':';
	return n;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words) != 0)
		words++;
	return *words != NULL;
}

/* Whether L looks like a line of sendmail's access_db, or of Postfix's tables
 * of that kind: by what it allows, or by what it is about. */
static bool
is_permission(const struct table_file_line *l)
{
	static const char *const results[] = { "RELAY", "OK", "REJECT",
		"DISCARD", "SKIP", NULL };
	static const char *const tags[] = { "connect", "from", "to", "spam",
		"greetpause", "clientrate", "clientconn", "srv_features",
		"authinfo", "try_tls", "tls_srv", "tls_clt", "tls_rcpt", NULL };
	const char *last = l->value + strlen(l->value);

	while (last > l->value && !isspace((unsigned char)last[-1]))
		last--;
	return is_one_of(last, results) || is_one_of(l->key, tags);
}

const char *
table_kind_fault(const struct table_file *t, size_t *line)
{
	size_t passwd = 0, group = 0, shadow = 0, access = 0, bare = 0;
	size_t bad = 0;

	*line = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct table_file_line *l = &t->line[i];
		size_t colons = account_colons(l);

		passwd += colons == 6;
		group += colons == 3;
		shadow += colons == 8;
		access += is_permission(l);
		bare += l->wrong && !*l->value && !strpbrk(l->key, " \t");
		bad += l->wrong;
		if (l->wrong && *line == 0)
			*line = l->line;
	}
	if (passwd > t->n / 2)
		return *line = 0, "this is a passwd(5) file, no alias file";
	if (group > t->n / 2)
		return *line = 0, "this is a group(5) file, no alias file";
	if (shadow > t->n / 2)
		return *line = 0, "this is a shadow(5) file, no alias file";
	if (access > t->n / 2)
		return *line = 0, "this is an access table or a list of "
		    "recipients; listmap takes no part in these";
	if (bare > t->n / 2)
		return "has a key and no value: this is a class file, or no "
		       "table at all";
	if (bad > t->n / 2)
		return "is no `name: value' (aliases), `address value' "
		       "(virtusertable), or `domain mailer:host' (mailertable)";
	return NULL;
}
