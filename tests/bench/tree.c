/*
 * tree - makes lists directories of any size, as Mailman 2.1 leaves them.
 *
 *	tree DIR N [PCK]
 *	tree -a SPEC [-i MILLISECONDS] DIR N [PCK]
 *	tree -s PER-SECOND DIR N [PCK]
 *	tree -3 DIR N
 *
 * Makes list-000000 and so on, N of them, in DIR, each with a config.pck: a
 * copy of PCK, or what Mailman writes for a new list, nearly 4 KB with the
 * host in the midst of it.  What is there already stays as it is.
 *
 * With -a the lists are called new-000000 and so on and must not be there yet.
 * They are made as Mailman makes them (mkdir, write a temporary, rename), one
 * every so many milliseconds, and the server at SPEC is asked for each one's
 * address: before the mkdir and before the rename it must not be found, and
 * then how soon after the rename it is.  Prints lines of NAME VALUE, in
 * microseconds; exits 1 when a list was found too early or not within 10 s.
 *
 * With -3 they are lists of Mailman 3: empty directories, whose names end with
 * the host.
 *
 * With -s the lists, which must be there, are saved one after the other in no
 * order, so many a second, as Mailman saves each list that got a message:
 * write a temporary, link what was there to config.pck.last, rename.  Goes on
 * until SIGTERM, and prints how many it saved.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "spec.h"
#include "tests/patience.h"

#define PICKLE_MAX (1 << 20)
#define NAME_SIZE 64

struct tree {
	int fd; /* of DIR */
	unsigned long n;
	const char *pickle;
	size_t size;
};

/*
 * What a new list's pickle holds, in the order of Mailman's own: a boolean, a
 * small number, a text, an empty list or dictionary, a text of so many bytes.
 */
static const char settings[] =
	"send_welcome_msg ?1 moderator [ next_digest_number #1 advertised ?1 "
	"administrivia ?1 request_responses { autorespond_postings #0 "
	"one_last_digest { digest_last_sent_at #0 news_prefix_subject_too #1 "
	"digest_members { scrub_nondigest ?0 subscribe_auto_approval [ "
	"gateway_to_news #0 hold_and_cmd_autoresponses { gateway_to_mail #0 "
	"dmarc_moderation_notice = emergency #0 admin_member_chunksize #30 "
	"from_is_list #0 digest_volume_frequency #1 digest_is_default ?0 "
	"welcome_msg = password *40 postings_responses { topics_enabled #0 "
	"header_filter_rules [ real_name =List host_name =" ASK_HOST " "
	"reject_these_nonmembers [ collapse_alternatives ?1 linked_newsgroup = "
	"send_reminders ?1 regular_exclude_ignore ?1 regular_include_lists [ "
	"bounce_processing ?1 hold_these_nonmembers [ admin_responses { "
	"bounce_info { include_sender_header #1 archive_private #0 "
	"bounce_matching_headers *140 member_verbosity_threshold #0 "
	"nondigestable ?1 autorespond_admin #0 pass_filename_extensions [ "
	"autoresponse_request_text = autoresponse_admin_text = "
	"filter_mime_types [ personalize #0 acceptable_aliases = "
	"max_num_recipients #10 members { send_goodbye_msg ?1 "
	"delivery_status { max_days_to_hold #0 filter_action #0 "
	"msg_footer *110 preferred_language =en autorespond_requests #0 "
	"msg_header = forward_auto_discards ?1 archive_volume_frequency #1 "
	"admin_immed_notify ?1 next_request_id #1 private_roster #1 "
	"require_explicit_destination ?1 dmarc_wrapped_message_text = "
	"admin_notify_mchanges ?0 digest_send_periodic ?1 "
	"default_member_moderation ?0 drop_cc ?1 digestable ?1 "
	"encode_ascii_prefixes #0 umbrella_list ?0 member_moderation_notice = "
	"digest_footer *107 next_post_number #1 discard_these_nonmembers [ "
	"respond_to_post_requests ?1 mime_is_default_digest ?0 "
	"subject_prefix =[List] volume #1 convert_html_to_plaintext ?1 "
	"umbrella_member_suffix =-owner anonymous_list ?0 "
	"unsubscribe_policy #0 info = language { reply_goes_to_list #0 "
	"obscure_addresses ?1 topics_userinterest { include_list_post_header #1 "
	"news_moderation #0 last_post_time #0 "
	"web_page_url =http://" ASK_HOST "/mailman/ topics [ "
	"bounce_notify_owner_on_disable ?1 goodbye_msg = "
	"topics_bodylines_limit #5 archive ?1 filter_content ?0 usernames { "
	"generic_nonmember_action #1 member_moderation_action #0 "
	"digest_header = data_version #112 nonmember_rejection_notice = "
	"first_strip_reply_to ?0 nntp_host = accept_these_nonmembers [ "
	"passwords { description = equivalent_domains = reply_to_address = "
	"user_options { include_rfc2369_headers #1 max_message_size #40 "
	"regular_exclude_lists [ digest_size_threshhold #30 ban_list [ "
	"dmarc_moderation_action #0 dmarc_moderation_addresses [ "
	"autoresponse_graceperiod #90 subscribe_policy #1 "
	"autoresponse_postings_text = ";

