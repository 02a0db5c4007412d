#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "mailman/entry_facts.h"
#include "mailman/mailman.h"
#include "mailman/postfix_files.h"
#include "cache/cache.h"
#include "cache/cached_lists.h"
#include "cache/rebuild.h"
#include "cache/touched.h"
#include "tests/fixture.h"

/*
 * Directories of Mailman 3 and what it wrote down of them: what a scan makes
 * of both, and what a look-up says then.
 */

/*
 * When a directory was made, and a file, nobody can set: in this program the C
 * library's statx() is this one, which is off by so many seconds.
 */
static int64_t made_off, written_off;

int
statx(int dir, const char *restrict path, int flags, unsigned mask,
    struct statx *restrict x)
{
	int rc = (int)syscall(SYS_statx, dir, path, flags, mask, x);

	if (rc == 0 && *path == '\0')
		x->stx_btime.tv_sec += written_off;
	if (rc == 0 && *path != '\0') {
		x->stx_btime.tv_sec += made_off;
		x->stx_mtime.tv_sec += made_off;
	}
	return rc;
}

static struct rebuild_result last;
static double settle;
static bool accept_empty;
static char d_name[] = "d.test", lists_name[] = "lists.d.test",
    gone_name[] = "gone.test";
static const struct conf_domain domains[] = { { .name = d_name },
	{ .name = lists_name }, { .name = gone_name } };

static enum rebuild_status
run(void)
{
	char lists[1024], data[1024], cache[1024];
	struct rebuild_order o = { .mailman = &mailman3, .site = "s",
		.lists_dir = lists, .data_dir = data, .cache_dir = cache,
		.settle = settle, .accept_empty = accept_empty,
		.domains = domains, .ndomains = 3 };

	snprintf(lists, sizeof(lists), "%s", fixture_path("lists"));
	snprintf(data, sizeof(data), "%s", fixture_path("data"));
	snprintf(cache, sizeof(cache), "%s", fixture_path("cache"));
	rebuild(&o, &last);
	return last.status;
}

static int
setup(void **state)
{
	int rc = fixture_setup(state);

	settle = 0;
	accept_empty = false;
	made_off = written_off = 0;
	fixture_mkdir(fixture_path("data"));
	return rc;
}

static void
make(const char *id)
{
	fixture_mkdir(fixture_path("lists/%s", id));
}

static void
unmake(const char *id)
{
	assert_int_equal(rmdir(fixture_path("lists/%s", id)), 0);
}

/* The lists "NAME@DOMAIN", with a NULL behind them. */
static void
write_lists(const char *const *addresses)
{
	static const char *const suffixes[] = { "", "-bounces", "-confirm",
		"-join", "-leave", "-owner", "-request", "-subscribe",
		"-unsubscribe" };
	FILE *f = fopen(fixture_path("data/new"), "w");

	assert_non_null(f);
	fprintf(f, "# Mailman's\n\n");
	for (; *addresses; addresses++) {
		size_t at = strcspn(*addresses, "@");

		for (size_t i = 0; i < 9; i++)
			fprintf(f, "%.*s%s%s   lmtp:[::1]:1\n", (int)at,
			    *addresses, suffixes[i], *addresses + at);
		fprintf(f, "\n");
	}
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(fixture_path("data/new"),
	    fixture_path("data/postfix_lmtp")), 0);
}

static void
write_domains(const char *text)
{
	fixture_file(fixture_path("data/postfix_domains"), text);
}

#define D_DOMAINS "d.test d.test\nlists.d.test lists.d.test\n\n"

static void
age(const char *what, time_t by)
{
	struct timespec t[2];

	clock_gettime(CLOCK_REALTIME, &t[0]);
	t[0].tv_sec -= by;
	t[1] = t[0];
	assert_int_equal(utimensat(AT_FDCWD, fixture_path("%s", what), t, 0),
	    0);
}

