#include <stdint.h>
#include <stdlib.h>

#include "mailman/address.h"
#include "mailman/entry.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

static bool
folded(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return true;
}

/* Half of the names are lists; nobody asks the disk for what can be none. */
static enum lists_found
find(const struct lists *l, struct str name, enum lists_from from,
    struct list *out)
{
	(void)l;
	if (!entry_name_ok(name)) {
		must(from == LISTS_FROM_SNAPSHOT);
		return LISTS_ABSENT;
	}
	must(str_find(name, '/') == STR_NONE);
	must(str_find(name, '\0') == STR_NONE);
	if (name.p[0] % 2)
		return LISTS_ABSENT;
	*out = (struct list){ .name = name };
	return LISTS_FOUND;
}

static void
understand(const struct address *a, bool plus_any, const char *delimiters)
{
	static const struct lists lists = { .find = find };
	const struct address_rules rules = { .mailman = &mailman2,
		.actions = ACTION_ALL,
		.plus_any = plus_any,
		.delimiters = delimiters,
		.site_list = STR("mailman") };
	struct reading m = { .action = ACTIONS };

	if (reading_find(&rules, &lists, LISTS_FROM_SNAPSHOT, a->local, &m) !=
	    LISTS_FOUND)
		return;
	must(m.action < ACTIONS);
	must(m.list.n > 0 && entry_name_ok(m.list));
	/* The detail is the end of what was asked for. */
	must(m.detail.n < a->local.n);
	must(m.detail.n == 0 || m.detail.p + m.detail.n ==
	    a->local.p + a->local.n);
	must(m.detail.n == 0 || plus_any || m.action == ACTION_BOUNCES ||
	    m.action == ACTION_CONFIRM);
}

static void
understand3(const struct address *a)
{
	static const struct lists lists = { .find = find };
	const struct address_rules rules = { .mailman = &mailman3,
		.actions = ACTION_ALL,
		.delimiters = "+",
		.names = &a->domain,
		.nnames = 1 };
	struct reading m = { .action = ACTIONS };

	if (reading_find(&rules, &lists, LISTS_FROM_SNAPSHOT, a->local, &m) !=
	    LISTS_FOUND)
		return;
	must(m.action < ACTIONS && m.action != ACTION_ADMIN);
	must(m.list.n > 0 && str_find(m.list, '+') == STR_NONE);
	must(str_eq(m.domain, a->domain));
	must(m.detail.n < a->local.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str key = { (const char *)data, size };
	struct address a, again;
	size_t at = str_rfind(key, '@');

	if (address_parse(key, &a) == 0) {
		must(at != STR_NONE);
		must(a.domain.n > 0 && a.domain.n <= ADDRESS_DOMAIN_MAX);
		must(a.too_long == (at > ADDRESS_LOCAL_MAX));
		must(a.local.n == (a.too_long ? ADDRESS_LOCAL_MAX : at));
		must(folded(a.local) && folded(a.domain));
		must(str_find(a.domain, '@') == STR_NONE);
		understand(&a, false, "+");
		understand(&a, true, "+");
		understand(&a, false, "-=");
		understand(&a, true, "-+");
		understand3(&a);
		/* Folding is done once and for all. */
		address_parse_local(a.local, &again);
		must(str_eq(again.local, a.local));
	}
	address_parse_local(key, &a);
	must(folded(a.local) && a.domain.n == 0);
	understand(&a, true, "+");
	return 0;
}