/* A pickle in the making; protocol 1, as cPickle writes it. */
struct pickle {
	char bytes[4096];
	size_t n;
	unsigned memo;
};

static struct pickle fresh;
static volatile sig_atomic_t stopped;

static void
pickle_put(struct pickle *p, const void *bytes, size_t n)
{
	if (n > sizeof(p->bytes) - p->n)
		errx(EX_SOFTWARE, "the pickle is too large");
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

static void
pickle_opcode(struct pickle *p, char opcode, unsigned argument)
{
	char bytes[2] = { opcode, (char)argument };

	if (argument > 255)
		errx(EX_SOFTWARE, "%u: more than a byte", argument);
	pickle_put(p, bytes, sizeof(bytes));
}

static void
pickle_memo(struct pickle *p)
{
	pickle_opcode(p, 'q', p->memo++);
}

static void
pickle_text(struct pickle *p, const char *text, size_t n)
{
	pickle_opcode(p, 'U', (unsigned)n);
	pickle_put(p, text, n);
	pickle_memo(p);
}

/* A value of the table above, whose text has N bytes. */
static void
pickle_value(struct pickle *p, char kind, const char *text, size_t n)
{
	unsigned number = (unsigned)strtoul(text, NULL, 10);
	char filler[256];

	switch (kind) {
	case '?':
		pickle_put(p, number ? "I01\n" : "I00\n", 4);
		break;
	case '#':
		pickle_opcode(p, 'K', number);
		break;
	case '[':
	case '{':
		pickle_put(p, kind == '[' ? "]" : "}", 1);
		pickle_memo(p);
		break;
	case '*':
		memset(filler, 'x', sizeof(filler));
		pickle_text(p, filler, number);
		break;
	default:
		pickle_text(p, text, n);
	}
}

static void
pickle_fresh(struct pickle *p)
{
	const char *at = settings;

	pickle_put(p, "}", 1);
	pickle_memo(p);
	pickle_put(p, "(", 1);
	while (*at != '\0') {
		size_t key = strcspn(at, " ");
		const char *value = at + key + 1;
		size_t n = strcspn(value, " ");

		pickle_text(p, at, key);
		pickle_value(p, value[0], value + 1, n - 1);
		at = value + n + 1;
	}
	pickle_put(p, "u.", 2);
}

static void
tree_fill_three(const struct tree *t)
{
	char name[2 * NAME_SIZE];
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "list-%06lu." ASK_HOST, i);
		if (mkdirat(t->fd, name, 0755) == -1 && errno != EEXIST)
			err(EX_CANTCREAT, "%s", name);
	}
}

