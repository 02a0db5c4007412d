divert(-1)
dnl What the tests of FEATURE(listmap) have in common: the stand-in in place of
dnl mm-handler, tables made by hand beside the daemon.
divert(0)dnl
include(`base.m4')dnl
define(`MAILMAN_MAILER_PATH', `/run/sendmail/deliver')dnl
define(`MAILMAN_MAILER_ARGS', `mm-handler -- $h $u')dnl
FEATURE(`virtusertable', `hash /run/sendmail/virtusertable')dnl
FEATURE(`mailertable', `hash /run/sendmail/mailertable')dnl
