#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "pickle.h"

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
	char *bytes; /* PICKLE_SIZE of them */
	size_t n;
	unsigned memo;
};

static void
pickle_put(struct pickle *p, const void *bytes, size_t n)
{
	if (n > PICKLE_SIZE - p->n)
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

size_t
pickle_fresh(char bytes[PICKLE_SIZE])
{
	struct pickle p = { .bytes = bytes };
	const char *at = settings;

	pickle_put(&p, "}", 1);
	pickle_memo(&p);
	pickle_put(&p, "(", 1);
	while (*at != '\0') {
		size_t key = strcspn(at, " ");
		const char *value = at + key + 1;
		size_t n = strcspn(value, " ");

		pickle_text(&p, at, key);
		pickle_value(&p, value[0], value + 1, n - 1);
		at = value + n + 1;
	}
	pickle_put(&p, "u.", 2);
	return p.n;
}
