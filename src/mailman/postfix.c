#include <string.h>

#include "mailman/postfix.h"
#include "base/buf.h"
#include "base/conf_value.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/entry.h"

/* Room for a name, a suffix and a domain. */
#define KEY_MAX 768

static const char cut_off[] = "ends too early";
static const char no_entry[] = "has a line that is none of Mailman's";
static const char half_a_list[] = "has not all addresses of a list";

/* A line: its key as it was before Mailman made a pattern of it, its value. */
struct entry {
	char memory[KEY_MAX];
	struct str key;
	struct str value;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str
trim_blanks(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_tail(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Takes an address out of /^foo-bounces(\+.*)?@lists\.example\.org$/ */
static int
put_pattern(struct buf *b, struct str key)
{
	static const char detail[] = "(\\+.*)?@";

	if (!str_starts(key, "/^") || !str_ends(key, "$/") || key.n < 4)
		return -1;
	key = str_tail(str_head(key, key.n - 2), 2);
	while (key.n) {
		if (str_starts(key, detail)) {
			key = str_tail(key, strlen(detail) - 1);
			continue;
		}
		if (str_starts(key, "\\."))
			key = str_tail(key, 1);
		else if (key.p[0] == '\\')
			return -1;
		buf_char(b, key.p[0]);
		key = str_tail(key, 1);
	}
	return 0;
}

static int
parse_entry(struct str line, struct entry *e)
{
	size_t end = 0;
	struct buf b;

	while (end < line.n && !is_blank(line.p[end]))
		end++;
	e->value = trim_blanks(str_tail(line, end));
	line.n = end;
	buf_over(&b, e->memory, sizeof(e->memory));
	if (!str_starts(line, "/"))
		buf_str(&b, line);
	else if (put_pattern(&b, line) == -1)
		return -1;
	if (b.failed || b.n == 0 || e->value.n == 0)
		return -1;
	address_fold(e->memory, b.n);
	e->key = buf_get(&b);
	return 0;
}

enum line { LINE_END, LINE_BLANK, LINE_ENTRY, LINE_BROKEN };

/* Takes a line off *REST, and skips comments. */
static enum line
next_line(struct str *rest, struct entry *e, const char **err)
{
	for (;;) {
		size_t end = str_find(*rest, '\n');
		struct str line;

		if (rest->n == 0)
			return LINE_END;
		*err = cut_off;
		if (end == STR_NONE)
			return LINE_BROKEN;
		line = str_head(*rest, end);
		*rest = str_tail(*rest, end + 1);
		if (str_starts(line, "#"))
			continue;
		if (trim_blanks(line).n == 0)
			return LINE_BLANK;
		*err = no_entry;
		return parse_entry(line, e) == -1 ? LINE_BROKEN : LINE_ENTRY;
	}
}

static bool
is_domain(struct str s)
{
	char text[ADDRESS_DOMAIN_MAX + 1];

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return !conf_value_domain_name(text) && !str_ends(s, ".");
}

/* Whether each byte is one that listname_chars may hold at most
 * (mailman/app/lifecycle.py). */
static bool
has_listname_chars(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    (s.p[i] == '\0' || !strchr("-_.+=!$*{}~", s.p[i])))
			return false;
	return true;
}

/* Splits the address of an entry; -1 if it can be no list's. */
static int
split_address(const struct entry *e, struct str *local, struct str *domain)
{
	size_t at = str_rfind(e->key, '@');

	if (at == STR_NONE || !str_starts(e->value, "lmtp:"))
		return -1;
	*local = str_head(e->key, at);
	*domain = str_tail(e->key, at + 1);
	return entry_name_ok(*local) && has_listname_chars(*local) &&
	    is_domain(*domain) ? 0 : -1;
}

/* The bit of the suffix that LOCAL has behind NAME; 0 if Mailman 3 has no such
 * suffix, -1 if LOCAL is not NAME with a suffix. */
static int
suffix_bit(struct str local, struct str name)
{
	int a;

	if (local.n <= name.n + 1 || local.p[name.n] != '-' ||
	    !str_eq(str_head(local, name.n), name))
		return -1;
	a = action_find(str_tail(local, name.n + 1));
	return a == -1 ? 0 : (int)(ACTION_BIT(a) & ACTION_SUFFIXES_3);
}

/* Reads the lines behind that of the posting address, up to a blank one. */
static int
rest_of_block(struct str *rest, struct str name, struct str domain,
    const char **err)
{
	struct str local, other;
	unsigned seen = 0;
	struct entry e;
	enum line line;

	while ((line = next_line(rest, &e, err)) == LINE_ENTRY) {
		int bit;

		*err = half_a_list;
		if (split_address(&e, &local, &other) == -1 ||
		    !str_eq(other, domain))
			return -1;
		bit = suffix_bit(local, name);
		if (bit == -1)
			return -1;
		seen |= (unsigned)bit;
	}
	if (line == LINE_BROKEN)
		return -1;
	*err = line == LINE_END ? cut_off : half_a_list;
	return line == LINE_BLANK && seen == ACTION_SUFFIXES_3 ? 0 : -1;
}

int
postfix_lmtp_each(struct str text, postfix_list_fn *visit, void *arg,
    const char **err)
{
	struct str name, domain;
	struct entry head;
	enum line line;

	*err = cut_off;
	if (text.n == 0)
		return -1;
	while ((line = next_line(&text, &head, err)) != LINE_END) {
		int rc;

		if (line == LINE_BLANK)
			continue;
		if (line == LINE_BROKEN)
			return -1;
		*err = no_entry;
		if (split_address(&head, &name, &domain) == -1 ||
		    rest_of_block(&text, name, domain, err) == -1)
			return -1;
		rc = visit(arg, name, domain);
		if (rc)
			return rc;
	}
	return 0;
}

int
postfix_domains_each(struct str text, postfix_domain_fn *visit, void *arg,
    const char **err)
{
	enum line line, last = LINE_END;
	struct entry e;

	*err = cut_off;
	while ((line = next_line(&text, &e, err)) != LINE_END) {
		char memory[KEY_MAX];
		struct str host = { memory, e.value.n };
		int rc;

		last = line;
		if (line == LINE_BLANK)
			continue;
		if (line == LINE_BROKEN)
			return -1;
		*err = no_entry;
		if (e.value.n >= sizeof(memory))
			return -1;
		memcpy(memory, e.value.p, e.value.n);
		address_fold(memory, e.value.n);
		if (!is_domain(e.key) || !is_domain(host))
			return -1;
		rc = visit(arg, e.key, host);
		if (rc)
			return rc;
	}
	*err = cut_off;
	return last == LINE_BLANK ? 0 : -1;
}
