#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/lmtp.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
hosts_and_ports(void **state)
{
	static const struct {
		const char *text, *host, *address;
		bool brackets, ipv6;
		uint16_t port;
	} rows[] = {
		{ "[127.0.0.1]", "127.0.0.1", "127.0.0.1", true, false, 8024 },
		{ "127.0.0.1", "127.0.0.1", "127.0.0.1", true, false, 8024 },
		{ "127.0.0.1:24", "127.0.0.1", "127.0.0.1", true, false, 24 },
		{ "[::1]", "::1", "::1", true, true, 8024 },
		{ "[IPv6:::1]:1", "IPv6:::1", "::1", true, true, 1 },
		{ "[ipv6:2001:db8::1]:65535", "ipv6:2001:db8::1",
		    "2001:db8::1", true, true, 65535 },
		{ "localhost", "localhost", "localhost", false, false, 8024 },
		{ "mm.example.org:18024", "mm.example.org", "mm.example.org",
		    false, false, 18024 },
		{ "[mm.example.org]", "mm.example.org", "mm.example.org", true,
		    false, 8024 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lmtp l;
		const char *err = lmtp_parse(rows[i].text, &l);

		if (err || !str_is(l.host, rows[i].host) ||
		    !str_is(l.address, rows[i].address) ||
		    l.brackets != rows[i].brackets ||
		    l.ipv6 != rows[i].ipv6 || l.port != rows[i].port)
			fail_msg("%s: %s", rows[i].text, err ? err : "");
	}
}

static void
what_is_none(void **state)
{
	static const char *const rows[] = { "", "[", "[]", ":8024",
		"[127.0.0.1", "::1", "[::1]8024", "[::1]:", "[::1]:0",
		"[::1]:65536", "[::1]:1x", "a b", "a:b", ".example.org", "-x",
		"a\"b", "[IPv6:]", "IPv6:::1", "[::g]", "x:1:2",
		"[IPv6:127.0.0.1]" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lmtp l;

		if (!lmtp_parse(rows[i], &l))
			fail_msg("taken: %s", rows[i]);
	}
}

static void
longest_name(void **state)
{
	char name[152];
	struct lmtp l;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[150] = '\0';
	assert_null(lmtp_parse(name, &l));
	assert_int_equal(l.host.n, 150);
	name[150] = 'x';
	name[151] = '\0';
	assert_non_null(lmtp_parse(name, &l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(longest_name),
	};

	return cmocka_run_group_tests_name("lmtp", tests, NULL, NULL);
}
