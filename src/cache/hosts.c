/*
 * A host is found by name in a tree (tsearch(3)), since there may be as many
 * hosts as lists, and visited in the order of an array.  The array owns it.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cache/hosts.h"
#include "base/str.h"

/* With the NUL.  Longer names are no hosts (RFC 1035 2.3.4). */
#define HOST_BYTES 256

static int
compare_host_names(const void *a, const void *b)
{
	return strcmp(((const struct host *)a)->name,
	    ((const struct host *)b)->name);
}

static void
free_host(struct host *host)
{
	if (host == NULL)
		return;
	free(host->name);
	free(host->url);
	free(host->real);
	free(host->last_real);
	free(host);
}

struct host *
hosts_find(const struct hosts *h, struct str name)
{
	char copy[HOST_BYTES];
	struct host key = { .name = copy }, **at;

	if (name.n >= sizeof(copy))
		return NULL;
	if (name.n > 0)
		memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	at = tfind(&key, &h->tree, compare_host_names);
	return at == NULL ? NULL : *at;
}

static struct host *
add_new_host(struct hosts *h, struct str name)
{
	struct host **more = reallocarray(h->host, h->n + 1, sizeof(*more));
	struct host *new = calloc(1, sizeof(*new));
	struct host **at = NULL;

	if (more != NULL)
		h->host = more;
	if (new != NULL)
		new->name = str_dup(name);
	if (more != NULL && new != NULL && new->name != NULL)
		at = tsearch(new, &h->tree, compare_host_names);
	if (at != NULL && *at == new) {
		h->host[h->n++] = new;
		return new;
	}
	free_host(new);
	return NULL;
}

struct host *
hosts_add(struct hosts *h, struct str name)
{
	struct host *old = hosts_find(h, name);

	return old != NULL ? old : add_new_host(h, name);
}

int
hosts_set_url(struct host *host, struct str url)
{
	char *copy;

	if (url.n == 0)
		return 0;
	copy = str_dup(url);
	if (copy == NULL)
		return -1;
	free(host->url);
	host->url = copy;
	return 0;
}

int
hosts_set_real(struct host *host, struct str real)
{
	char *copy = str_dup(real);

	if (copy == NULL)
		return -1;
	free(host->real);
	host->real = copy;
	return 0;
}

int
hosts_set_last_real(struct host *host, struct str real)
{
	if (real.n == 0)
		return 0;
	free(host->last_real);
	host->last_real = str_dup(real);
	return host->last_real == NULL ? -1 : 0;
}

static void
free_no_node(void *node)
{
	(void)node; /* hosts_clear() frees it by way of the array */
}

void
hosts_clear(struct hosts *h)
{
	size_t i;

	if (h->tree != NULL)
		tdestroy(h->tree, free_no_node);
	for (i = 0; i < h->n; i++)
		free_host(h->host[i]);
	free(h->host);
	*h = (struct hosts){ 0 };
}
