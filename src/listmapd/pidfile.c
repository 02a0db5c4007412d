#include <stdio.h>
#include <unistd.h>

#include "listmapd/pidfile.h"
#include "base/replace.h"
#include "base/str.h"

#define PIDFILE_MODE 0644

int
pidfile_write(const char *path)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	struct replace r;

	if (!*path)
		return 0;
	if (replace_open(&r, path, PIDFILE_MODE) == -1)
		return -1;
	if (replace_write(r.fd, (struct str){ text, (size_t)n }) == -1) {
		replace_cancel(&r);
		return -1;
	}
	return replace_commit(&r);
}

void
pidfile_remove(const char *path)
{
	FILE *f = *path ? fopen(path, "r") : NULL;
	long pid = 0;

	if (!f)
		return;
	if (fscanf(f, "%ld", &pid) == 1 && pid == (long)getpid())
		unlink(path);
	fclose(f);
}
