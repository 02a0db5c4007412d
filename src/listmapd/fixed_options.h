/*
 * fixed_options - the options that a reload cannot change: what they say was
 * used as root, or once and for all, when the daemon started.
 */
#ifndef LISTMAPD_FIXED_OPTIONS_H
#define LISTMAPD_FIXED_OPTIONS_H

struct conf;

/*
 * Logs for each fixed option that is not in NEW as in OLD that it takes effect
 * at the next start.  Copies to NEW the old values that the daemon goes on to
 * use; where memory is short the new ones stay.
 */
void fixed_options_keep(const struct conf *old, struct conf *new);

#endif
