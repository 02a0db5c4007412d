#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "mailman/pickle.h"
#include "mailman/pickle_file.h"
#include "tests/fixture.h"
#include "tests/patience.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define HOST "lists.test"
#define URL "http://lists.test/mailman/"

/* The pickle that a test makes. */
static struct buf made;
#define ADD(literal) buf_put(&made, literal, sizeof(literal) - 1)

static struct pickle got;
static const char *err;
static uint64_t bytes_read;

static int
setup(void **state)
{
	(void)state;
	buf_init(&made, 64 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_clear(&made);
	return 0;
}

static int
read_made(void *arg, uint64_t offset, void *to, size_t n)
{
	const struct pickle_source *s = arg;

	assert_true(n > 0 && offset < s->size && n <= s->size - offset);
	memcpy(to, made.p + offset, n);
	bytes_read += n;
	return 0;
}

static void
read_first(size_t n)
{
	struct pickle_source s = { read_made, &s, n };

	bytes_read = 0;
	err = pickle_read(&s, &got);
}

static void
read_it(void)
{
	assert_false(made.failed);
	read_first(made.n);
}

static bool
is(const struct pickle_text *t, const char *must)
{
	return t->known == (must != NULL) && (!must || !strcmp(t->text, must));
}

static bool
all_is_known(void)
{
	return is(&got.host_name, HOST) && is(&got.web_page_url, URL) &&
	    got.advertised == 1;
}

static bool
nothing_is_known(void)
{
	return !got.host_name.known && !got.web_page_url.known &&
	    got.advertised == -1;
}

static void
expect_all(const char *what, int which)
{
	read_it();
	if (err || !all_is_known())
		fail_msg("%s %d: %s; %s %s %d", what, which,
		    err ? err : "no error", got.host_name.text,
		    got.web_page_url.text, got.advertised);
}

static void
expect_error(const char *why)
{
	read_it();
	if (!err || strcmp(err, why))
		fail_msg("not '%s': %s", why, err ? err : "no error");
	assert_true(nothing_is_known());
}

static void
expect_host(const char *host)
{
	read_it();
	if (err || !is(&got.host_name, host))
		fail_msg("%s: %s", err ? err : "no error",
		    got.host_name.known ? got.host_name.text : "not known");
}

/*
 * A pickler: what Python's writes, opcode by opcode.
 */

static int protocol;
static unsigned memos;

static void
put_number(uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_char(&made, (char)(v >> (8 * i)));
}

/* The thing on top gets the next number. */
static unsigned
put_memo(void)
{
	if (protocol == 0)
		buf_printf(&made, "p%u\n", memos);
	else if (protocol >= 4)
		ADD("\x94");
	else {
		ADD("r");
		put_number(memos, 4);
	}
	return memos++;
}

static void
put_get(unsigned memo)
{
	if (protocol == 0) {
		buf_printf(&made, "g%u\n", memo);
	} else {
		ADD("j");
		put_number(memo, 4);
	}
}

static void
put_text(const char *text)
{
	if (protocol == 0) {
		buf_printf(&made, "S'%s'\n", text);
		return;
	}
	if (protocol <= 2)
		ADD("U");
	else if (protocol == 3)
		ADD("X");
	else
		ADD("\x8c");
	put_number(strlen(text), protocol == 3 ? 4 : 1);
	buf_add(&made, text);
}

static unsigned
put_str(const char *text)
{
	put_text(text);
	return put_memo();
}

static void
put_bool(bool b)
{
	if (protocol < 2)
		buf_printf(&made, "I0%d\n", b);
	else
		buf_char(&made, b ? '\x88' : '\x89');
}

static void
begin(int of_protocol)
{
	buf_reset(&made);
	protocol = of_protocol;
	memos = 0;
	if (protocol >= 2) {
		ADD("\x80");
		buf_char(&made, (char)protocol);
	}
	if (protocol >= 4)
		ADD("\x95\0\0\0\0\0\0\0\0");
}

static void
put_dict(void)
{
	buf_add(&made, protocol == 0 ? "(d" : "}");
	put_memo();
}

static void
begin_dict(void)
{
	put_dict();
	if (protocol)
		ADD("(");
}

/* After each pair of the dictionary that the file is. */
static void
end_pair(void)
{
	if (!protocol)
		ADD("s");
}

static void
end_dict(void)
{
	if (protocol)
		ADD("u");
	ADD(".");
}

static void
put_pair(const char *key, const char *value)
{
	put_str(key);
	put_str(value);
	end_pair();
}

enum { PAIRS = 3 };

/* One of the wanted pairs. */
static void
put_wanted(int which)
{
	static const char *const keys[] = { "host_name", "web_page_url" };
	static const char *const values[] = { HOST, URL };

	if (which < 2) {
		put_pair(keys[which], values[which]);
		return;
	}
	put_str("advertised");
	put_bool(true);
	end_pair();
}

/*
 * Decoys: values that hold what looks like the wanted fields.
 */

static void
one_item_dict(void)
{
	put_dict();
	put_str("host_name");
	put_str("evil.test");
	ADD("s");
}

static void
dict_in_dict(void)
{
	put_dict();
	put_str("host_name");
	put_dict();
	put_str("real_name");
	one_item_dict();
	ADD("ss");
}

static void
dict_of_many(void)
{
	put_dict();
	if (protocol)
		ADD("(");
	put_pair("host_name", "evil.test");
	put_pair("web_page_url", "evil");
	put_str("advertised");
	put_bool(false);
	end_pair();
	put_pair("real_name", "evil");
	if (protocol)
		ADD("u");
}

static void
list_of_one(void)
{
	buf_add(&made, protocol ? "]" : "(l");
	put_memo();
	put_str("host_name");
	ADD("a");
}

static void
list_of_many(void)
{
	buf_add(&made, protocol ? "](" : "(l");
	put_str("host_name");
	buf_add(&made, protocol ? "" : "a");
	put_str("evil.test");
	buf_add(&made, protocol ? "e" : "a");
}

static void
tuple_of_two(void)
{
	if (protocol < 2)
		ADD("(");
	put_str("host_name");
	put_str("evil.test");
	buf_add(&made, protocol < 2 ? "t" : "\x86");
}

static void
tuple_of_dict(void)
{
	if (protocol < 2)
		ADD("(");
	one_item_dict();
	buf_add(&made, protocol < 2 ? "t" : "\x85");
}

static void
object_with_state(void)
{
	ADD("(cMailman.Bouncer\n_BounceInfo\no");
	put_memo();
	one_item_dict();
	ADD("b");
}

static void
object_by_call(void)
{
	ADD("ccopy_reg\n_reconstructor\n(cM\nC\nc__builtin__\nobject\nNtR");
	one_item_dict();
	ADD("b");
}

static void
instance(void)
{
	ADD("(iMailman.Bouncer\n_BounceInfo\n");
	dict_of_many();
	ADD("b");
}

/* The bytes of a pickle within a string. */
static void
bytes_of_a_pair(void)
{
	put_str("U\x09host_nameq\x01U\x09" "evil.test)(S\"host_name\"");
}

static void
key_as_value(void)
{
	put_str("host_name");
}

typedef void decoy_fn(void);
static decoy_fn *const decoys[] = { one_item_dict, dict_in_dict, dict_of_many,
	list_of_one, list_of_many, tuple_of_two, tuple_of_dict,
	object_with_state, object_by_call, instance, bytes_of_a_pair,
	key_as_value };

static void
put_decoy(size_t i)
{
	put_str("decoy");
	decoys[i]();
	end_pair();
}

/* A list with every decoy, the wanted pairs FIRST or last. */
static void
make_list(int of_protocol, bool first)
{
	begin(of_protocol);
	begin_dict();
	for (int i = 0; first && i < PAIRS; i++)
		put_wanted(i);
	for (size_t i = 0; i < COUNT(decoys); i++)
		put_decoy(i);
	for (int i = 0; !first && i < PAIRS; i++)
		put_wanted(i);
	end_dict();
}

/*
 * What makes sense.
 */

static void
every_protocol(void **state)
{
	(void)state;
	for (int p = 0; p <= 5; p++) {
		make_list(p, true);
		expect_all("protocol", p);
		make_list(p, false);
		expect_all("last, protocol", p);
	}
}

/* Each decoy before, between and behind the wanted pairs. */
static void
decoys_are_not_taken(void **state)
{
	(void)state;
	for (int p = 0; p <= 5; p++)
		for (size_t d = 0; d < COUNT(decoys); d++)
			for (int at = 0; at <= PAIRS; at++) {
				begin(p);
				begin_dict();
				for (int i = 0; i <= PAIRS; i++) {
					if (i == at)
						put_decoy(d);
					if (i < PAIRS)
						put_wanted(i);
				}
				end_dict();
				expect_all("decoy", (int)d);
				/* Without the real ones there is nothing. */
				begin(p);
				begin_dict();
				put_decoy(d);
				put_decoy(d);
				end_dict();
				read_it();
				assert_null(err);
				assert_true(nothing_is_known());
			}
}

static void
pairs_one_by_one(void **state)
{
	(void)state;
	/* Batches of a thousand, the remainder by SETITEM. */
	for (int p = 1; p <= 5; p++) {
		begin(p);
		begin_dict();
		put_wanted(0);
		put_wanted(1);
		ADD("u(");
		put_pair("x", "y");
		put_wanted(2);
		ADD("u");
		put_wanted(3);
		ADD("s.");
		expect_all("batches, protocol", p);
	}
	/* DICT with everything behind its mark. */
	begin(1);
	ADD("(");
	for (int i = 0; i < PAIRS; i++)
		put_wanted(i);
	ADD("d.");
	expect_all("DICT", 0);
}

static void
memos_of_keys_and_values(void **state)
{
	unsigned key, value, in[PAIRS];

	(void)state;
	for (int p = 0; p <= 5; p++) {
		/* A wanted key first comes as a value, a value as another. */
		begin(p);
		begin_dict();
		put_str("x");
		key = put_str("host_name");
		end_pair();
		put_str("y");
		value = put_str(HOST);
		end_pair();
		put_get(key);
		put_get(value);
		end_pair();
		for (int i = 1; i < PAIRS; i++)
			put_wanted(i);
		end_dict();
		expect_all("memo, protocol", p);
		/* Everything comes from a nested list. */
		begin(p);
		begin_dict();
		put_str("x");
		ADD("(");
		in[0] = put_str(HOST);
		in[1] = put_str(URL);
		put_bool(true);
		in[2] = put_memo();
		ADD("l");
		end_pair();
		for (int i = 0; i < PAIRS; i++) {
			put_str(i == 0 ? "host_name" : i == 1 ?
			    "web_page_url" : "advertised");
			put_get(in[i]);
			end_pair();
		}
		end_dict();
		expect_all("memo'd values, protocol", p);
	}
}

static void
memo_numbers_are_used_again(void **state)
{
	(void)state;
	/* What number 1 held when it was asked for counts. */
	begin(1);
	ADD("}(U\1xU\x0alists.testq\1U\x09host_nameh\1"
	    "U\1yU\x09" "evil.testq\1u.");
	expect_host(HOST);
	/* Number 1 named a field, and does no more. */
	begin(1);
	ADD("}(U\1xU\x09host_nameq\1U\1yU\1zq\1h\1U\x09" "evil.testu.");
	expect_host(NULL);
	/* All forms of PUT and GET mean the same numbers. */
	begin(1);
	ADD("}(U\1xU\x0alists.testp7\nU\x09host_nameh\7u.");
	expect_host(HOST);
	begin(1);
	ADD("}(U\1xU\x0alists.testr\7\0\0\0U\x09host_nameg7\nu.");
	expect_host(HOST);
}

static void
chains_of_memos(void **state)
{
	(void)state;
	for (int links = 1; links <= 40; links++) {
		begin(1);
		ADD("}(U\1xU\x0alists.testq\1");
		for (int i = 1; i < links; i++) {
			ADD("U\1xh");
			buf_char(&made, (char)i);
			ADD("q");
			buf_char(&made, (char)(i + 1));
		}
		ADD("U\x09host_nameh");
		buf_char(&made, (char)links);
		ADD("u.");
		read_it();
		assert_null(err);
		/* Longer ones nobody writes. */
		assert_int_equal(got.host_name.known, links <= 3);
	}
}

static void
circles_of_memos(void **state)
{
	(void)state;
	begin(1);
	ADD("}(U\x09host_nameh\1q\1u.");
	expect_host(NULL);
	begin(1);
	ADD("}(U\1xh\1q\2U\1xh\2q\1U\x09host_nameh\1u.");
	expect_host(NULL);
	/* Of a number that nothing has. */
	begin(1);
	ADD("}(U\x09host_nameh\7h\7U\1yu.");
	expect_host(NULL);
	begin(1);
	ADD("h\1q\2" "0}(U\x09host_nameh\2u.");
	expect_host(NULL);
}

static void
recursive_structures(void **state)
{
	(void)state;
	/* The dictionary holds itself; a list and a tuple do. */
	begin(1);
	ADD("}q\0(U\1xh\0U\x09host_nameU\x0alists.testU\1yh\0u.");
	expect_host(HOST);
	begin(1);
	ADD("}q\0(U\1x]q\1h\1aU\1y](h\1h\0eU\x09host_nameU\x0alists.testu.");
	expect_host(HOST);
	begin(1);
	ADD("}q\0(U\1x(]q\1(h\1ttq\2U\x09host_nameU\x0alists.testu.");
	expect_host(HOST);
	/* An item set by way of the memo is the dictionary's all the same. */
	begin(1);
	ADD("}q\0(U\1x](h\0U\x09host_nameU\x0alists.testseu.");
	expect_host(HOST);
	/* As a tuple that holds itself is written: what was made goes. */
	begin(2);
	ADD("}q\0(U\1x]q\1h\1\x85q\2a0h\2U\x09host_name"
	    "U\x0alists.testu.");
	expect_host(HOST);
	begin(1);
	ADD("}q\0(U\1x(]q\1(h\1tq\2a1h\2U\x09host_name"
	    "U\x0alists.testu.");
	expect_host(HOST);
}

static void
every_opcode(void **state)
{
	static const struct str zoo[] = {
		STR("("), STR("F1.5\n"), STR("I12\n"), STR("J\1\2\3\4"),
		STR("K\1"), STR("L12345678901234567890L\n"), STR("M\1\2"),
		STR("N"), STR("Ppersistent\n"), STR("NQ"), STR("T\2\0\0\0ab"),
		STR("V\\u20ac\n"), STR("X\2\0\0\0ab"), STR("cm\nn\n"),
		STR("]"), STR(")"), STR("G12345678"), STR("NNR"), STR("N2" "0"),
		STR("NNb"), STR("(N1"), STR("(NNN0" "0t"), STR("(N1N"),
		STR("\x82\1"), STR("\x83\1\2"), STR("\x84\1\2\3\4"),
		STR("NN\x81"), STR("\x88"), STR("\x89"), STR("\x8a\2ab"),
		STR("\x8b\2\0\0\0ab"), STR("B\2\0\0\0ab"), STR("C\2ab"),
		STR("\x8d\2\0\0\0\0\0\0\0ab"), STR("\x8e\2\0\0\0\0\0\0\0ab"),
		STR("\x8f(NN\x90"), STR("(NN\x91"), STR("NNN\x92"),
		STR("NN\x93"), STR("\x95\1\0\0\0\0\0\0\0"), STR("NNN\x87"),
		STR("\x96\2\0\0\0\0\0\0\0ab"), STR("\x97\x98"), STR("(cm\nn\no"),
		STR("(im\nn\n"), STR("(NNl(NNe"),
	};

	(void)state;
	begin(5);
	begin_dict();
	put_str("zoo");
	ADD("(");
	for (size_t i = 0; i < COUNT(zoo); i++)
		buf_str(&made, zoo[i]);
	/* The first of them was a mark. */
	ADD("tl");
	for (int i = 0; i < PAIRS; i++)
		put_wanted(i);
	end_dict();
	expect_all("zoo", 0);
}

static void
forms_of_text(void **state)
{
	static const struct {
		struct str value;
		const char *host;
	} rows[] = {
		{ STR("S'a.test'\n"), "a.test" },
		{ STR("S\"a'test\"\n"), "a'test" },
		{ STR("S'a\\'\\\\\\x41'\n"), "a'\\A" },
		{ STR("S'a\\ntest'\n"), NULL },
		{ STR("S'a\\xe9'\n"), NULL },
		{ STR("S'a\\x4'\n"), NULL },
		{ STR("S'a\\'\n"), NULL },
		{ STR("S'a.test\n"), NULL },
		{ STR("S'\n"), NULL },
		{ STR("S\n"), NULL },
		{ STR("S''\n"), "" },
		{ STR("Va.test\n"), "a.test" },
		{ STR("Va\\u002etest\n"), "a.test" },
		{ STR("Va\\U0000002etest\n"), "a.test" },
		{ STR("Va\\x\n"), "a\\x" },
		{ STR("Va\\u20ac\n"), NULL },
		{ STR("Va\\u00\n"), NULL },
		{ STR("Va\\U0000012etest\n"), NULL },
		{ STR("U\0"), "" },
		{ STR("U\6a.test"), "a.test" },
		{ STR("U\6A.Test"), "A.Test" },
		{ STR("U\2a\\"), "a\\" },
		{ STR("U\4a\0.b"), NULL },
		{ STR("U\3a\n."), NULL },
		{ STR("U\3a\x7f."), NULL },
		{ STR("U\3a\xc3\xa9"), NULL },
		{ STR("T\6\0\0\0a.test"), "a.test" },
		{ STR("X\6\0\0\0a.test"), "a.test" },
		{ STR("\x8c\6a.test"), "a.test" },
		{ STR("\x8d\6\0\0\0\0\0\0\0a.test"), "a.test" },
		{ STR("U\x09host_name"), "host_name" },
		{ STR("S'advertised'\n"), "advertised" },
		{ STR("C\6a.test"), NULL },
		{ STR("N"), NULL },
		{ STR("I1\n"), NULL },
		{ STR("K\1"), NULL },
		{ STR("]"), NULL },
		{ STR("}"), NULL },
		{ STR("h\0"), NULL },
		{ STR("cm\nn\n"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(1);
		ADD("}q\0(U\x09host_name");
		buf_str(&made, rows[i].value);
		ADD("U\1xU\1yu.");
		read_it();
		if (err || !is(&got.host_name, rows[i].host))
			fail_msg("row %zu: %s: %s", i, err ? err : "no error",
			    got.host_name.text);
	}
}

static void
forms_of_bool(void **state)
{
	static const struct {
		struct str value;
		int advertised;
	} rows[] = {
		{ STR("I01\n"), 1 }, { STR("I00\n"), 0 }, { STR("I1\n"), 1 },
		{ STR("I0\n"), 0 }, { STR("I-1\n"), 1 }, { STR("K\0"), 0 },
		{ STR("K\1"), 1 }, { STR("M\0\1"), 1 }, { STR("J\0\0\0\0"), 0 },
		{ STR("J\0\0\0\1"), 1 }, { STR("L0L\n"), 0 },
		{ STR("L1L\n"), 1 }, { STR("\x88"), 1 }, { STR("\x89"), 0 },
		{ STR("N"), -1 }, { STR("U\1" "1"), -1 }, { STR("]"), -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(1);
		ADD("}q\0(U\x0a" "advertised");
		buf_str(&made, rows[i].value);
		ADD("U\1xU\1yu.");
		read_it();
		assert_null(err);
		if (got.advertised != rows[i].advertised)
			fail_msg("row %zu: %d", i, got.advertised);
	}
}

static void
long_texts(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t n = 250; n < 260; n++) {
		begin(1);
		ADD("}(U\x09host_nameT");
		put_number(n, 4);
		buf_put(&made, text, n);
		ADD("u.");
		read_it();
		assert_null(err);
		assert_int_equal(got.host_name.known, n <= PICKLE_TEXT_MAX);
		if (got.host_name.known)
			assert_int_equal(strlen(got.host_name.text), n);
	}
	/* So long that nobody reads it; and every byte escaped. */
	begin(1);
	ADD("}(U\x09host_nameT");
	put_number(100000, 4);
	for (int i = 0; i < 1000; i++)
		buf_put(&made, text, 100);
	ADD("u.");
	expect_host(NULL);
	begin(1);
	ADD("}(U\x09host_nameV");
	for (int i = 0; i < PICKLE_TEXT_MAX; i++)
		ADD("\\U00000041");
	ADD("\nu.");
	read_it();
	assert_int_equal(strlen(got.host_name.text), PICKLE_TEXT_MAX);
}

/* Members may call themselves as they like. */
static void
names_of_fields_as_names_of_members(void **state)
{
	(void)state;
	for (int p = 0; p <= 5; p++) {
		begin(p);
		begin_dict();
		put_str("usernames");
		put_dict();
		if (p)
			ADD("(");
		for (int i = 0; i < 1000; i++) {
			char address[32];

			snprintf(address, sizeof(address), "m%d@x.test", i);
			put_pair(address, i % 2 ? "host_name" : "real_name");
		}
		if (p)
			ADD("u");
		end_pair();
		for (int i = 0; i < PAIRS; i++)
			put_wanted(i);
		end_dict();
		expect_all("members, protocol", p);
	}
}

/*
 * What makes none.
 */

static void
truncated(void **state)
{
	(void)state;
	for (int p = 0; p <= 5; p++)
		for (int first = 0; first < 2; first++) {
			make_list(p, first);
			for (size_t n = 0; n < made.n; n++) {
				read_first(n);
				/* Enough was seen, or nothing counts. */
				if (err ? !nothing_is_known() :
				    !all_is_known())
					fail_msg("protocol %d, %zu bytes of "
					    "%zu", p, n, made.n);
			}
		}
}

static void
spoiled_bytes(void **state)
{
	(void)state;
	/* Each byte of a list in turn is each other: it ends, that is all. */
	for (int p = 0; p <= 5; p++) {
		make_list(p, false);
		for (size_t i = 0; i < made.n; i++)
			for (int c = 1; c < 256; c += 7) {
				made.p[i] ^= (char)c;
				read_it();
				made.p[i] ^= (char)c;
				if (err)
					assert_true(nothing_is_known());
			}
	}
}

static void
lengths_that_lie(void **state)
{
	static const struct str rows[] = {
		STR("T\xff\xff\xff\xff"), STR("X\xff\xff\xff\xff"),
		STR("T\0\0\0\x80"), STR("B\xff\xff\xff\xff"),
		STR("\x8b\xff\xff\xff\x7f"), STR("\x8b\xff\xff\xff\xff"),
		STR("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"),
		STR("\x8d\0\0\0\0\1\0\0\0"),
		STR("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
		STR("\x8e\xf0\xff\xff\xff\xff\xff\xff\xff"),
		STR("\x96\xff\xff\xff\xff\xff\xff\xff\x7f"),
		STR("\x8c\xff"), STR("U\xff"), STR("C\xff"), STR("\x8a\xff"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(1);
		ADD("}(U\x09host_name");
		buf_str(&made, rows[i]);
		ADD("lists.testu.");
		expect_error("ends in the middle");
		assert_true(bytes_read <= made.n);
	}
	/* A frame's length is nobody's business. */
	begin(1);
	ADD("\x95\xff\xff\xff\xff\xff\xff\xff\xff}(U\x09host_name"
	    "U\x0alists.testu.");
	expect_host(HOST);
}

static void
takes_more_than_is_there(void **state)
{
	static const struct str rows[] = {
		STR("0"), STR("1"), STR("2"), STR("a"), STR("b"), STR("d"),
		STR("e"), STR("l"), STR("o"), STR("q\1"), STR("p1\n"),
		STR("r\1\0\0\0"), STR("s"), STR("t"), STR("u"), STR("Q"),
		STR("R"), STR("N(0R"), STR("NR"), STR("(a"), STR("(b"),
		STR("(q\1"), STR("(2"), STR("(Q"), STR("\x81"), STR("N\x81"),
		STR("\x85"), STR("N\x86"), STR("NN\x87"), STR("\x90"),
		STR("\x91"), STR("NN\x92"), STR("N\x93"), STR("\x94"),
		STR("(\x94"), STR("}(U\1xs"), STR("}Ns"), STR("(NN\x87"),
		STR("im\nn\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(1);
		buf_str(&made, rows[i]);
		ADD(".");
		read_it();
		if (!err || strcmp(err, "takes more than is there"))
			fail_msg("row %zu: %s", i, err ? err : "no error");
		assert_true(nothing_is_known());
	}
}

static void
other_oddities(void **state)
{
	static const struct {
		struct str text;
		const char *why;
	} rows[] = {
		{ STR(""), "ends in the middle" },
		{ STR("}"), "ends in the middle" },
		{ STR("I1"), "ends in the middle" },
		{ STR("cm\nn"), "ends in the middle" },
		{ STR("J\1\2"), "ends in the middle" },
		{ STR("!"), "holds an opcode that there is not" },
		{ STR("{'host_name': 'x'}"),
		    "holds an opcode that there is not" },
		{ STR("\x99"), "holds an opcode that there is not" },
		{ STR("\0"), "holds an opcode that there is not" },
		{ STR("}}."), "ends with more than one thing" },
		{ STR("."), "ends with more than one thing" },
		{ STR("}p\n."), "holds a number that is none" },
		{ STR("}pone\n."), "holds a number that is none" },
		{ STR("}p-1\n."), "holds a number that is none" },
		{ STR("g99999999999999999999999999\n."),
		    "holds a number that is none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&made);
		buf_str(&made, rows[i].text);
		expect_error(rows[i].why);
	}
	/* Another thing than a dictionary says nothing. */
	begin(1);
	ADD("](U\x09host_nameU\x0alists.teste.");
	expect_host(NULL);
	assert_true(nothing_is_known());
}

static int
fail_to_read(void *arg, uint64_t offset, void *to, size_t n)
{
	(void)offset;
	memset(to, 'N', n);
	return (*(int *)arg)-- > 0 ? 0 : -1;
}

static void
a_source_that_fails(void **state)
{
	(void)state;
	for (int reads = 0; reads < 4; reads++) {
		int left = reads;
		struct pickle_source s = { fail_to_read, &left, 1 << 20 };

		/* More than that does not fit on the stack. */
		err = pickle_read(&s, &got);
		assert_string_equal(err, reads < 3 ? "cannot be read" :
		    "is nested too deeply");
		assert_true(nothing_is_known());
	}
}

/*
 * How much memory and how many bytes it takes.
 */

/* A number of kilobytes of /proc/self/status. */
static long
memory(const char *what)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, what, strlen(what)))
			kb = strtol(line + strlen(what) + 1, NULL, 10);
	fclose(f);
	return kb;
}

/* Its peak is what there is now from here on. */
static bool
forget_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);
	bool done = fd != -1 && write(fd, "5", 1) == 1;

	if (fd != -1)
		close(fd);
	return done;
}

#define PEAK_MAX 4096

/* Reads S, and holds the peak against PEAK_MAX kilobytes. */
static void
read_within(const char *what, const struct pickle_source *s)
{
	long before, peak;
	bool told;

	/* What earlier tests gave back would be there for nothing. */
	malloc_trim(0);
	told = forget_peak();
	before = memory("VmRSS:");
	bytes_read = 0;
	err = pickle_read(s, &got);
	peak = memory("VmHWM:") - before;
	print_message("# %s: %ju bytes, %ju read, peak %ld kB%s\n", what,
	    (uintmax_t)s->size, (uintmax_t)bytes_read, peak,
	    told ? "" : " (of the whole program)");
	if (told)
		assert_true(peak < PEAK_MAX);
}

struct pattern {
	const char *p;
	size_t n;
};

static int
read_pattern(void *arg, uint64_t offset, void *to, size_t n)
{
	const struct pattern *p = arg;
	char *at = to;

	for (size_t i = 0; i < n; i++)
		at[i] = p->p[(offset + i) % p->n];
	bytes_read += n;
	return 0;
}

static void
endless_patterns(void **state)
{
	static const struct {
		struct pattern pattern;
		uint64_t repeats;
		const char *why;
	} rows[] = {
		{ { "(", 1 }, 10000000, "is nested too deeply" },
		{ { "]", 1 }, 10000000, "is nested too deeply" },
		{ { "}", 1 }, 10000000, "is nested too deeply" },
		{ { "](", 2 }, 10000000, "is nested too deeply" },
		{ { "N2", 2 }, 10000000, "is nested too deeply" },
		{ { "h\1", 2 }, 10000000, "is nested too deeply" },
		{ { "U\x09host_name", 11 }, 2000000, "is nested too deeply" },
		{ { "}q\1" "0", 4 }, 5000000, "ends in the middle" },
		{ { "U\1xr\1\2\3\4" "0", 9 }, 1000000, "ends in the middle" },
		{ { "I1\n0", 4 }, 5000000, "ends in the middle" },
		{ { "S", 1 }, 20000000, "ends in the middle" },
		{ { "N(0", 3 }, 10000000, "is nested too deeply" },
		{ { "N0", 2 }, 10000000, "ends in the middle" },
		{ { "(NNNN1", 6 }, 3000000, "ends in the middle" },
		{ { "\x95\1\1\1\1\1\1\1\1", 9 }, 3000000,
		    "ends in the middle" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern p = rows[i].pattern;
		struct pickle_source s = { read_pattern, &p,
			p.n * rows[i].repeats };
		char what[32];

		snprintf(what, sizeof(what), "pattern %zu", i);
		read_within(what, &s);
		if (!err || strcmp(err, rows[i].why))
			fail_msg("%s: %s", what, err ? err : "no error");
		/* Text is looked at twice at most. */
		assert_true(bytes_read <= 2 * s.size + PICKLE_STACK_MAX);
	}
}

/* Every MEMOIZE is another number. */
static int
read_memo_flood(void *arg, uint64_t offset, void *to, size_t n)
{
	unsigned char *at = to;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		uint64_t k = (offset + i) / 17, j = (offset + i) % 17;

		at[i] = j < 11 ? (unsigned char)"U\x09host_name"[j] :
		    j == 11 ? 'r' : j == 16 ? '0' :
		    (unsigned char)(k >> (8 * (j - 12)));
	}
	bytes_read += n;
	return 0;
}

static void
memo_floods(void **state)
{
	struct pickle_source s = { read_memo_flood, NULL, 17 * 500000 };

	(void)state;
	read_within("memo flood", &s);
	assert_string_equal(err, "ends in the middle");
}

static void
deep_nesting(void **state)
{
	(void)state;
	for (int depth = 10; depth <= 100000; depth *= 10) {
		begin(1);
		ADD("}(U\1x");
		for (int i = 0; i < depth; i++)
			ADD("]");
		for (int i = 1; i < depth; i++)
			ADD("a");
		ADD("U\x09host_nameU\x0alists.testu.");
		if (depth < PICKLE_STACK_MAX)
			expect_host(HOST);
		else
			expect_error("is nested too deeply");
	}
}

/* As Mailman has it: 100,000 members, all in memos. */
static void
make_large(bool first)
{
	begin(1);
	begin_dict();
	for (int i = 0; first && i < PAIRS; i++)
		put_wanted(i);
	for (int what = 0; what < 3; what++) {
		put_str("members");
		put_dict();
		for (int i = 0; i < 100000; i++) {
			char text[64];

			if (i % 1000 == 0)
				buf_add(&made, i ? "u(" : "(");
			snprintf(text, sizeof(text),
			    "member%d@mailing.example.org", i);
			put_str(text);
			ADD("K\1");
		}
		ADD("u");
	}
	for (int i = 0; !first && i < PAIRS; i++)
		put_wanted(i);
	end_dict();
}

static void
large_lists(void **state)
{
	struct pickle_source s = { read_made, &s, 0 };

	(void)state;
	make_large(true);
	s.size = made.n;
	assert_true(s.size > 11800000);
	read_within("large list, fields first", &s);
	assert_null(err);
	assert_true(all_is_known());
	/* It ends as soon as it has seen all of them. */
	assert_true(bytes_read < 65536);
	make_large(false);
	s.size = made.n;
	read_within("large list, fields last", &s);
	assert_null(err);
	assert_true(all_is_known());
	assert_true(bytes_read > s.size / 2 && bytes_read <= 2 * s.size);
}

/*
 * Files.
 */

#define MAX_BYTES (1 << 20)

static void
read_file(const char *name)
{
	int dir = open(fixture_path("lists"), O_PATH | O_DIRECTORY);

	assert_int_not_equal(dir, -1);
	err = pickle_read_file(dir, name, MAX_BYTES, &got);
	close(dir);
	assert_true(!err || nothing_is_known());
}

static void
write_made(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(made.p, 1, made.n, f), made.n);
	assert_int_equal(fclose(f), 0);
}

static int
setup_files(void **state)
{
	setup(state);
	return fixture_setup(state);
}

static int
teardown_files(void **state)
{
	teardown(state);
	return fixture_teardown(state);
}

static void
regular_files(void **state)
{
	(void)state;
	make_list(1, false);
	write_made(fixture_path("lists/good"));
	read_file("good");
	assert_null(err);
	assert_true(all_is_known());
	assert_int_equal(symlink("good", fixture_path("lists/link")), 0);
	read_file("link");
	assert_true(!err && all_is_known());
	fixture_file(fixture_path("lists/empty"), "");
	read_file("empty");
	assert_string_equal(err, "ends in the middle");
	read_file("nosuch");
	assert_string_equal(err, "is not there");
	assert_int_equal(chmod(fixture_path("lists/good"), 0), 0);
	read_file("good");
	assert_ptr_equal(err, pickle_unreadable);
	assert_int_equal(symlink("circle", fixture_path("lists/circle")), 0);
	read_file("circle");
	assert_ptr_equal(err, pickle_unreadable);
	assert_int_equal(errno, ELOOP);
}

/* The alarm would end the test program. */
static void
files_that_are_none(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	alarm(PATIENCE);
	assert_int_equal(mkfifo(fixture_path("lists/fifo"), 0666), 0);
	read_file("fifo");
	assert_string_equal(err, "is no regular file");
	fixture_mkdir(fixture_path("lists/dir"));
	read_file("dir");
	assert_string_equal(err, "is no regular file");
	assert_int_equal(symlink("/dev/zero", fixture_path("lists/zero")), 0);
	read_file("zero");
	assert_string_equal(err, "is no regular file");
	assert_int_equal(symlink("/dev/tty", fixture_path("lists/tty")), 0);
	read_file("tty");
	assert_non_null(err);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s",
	    fixture_path("lists/socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	read_file("socket");
	assert_string_equal(err, "is no regular file");
	close(fd);
	/* Somebody writes to the FIFO for ever. */
	fd = open(fixture_path("lists/fifo"), O_RDWR | O_NONBLOCK);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "}(}(", 4), 4);
	read_file("fifo");
	assert_string_equal(err, "is no regular file");
	close(fd);
	alarm(0);
}

