#include <string.h>

#include "mailman/address.h"
#include "base/str.h"

/* So many bytes are folded at a time. */
#define BLOCK 16

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Compilers make a few instructions of a loop whose length they know. */
static void
fold_block(char p[BLOCK])
{
	for (int i = 0; i < BLOCK; i++)
		p[i] = lower(p[i]);
}

void
address_fold(char *p, size_t n)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		fold_block(p + i);
	/* What is left; some of it for the second time, which changes
	 * nothing. */
	if (n >= BLOCK)
		fold_block(p + n - BLOCK);
	else
		for (; i < n; i++)
			p[i] = lower(p[i]);
}

/* Copies the local part, not folded. */
static void
copy_local(struct str key, struct address *a)
{
	a->too_long = key.n > ADDRESS_LOCAL_MAX;
	a->local.n = a->too_long ? ADDRESS_LOCAL_MAX : key.n;
	a->local.p = a->text;
	if (a->local.n)
		memcpy(a->text, key.p, a->local.n);
	a->domain = (struct str){ a->text + a->local.n, 0 };
}

void
address_parse_local(struct str key, struct address *a)
{
	copy_local(key, a);
	address_fold(a->text, a->local.n);
}

void
address_parse_domain(struct str key, struct address *a)
{
	address_parse_local(key, a);
	if (!a->too_long && a->local.n && a->local.p[a->local.n - 1] == '.')
		a->local.n--;
}

int
address_parse(struct str key, struct address *a)
{
	size_t at = str_rfind(key, '@');
	struct str domain;

	if (at == STR_NONE)
		return -1;
	domain = str_tail(key, at + 1);
	if (domain.n && domain.p[domain.n - 1] == '.')
		domain.n--;
	if (domain.n == 0 || domain.n > ADDRESS_DOMAIN_MAX)
		return -1;
	copy_local(str_head(key, at), a);
	memcpy(a->text + a->local.n, domain.p, domain.n);
	a->domain.n = domain.n;
	address_fold(a->text, a->local.n + domain.n);
	return 0;
}
