#include <errno.h>
#include <string.h>

#include "cache/place.h"
#include "mailman/directory.h"
#include "mailman/mailman.h"
#include "cache/watch.h"

static bool
is_watched(const struct directory_id *watched, int wd,
    const struct directory_id *id)
{
	return wd != -1 && watched->dev == id->dev && watched->ino == id->ino;
}

static void
arm_lists_place(const char *path, int inotify, struct place_facts *f)
{
	struct directory_id id;

	f->wd = watch_arm_at(inotify, path, &id);
	if (f->wd == -1) {
		f->watch_error = errno;
		return;
	}
	f->armed = true;
	f->dev = id.dev;
	f->ino = id.ino;
}

static void
take_lists_place(const char *path, int inotify,
    const struct place_watched *watched, struct place_facts *f)
{
	struct directory_id id;

	if (directory_identify(path, &id) == -1) {
		f->error = errno;
		return;
	}
	f->dev = id.dev;
	f->ino = id.ino;
	if (is_watched(&watched->lists, watched->wd, &id))
		f->wd = watched->wd;
	else if (inotify != -1)
		arm_lists_place(path, inotify, f);
	f->kind = directory_kind_of(path);
}

/* The links on the way may have changed just now, so that this is the watch of
 * the lists directory: that one gets back what it wants. */
static void
give_watch_back(const char *path, int inotify, struct place_facts *f)
{
	f->files_wd = -1;
	arm_lists_place(path, inotify, f);
}

static void
arm_files_place(const char *path, int inotify, struct place_facts *f)
{
	struct directory_id id;

	f->files_wd = watch_arm_files_at(inotify, path, &id);
	if (f->files_wd == -1) {
		f->files_watch_error = errno;
		return;
	}
	f->files_armed = true;
	f->files_dev = id.dev;
	f->files_ino = id.ino;
}

static void
take_files_place(const char *path, int inotify,
    const struct place_watched *watched, struct place_facts *f)
{
	struct directory_id id;

	if (directory_identify(path, &id) == -1) {
		f->files_error = errno;
		return;
	}
	f->files_dev = id.dev;
	f->files_ino = id.ino;
	f->files_kind = directory_kind_of(path);
	if (id.dev == f->dev && id.ino == f->ino)
		return;
	if (is_watched(&watched->files, watched->files_wd, &id))
		f->files_wd = watched->files_wd;
	else if (inotify != -1)
		arm_files_place(path, inotify, f);
}

void
place_facts_take(const struct mailman *mailman, const char *lists_dir,
    const char *data_dir, int inotify, const struct place_watched *watched,
    struct place_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->wd = f->files_wd = -1;
	take_lists_place(lists_dir, inotify, watched, f);
	if (mailman->files_prefix == NULL || data_dir == NULL)
		return;
	take_files_place(data_dir, inotify, watched, f);
	if (f->files_armed && f->files_wd == f->wd) {
		f->files_armed = false;
		give_watch_back(lists_dir, inotify, f);
	}
	f->stamp = mailman->stamp(data_dir);
}
