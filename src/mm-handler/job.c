#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "mm-handler/job.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/privileges.h"
#include "base/program.h"
#include "base/str.h"
#include "mailman/action.h"
#include "mailman/address.h"
#include "mailman/mailman.h"
#include "mailman/sites.h"
#include "mm-handler/deliver.h"
#include "mm-handler/delivery.h"
#include "mm-handler/mailbox.h"
#include "mm-handler/message.h"
#include "mm-handler/recipient.h"
#include "mm-handler/runas.h"

int
job_defer(struct job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->reason, sizeof(j->reason), fmt, ap);
	va_end(ap);
	return EX_TEMPFAIL;
}

/*
 * sendmail keeps the quotes of a local part that has a blank in it, and an old
 * mailer definition (a line Mmailman of sendmail.cf) keeps all quotes (RFC 5321
 * 4.1.2, Quoted-string).  It always keeps the backslashes that were inside of
 * them.  The look-up was made without all that.
 */
static void
put_unquoted(struct buf *b, struct str user)
{
	if (user.n >= 2 && user.p[0] == '"' && user.p[user.n - 1] == '"')
		user = str_head(str_tail(user, 1), user.n - 2);
	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == '\\' && i + 1 < user.n)
			i++;
		buf_char(b, user.p[i]);
	}
}

int
job_parse(struct job *j, const char *host, const char *user)
{
	char text[JOB_ADDRESS_MAX];
	struct buf b;
	int n = snprintf(j->text, sizeof(j->text), "%s@%s", user, host);

	if (n < 0 || (size_t)n >= sizeof(j->text))
		return job_defer(j, "the address is too long");
	buf_over(&b, text, sizeof(text));
	put_unquoted(&b, str_from(user));
	buf_printf(&b, "@%s", host);
	if (strchr(host, '@') ||
	    address_parse(buf_get(&b), &j->address) == -1)
		return job_defer(j, "the host is no domain");
	return EX_OK;
}

int
job_find(struct job *j)
{
	int status;

	j->conf = mailman_conf(j->conf_path, NULL, NULL);
	if (!j->conf)
		return job_defer(j, "the configuration %s is wrong",
		    j->conf_path);
	program_log_level(j->conf);
	j->recipients = recipient_open(j->conf);
	if (!j->recipients)
		return job_defer(j, "out of memory");
	status = recipient_find(j->recipients, &j->address, &j->route,
	    j->reason, sizeof(j->reason));
	if (status != EX_OK)
		j->route.site = NULL;
	return status;
}

static int
become_runas(struct job *j)
{
	struct account a;
	const char *err = runas_find(j->route.site->conf, &a);
	int status = EX_OK;

	if (err)
		status = job_defer(j, "%s", err);
	else if (privileges_drop(&a) == -1)
		status = job_defer(j, "cannot become uid %d, gid %d: %s",
		    (int)a.uid, (int)a.gid, strerror(errno));
	privileges_clear(&a);
	return status;
}

static struct delivery
delivery_of(const struct job *j, struct str fields)
{
	return (struct delivery){ .fields = fields,
		.timeout = j->route.site->conf->delivery_timeout,
		.from = STDIN_FILENO, .writer = &j->writer };
}

static bool
deliver_to_mailbox(struct job *j, struct str fields, struct delivery_result *r)
{
	char memory[4096];
	struct buf path;
	struct mailbox_order o = { .delivery = delivery_of(j, fields),
		.sender = j->sender };

	buf_over(&path, memory, sizeof(memory));
	buf_printf(&path, "%s/" JOB_MAILBOX, j->route.site->conf->data_dir);
	o.path = buf_cstr(&path);
	return mailbox_append(&o, r);
}

static bool
deliver_to_wrapper(struct job *j, struct str fields, struct delivery_result *r)
{
	char *list = str_dup(j->route.reading.list);
	const struct deliver_order o = { .delivery = delivery_of(j, fields),
		.wrapper = j->route.site->conf->wrapper,
		.action = action_name(j->route.reading.action), .list = list };
	bool ok = list && deliver(&o, r);

	free(list);
	return ok;
}

int
job_deliver(struct job *j)
{
	char memory[JOB_ADDRESS_MAX + 128];
	struct delivery_result r = { .reason = "" };
	struct buf fields;
	int status = become_runas(j);
	bool ok;

	if (status != EX_OK)
		return status;
	umask(007); /* as Mailman's own programs have it */
	if (chdir("/") == -1)
		return job_defer(j, "/: %s", strerror(errno));
	buf_over(&fields, memory, sizeof(memory));
	message_fields(&fields, str_from(j->text));
	ok = j->route.reading.action == ACTION_LOOP ?
	    deliver_to_mailbox(j, buf_get(&fields), &r) :
	    deliver_to_wrapper(j, buf_get(&fields), &r);
	j->size = r.size;
	return ok ? EX_OK : job_defer(j, "%s", r.reason);
}

void
job_clear(struct job *j)
{
	recipient_close(j->recipients);
	conf_free(j->conf);
}
