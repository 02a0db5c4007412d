#include <sys/resource.h>

#include "listmapd/descriptors.h"
#include "base/conf.h"
#include "base/log.h"

/* Descriptors that are no clients: of the process, and of each site (two of a
 * worker and its watch, two that tell of mounts, two of a child). */
#define OWN_DESCRIPTORS 128
#define SITE_DESCRIPTORS 6
/* At least so many, for what libraries open. */
#define SPARE_DESCRIPTORS 256
/* The part of a low limit that clients have all the same. */
#define LEAST_PART 4
/* More than max_connections may ever be, with a thousand sites. */
#define HARD_LIMIT (1000000 + OWN_DESCRIPTORS + 1000 * SITE_DESCRIPTORS)

static rlim_t
spare_descriptors(const struct conf *c)
{
	rlim_t n = OWN_DESCRIPTORS + SITE_DESCRIPTORS * (rlim_t)c->nsites;

	return n < SPARE_DESCRIPTORS ? SPARE_DESCRIPTORS : n;
}

/* Sets both limits; returns 0, or -1 where that is not allowed. */
static int
set_limits(rlim_t soft, rlim_t hard)
{
	const struct rlimit l = { .rlim_cur = soft, .rlim_max = hard };

	return setrlimit(RLIMIT_NOFILE, &l);
}

/* Raises the limit to NEED, or as far as it goes.  Returns what it is then. */
static rlim_t
raise_limit(rlim_t need)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1)
		return need;
	if (l.rlim_cur >= need)
		return l.rlim_cur;
	/* Only root may raise the hard limit. */
	if (set_limits(need, l.rlim_max < need ? need : l.rlim_max) == 0)
		return need;
	return set_limits(l.rlim_max, l.rlim_max) == 0 ? l.rlim_max
	                                               : l.rlim_cur;
}

void
descriptors_prepare(const struct conf *c)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1)
		return;
	/* The kernel may have a lower one for all (fs.nr_open). */
	for (rlim_t n = HARD_LIMIT; n > l.rlim_max; n /= 2)
		if (set_limits(l.rlim_cur, n) == 0)
			break;
	raise_limit((rlim_t)c->max_connections + spare_descriptors(c));
}

size_t
descriptors_raise(const struct conf *c)
{
	const rlim_t wanted = (rlim_t)c->max_connections;
	rlim_t spare = spare_descriptors(c), limit, clients;

	limit = raise_limit(wanted + spare);
	if (limit >= wanted + spare)
		return (size_t)wanted;
	clients = limit > spare ? limit - spare : 0;
	if (clients < limit / LEAST_PART)
		clients = limit / LEAST_PART;
	if (clients >= wanted)
		return (size_t)wanted;
	log_warn("descriptors: option 'max_connections': %llu clients need "
	    "%llu descriptors, and the limit is %llu: %llu are served at a "
	    "time (start with a higher limit: ulimit -n, LimitNOFILE=)",
	    (unsigned long long)wanted, (unsigned long long)(wanted + spare),
	    (unsigned long long)limit, (unsigned long long)clients);
	return (size_t)clients;
}
