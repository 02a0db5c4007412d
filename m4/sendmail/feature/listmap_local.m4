divert(-1)
dnl FEATURE(`listmap_local', `lists.example.org')
dnl
dnl Behind FEATURE(`listmap'): local names that neither the aliases nor the
dnl users have are looked up as addresses of this one list domain.
dnl
dnl It keeps what lists in an alias file gave: `staff: announce' in the aliases,
dnl `mail announce' typed on the host.  And as with an alias file, lists are
dnl then found in every domain of class w.  While the daemon is away, mail for
dnl names that nobody has is queued until it is back.
dnl
dnl Users are those in passwd.  The local mailer needs the flags w and 5, which
dnl MAILER(`local') gives it.
divert(0)
VERSIONID(`listmap: feature/listmap_local.m4')
divert(-1)

ifdef(`_LISTMAP_', `', `errprint(`*** ERROR: FEATURE(`listmap_local') requires FEATURE(`listmap')
')')
ifelse(defn(`_ARG_'), `', `errprint(`*** ERROR: FEATURE(`listmap_local') needs a domain
')')

LOCAL_CONFIG
# listmap_local: whether there is such a user
Klistuser user -m

LOCAL_RULESETS
# listmap_local: names that neither the aliases nor the users have
SLocal_localaddr
R$+			$: <?> $1
R<?> $+ + $*		$: < $(listuser $1 $: ? $) > $1 + $2
R<?> $+			$: < $(listuser $1 $: ? $) > $1
R<?> $+			$: <listmap> $>ListAsk $1 < @ _ARG_ . >
R<listmap> < ! > $*	$@ !			no list
R<listmap> $*		$@ $>ListRoute $1
divert(-1)
