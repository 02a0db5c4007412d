/*
 * freshness - what the snapshot of a site is worth at the moment.  Pure: the
 * time comes from the caller.
 *
 * The owner of a snapshot (refresh.c) tells what happened, one function an
 * event; look-ups (cached_lists.c) read the first five members.
 *
 *				whole	complete suspect away	trusted
 *	start			false	false	 false	 last	false
 *	changed			-	false *	 -	 -	-
 *	unseen			false	false *	 -	 -	-
 *	touched			false	-	 -	 -	-
 *	suspect			false	-	 true	 -	-
 *	scan_well		**	***	 false	 false	true
 *	scan_away		-	-	 -	 true	-
 *	aged			-	-	 -	 -	false ****
 *	stop			false	false	 -	 -	-
 *
 *	last: as the last scan before this process left it
 *	*: not while the directory is suspect or away, for then the event is
 *	   one of another directory
 *	**: whether the watch saw all that happened since the scan began
 *	***: the same, if no entry changed since then and none may come, or
 *	   become a list, in silence
 *	****: once its time is over
 *
 * A scan that failed changes nothing.
 */
#ifndef CACHE_FRESHNESS_H
#define CACHE_FRESHNESS_H

#include <stdbool.h>

struct freshness {
	/* The snapshot is young enough to say "absent" although nobody looks
	 * into the directory before. */
	bool trusted;
	/* The last scan did not believe the directory, so a list that is not
	 * to be found may come back. */
	bool away;
	/* The snapshot has every entry of the directory, but for those that
	 * were touched since (touched.h). */
	bool whole;
	/* The snapshot held every list for as long as its directory was to be
	 * seen.  Stays true after the directory went.  Never true where lists
	 * come without an event. */
	bool complete;
	/* The directory that the snapshot came from was moved, unmounted or
	 * replaced, as far as anybody knows. */
	bool suspect;

	/* The directory was watched from the scan's start until now, so no
	 * change went unseen. */
	bool watched;
	/* An entry changed since the scan's start: its result may lack it. */
	bool changed;
	double trusted_until; /* seconds, by the clock of NOW below */
};

/*
 * A process starts, and nobody knows what happened since the snapshot was
 * written.  AWAY is what the last scan left (state.h).  Whoever has no loop
 * sets `trusted' by hand, after this or in place of it.
 */
void freshness_start(struct freshness *f, bool away);
/* An entry of the directory changed, and it was touched. */
void freshness_changed(struct freshness *f);
/*
 * Nobody knows what changed: events were lost, the watch was begun anew, what
 * changed has no name (Mailman's files about its lists), or the snapshot is
 * another writer's, who scanned nobody knows when.
 */
void freshness_unseen(struct freshness *f);
/* The mode or the owner of the directory changed: it may not be searched any
 * more, and what it held stays to be known. */
void freshness_touched(struct freshness *f);
/* The directory is not the one that the snapshot came from. */
void freshness_suspect(struct freshness *f);

/* A scan began; WATCHING is whether the directory is watched. */
void freshness_scan_began(struct freshness *f, bool watching);
/*
 * The scan ended well, and the snapshot is that of the scan.  SILENT is whether
 * there may be lists without an event: entries that become one, or whatever
 * others do on a network.  The snapshot is trusted for TRUST seconds from NOW.
 */
void freshness_scan_well(struct freshness *f, bool silent, double now,
    double trust);
/* The scan did not believe the directory. */
void freshness_scan_away(struct freshness *f);

/* It is NOW. */
void freshness_aged(struct freshness *f, double now);
/* Nobody watches or scans any more. */
void freshness_stop(struct freshness *f);

#endif
