divert(-1)
dnl What both sendmails of the bench have: BENCH_TABLES is where their tables
dnl are.  Nothing is logged, since some replies would be and would fill the log
dnl of the machine.  DNS is never asked for senders.
divert(0)dnl
define(`confLOG_LEVEL', `0')dnl
FEATURE(`relay_hosts_only')dnl
FEATURE(`virtusertable', `hash 'BENCH_TABLES`/virtusertable')dnl
FEATURE(`mailertable', `hash 'BENCH_TABLES`/mailertable')dnl
LOCAL_CONFIG
CPremote.test
