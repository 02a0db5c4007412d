/*
 * report - what mm-handler says of a finished job: a line for the log, and a
 * text for whoever sent the message.
 */
#ifndef MM_HANDLER_REPORT_H
#define MM_HANDLER_REPORT_H

struct job;

/*
 * Logs one line: what STATUS (the exit code) means, "delivered", "refused" or
 * "deferred", and then fields that begin with to=<...>, as sendmail's own do.
 */
void report_log(const struct job *j, int status);

/*
 * Writes to standard error what sendmail puts into its message to the sender:
 * for EX_NOUSER the text of the refusal; for EX_TEMPFAIL one sentence that
 * tells nothing of our own trouble, but the reason at a terminal; for EX_OK
 * nothing.
 */
void report_to_sender(const struct job *j, int status);

#endif
