#include "cache/freshness.h"

void
freshness_start(struct freshness *f, bool away)
{
	*f = (struct freshness){ .away = away };
}

void
freshness_changed(struct freshness *f)
{
	f->changed = true;
	if (!f->suspect && !f->away)
		f->complete = false;
}

void
freshness_unseen(struct freshness *f)
{
	freshness_changed(f);
	f->whole = false;
	f->watched = false;
}

void
freshness_touched(struct freshness *f)
{
	f->whole = false;
}

void
freshness_suspect(struct freshness *f)
{
	f->suspect = true;
	f->whole = false;
	f->watched = false;
}

void
freshness_scan_began(struct freshness *f, bool watching)
{
	f->changed = false;
	f->watched = watching;
}

void
freshness_scan_well(struct freshness *f, bool silent, double now, double trust)
{
	f->trusted_until = now + trust;
	f->trusted = true;
	f->away = false;
	f->suspect = false;
	f->whole = f->watched;
	f->complete = f->watched && !f->changed && !silent;
}

void
freshness_scan_away(struct freshness *f)
{
	f->away = true;
}

void
freshness_aged(struct freshness *f, double now)
{
	if (now >= f->trusted_until)
		f->trusted = false;
}

void
freshness_stop(struct freshness *f)
{
	f->whole = false;
	f->complete = false;
}