static unsigned long
number(const char *text, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n > max)
		errx(EX_USAGE, "%s: not a number up to %lu", text, max);
	return n;
}

static void
tree_pickle(struct tree *t, const char *path)
{
	ssize_t n;
	char *p;
	int fd;

	if (path == NULL) {
		pickle_fresh(&fresh);
		t->pickle = fresh.bytes;
		t->size = fresh.n;
		return;
	}
	if ((p = malloc(PICKLE_MAX)) == NULL)
		err(EX_OSERR, "malloc");
	if ((fd = open(path, O_RDONLY)) == -1 ||
	    (n = read(fd, p, PICKLE_MAX)) <= 0 || n == PICKLE_MAX)
		err(EX_NOINPUT, "%s", path);
	close(fd);
	t->pickle = p;
	t->size = (size_t)n;
}

static void
tree_write(const struct tree *t, const char *file)
{
	struct stat st;
	int fd;

	fd = openat(t->fd, file, O_WRONLY | O_CREAT, 0660);
	if (fd == -1 || fstat(fd, &st) == -1)
		err(EX_CANTCREAT, "%s", file);
	/* What was interrupted half-way, or has another content, is made good. */
	if ((size_t)st.st_size != t->size && (ftruncate(fd, 0) == -1 ||
	    write(fd, t->pickle, t->size) != (ssize_t)t->size))
		err(EX_IOERR, "%s", file);
	if (close(fd) == -1)
		err(EX_IOERR, "%s", file);
}

static void
tree_fill(const struct tree *t)
{
	char name[NAME_SIZE], file[NAME_SIZE];
	unsigned long i;

	for (i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "list-%06lu", i);
		snprintf(file, sizeof(file), "list-%06lu/config.pck", i);
		/* The set-group-id bit comes from the parent. */
		if (mkdirat(t->fd, name, 0775) == -1 && errno != EEXIST)
			err(EX_CANTCREAT, "%s", name);
		tree_write(t, file);
	}
}

/* One list, made in front of the server's eyes; nanoseconds from the rename
 * to the right answer. */
