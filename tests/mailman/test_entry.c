#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mailman/entry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	struct str name;
	bool ok;
	bool plain; /* only of those that are ok */
} rows[] = {
	{ STR("foo"), true, true },
	{ STR("a"), true, true },
	{ STR("+"), true, true },
	{ STR("-dash"), true, true },
	{ STR("..."), true, true },
	{ STR(".x"), true, true },
	{ STR("a_b=c.d+e-9"), true, true },
	/* What older Mailmans took. */
	{ STR("art&artists"), true, false },
	{ STR("o'neil"), true, false },
	{ STR("a~b"), true, false },
	{ STR("a#b"), true, false },
	{ STR("#b"), true, false },
	{ STR("a%b"), true, false },
	{ STR("a!b"), true, false },
	{ STR("a b"), true, false },
	{ STR(" "), true, false },
	{ STR("a;b"), true, false },
	{ STR("a*"), true, false },
	{ STR("a:b"), true, false },
	{ STR("a\\b"), true, false },
	{ STR("a\"b"), true, false },
	{ STR("a|b"), true, false },
	{ STR("a@b"), true, false },
	{ STR("br{ace}~!$.d.test"), true, false },
	{ STR("f\303\266o"), true, false },
	{ STR("f\366o"), true, false },
	{ STR("\200"), true, false },
	{ STR(""), false, false },
	{ { NULL, 0 }, false, false },
	{ STR("."), false, false },
	{ STR(".."), false, false },
	{ STR("Foo"), false, false },
	{ STR("fooZ"), false, false },
	{ STR("a/b"), false, false },
	{ STR("/"), false, false },
	{ STR("../foo"), false, false },
	{ STR("a\0"), false, false },
	{ STR("\0"), false, false },
	{ STR("a\nb"), false, false },
	{ STR("a\tb"), false, false },
	{ STR("\1"), false, false },
	{ STR("a\177"), false, false },
	/* The keys that a snapshot has of its own. */
	{ STR(":"), false, false },
	{ STR(":host a.test"), false, false },
};

static void
knows_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (entry_name_ok(rows[i].name) != rows[i].ok)
			fail_msg("row %zu", i);
		if (rows[i].ok &&
		    entry_name_is_plain(rows[i].name) != rows[i].plain)
			fail_msg("row %zu: plain", i);
	}
}

/* What the comments in entry.h say, byte by byte. */
static bool
is_never_named(unsigned char c)
{
	return c == '/' || c < ' ' || c == 0x7f || (c >= 'A' && c <= 'Z');
}

static bool
is_plain_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (c && strchr("-_.+=", c));
}

static void
knows_every_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 3; at++) {
			char text[] = "abc";
			const struct str name = { text, 3 };
			bool reread = c && strchr("@<>:,", c);
			bool ok = !is_never_named((unsigned char)c) &&
			    !(c == ':' && at == 0);

			text[at] = (char)c;
			if (entry_name_ok(name) != ok ||
			    entry_name_is_mailable(name) == reread ||
			    entry_name_is_plain(name) !=
			        is_plain_byte((unsigned char)c))
				fail_msg("byte %d at %zu", c, at);
		}
}

static void
bounds_names(void **state)
{
	char wide[256];

	(void)state;
	memset(wide, 'w', sizeof(wide));
	assert_true(entry_name_ok((struct str){ wide, 255 }));
	assert_false(entry_name_ok((struct str){ wide, 256 }));
}

static void
knows_what_sendmail_reads_anew(void **state)
{
	static const char *const changed[] = { "a@b", "<x>", "a:b", "a,b" };
	static const char *const kept[] = { "foo", "a&b", "o'n", "a%b", "a!b",
		"a;b", "(p)", "a b", "f\303\266o", "$x", "#x", "{x}", "a\"b",
		"a\\b", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(changed); i++)
		assert_false(entry_name_is_mailable(str_from(changed[i])));
	for (size_t i = 0; i < COUNT(kept); i++)
		assert_true(entry_name_is_mailable(str_from(kept[i])));
	assert_true(entry_name_is_mailable(STR("a\0b")));
}

static void
says_what_is_wrong(void **state)
{
	(void)state;
	assert_non_null(strstr(entry_name_fault(STR("Foo")), "lower case"));
	assert_non_null(strstr(entry_name_fault(STR("a\nb")), "control"));
	assert_non_null(strstr(entry_name_fault(STR(":x")), "< > :"));
}

static void
knows_what_is_missing(void **state)
{
	(void)state;
	assert_true(entry_is_missing(ENOENT));
	assert_true(entry_is_missing(ENOTDIR));
	assert_false(entry_is_missing(EACCES));
	assert_false(entry_is_missing(EIO));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_names),
		cmocka_unit_test(knows_every_byte),
		cmocka_unit_test(bounds_names),
		cmocka_unit_test(knows_what_sendmail_reads_anew),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(knows_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