static void
large_files(void **state)
{
	const char *path = fixture_path("lists/large");

	(void)state;
	make_list(1, true);
	write_made(path);
	/* It may be as large as that, and is read no further than needed. */
	assert_int_equal(truncate(path, MAX_BYTES), 0);
	read_file("large");
	assert_true(!err && all_is_known());
	assert_int_equal(truncate(path, MAX_BYTES + 1), 0);
	read_file("large");
	assert_ptr_equal(err, pickle_too_large);
	assert_int_equal(truncate(path, 1LL << 40), 0);
	read_file("large");
	assert_ptr_equal(err, pickle_too_large);
}

/* A file that is cut off and written again while it is read. */
static void
changing_files(void **state)
{
	const char *path = fixture_path("lists/busy");
	int status, whole = 0;
	pid_t pid;

	(void)state;
	make_list(1, false);
	write_made(path);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		for (size_t n = 0;; n = (n + 97) % made.n)
			if (ftruncate(fd, (off_t)n) == -1 ||
			    pwrite(fd, made.p, made.n, 0) == -1)
				_exit(1);
	}
	alarm(PATIENCE);
	for (int i = 0; i < 5000 || whole == 0; i++) {
		read_file("busy");
		/* Both at once: what is read may be of two moments. */
		whole += !err && all_is_known();
		if (!err && got.host_name.known)
			assert_string_equal(got.host_name.text, HOST);
	}
	alarm(0);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* A file that only grows: what it was when it was opened counts. */
