#include <string.h>

#include "mailman/address.h"
#include "base/str.h"

void
address_fold(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] += 'a' - 'A';
}

void
address_parse_local(struct str key, struct address *a)
{
	a->too_long = key.n > ADDRESS_LOCAL_MAX;
	a->local.n = a->too_long ? ADDRESS_LOCAL_MAX : key.n;
	a->local.p = a->text;
	if (a->local.n)
		memcpy(a->text, key.p, a->local.n);
	address_fold(a->text, a->local.n);
	a->domain = (struct str){ a->text + a->local.n, 0 };
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
	char *to;

	if (at == STR_NONE)
		return -1;
	domain = str_tail(key, at + 1);
	if (domain.n && domain.p[domain.n - 1] == '.')
		domain.n--;
	if (domain.n == 0 || domain.n > ADDRESS_DOMAIN_MAX)
		return -1;
	address_parse_local(str_head(key, at), a);
	to = a->text + a->local.n;
	memcpy(to, domain.p, domain.n);
	address_fold(to, domain.n);
	a->domain = (struct str){ to, domain.n };
	return 0;
}
