#include "cache/conclusion.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/entry_facts.h"
#include "mailman/lists.h"
#include "cache/freshness.h"
#include "cache/record.h"

/* What the disk says; it may be that of another directory than the
 * snapshot's, whose "no" means nothing. */
static enum lists_found
found_on_disk(const struct evidence *e)
{
	struct directory_id must_be;

	if (e->head == NULL)
		return entry_facts_found(e->facts, NULL);
	must_be = (struct directory_id){ e->head->dev, e->head->ino };
	return entry_facts_found(e->facts, &must_be);
}

/* The stamp is 0 where this account does not see the files. */
static bool
files_changed(const struct evidence *e)
{
	return e->head != NULL && e->facts->stamp != 0 &&
	    e->facts->stamp != e->head->stamp;
}

/* A time from far in the future is not young: it would be so for ever. */
static bool
is_young(const struct evidence *e, int64_t t)
{
	const double age = ((double)e->now - (double)t) / 1e9;

	return age < e->settle && age > -e->settle;
}

static bool
is_file_of_record(const struct evidence *e)
{
	const struct entry_facts *f = e->facts;

	return e->record->ino == f->file_ino &&
	    e->record->mtime == f->file_mtime &&
	    e->record->size == f->file_size;
}

/* The disk has a list that is none in the snapshot. */
static struct conclusion
unrecorded(const struct evidence *e)
{
	const bool young = is_young(e, e->facts->file_mtime);
	struct conclusion c = { LISTS_FOUND, LISTS_FOUND, !young };

	if (young)
		c.found = LISTS_NO_ANSWER;
	/* A scan is due after any change; an entry that is too young is not
	 * worth one more for each look-up. */
	if (young && e->fresh->changed)
		c.differs = LISTS_ABSENT;
	return c;
}

static struct conclusion
without_record(const struct evidence *e)
{
	struct conclusion c = { .found = found_on_disk(e) };
	const bool away = e->head == NULL || e->fresh->away;

	switch (c.found) {
	case LISTS_FOUND:
		return unrecorded(e);
	case LISTS_ABSENT:
		if (away)
			c.found = LISTS_AWAY;
		/* Mailman 3 has lists without a directory, which its files
		 * name. */
		else if (files_changed(e))
			c = (struct conclusion){ LISTS_NO_ANSWER, LISTS_FOUND,
				false };
		break;
	case LISTS_AWAY:
		c.differs = LISTS_AWAY;
		break;
	default:
		c.host_on_disk = true;
		break;
	}
	return c;
}

/* The snapshot has a phantom, or a list that went. */
static struct conclusion
recorded_as_none(const struct evidence *e)
{
	const enum lists_found found = found_on_disk(e);
	const bool phantom = e->record->basis == LISTS_PHANTOM;

	if (found == LISTS_FOUND && !(phantom && is_file_of_record(e)))
		return unrecorded(e);
	if (found != LISTS_FOUND && found != LISTS_ABSENT)
		return (struct conclusion){ .found = found };
	if (e->fresh->away)
		return (struct conclusion){ .found = LISTS_AWAY };
	if (files_changed(e) ||
	    (found == LISTS_FOUND && is_young(e, e->facts->file_ctime)))
		return (struct conclusion){ LISTS_NO_ANSWER, LISTS_FOUND,
			false };
	return (struct conclusion){ .found = LISTS_ABSENT };
}

/* The snapshot has an entry that could not be looked into.  It may be a list,
 * so only the directory itself can say that it is none. */
static struct conclusion
recorded_as_doubtful(const struct evidence *e)
{
	const enum lists_found found = found_on_disk(e);

	if (found == LISTS_FOUND && is_file_of_record(e))
		return (struct conclusion){ LISTS_FOUND, LISTS_FOUND, false };
	if (found == LISTS_FOUND)
		return unrecorded(e);
	if (found == LISTS_ABSENT && !e->fresh->away)
		return (struct conclusion){ .found = LISTS_ABSENT };
	return (struct conclusion){ .found = LISTS_NO_ANSWER };
}

/* The snapshot has a list, which may be a new one of that name by now. */
static struct conclusion
recorded_as_list(const struct evidence *e)
{
	const bool remade = found_on_disk(e) == LISTS_FOUND &&
	    !is_file_of_record(e) && is_young(e, e->facts->file_mtime);

	return (struct conclusion){ .found = remade ? LISTS_NO_ANSWER :
		LISTS_FOUND };
}

struct conclusion
conclude_name(const struct evidence *e)
{
	if (e->record == NULL)
		return without_record(e);
	switch (e->record->basis) {
	case LISTS_PHANTOM:
	case LISTS_GONE:
		return recorded_as_none(e);
	case LISTS_DOUBTFUL:
		return recorded_as_doubtful(e);
	case LISTS_NONE:
		return without_record(e);
	default:
		return recorded_as_list(e);
	}
}

/* The configuration of the list could not be read.  What it says now counts; if
 * it still cannot be read, nothing changed. */
static struct conclusion
unread_again(const struct evidence *e)
{
	if (found_on_disk(e) == LISTS_FOUND && !e->facts->unread)
		return (struct conclusion){ LISTS_FOUND, LISTS_FOUND, true };
	return (struct conclusion){ .found = LISTS_ABSENT };
}

/* Nobody knows what host the list has where the directory is away, or is
 * another one that tells no other host. */
static struct conclusion
host_not_told(const struct evidence *e, enum lists_found found)
{
	const struct entry_facts *f = e->facts;
	struct conclusion c = { .found = found };

	if (found == LISTS_ABSENT && e->fresh->away)
		c.found = LISTS_AWAY;
	if (found != LISTS_NO_ANSWER)
		return c;
	c.host_on_disk = true;
	if (!f->unread && str_is(e->record->host, f->info.host))
		c.found = LISTS_AWAY;
	return c;
}

struct conclusion
conclude_host(const struct evidence *e)
{
	enum lists_found found;

	if (e->record->basis == LISTS_UNREAD)
		return unread_again(e);
	if (files_changed(e))
		return (struct conclusion){ LISTS_NO_ANSWER, LISTS_FOUND,
			false };
	found = found_on_disk(e);
	if (found != LISTS_FOUND)
		return host_not_told(e, found);
	if (is_file_of_record(e))
		return (struct conclusion){ .found = LISTS_ABSENT };
	return (struct conclusion){ e->facts->unread ? LISTS_NO_ANSWER :
		LISTS_FOUND, LISTS_FOUND, true };
}
