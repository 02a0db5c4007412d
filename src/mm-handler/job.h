/*
 * job - one message for one address, from the command line to the delivery.
 *
 * The steps stand in their order below.  Each returns EX_OK, and then the next
 * one may follow; or the exit code of the program (EX_NOUSER or EX_TEMPFAIL),
 * and then `reason' says why in one line.
 */
#ifndef MM_HANDLER_JOB_H
#define MM_HANDLER_JOB_H

#include <stdint.h>

#include "mailman/address.h"
#include "mailman/resolve.h"
#include "mm-handler/writer.h"

struct conf;
struct recipient_sites;

/* An address, a path, an action, a list, with what is between them. */
#define JOB_REASON_MAX 1024
#define JOB_ADDRESS_MAX 8192

/* Where mail to the loop goes, in the site's data_dir (Mailman 2.1,
 * Mailman/MTA/Postfix.py). */
#define JOB_MAILBOX "owner-bounces.mbox"

struct job {
	/* From the command line, or the defaults of its options. */
	const char *conf_path;
	const char *queue_id;
	const char *sender;
	const char *test; /* --test ADDRESS, or NULL */

	double began;         /* clock_seconds() */
	struct writer writer; /* sendmail, which writes the message */

	/* What job_parse() and job_find() found out. */
	char text[JOB_ADDRESS_MAX]; /* USER@HOST as it was given */
	struct address address;
	struct conf *conf;
	struct recipient_sites *recipients;
	struct route route; /* route.site is NULL unless a list was found */

	uint64_t size; /* bytes of the message that were read */
	char reason[JOB_REASON_MAX];
};

/* Writes the reason and returns EX_TEMPFAIL. */
int job_defer(struct job *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes USER at HOST apart; HOST comes from sendmail's tables. */
int job_parse(struct job *j, const char *host, const char *user);
/* Reads the configuration and finds the list; see recipient_find(). */
int job_find(struct job *j);
/* Gives up root, and gives the message on standard input to Mailman. */
int job_deliver(struct job *j);

/* Frees what the job holds, at any step. */
void job_clear(struct job *j);

#endif