static const char *const bases[LISTS_BASES] = {
	[LISTS_BY_DIRECTORY] = "directory",
	[LISTS_BY_BOTH] = "both",
	[LISTS_BY_FILE] = "file",
	[LISTS_PHANTOM] = "phantom",
	[LISTS_GONE] = "gone",
	[LISTS_NONE] = "none",
};

/* "BASIS HOST" of the list ID in the snapshot, or "". */
static const char *
record_of(const char *id)
{
	static char text[512];
	struct cache *c;
	const char *err;
	struct record r;

	c = cache_open(fixture_path("cache/s.cdb"), &err);
	assert_non_null(c);
	text[0] = '\0';
	if (cache_find(c, str_from(id), &r) == 1)
		snprintf(text, sizeof(text), "%s %.*s",
		    bases[r.basis], (int)r.host.n, r.host.p);
	cache_close(c);
	return text;
}

static int
find_real(void *arg, struct str host, const struct record_host *r)
{
	char **text = arg;

	if (str_is(host, text[0]))
		snprintf(text[1], 64, "%.*s", (int)r->real.n, r->real.p);
	return 0;
}

/* The host that HOST is an alias of in the snapshot, or "". */
static const char *
real_of(const char *host)
{
	static char text[64];
	char name[64], *arg[2] = { name, text };
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);

	assert_non_null(c);
	snprintf(name, sizeof(name), "%s", host);
	text[0] = '\0';
	assert_int_equal(cache_each_host(c, find_real, arg), 0);
	cache_close(c);
	return text;
}

static void
directories_alone(void **state)
{
	(void)state;
	make("a.d.test");
	make(".b.d.test");
	make("Upper.d.test");
	fixture_file(fixture_path("lists/file.d.test"), "");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 2);
	assert_string_equal(last.reason, "");
	assert_string_equal(record_of("a.d.test"), "directory ");
	assert_string_equal(record_of(".b.d.test"), "directory ");
	assert_string_equal(record_of("file.d.test"), "none ");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* Digests come and go. */
	fixture_file(fixture_path("lists/a.d.test/digest.mmdf"), "x");
	assert_int_equal(run(), REBUILD_UNCHANGED);
}

static void
files_tell(void **state)
{
	static const char *const there[] = { "dev@lists.d.test", "a@d.test",
		"nodir@d.test", "other@alias.test", NULL };

	(void)state;
	make("dev.lists.d.test");
	make("a.d.test");
	make("phantom.d.test");
	make("other.e.test");
	write_lists(there);
	write_domains("alias.test e.test\n" D_DOMAINS);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(last.reason, "");
	assert_int_equal(last.lists, 4);
	assert_string_equal(record_of("dev.lists.d.test"),
	    "both lists.d.test");
	assert_string_equal(record_of("a.d.test"), "both d.test");
	assert_string_equal(record_of("other.e.test"), "both e.test");
	assert_string_equal(record_of("nodir.d.test"), "file d.test");
	assert_string_equal(record_of("phantom.d.test"), "phantom ");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* A directory that is newer is a list whatever they say. */
	make("new.d.test");
	age("data/postfix_lmtp", 10);
	age("data/postfix_domains", 10);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "directory ");
	assert_string_equal(record_of("a.d.test"), "directory ");
	assert_string_equal(record_of("phantom.d.test"), "directory ");
	assert_string_equal(record_of("nodir.d.test"), "file d.test");
}

static void
a_phantom_that_is_made_a_list(void **state)
{
	static const char *const before[] = { "a@d.test", NULL };
	static const char *const after[] = { "a@d.test", "b@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	write_lists(before);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 1);
	assert_string_equal(record_of("b.d.test"), "phantom ");
	write_lists(after);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 2);
	assert_string_equal(record_of("b.d.test"), "both d.test");
}

/* Nobody writes them any more: NullMTA. */
static void
stale_files(void **state)
{
	static const char *const there[] = { "a@d.test", "c@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	write_lists(there);
	write_domains("d.test d.test\n\n");
	age("lists/a.d.test", 4000);
	age("lists/b.d.test", 4000);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "phantom ");
	assert_string_equal(record_of("c.d.test"), "file d.test");
	/* A list came, a minute ago or longer. */
	age("data/postfix_lmtp", 3000);
	age("lists", 100);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "directory ");
	assert_string_equal(record_of("a.d.test"), "both d.test");
	assert_non_null(strstr(last.reason, "remove it"));
}