static void
growing_files(void **state)
{
	const char *path = fixture_path("lists/grows");
	int status;
	pid_t pid;

	(void)state;
	fixture_file(path, "");
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_APPEND);

		for (int i = 0; i < 200; i++)
			if (write(fd, "N0N0N0N0N0N0N0N0", 16) != 16)
				_exit(1);
		_exit(0);
	}
	alarm(PATIENCE);
	do {
		read_file("grows");
		assert_string_equal(err, "ends in the middle");
	} while (waitpid(pid, &status, WNOHANG) == 0);
	alarm(0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/*
 * The files of the tables: made, and real ones.
 */

static void
read_in(const char *dir, const char *file)
{
	int fd = open(dir, O_PATH | O_DIRECTORY);

	assert_int_not_equal(fd, -1);
	err = pickle_read_file(fd, file, PICKLE_FILE_MAX, &got);
	close(fd);
}

static void
check_row(const char *dir, char *line)
{
	const char *file = strsep(&line, "\t"), *host = strsep(&line, "\t");
	const char *advertised = strsep(&line, "\t") ? strsep(&line, "\t") :
	    NULL; /* behind the list's name */
	bool error = line && !strncmp(line, "ERROR", 5);

	assert_non_null(line);
	read_in(dir, file);
	/* A marshalled config.db is no pickle. */
	if (error || str_ends(str_from(file), ".db")) {
		if (!err || !nothing_is_known())
			fail_msg("%s: no error", file);
		return;
	}
	if (err || !is(&got.host_name, strcmp(host, "MISSING") ? host : NULL) ||
	    got.advertised != !strcmp(advertised, "True") ||
	    !got.web_page_url.known)
		fail_msg("%s: %s: %s, %d", file, err ? err : "no error",
		    got.host_name.text, got.advertised);
}

/* CHECK each row of a table for the files of DIR. */
static int
each_row(const char *table, const char *dir,
    void (*check)(const char *dir, char *line))
{
	char line[1024];
	int n = 0;
	FILE *f = fopen(fixture_table(table), "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		check(dir, line);
		n++;
	}
	fclose(f);
	return n;
}

#define TABLE "mailman-2.1/pickles/expected.tsv"
#define MADE_TABLE "mailman-2.1/pickles/made.tsv"

static void
made_pickles(void **state)
{
	const char *dir = fixture_path("made");

	(void)state;
	fixture_mkdir(dir);
	fixture_make("pickles", dir);
	assert_int_equal(each_row(TABLE, dir, check_row) +
	    each_row(MADE_TABLE, dir, check_row), fixture_count(dir, "") - 2);
	assert_true(each_row(TABLE, dir, check_row) >= 19);
}

static bool
same_text(const struct pickle_text *a, const struct pickle_text *b)
{
	return a->known == b->known && (!a->known || !strcmp(a->text, b->text));
}

/* What was made has the form of the real one, so it reads the same; what the
 * table has of both was looked at before. */
static void
check_alike(const char *dir, char *line)
{
	const char *file = strsep(&line, "\t"), *real_err;
	struct pickle real;

	read_in(dir, file);
	real = got;
	real_err = err;
	read_in(fixture_path("made"), file);
	if (strcmp(err ? err : "", real_err ? real_err : "") != 0 ||
	    got.advertised != real.advertised ||
	    !same_text(&got.host_name, &real.host_name) ||
	    !same_text(&got.web_page_url, &real.web_page_url))
		fail_msg("%s: %s, %s; made: %s, %s", file,
		    real.host_name.text, real.web_page_url.text,
		    got.host_name.text, got.web_page_url.text);
}

static void
real_pickles(void **state)
{
	const char *data = getenv("LISTMAP_DATA");
	char dir[1024];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/mailman-2.1/pickles",
	    data ? data : "../shared/data");
	if (access(dir, F_OK) == -1) {
		print_message("skipped, for want of %s\n", dir);
		skip();
	}
	assert_true(each_row(TABLE, dir, check_row) >= 19);
	fixture_mkdir(fixture_path("made"));
	fixture_make("pickles", fixture_path("made"));
	each_row(TABLE, dir, check_alike);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define DISK(f) cmocka_unit_test_setup_teardown(f, setup_files, teardown_files)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_protocol),
		TEST(decoys_are_not_taken),
		TEST(pairs_one_by_one),
		TEST(memos_of_keys_and_values),
		TEST(memo_numbers_are_used_again),
		TEST(chains_of_memos),
		TEST(circles_of_memos),
		TEST(recursive_structures),
		TEST(every_opcode),
		TEST(forms_of_text),
		TEST(forms_of_bool),
		TEST(long_texts),
		TEST(names_of_fields_as_names_of_members),
		TEST(truncated),
		TEST(spoiled_bytes),
		TEST(lengths_that_lie),
		TEST(takes_more_than_is_there),
		TEST(other_oddities),
		TEST(a_source_that_fails),
		TEST(endless_patterns),
		TEST(memo_floods),
		TEST(deep_nesting),
		TEST(large_lists),
		DISK(regular_files),
		DISK(files_that_are_none),
		DISK(large_files),
		DISK(changing_files),
		DISK(growing_files),
		DISK(made_pickles),
		DISK(real_pickles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
