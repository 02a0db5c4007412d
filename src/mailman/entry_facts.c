#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailman/entry_facts.h"
#include "base/str.h"
#include "mailman/directory.h"
#include "mailman/entry.h"
#include "mailman/list_info.h"
#include "mailman/lists.h"
#include "mailman/mailman.h"
#include "mailman/scan.h"

static void
take_file(struct entry_facts *f, const struct stat *st)
{
	const struct stat changed = { .st_mtim = st->st_ctim };

	f->file_ino = st->st_ino;
	f->file_size = (uint64_t)st->st_size;
	f->file_mtime = scan_mtime(st);
	f->file_ctime = scan_mtime(&changed);
}

/* Looks at the entry NAME of the open directory DIR. */
static void
take_entry(const struct mailman *mailman, int dir, struct str name,
    struct entry_facts *f)
{
	char copy[ENTRY_NAME_MAX + 1];
	struct stat st;

	f->found = LISTS_ABSENT;
	if (!entry_name_ok(name))
		return;
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	f->found = directory_find_at(mailman, dir, copy, &st);
	if (f->found == LISTS_FOUND)
		take_file(f, &st);
	if (f->found == LISTS_FOUND || f->found == LISTS_NO_ANSWER)
		f->unread = mailman->read(dir, copy, DIRECTORY_READ_MAX,
		    &f->info) == -1;
}

void
entry_facts_take(const struct mailman *mailman, const char *lists_dir,
    const char *data_dir, struct str name, struct entry_facts *f)
{
	int dir = open(lists_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	memset(f, 0, sizeof(*f));
	f->found = LISTS_AWAY;
	if (data_dir != NULL && mailman->stamp != NULL)
		f->stamp = mailman->stamp(data_dir);
	if (dir == -1)
		return;
	if (fstat(dir, &st) == 0) {
		f->dev = st.st_dev;
		f->ino = st.st_ino;
		take_entry(mailman, dir, name, f);
	}
	close(dir);
}

enum lists_found
entry_facts_found(const struct entry_facts *f,
    const struct directory_id *must_be)
{
	if (must_be == NULL ||
	    (f->dev == must_be->dev && f->ino == must_be->ino))
		return f->found;
	if (f->found == LISTS_ABSENT)
		return LISTS_AWAY;
	return f->found == LISTS_FOUND ? LISTS_NO_ANSWER : f->found;
}

size_t
entry_facts_size(const struct entry_facts *f)
{
	return f->info.host[0] == '\0' && f->info.url[0] == '\0' ?
	    offsetof(struct entry_facts, info) :
	    sizeof(*f);
}