/* What is worth nothing is no worse than nothing. */
static void
files_that_are_no_use(void **state)
{
	static const char *const there[] = { "a@d.test", NULL };
	static const char *const texts[] = { "", "garbage", "a@d.test lmtp:x\n",
		"\177ELF\n", "a@d.test lmtp:[::1]:1\na-bounces@d.test lmtp" };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	write_domains("d.test d.test\n\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		fixture_file(fixture_path("data/postfix_lmtp"), texts[i]);
		assert_true(run() <= REBUILD_WRITTEN);
		assert_int_equal(last.lists, 2);
		assert_non_null(strstr(last.reason, "postfix_lmtp"));
		assert_string_equal(record_of("b.d.test"), "directory ");
	}
	/* Half of it: then nothing is known of who is missing. */
	write_lists(there);
	fixture_file(fixture_path("data/postfix_domains"), "d.test d.t");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("a.d.test"), "both d.test");
	assert_string_equal(record_of("b.d.test"), "directory ");
	write_domains(D_DOMAINS);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "directory ");
	assert_non_null(strstr(last.reason, "lacks a domain"));
	assert_int_equal(chmod(fixture_path("data/postfix_lmtp"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "Permission denied"));
	assert_true(last.incomplete);
	assert_string_equal(record_of("a.d.test"), "directory d.test");
	assert_int_equal(unlink(fixture_path("data/postfix_lmtp")), 0);
	fixture_mkdir(fixture_path("data/postfix_lmtp"));
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "is no file"));
	assert_int_equal(truncate(fixture_path("data/postfix_domains"),
	    (off_t)3 << 30), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "too large"));
	assert_int_equal(last.lists, 2);
}

static void
make_many(const char *domain, int n)
{
	char id[64];

	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "list-%d.%s", i, domain);
		make(id);
	}
}

static const char *const two_lists[] = { "a@d.test", "nodir@d.test", NULL };

/* Files that name these, and "gone.test" for another domain's name. */
static void
write_two_lists(void)
{
	write_lists(two_lists);
	write_domains("gone.test d.test\nd.test d.test\n\n");
}

/*
 * What nobody can read says nothing, and not that lists are gone: those that
 * the files alone named stay, and the domains that are others' aliases.  Files
 * that are not there any more are another thing, and so is a person's word.
 */
