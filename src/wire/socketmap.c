#include <string.h>

#include "wire/socketmap.h"
#include "base/buf.h"
#include "base/str.h"
#include "wire/netstring.h"

/* Each with the space that ends it. */
static const struct str words[] = {
	[SOCKETMAP_OK] = { "OK ", 3 },
	[SOCKETMAP_NOTFOUND] = { "NOTFOUND ", 9 },
	[SOCKETMAP_TEMP] = { "TEMP ", 5 },
	[SOCKETMAP_TIMEOUT] = { "TIMEOUT ", 8 },
	[SOCKETMAP_PERM] = { "PERM ", 5 },
};

int
socketmap_parse_request(struct str payload, struct socketmap_request *r)
{
	size_t space = str_find(payload, ' ');

	if (space == STR_NONE)
		return -1;
	r->map = str_head(payload, space);
	r->key = str_tail(payload, space + 1);
	return 0;
}

/* Writes S to P, and returns what is behind it. */
static char *
write_bytes(char *p, struct str s)
{
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

void
socketmap_put_request(struct buf *out, struct str map, struct str key)
{
	char *p = netstring_claim(out, map.n + 1 + key.n);

	if (!p)
		return;
	p = write_bytes(p, map);
	*p++ = ' ';
	write_bytes(p, key);
}

int
socketmap_parse_reply(struct str payload, struct socketmap_reply *r)
{
	struct str word = payload, text = { payload.p + payload.n, 0 };
	size_t space = str_find(payload, ' '), i;

	if (space != STR_NONE) {
		word = str_head(payload, space);
		text = str_tail(payload, space + 1);
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq(word, str_head(words[i], words[i].n - 1)))
			continue;
		if (i == SOCKETMAP_OK && space == STR_NONE)
			return -1;
		r->word = (enum socketmap_word)i;
		r->text = text;
		return 0;
	}
	return -1;
}

void
socketmap_put_reply(struct buf *out, enum socketmap_word word, struct str text)
{
	char *p;

	if (word != SOCKETMAP_OK && word != SOCKETMAP_NOTFOUND)
		word = SOCKETMAP_TEMP;
	if (word == SOCKETMAP_OK && text.n == 0) {
		word = SOCKETMAP_TEMP;
		text = STR("empty value");
	}
	if (text.n > SOCKETMAP_REPLY_MAX - words[word].n) {
		word = SOCKETMAP_TEMP;
		text = STR("value too long");
	}
	p = netstring_claim(out, words[word].n + text.n);
	if (p)
		write_bytes(write_bytes(p, words[word]), text);
}
