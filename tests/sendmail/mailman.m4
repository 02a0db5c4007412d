define(`MAILMAN_MAILER_PATH', `/run/sendmail/deliver')dnl
define(`MAILMAN_MAILER_ARGS', `mm-handler -- $h $u')dnl
MAILER(`mailman')dnl