static void
files_that_nobody_reads(void **state)
{
	static const char *const texts[] = { "", "a@d.test", "\1\2" };

	(void)state;
	make("a.d.test");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) + 1; i++) {
		write_two_lists();
		assert_int_not_equal(run(), REBUILD_FAILED);
		assert_string_equal(record_of("nodir.d.test"), "file d.test");
		if (i > 0) {
			write_domains(texts[i - 1]);
			fixture_file(fixture_path("data/postfix_lmtp"),
			    texts[i - 1]);
		} else {
			assert_int_equal(chmod(
			    fixture_path("data/postfix_lmtp"), 0), 0);
			assert_int_equal(chmod(
			    fixture_path("data/postfix_domains"), 0), 0);
		}
		assert_int_equal(run(), REBUILD_WRITTEN);
		assert_string_equal(record_of("a.d.test"), "directory d.test");
		assert_string_equal(record_of("nodir.d.test"), "file d.test");
		assert_string_equal(real_of("gone.test"), "d.test");
		assert_int_equal(last.lists, 2);
		assert_non_null(strstr(last.reason, "stay"));
		assert_int_equal(run(), REBUILD_UNCHANGED);
		assert_string_equal(record_of("nodir.d.test"), "file d.test");
		assert_int_equal(chmod(fixture_path("data/postfix_domains"),
		    0644), 0);
	}
	make("nodir.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "directory ");
	assert_int_equal(last.lists, 2);
	unmake("nodir.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "gone ");
	assert_int_equal(last.lists, 1);
	write_lists(two_lists);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "file d.test");
	assert_int_equal(unlink(fixture_path("data/postfix_lmtp")), 0);
	assert_int_equal(unlink(fixture_path("data/postfix_domains")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "");
	assert_string_equal(real_of("gone.test"), "");
}

/* A list whose directory went is none until the files are written again, also
 * where nobody could read them for a while. */
static void
gone_while_nobody_reads(void **state)
{
	static const char *const before[] = { "a@d.test", "b@d.test",
		"c@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	make("c.d.test");
	write_lists(before);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	unmake("a.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("a.d.test"), "gone d.test");
	assert_int_equal(chmod(fixture_path("data/postfix_lmtp"), 0), 0);
	unmake("b.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 1);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(chmod(fixture_path("data"), 0), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(chmod(fixture_path("data"), 0755), 0);
	assert_int_equal(chmod(fixture_path("data/postfix_lmtp"), 0644), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("a.d.test"), "gone d.test");
	assert_string_equal(record_of("b.d.test"), "gone d.test");
	assert_string_equal(record_of("c.d.test"), "both d.test");
	assert_int_equal(last.lists, 1);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	write_lists(before);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("a.d.test"), "file d.test");
}

/* A file that is not there says nothing any more, whatever the other one is. */
static void
one_file_gone_and_the_other_unread(void **state)
{
	(void)state;
	make("a.d.test");
	write_two_lists();
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(unlink(fixture_path("data/postfix_lmtp")), 0);
	write_domains("\1\2");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "");
	assert_string_equal(record_of("a.d.test"), "directory ");
	assert_string_equal(real_of("gone.test"), "d.test");
	write_two_lists();
	assert_int_equal(run(), REBUILD_WRITTEN);
	fixture_file(fixture_path("data/postfix_lmtp"), "\1\2");
	assert_int_equal(unlink(fixture_path("data/postfix_domains")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "file d.test");
	assert_string_equal(record_of("a.d.test"), "directory d.test");
	assert_string_equal(real_of("gone.test"), "");
}

static void
files_that_nobody_reads_and_a_persons_word(void **state)
{
	(void)state;
	make("a.d.test");
	write_two_lists();
	assert_int_equal(run(), REBUILD_WRITTEN);
	fixture_file(fixture_path("data/postfix_lmtp"), "");
	accept_empty = true;
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("nodir.d.test"), "");
	assert_string_equal(record_of("a.d.test"), "directory ");
}

/* A file that lacks most lists of its domains was cut off somewhere. */
static void
most_lists_missing(void **state)
{
	static const char *const there[] = { "list-0@d.test", "list-1@d.test",
		"list-2@d.test", NULL };

	(void)state;
	make_many("d.test", 7);
	write_lists(there);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 7);
	assert_non_null(strstr(last.reason, "lacks 4 of 7 lists"));
	assert_string_equal(record_of("list-6.d.test"), "directory ");
	/* Fewer are believed. */
	unmake("list-6.d.test");
	write_lists(there);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 3);
	assert_string_equal(record_of("list-5.d.test"), "phantom ");
}

/* Another Mailman's files, one that lost its database, half of the lists. */
static void
files_that_name_too_few(void **state)
{
	static const char *const elsewhere[] = { "x@other.test", NULL };
	static const char *const none[] = { NULL };
	static const char *const half[] = { "list-0@d.test", "list-1@d.test",
		"list-2@d.test", "list-3@d.test", NULL };

	(void)state;
	make_many("d.test", 8);
	write_lists(elsewhere);
	write_domains("other.test other.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "lacks 8 of 8 lists"));
	assert_string_equal(record_of("list-0.d.test"), "directory ");
	write_lists(none);
	write_domains("\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "lacks 8 of 8 lists"));
	assert_string_equal(record_of("list-7.d.test"), "directory ");
	write_lists(half);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_non_null(strstr(last.reason, "lacks 4 of 8 lists"));
	assert_string_equal(record_of("list-0.d.test"), "both d.test");
	assert_string_equal(record_of("list-7.d.test"), "directory ");
}

/* Nobody knows what they knew of. */
static void
files_of_the_future(void **state)
{
	static const char *const there[] = { "a@d.test", "b@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	make("new.d.test");
	write_lists(there);
	write_domains("d.test d.test\n\n");
	age("data/postfix_lmtp", -100000);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "directory ");
	age("data/postfix_lmtp", 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "phantom ");
	/* A file server's clock that is a little ahead is no reason. */
	age("data/postfix_lmtp", -1000);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "directory ");
	age("data/postfix_lmtp", -50);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "phantom ");
}

