#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/leftovers.h"

/* mkstemp() puts these in the place of its six Xs. */
#define RANDOM_BYTES 6
#define RANDOM_LETTERS                                                        \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool
is_leftover(const char *entry, const char *base)
{
	size_t n = strlen(base);

	return strncmp(entry, base, n) == 0 && entry[n] == '.' &&
	    strlen(entry + n + 1) == RANDOM_BYTES &&
	    strspn(entry + n + 1, RANDOM_LETTERS) == RANDOM_BYTES;
}

static DIR *
open_parent_dir(const char *path, const char *slash)
{
	char *dir;
	DIR *d;

	if (slash == NULL)
		return opendir(".");
	dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL)
		return NULL;
	d = opendir(dir);
	free(dir);
	return d;
}

void
leftovers_remove(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	DIR *d = open_parent_dir(path, slash);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (is_leftover(e->d_name, base))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}
