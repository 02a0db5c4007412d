PUSHDIVERT(-1)
dnl MAILER(`mailman3')
dnl
dnl Hands mail for lists of Mailman 3 to its LMTP server.  Behind MAILER(`smtp').
dnl Values of maps: mailman3:[127.0.0.1]; the brackets avoid a look-up of MX.
dnl
dnl To be defined before, where the default is not right:
dnl
dnl MAILMAN3_MAILER_ARGS	[TCP $h 8024] the port, `lmtp_port' in mailman.cfg
dnl MAILMAN3_MAILER_FLAGS	[] flags added to DFMuXz.  There must be no m:
dnl	Mailman answers some errors once, however many recipients there are.
dnl MAILMAN3_MAILER_MAX	[undefined] largest message, in bytes
dnl MAILMAN3_MAILER_QGRP	[undefined] queue group
dnl
dnl A second Mailman 3 at another port, whose site in listmap.conf has the option
dnl mailer = "mm3b", is behind it
dnl	MAILMAN3_INSTANCE(`mm3b', `TCP $h 8025')dnl
dnl With the stock tables MM3B belongs into class P as MAILMAN3 does.
ifdef(`_MAILER_smtp_', `', `errprint(`*** ERROR: MAILER(`smtp') must be before MAILER(`mailman3')
')')
_DEFIFNOT(`MAILMAN3_MAILER_FLAGS', `')
ifdef(`MAILMAN3_MAILER_ARGS', `', `define(`MAILMAN3_MAILER_ARGS', `TCP $h 8024')')
define(`_MAILMAN3_QGRP', `ifelse(defn(`MAILMAN3_MAILER_QGRP'), `', `', ` Q=MAILMAN3_MAILER_QGRP,')')
define(`_MAILMAN3_DEFINITION_', `C{Mailman3}$1
M$1,	P=[IPC], F=_MODMF_(CONCAT(`DFMuXz', MAILMAN3_MAILER_FLAGS), `MAILMAN3'),
		S=EnvFromSMTP/HdrFromSMTP, R=EnvToMailman3/ifdef(`_ALL_MASQUERADE_', `HdrFromSMTP', `EnvToSMTP'), E=\r\n, L=990,
		_OPTINS(`MAILMAN3_MAILER_MAX', `M=', `, ')T=DNS/RFC822/SMTP,_MAILMAN3_QGRP
		A=$2')
define(`MAILMAN3_INSTANCE', `PUSHDIVERT(7)
_MAILMAN3_DEFINITION_(`$1', `$2')
POPDIVERT`'dnl`'')
POPDIVERT

##########################################
###   Mailman 3 Mailer specification   ###
##########################################

VERSIONID(`listmap: mailer/mailman3.m4')

# Mailman knows its domains, not the pseudo domain behind them by which the
# stock tables lead here
SEnvToMailman3
R$+			$: $>EnvToSMTP $1
R$* < @ $+ . > $*		$: $1 < @ $2 > $3
R$* < @ $+ . $={Mailman3} > $*	$: $1 < @ $2 > $4

_MAILMAN3_DEFINITION_(`mailman3', MAILMAN3_MAILER_ARGS)