/* Moved there, or copied with its times: as old as may be, but the register
 * was written before it came. */
static void
old_directories_that_came(void **state)
{
	static const char *const there[] = { "a@d.test", "b@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	make("came.d.test");
	write_lists(there);
	write_domains("d.test d.test\n\n");
	age("lists/a.d.test", 4000);
	age("lists/b.d.test", 4000);
	age("lists/came.d.test", 4000);
	age("data/postfix_lmtp", 1000);
	written_off = -1000;
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("came.d.test"), "directory ");
	/* A copy of both has old times, too, but it was made just now. */
	written_off = 0;
	write_domains("d.test d.test\n\n");
	age("data/postfix_domains", 1);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("came.d.test"), "phantom ");
}

/* Out of descriptors, say: the snapshot stays. */
static void
files_that_cannot_be_read_now(void **state)
{
	struct rlimit before, none;
	struct postfix_files r;

	(void)state;
	write_domains("d.test d.test\n\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 0;
	assert_int_equal(postfix_files_read(fixture_path("data"), &r), -1);
	assert_int_equal(errno, EMFILE);
	postfix_files_clear(&r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(postfix_files_read(fixture_path("data"), &r), 0);
	postfix_files_clear(&r);
}

/* Nor may what somebody writes at that moment pass for all of it. */
static void
files_that_grow(void **state)
{
	struct postfix_files r;

	(void)state;
	write_domains("d.test d.test\n\n");
	/* More is in it than its size says. */
	assert_int_equal(symlink("/proc/self/status",
	    fixture_path("data/postfix_lmtp")), 0);
	errno = 0;
	assert_int_equal(postfix_files_read(fixture_path("data"), &r), -1);
	assert_int_equal(errno, EBUSY);
	postfix_files_clear(&r);
}

/* The same file at the same time, longer: another state. */
static void
stamp_knows_the_size(void **state)
{
	uint64_t before;
	struct stat st;

	(void)state;
	write_domains("d.test d.test\n\n");
	assert_int_equal(stat(fixture_path("data/postfix_domains"), &st), 0);
	before = postfix_files_stamp(fixture_path("data"));
	write_domains(D_DOMAINS);
	assert_int_equal(utimensat(AT_FDCWD,
	    fixture_path("data/postfix_domains"),
	    (struct timespec[2]){ st.st_mtim, st.st_mtim }, 0), 0);
	assert_true(postfix_files_stamp(fixture_path("data")) != before);
}

/* So are all lists of a domain that was deleted. */
static void
deleted_domain(void **state)
{
	static const char *const there[] = { "list-0@d.test", NULL };

	(void)state;
	make_many("d.test", 1);
	make_many("gone.test", 9);
	write_lists(there);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(last.reason, "");
	assert_int_equal(last.lists, 1);
	assert_string_equal(record_of("list-8.gone.test"), "phantom ");
}

/* Removed: the directory first, then the files. */
static void
lists_that_go(void **state)
{
	static const char *const both[] = { "a@d.test", "b@d.test", NULL };
	static const char *const one[] = { "a@d.test", NULL };

	(void)state;
	make("a.d.test");
	make("b.d.test");
	write_lists(both);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	unmake("b.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "gone d.test");
	assert_int_equal(last.lists, 1);
	/* It stays so, also where they are never written again. */
	assert_int_equal(run(), REBUILD_UNCHANGED);
	make("c.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "gone d.test");
	write_lists(one);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "");
	/* Written with it, and it has no directory: a list. */
	write_lists(both);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("b.d.test"), "file d.test");
}

static void
the_guard_counts_directories(void **state)
{
	static const char *const many[] = { "a@d.test", "b@d.test", "c@d.test",
		"e@d.test", "f@d.test", "list-0@d.test", NULL };

	(void)state;
	make_many("d.test", 1);
	write_lists(many);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 6);
	assert_int_equal(unlink(fixture_path("data/postfix_lmtp")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 1);
}

/* How many records the snapshot has. */
static size_t
count_records(void)
{
	const char *err;
	struct cache *c = cache_open(fixture_path("cache/s.cdb"), &err);
	size_t n = 0;

	assert_non_null(c);
	for (int b = 0; b < LISTS_BASES; b++)
		n += cache_census(c)[b];
	cache_close(c);
	return n;
}

/* The files name a list whose name a file has in the directory: the list has
 * the one record of that name. */
static void
list_of_files_beside_an_entry(void **state)
{
	static const char *const two[] = { "a@d.test", "odd@d.test", NULL };
	static const char *const one[] = { "a@d.test", NULL };

	(void)state;
	make("a.d.test");
	fixture_file(fixture_path("lists/odd.d.test"), "");
	write_lists(two);
	write_domains(D_DOMAINS);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("odd.d.test"), "file d.test");
	assert_int_equal(last.lists, 2);
	assert_int_equal(count_records(), 2);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* Nobody can read them: it stays. */
	assert_int_equal(chmod(fixture_path("data/postfix_lmtp"), 0), 0);
	(void)run();
	assert_string_equal(record_of("odd.d.test"), "file d.test");
	assert_int_equal(count_records(), 2);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(chmod(fixture_path("data/postfix_lmtp"), 0644), 0);
	write_lists(one);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("odd.d.test"), "none ");
	assert_int_equal(last.lists, 1);
	assert_int_equal(count_records(), 2);
	assert_int_equal(run(), REBUILD_UNCHANGED);
	assert_int_equal(unlink(fixture_path("lists/odd.d.test")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("odd.d.test"), "");
}

static void
new_lists_settle(void **state)
{
	static const char *const both[] = { "old@d.test", "new@d.test", NULL };

	(void)state;
	settle = 50;
	make("old.d.test");
	age("lists/old.d.test", 60);
	make("future.d.test");
	age("lists/future.d.test", -100);
	make("new.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	/* The other's birth is not in the future. */
	assert_int_equal(last.lists, 1);
	assert_int_equal(last.young, 2);
	assert_true(last.ripe_in > 0 && last.ripe_in <= 50);
	assert_string_equal(record_of("new.d.test"), "none ");
	assert_int_equal(run(), REBUILD_UNCHANGED);
	/* Another young one is another name, though as many. */
	assert_int_equal(rename(fixture_path("lists/new.d.test"),
	    fixture_path("lists/newer.d.test")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "");
	assert_string_equal(record_of("newer.d.test"), "none ");
	assert_int_equal(rename(fixture_path("lists/newer.d.test"),
	    fixture_path("lists/new.d.test")), 0);
	assert_int_equal(run(), REBUILD_WRITTEN);
	/* Nor is it a list without a directory. */
	write_lists(both);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_string_equal(record_of("new.d.test"), "none ");
	age("lists/new.d.test", 51);
	age("lists/future.d.test", 51);
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.young, 0);
	assert_int_equal(last.lists, 2);
	assert_string_equal(record_of("new.d.test"), "both d.test");
	assert_string_equal(record_of("future.d.test"), "phantom ");
}

/* A clock that was ahead and was put right. */
static void
lists_of_the_future(void **state)
{
	(void)state;
	settle = 50;
	make("a.d.test");
	made_off = 40;
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.lists, 0);
	assert_int_equal(last.young, 1);
	assert_true(last.ripe_in > 0 && last.ripe_in <= 90);
	/* That far, it would be young for hours. */
	made_off = 100000;
	assert_int_equal(run(), REBUILD_WRITTEN);
	assert_int_equal(last.young, 0);
	assert_int_equal(last.lists, 1);
	assert_string_equal(record_of("a.d.test"), "directory ");
}

/*
 * Look-ups.
 */

static enum lists_found told;

static void
note(void *arg, enum lists_found found)
{
	(void)arg;
	told = found;
}

static int
tell(void *arg, struct str name, struct entry_facts *f)
{
	(void)arg;
	entry_facts_take(&mailman3, fixture_path("lists"), fixture_path("data"),
	    name, f);
	return 1;
}

static void
open_source(struct cached_lists *s, const struct conf_site *site)
{
	const char *err;

	cached_lists_init(s, &mailman3, true);
	cached_lists_configure(s, site);
	s->facts = tell;
	s->differs = note;
	told = LISTS_ABSENT;
	assert_int_equal(cached_lists_reopen(s, fixture_path("cache/s.cdb"),
	                     &err),
	    1);
}

static enum lists_found
ask(struct cached_lists *s, const char *id, enum lists_from from)
{
	struct list list;

	return s->lists.find(&s->lists, str_from(id), from, &list);
}

static struct cached_lists at;
static char lists_path[1024], data_path[1024];
static const struct conf_site site = { .lists_dir = lists_path,
	.data_dir = data_path, .settle = 50 };
static const char *const known[] = { "a@d.test", "nodir@d.test", "b@d.test",
	NULL };

/* Lists a and nodir, a phantom, and b, which went. */
static void
look_up_setup(void)
{
	snprintf(lists_path, sizeof(lists_path), "%s", fixture_path("lists"));
	snprintf(data_path, sizeof(data_path), "%s", fixture_path("data"));
	make("a.d.test");
	make("b.d.test");
	make("phantom.d.test");
	write_lists(known);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	unmake("b.d.test");
	assert_int_equal(run(), REBUILD_WRITTEN);
	open_source(&at, &site);
}

static void
look_ups_of_no_lists(void **state)
{
	(void)state;
	look_up_setup();
	assert_int_equal(ask(&at, "a.d.test", LISTS_FROM_SNAPSHOT),
	    LISTS_FOUND);
	assert_int_equal(ask(&at, "nodir.d.test", LISTS_FROM_DISK),
	    LISTS_FOUND);
	assert_int_equal(ask(&at, "b.d.test", LISTS_FROM_DISK), LISTS_ABSENT);
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_SNAPSHOT),
	    LISTS_UNSURE);
	assert_int_equal(told, LISTS_ABSENT);
	/* It was touched a moment ago. */
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	assert_int_equal(told, LISTS_FOUND);
	at.settle = 0;
	told = LISTS_ABSENT;
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	at.fresh.away = true;
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_AWAY);
	assert_int_equal(ask(&at, "b.d.test", LISTS_FROM_DISK), LISTS_AWAY);
	at.fresh.away = false;
	/* The files were written again, who knows what is in them. */
	assert_int_equal(ask(&at, "other.d.test", LISTS_FROM_DISK),
	    LISTS_ABSENT);
	write_lists(known);
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	assert_int_equal(told, LISTS_FOUND);
	assert_int_equal(ask(&at, "other.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	/* Without a look at the directory. */
	at.verify = false;
	at.fresh.trusted = true;
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_ABSENT);
	at.fresh.trusted = false;
	assert_int_equal(ask(&at, "phantom.d.test", LISTS_FROM_DISK),
	    LISTS_AWAY);
	cached_lists_clear(&at);
}

