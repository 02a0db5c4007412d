divert(-1)
dnl What the sendmails of the tests have in common: Debian's ostype and domain,
dnl every path below a private /run, port 2525 of the loopback interface, mailers
dnl that only write down how they were called.
divert(0)dnl
define(`_USE_ETC_MAIL_')dnl
include(_CF_DIR_`'m4/cf.m4)dnl
VERSIONID(`listmap tests')
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
undefine(`confCONTROL_SOCKET_NAME')dnl
define(`MAIL_SETTINGS_DIR', `/run/sendmail/')dnl
define(`confDOMAIN_NAME', `mx.lab.test')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confCONTROL_SOCKET_NAME', `/run/sendmail/control')dnl
define(`confDEAD_LETTER_DROP', `/run/sendmail/dead.letter')dnl
define(`confPID_FILE', `/run/sendmail/sendmail.pid')dnl
define(`confSERVICE_SWITCH_FILE', `/run/sendmail/service.switch')dnl
define(`confTO_IDENT', `0')dnl
define(`ALIAS_FILE', `/run/sendmail/aliases')dnl
define(`HELP_FILE', `/run/sendmail/helpfile')dnl
define(`QUEUE_DIR', `/run/sendmail/queue')dnl
define(`STATUS_FILE', `/run/sendmail/status')dnl
define(`LOCAL_MAILER_PATH', `/run/sendmail/deliver')dnl
define(`LOCAL_MAILER_ARGS', `deliver local $u')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=2525, Addr=127.0.0.1')dnl
LOCAL_DOMAIN(`lab.test mx.lab.test localhost')dnl
