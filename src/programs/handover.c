#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/handover.h"
#include "base/replace.h"

static long long
change_time(const struct stat *st)
{
	return st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec;
}

static void
remember(struct handover *h)
{
	struct stat st;

	h->there = stat(h->path, &st) == 0;
	if (h->there) {
		h->dev = st.st_dev;
		h->ino = st.st_ino;
		h->ctime_ns = change_time(&st);
	}
}

int
handover_init(struct handover *h, const char *cache_dir)
{
	*h = (struct handover){ 0 };
	if (asprintf(&h->path, "%s/take-over", cache_dir) == -1) {
		h->path = NULL;
		return -1;
	}
	remember(h);
	return 0;
}

void
handover_clear(struct handover *h)
{
	free(h->path);
	h->path = NULL;
}

int
handover_claim(struct handover *h)
{
	struct replace r;
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (replace_open(&r, h->path, 0644) == -1)
		return -1;
	if (replace_write(r.fd, (struct str){ text, (size_t)n }) == -1) {
		replace_cancel(&r);
		return -1;
	}
	if (replace_commit(&r) == -1)
		return -1;
	remember(h);
	return 0;
}

bool
handover_lost(const struct handover *h)
{
	struct stat st;

	if (stat(h->path, &st) == -1)
		return false;
	return !h->there || st.st_dev != h->dev || st.st_ino != h->ino ||
	    change_time(&st) != h->ctime_ns;
}
