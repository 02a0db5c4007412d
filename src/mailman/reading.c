#include <string.h>

#include "mailman/reading.h"
#include "base/buf.h"
#include "base/str.h"
#include "mailman/entry.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"

/* The id of the list that R names: NAME, or NAME.DOMAIN, which is put together
 * in MEMORY then.  Empty where it is longer than an entry's name. */
static struct str
put_id(const struct reading *r, char memory[ENTRY_NAME_MAX])
{
	const size_t n = r->list.n + 1 + r->domain.n;

	if (r->domain.n == 0)
		return r->list;
	if (n > ENTRY_NAME_MAX)
		return STR("");
	if (r->list.n > 0)
		memcpy(memory, r->list.p, r->list.n);
	memory[r->list.n] = '.';
	memcpy(memory + r->list.n + 1, r->domain.p, r->domain.n);
	return (struct str){ memory, n };
}

bool
reading_is(const struct reading *r, struct str id)
{
	if (r->domain.n == 0)
		return str_eq(r->list, id);
	return id.n == r->list.n + 1 + r->domain.n &&
	    id.p[r->list.n] == '.' &&
	    str_eq(str_head(id, r->list.n), r->list) &&
	    str_eq(str_tail(id, r->list.n + 1), r->domain);
}

/* Whether the list that R was found to be answers here.  Its host may be what
 * leaves that open. */
static enum lists_found
answers_here(const struct address_rules *rules, struct reading *r,
    const struct list *list)
{
	enum lists_found here = LISTS_FOUND;

	if (rules->answers_here && (!r->everywhere || rules->only_hosts))
		here = rules->answers_here(rules->arg, list);
	r->host_unknown = here == LISTS_NO_ANSWER;
	return here;
}

/*
 * Looks one reading up.  If its list does not answer here because of its host,
 * a look on disk tells whether the host changed, before the address is absent.
 * An entry that nobody could look into does not answer where the list that was
 * there before did not.
 */
static enum lists_found
find_reading(const struct address_rules *rules, const struct lists *lists,
    enum lists_from from, struct reading *r)
{
	char memory[ENTRY_NAME_MAX];
	const struct str id = put_id(r, memory);
	enum lists_found found, here;
	struct list list;

	/* A snapshot has no other names. */
	if (from == LISTS_FROM_DISK && !entry_name_ok(id))
		return LISTS_ABSENT;
	found = lists->find(lists, id, from, &list);
	if (found != LISTS_FOUND && found != LISTS_NO_ANSWER)
		return found;
	r->basis = list.basis;
	if (found == LISTS_NO_ANSWER)
		return list.host.n > 0 &&
		    answers_here(rules, r, &list) == LISTS_ABSENT ?
		    LISTS_ABSENT : found;
	if (!entry_name_is_mailable(id)) {
		r->misnamed = true;
		return LISTS_NO_ANSWER;
	}
	here = answers_here(rules, r, &list);
	if (here == LISTS_FOUND)
		return here;
	if (from == LISTS_FROM_SNAPSHOT)
		return LISTS_UNSURE;
	found = lists->find_changed(lists, id, &list);
	if (found == LISTS_FOUND)
		return answers_here(rules, r, &list);
	return found == LISTS_ABSENT ? here : found;
}

static void
begin_readings(struct readings *all, const struct address_rules *rules,
    struct str local)
{
	all->rules = rules;
	all->local = local;
	all->next = all->from = all->until = 0;
	all->begun = false;
}

/* Whether there is a directory NAME, JOINT, DOMAIN for the list of R. */
static bool
has_joined_name(const struct lists *lists, const struct reading *r, char joint,
    struct str domain)
{
	char memory[ENTRY_NAME_MAX];
	struct list list = { 0 };
	enum lists_found found;
	struct buf id;

	buf_over(&id, memory, sizeof(memory));
	buf_str(&id, r->list);
	buf_char(&id, joint);
	buf_str(&id, domain);
	if (id.failed || !entry_name_ok(buf_get(&id)))
		return false;
	found = lists->find(lists, buf_get(&id), LISTS_FROM_SNAPSHOT, &list);
	if (found == LISTS_UNSURE)
		found = lists->find(lists, buf_get(&id), LISTS_FROM_DISK,
		    &list);
	return found == LISTS_FOUND || found == LISTS_NO_ANSWER;
}

/* No look for such a directory is made, for none is new. */
static bool
is_misnamed_list(const struct address_rules *rules, const struct lists *lists,
    const struct reading *r)
{
	for (const char *c = rules->joints; *c; c++) {
		if (r->domain.n > 0 &&
		    has_joined_name(lists, r, *c, r->domain))
			return true;
		for (size_t i = 0; r->domain.n == 0 && i < rules->nnames; i++)
			if (has_joined_name(lists, r, *c, rules->names[i]))
				return true;
	}
	return false;
}

/* No list is absent only because its directory has a name that no address leads
 * to. */
static enum lists_found
find_misnamed(const struct address_rules *rules, const struct lists *lists,
    struct str local, struct reading *r)
{
	struct readings all;

	begin_readings(&all, rules, local);
	while (rules->mailman->next_reading(&all, r))
		if (r->list.n > 0 && is_misnamed_list(rules, lists, r)) {
			r->misnamed = true;
			return LISTS_NO_ANSWER;
		}
	return LISTS_ABSENT;
}

enum lists_found
reading_find(const struct address_rules *rules, const struct lists *lists,
    enum lists_from from, struct str local, struct reading *r)
{
	struct readings all;
	enum lists_found worst = LISTS_ABSENT;

	begin_readings(&all, rules, local);
	while (rules->mailman->next_reading(&all, r)) {
		enum lists_found found = find_reading(rules, lists, from, r);

		if (found == LISTS_AWAY)
			worst = found;
		else if (found != LISTS_ABSENT)
			return found;
	}
	if (worst != LISTS_ABSENT || !rules->joints || lists->none_misnamed)
		return worst;
	return find_misnamed(rules, lists, local, r);
}
