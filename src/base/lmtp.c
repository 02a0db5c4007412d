#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/lmtp.h"
#include "base/str.h"

/* An IPv6 address begins so in sendmail's notation. */
#define IPV6 "IPv6:"

/* A longer name does not fit into what sendmail carries as one value. */
#define HOST_MAX_BYTES 150

static bool
is_ip_address(int family, struct str s)
{
	char text[INET6_ADDRSTRLEN + 1], address[16];
	int n = snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);

	return (size_t)n == s.n && (size_t)n < sizeof(text) &&
	    inet_pton(family, text, address) == 1;
}

static bool
is_host_name(struct str s)
{
	if (s.n == 0 || s.n > HOST_MAX_BYTES || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
			return false;
	}
	return true;
}

/*
 * Moves the host from the start of *REST to l->host; *REST is then what follows
 * it and its bracket.  NULL, or what is wrong.
 */
static const char *
split_off_host(struct str *rest, struct lmtp *l)
{
	size_t end = str_find(*rest, l->brackets ? ']' : ':');

	if (l->brackets && end == STR_NONE)
		return "has a bracket that is not closed";
	if (end == STR_NONE)
		end = rest->n;
	l->host = str_head(*rest, end);
	*rest = str_tail(*rest, end + l->brackets);
	return NULL;
}

/*
 * Finds out whether the host is an address or a name.  An IPv4 address counts
 * as bracketed, for sendmail.  NULL, or what is wrong.
 */
static const char *
classify_host(struct lmtp *l)
{
	l->address = l->host;
	if (l->brackets && l->host.n > strlen(IPV6) &&
	    str_is_nocase(str_head(l->host, strlen(IPV6)), IPV6))
		l->address = str_tail(l->host, strlen(IPV6));
	if (l->brackets && is_ip_address(AF_INET6, l->address)) {
		l->ipv6 = true;
		return NULL;
	}
	if (is_ip_address(AF_INET, l->host)) {
		l->brackets = true;
		return NULL;
	}
	if (is_host_name(l->host))
		return NULL;
	return "is no address and no host name (an IPv6 address stands in "
	       "brackets)";
}

const char *
lmtp_parse(const char *text, struct lmtp *l)
{
	struct str rest = str_from(text);
	uint64_t port = LMTP_PORT;
	const char *err;

	*l = (struct lmtp){ .brackets = str_starts(rest, "[") };
	if (l->brackets)
		rest = str_tail(rest, 1);
	err = split_off_host(&rest, l);
	if (!err)
		err = classify_host(l);
	if (err)
		return err;
	if (rest.n && (rest.p[0] != ':' ||
	    str_number(str_tail(rest, 1), 1, UINT16_MAX, &port) == -1))
		return "must read HOST or HOST:PORT";
	l->port = (uint16_t)port;
	return NULL;
}
