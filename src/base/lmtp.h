/*
 * lmtp - where an LMTP server is, as the option `lmtp' names it.
 *
 *	[127.0.0.1]  127.0.0.1  [::1]  [IPv6:::1]  mail.example.org
 *	[mail.example.org]	each with :PORT or without
 *
 * Brackets are sendmail's notation for an address, and for a host whose MX
 * records are not to be looked up.
 */
#ifndef BASE_LMTP_H
#define BASE_LMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define LMTP_PORT 8024 /* Mailman's own default */

struct lmtp {
	struct str host; /* within the brackets, if there are any */
	bool brackets;   /* sendmail needs them; also of a bare IPv4 address */
	bool ipv6;       /* an address with colons */
	struct str address; /* the host without "IPv6:" */
	uint16_t port;
};

/*
 * Takes TEXT apart; *L points into it.  Returns NULL, or what is wrong with
 * TEXT (static text).
 */
const char *lmtp_parse(const char *text, struct lmtp *l);

#endif