static void
look_ups_of_new_lists(void **state)
{
	(void)state;
	look_up_setup();
	make("new.d.test");
	assert_int_equal(ask(&at, "new.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	assert_int_equal(told, LISTS_FOUND);
	age("lists/new.d.test", 51);
	assert_int_equal(ask(&at, "new.d.test", LISTS_FROM_DISK), LISTS_FOUND);
	/* One that is there again, and one in the place of another. */
	make("b.d.test");
	assert_int_equal(ask(&at, "b.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	make("c.d.test");
	unmake("a.d.test");
	make("a.d.test");
	assert_int_equal(ask(&at, "a.d.test", LISTS_FROM_DISK), LISTS_FOUND);
	/* Where it is known that it changed. */
	assert_int_equal(touched_add(&at.touched, STR("a.d.test")), 0);
	assert_int_equal(ask(&at, "a.d.test", LISTS_FROM_SNAPSHOT),
	    LISTS_UNSURE);
	assert_int_equal(ask(&at, "a.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	age("lists/a.d.test", 51);
	assert_int_equal(ask(&at, "a.d.test", LISTS_FROM_DISK), LISTS_FOUND);
	cached_lists_clear(&at);
}

static void
look_ups_of_the_future(void **state)
{
	(void)state;
	look_up_setup();
	make("new.d.test");
	made_off = 40;
	assert_int_equal(ask(&at, "new.d.test", LISTS_FROM_DISK),
	    LISTS_NO_ANSWER);
	made_off = 100000;
	assert_int_equal(ask(&at, "new.d.test", LISTS_FROM_DISK), LISTS_FOUND);
	assert_int_equal(told, LISTS_FOUND);
	cached_lists_clear(&at);
}

/* At another domain than its own: only what changes might make it be there. */
static void
look_ups_of_other_domains(void **state)
{
	struct list list;

	(void)state;
	look_up_setup();
	assert_int_equal(at.lists.find_changed(&at.lists, STR("a.d.test"),
	    &list), LISTS_ABSENT);
	assert_int_equal(at.lists.find_changed(&at.lists, STR("nodir.d.test"),
	    &list), LISTS_ABSENT);
	assert_int_equal(told, LISTS_ABSENT);
	write_lists(known);
	assert_int_equal(at.lists.find_changed(&at.lists, STR("a.d.test"),
	    &list), LISTS_NO_ANSWER);
	assert_int_equal(told, LISTS_FOUND);
	cached_lists_clear(&at);
}

static int
count(void *arg, const struct list *list)
{
	(void)list;
	++*(int *)arg;
	return 0;
}

static void
phantoms_are_not_enumerated(void **state)
{
	static const char *const there[] = { "a@d.test", "nodir@d.test", NULL };
	struct cached_lists s;
	const char *err;
	int n = 0;

	(void)state;
	make("a.d.test");
	make("phantom.d.test");
	write_lists(there);
	write_domains("d.test d.test\n\n");
	assert_int_equal(run(), REBUILD_WRITTEN);
	cached_lists_init(&s, &mailman3, false);
	assert_int_equal(cached_lists_reopen(&s, fixture_path("cache/s.cdb"),
	                     &err),
	    1);
	assert_int_equal(s.lists.each(&s.lists, count, &n), 0);
	assert_int_equal(n, 2);
	cached_lists_clear(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(directories_alone),
		TEST(files_tell),
		TEST(a_phantom_that_is_made_a_list),
		TEST(stale_files),
		TEST(files_that_are_no_use),
		TEST(files_that_nobody_reads),
		TEST(gone_while_nobody_reads),
		TEST(one_file_gone_and_the_other_unread),
		TEST(files_that_nobody_reads_and_a_persons_word),
		TEST(most_lists_missing),
		TEST(deleted_domain),
		TEST(files_that_name_too_few),
		TEST(files_of_the_future),
		TEST(old_directories_that_came),
		TEST(files_that_cannot_be_read_now),
		TEST(files_that_grow),
		TEST(stamp_knows_the_size),
		TEST(lists_that_go),
		TEST(the_guard_counts_directories),
		TEST(list_of_files_beside_an_entry),
		TEST(new_lists_settle),
		TEST(lists_of_the_future),
		TEST(look_ups_of_no_lists),
		TEST(look_ups_of_new_lists),
		TEST(look_ups_of_the_future),
		TEST(look_ups_of_other_domains),
		TEST(phantoms_are_not_enumerated),
	};

	return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
