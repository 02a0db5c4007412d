divert(-1)
dnl What both sendmails of the bench have: BENCH_TABLES is where their tables
dnl are, and BENCH_TYPE their type.  Nothing is logged, since some replies would
dnl be and would fill the log of the machine.  DNS is never asked for senders.
divert(0)dnl
define(`confLOG_LEVEL', `0')dnl
FEATURE(`relay_hosts_only')dnl
FEATURE(`virtusertable', BENCH_TYPE` 'BENCH_TABLES`/virtusertable')dnl
FEATURE(`mailertable', BENCH_TYPE` 'BENCH_TABLES`/mailertable')dnl
LOCAL_CONFIG
CPremote.test