static uint64_t
tree_show(const struct tree *t, int server, unsigned long which, bool *first)
{
	char name[NAME_SIZE], tmp[2 * NAME_SIZE], file[2 * NAME_SIZE];
	char key[2 * NAME_SIZE];
	char request[ASK_REQUEST_MAX];
	enum ask_word word;
	uint64_t start;
	size_t len;

	snprintf(name, sizeof(name), "new-%06lu", which);
	snprintf(tmp, sizeof(tmp), "%s/config.pck.tmp.host.1", name);
	snprintf(file, sizeof(file), "%s/config.pck", name);
	snprintf(key, sizeof(key), "%s-request@" ASK_HOST, name);
	len = ask_request(request, "listmap", key);
	if (ask(server, request, len) != ASK_NOTFOUND)
		errx(EXIT_FAILURE, "%s: found, or no answer, before", key);
	if (mkdirat(t->fd, name, 0775) == -1)
		err(EX_CANTCREAT, "%s", name);
	tree_write(t, tmp);
	word = ask(server, request, len);
	if (word != ASK_NOTFOUND && word != ASK_TEMP)
		errx(EXIT_FAILURE, "%s: found before the rename", key);
	if (renameat(t->fd, tmp, t->fd, file) == -1)
		err(EX_CANTCREAT, "%s", file);
	start = spec_clock();
	word = ask(server, request, len);
	*first = word == ASK_OK;
	while (word != ASK_OK) {
		if (word == ASK_FAILED || spec_clock() - start >
		    PATIENCE * (uint64_t)1000000000)
			errx(EXIT_FAILURE, "%s: not found", key);
		usleep(100);
		word = ask(server, request, len);
	}
	return spec_clock() - start;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
tree_grow(const struct tree *t, const char *text, unsigned long pause)
{
	struct spec spec;
	unsigned long right = 0;
	unsigned long i;
	uint64_t *took;
	bool first;
	int fd;

	spec_parse(text, &spec);
	if ((fd = spec_connect(&spec)) == -1)
		err(EXIT_FAILURE, "%s", text);
	spec_limit(fd);
	if ((took = calloc(t->n, sizeof(*took))) == NULL)
		err(EX_OSERR, "calloc");
	for (i = 0; i < t->n; i++) {
		took[i] = tree_show(t, fd, i, &first);
		right += first;
		usleep((useconds_t)(pause * 1000));
	}
	qsort(took, t->n, sizeof(*took), compare);
	printf("created %lu\n", t->n);
	printf("first_right %lu\n", right);
	printf("median %.1f\n", (double)took[t->n / 2] / 1000);
	printf("max %.1f\n", (double)took[t->n - 1] / 1000);
	free(took);
	close(fd);
}

static void
on_term(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Link and rename as Mailman's Save() does, which leaves no moment without a
 * config.pck. */
static void
tree_save(const struct tree *t, unsigned long which)
{
	char tmp[NAME_SIZE], file[NAME_SIZE], last[NAME_SIZE];

	snprintf(tmp, sizeof(tmp), "list-%06lu/config.pck.tmp.host.1", which);
	snprintf(file, sizeof(file), "list-%06lu/config.pck", which);
	snprintf(last, sizeof(last), "list-%06lu/config.pck.last", which);
	tree_write(t, tmp);
	if (unlinkat(t->fd, last, 0) == -1 && errno != ENOENT)
		err(EX_CANTCREAT, "%s", last);
	if (linkat(t->fd, file, t->fd, last, 0) == -1 ||
	    renameat(t->fd, tmp, t->fd, file) == -1)
		err(EX_CANTCREAT, "%s", file);
}

static void
tree_traffic(const struct tree *t, unsigned long rate)
{
	struct sigaction on = { .sa_handler = on_term };
	uint64_t start = spec_clock();
	unsigned long saved = 0;

	if (sigaction(SIGTERM, &on, NULL) == -1)
		err(EX_OSERR, "sigaction");
	while (!stopped) {
		uint64_t due = start + saved * 1000000000u / rate;
		uint64_t now = spec_clock();

		if (due > now) {
			usleep((useconds_t)((due - now) / 1000 + 1));
			continue;
		}
		/* A prime apart: everywhere in the directory. */
		tree_save(t, saved++ * 7919 % t->n);
	}
	printf("saved %lu\n", saved);
}

int
main(int argc, char **argv)
{
	const char *server = NULL;
	unsigned long pause = 10;
	unsigned long rate = 0;
	bool three = false;
	struct tree t;
	int c;

	while ((c = getopt(argc, argv, "3a:i:s:")) != -1) {
		if (c == '3')
			three = true;
		else if (c == 'a')
			server = optarg;
		else if (c == 'i')
			pause = number(optarg, 60000);
		else if (c == 's')
			rate = number(optarg, 10000);
		else
			errx(EX_USAGE, "see the head of tree.c");
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > 3)
		errx(EX_USAGE, "usage: tree [-3 | -a SPEC | -s N] DIR N "
		    "[PCK]");
	t.n = number(argv[1], 1000000);
	tree_pickle(&t, argv[2]);
	umask(0);
	if (mkdir(argv[0], 02775) == -1 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", argv[0]);
	t.fd = open(argv[0], O_RDONLY | O_DIRECTORY);
	if (t.fd == -1 || fchmod(t.fd, 02775) == -1)
		err(EX_CANTCREAT, "%s", argv[0]);
	if (three)
		tree_fill_three(&t);
	else if (server != NULL && t.n > 0)
		tree_grow(&t, server, pause);
	else if (rate > 0 && t.n > 0)
		tree_traffic(&t, rate);
	else
		tree_fill(&t);
	return 0;
}
