divert(-1)
dnl FEATURE(`listmap' [, `map'])
dnl
dnl Asks listmapd(8) which addresses are those of mailing lists.
dnl
dnl All remarks in this file are dnl lines: after `#' sendmail's m4 would still
dnl expand macros.  Columns of rules are separated by tabs.
dnl
dnl $2	class, flags and place of the socket map, as in a K line; default:
dnl		socket -T<TMPF> local:/run/listmap/socket
dnl	-T<TMPF>, by which the rules below know a failure, is added where it
dnl	is missing.  Never -o or -t: lists would be unknown users while the
dnl	daemon is away.  Other classes (hash, sequence) work as well, but then
dnl	a failure means what sendmail makes of it.
dnl
dnl These macros exist from the FEATURE line on.  Several domains are separated
dnl by blanks; each macro may be used several times:
dnl
dnl LISTMAP_DOMAIN(`lists.example.org')
dnl	Dedicated domains: sendmail takes mail for them from everywhere, and
dnl	refuses what is neither a list's address nor in the virtusertable.
dnl	Not for their sub-domains, and not what a local part leads on to other
dnl	hosts.  They need neither be in class w nor in class R nor in any
dnl	table.
dnl LISTMAP_SHARED_DOMAIN(`example.org')
dnl	Domains with lists among the users.  They must be in class w.  What is
dnl	no list's address goes on to virtusertable, aliases and users.
dnl	A domain of lists that is also the host's own name belongs here.
dnl LISTMAP_DOMAIN_FILE(`/etc/mail/list-domains')
dnl LISTMAP_SHARED_DOMAIN_FILE(`/etc/mail/shared-list-domains')
dnl	The same, from a file with a domain in each line, as `listmap dump
dnl	domains' prints it; read when sendmail starts.  Without the file
dnl	sendmail does not start, unless it is written `-o /file'.
dnl LISTMAP_MAILER(`name' [, `[host]'])
dnl	Lists go to a mailer that is none of listmap's: the one that the option
dnl	`mailer' of a site in listmap.conf names.  With a host, all that goes to
dnl	this mailer goes to that host; the brackets avoid a look-up of MX.
dnl
dnl The daemon is asked once for each recipient of a list domain, for no other
dnl recipient and for no sender; once more for the words of a refusal, where the
dnl local part names another host, and, about nobody@, where it has in quotes a
dnl bracket or a quote that is not closed.  While it is away, recipients of list
dnl domains get 451, users of shared domains included; nobody else notices.  DNS
dnl is not asked where list domains are.
divert(0)
VERSIONID(`listmap: feature/listmap.m4')
divert(-1)

define(`_LISTMAP_', `1')
define(`_NEED_MACRO_MAP_', `1')
define(`_LISTMAP_TMPF_', `<TMPF>')
define(`_LISTMAP_MAP_', ifelse(defn(`_ARG_'), `',
	``socket local:/run/listmap/socket'', `defn(`_ARG_')'))
define(`_LISTMAP_HAS_', `eval(index(` 'defn(`_LISTMAP_MAP_'), `$1') >= 0)')
ifelse(index(defn(`_LISTMAP_MAP_'), `socket '), `0', `
	ifelse(_LISTMAP_HAS_(` -o')_LISTMAP_HAS_(` -t'), `00', `',
		`errprint(`*** WARNING: FEATURE(`listmap'): with -o or -t in the map, mail to lists bounces while listmapd is away
')')
	ifelse(_LISTMAP_HAS_(` -T'), `0',
		`define(`_LISTMAP_MAP_', `socket -T'_LISTMAP_TMPF_`'substr(defn(`_LISTMAP_MAP_'), 6))')')

define(`LISTMAP_DOMAIN', `PUSHDIVERT(5)C{ListOnly}$1
POPDIVERT`'dnl`'')
define(`LISTMAP_DOMAIN_FILE', `PUSHDIVERT(5)F{ListOnly}$1
POPDIVERT`'dnl`'')
define(`LISTMAP_SHARED_DOMAIN', `PUSHDIVERT(5)C{ListDomain}$1
POPDIVERT`'dnl`'')
define(`LISTMAP_SHARED_DOMAIN_FILE', `PUSHDIVERT(5)F{ListDomain}$1
POPDIVERT`'dnl`'')
define(`LISTMAP_MAILER', `define(`_LISTMAP_MAILER_', `1')ifelse(`$2', `', `',
	`PUSHDIVERT(9)SListHost
R< $1 : DOL(*) > DOL(*)	DOL(@) < $1 : $2 > DOL(2)
POPDIVERT`'')dnl`'')
dnl A mailer may be defined there, and whoever wrote that knows of it.
define(`MAILER_DEFINITIONS',
	`define(`_LISTMAP_MAILER_', `1')'defn(`MAILER_DEFINITIONS'))

LOCAL_CONFIG
# listmap: lists and, for what is none, the words of the refusal
Klistmap _LISTMAP_MAP_
Krefusal _LISTMAP_MAP_
Ksite_domain _LISTMAP_MAP_
# listmap: a token without its quotes
Kunquote dequote -s_
# listmap: the same for the key of a map: a sequence takes quotes and backslashes
# off, as the socket map does, and what then stands in front is dequote's to take
Kclosed sequence unquote
# listmap: what names another host in a local part of a dedicated domain, whose
# mail may go on to a host with other features; class O is what this sendmail
# takes for that
C{ListRoute}@ % !
C{ListRoute}$=O
# names are looked up in the virtusertable, too; this comes after class R was
# made of class VirtHost, and so does not relay for sub-domains
C{ListDomain}$={ListOnly}
C{VirtHost}$={ListOnly}
# senders there need no DNS
CP$={ListOnly}

LOCAL_RULE_3
# listmap: list domains are canonical: no DNS, no other name by a CNAME
R$* < @ $={ListDomain} > $*	$@ $1 < @ $2 . > $3
R$* < @ $={ListDomain} . > $*	$@ $1 < @ $2 . > $3

# listmap: the first rule of the mailertable's look-up for parent domains and
# for ".", which must not claim what is no list in a dedicated domain.  It has to
# be here: rulesets follow the options, and rules are added at the end.
SMailertable=90
R< $+ > $+ < @ $={ListOnly} . > $*	$@ $2 < @ $3 . > $4

# listmap: the first rule of Rcpt_ok, in front of what strips routes
SRcpt_ok
R$*			$: $>ListRecipient $1
SCanonify2=96

LOCAL_RULE_0
# listmap: recipients in list domains; senders must get through at any time, and
# so meet no table: until it is back, what they are written like matches nothing
R$+ < @ $={ListDomain} . >	$: <listmap> $&{addr_type} <> $1 < @ $2 . >
R<listmap> e s <> $+ < @ $+ . >	$: ListSender $| $1 $| $2
R<listmap> $* <> $+ < @ $+ . >	$: <listmap> $>ListAsk $2 < @ $3 . >
R<listmap> < ! > $*		$: $1			no list
R<listmap> $*			$@ $>ListRoute $1

dnl Behind the mailertable, and in front of every LOCAL_NET_CONFIG, whichever
dnl line of sendmail.mc comes first: FEATURE(`bestmx_is_local') has its rules
dnl there, and would give a dedicated domain to the users.
divert(4)
# listmap: what nobody has claimed in a dedicated domain
R$* < @ $={ListOnly} . > $*	$: <listmap> $&{addr_type} <> $1 < @ $2 . > $3
R<listmap> e s <> $*		$: $1			a sender
R<listmap> $* <> $+ < @ $+ . > $*	$: <listmap> < $(refusal $2 @ $3 $: ! $) > $2 < @ $3 . > $4
R<listmap> < ! > $+ < @ $+ . > $*	$: <listmap> < $(listmap $1 @ $2 $: ! $) > $1 < @ $2 . > $3	made just now?
R<listmap> < ! > $+ < @ $+ . > $*	$: <listmap> < $(site_domain $2 $: ! $) > $1 < @ $2 . > $3	its own domain?
R<listmap> < ! > $*		$#error $@ 4.3.5 $: "451 4.3.5 List domain is not configured, please try again later"
R<listmap> < OK > $*		$#error $@ 5.1.1 $: "550 5.1.1 No such list or user here"
R<listmap> $*			$@ $>ListRoute $1

LOCAL_NET_CONFIG
# listmap: senders in list domains, behind the tables
RListSender $| $+ $| $=w	$: $1
RListSender $| $+ $| $+	$: $1 < @ $2 . >

LOCAL_RULESETS
# listmap: an address, to < what the map says > address.  With -T a map that failed
# answers with its key, and sendmail refuses a key with a bracket or a quote that
# is not closed, as a local part may have it in quotes.  So such a one is asked
# for only where another one of its domain has an answer.  `key' remains where
# all of the local part is a comment to sendmail, which wants an answer, too.
SListAsk
R$+ < @ $+ . >		$: < $(closed \"\"key $1 $: @ $) > $| $1 < @ $2 . >
R< @ > $| $+ < @ $+ . >	$: <open> < $(listmap nobody @ $2 $: ! $) > $| $1 < @ $2 . >
R<open> < $* _LISTMAP_TMPF_ > $| $*	$@ < _LISTMAP_TMPF_ > $2
R$* $| $+ < @ $+ . >	$@ < $(listmap $2 @ $3 $: ! $) > $2 < @ $3 . >

# listmap: < what the map says > address, to a mailer
SListRoute
R< $* _LISTMAP_TMPF_ > $*	$#error $@ 4.3.0 $: "451 4.3.0 List lookup failed, please try again later"
R< redirect : $+ > $*		$@ $>Recurse $1
R< $~[ : $* > $*		$: $>ListHost < $1 : $2 > $3
R< $~[ : $* > $*		$@ $>MailerToTriple < $1 : $2 > $3
R$*				$#error $@ 4.3.5 $: "451 4.3.5 List lookup gave no mailer"

# listmap: hosts that sendmail.mc gives to mailers
SListHost

# listmap: a recipient, as it came, before it is checked.  {ListRecipient} becomes
# RELAY where mail for it is taken from all: in a dedicated domain, if it is a
# list's, or if the local part names no other host, in quotes or without.  What
# names one, and is no list's, is judged like an address of a host that nobody
# relays for: who may relay is asked, and neither class R nor class w.  What this
# sendmail takes for no way is none in a shared domain: users may have it.
# Workspace: address $| tokens seen $| tokens to be seen $| user < @ domain >
SListRecipient
R$*			$: $(macro {ListRecipient} $) $1 $| $>CanonAddr $1
R$* $| $* < @ $* . >	$1 $| $2 < @ $3 >
R$* $| $+ < @ $={ListDomain} >	$: $1 $| $| $2 $| $2 < @ $3 >
R$* $| $* $| $- $- $- $* $| $+	$1 $| $2 $(unquote "" $3 $: @ $) $(unquote "" $4 $: @ $) $(unquote "" $5 $: @ $) $| $6 $| $7
R$* $| $* $| $- $- $| $+	$: $1 $| $2 $(unquote "" $3 $: @ $) $| $4 $| $5
R$* $| $* $| $- $| $+	$: $1 $| $2 $(unquote "" $3 $: @ $) $| $| $4
R$* $| $+ $={ListRoute} $* $| $| $+ < @ $={ListOnly} >
			$: <+> $2 @ $6 $| $>ListAsk $5 < @ $6 . >
R<+> $+ + $+ @ $+ $| $*	$: $1 + @ $3 $| $4
R<+> $*			$: $1
R$* $| $={ListRoute} $* $| $| $+ < @ $={ListOnly} >
			$: $1 $| $>ListAsk $4 < @ $5 . >
R$* $| $* $=O $* $| $| $+ < @ $+ >
			$: $1 $| $>ListAsk $5 < @ $6 . >
R$* $| < ! > $*		$@ other @ [host]
R$* $| < $* _LISTMAP_TMPF_ > $*
			$@ other @ [host] $(macro {ListRecipient} $@ TEMP $)
R$* $| $* < @ $+ . >	$: $1 $| < @ $3 >
R$* $| $* < @ $={ListOnly} >	$@ $1 $(macro {ListRecipient} $@ RELAY $)
R$* $| $*		$@ $1

# listmap: the end of Rcpt_ok.  Class R would take mail for sub-domains of
# dedicated domains, too.
SRcpt_ok
R$*			$: $&{ListRecipient} $| $1
RRELAY $| $*		$@ RELAY
RTEMP $| $*		$#TEMP $@ 4.3.0 $: "451 4.3.0 List lookup failed, please try again later"
R$* $| $*		$: $2

divert(-1)
dnl At the end, when all is known.
m4wrap(`ifelse(ifdef(`_MAILER_mailman_', `1')ifdef(`_MAILER_mailman3_', `1')ifdef(`_LISTMAP_MAILER_', `1'), `',
	`errprint(`*** WARNING: FEATURE(`listmap') without MAILER(`mailman'), MAILER(`mailman3') or LISTMAP_MAILER
')')')
