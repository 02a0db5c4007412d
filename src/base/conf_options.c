/*
 * The option table.  How to add an option: doc/HACKING.md.
 */
#include <stddef.h>

#include "base/conf_options.h"
#include "base/conf.h"
#include "base/log.h"

static const char *const log_words[] = { "auto", "stderr", "syslog", NULL };
static const char *const level_words[] = { "error", "warn", "info", "debug",
	NULL };
static const char *const hosts_words[] = { "separate", "any", NULL };
static const char *const plus_words[] = { "verp", "any", NULL };
static const char *const verify_words[] = { "auto", "yes", "no", NULL };

#define ROW(section_, struct_, name_, type_, member_, value_, ...)           \
	{ .section = section_, .name = name_, .type = type_,                   \
	  .offset = offsetof(struct struct_, member_), .value = value_,    \
	  __VA_ARGS__ }
#define TOP_ROW(type, member, value, ...)                                  \
	ROW(CONF_TOP, conf, #member, type, member, value, __VA_ARGS__)
#define SITE_ROW(type, member, value, ...)                                 \
	ROW(CONF_SITE, conf_site, #member, type, member, value, __VA_ARGS__)
#define DOMAIN_ROW(type, member, value, ...)                               \
	ROW(CONF_DOMAIN, conf_domain, #member, type, member, value, __VA_ARGS__)

#define DAY 86400.0

const struct conf_option conf_options[] = {
	TOP_ROW(CONF_WORDS, listen, "local:/run/listmap/socket",
	    .help = "where to listen, in sendmail's notation"),
	ROW(CONF_TOP, conf, "socket_mode", CONF_MODE, socket_mode_text,
	    "0666", .help = "mode of unix sockets, octal"),
	TOP_ROW(CONF_STRING, socket_owner, "",
	    .help = "owner of unix sockets"),
	TOP_ROW(CONF_STRING, socket_group, "",
	    .help = "group of unix sockets"),
	TOP_ROW(CONF_STRING, cache_dir, "/var/cache/listmap",
	    .help = "directory of the caches"),
	TOP_ROW(CONF_STRING, user, "listmap",
	    .help = "what the daemon becomes when it is started as root"),
	TOP_ROW(CONF_STRING, pidfile, "",
	    .help = "file to write the process id to"),
	TOP_ROW(CONF_SECONDS, rescan, "300", .min = 1, .max = DAY,
	    .help = "seconds between two full rescans"),
	TOP_ROW(CONF_SECONDS, debounce, "0.1", .min = 0, .max = 2,
	    .help = "quiet seconds before a rescan after a change"),
	TOP_ROW(CONF_SECONDS, deadline, "2", .min = 0.1, .max = 25,
	    .help = "seconds after which an answer is too late"),
	TOP_ROW(CONF_SECONDS, drain, "1800", .min = 0, .max = DAY,
	    .help = "seconds to serve open connections after a take-over"),
	TOP_ROW(CONF_COUNT, max_connections, "10000", .min = 1, .max = 1000000,
	    .help = "clients served at the same time"),
	TOP_ROW(CONF_STRING, log, "auto", .allowed = log_words,
	    .help = "where log lines go"),
	TOP_ROW(CONF_STRING, log_level, "info", .allowed = level_words,
	    .help = "how much is logged"),
	TOP_ROW(CONF_STRING, refusal, "",
	    .help = "text for addresses that no list has"),

	SITE_ROW(CONF_STRING, mailman, "2.1",
	    .help = "generation of Mailman"),
	SITE_ROW(CONF_STRING, lists_dir, "",
	    .help = "Mailman's lists directory (Debian's)"),
	SITE_ROW(CONF_STRING, data_dir, "",
	    .help = "Mailman's data directory (LISTS_DIR/../data)"),
	SITE_ROW(CONF_STRING, wrapper, "/var/lib/mailman/mail/mailman",
	    .help = "Mailman's mail wrapper"),
	SITE_ROW(CONF_STRING, delivery_user, "",
	    .help = "account that the wrapper runs as (sendmail's U=)"),
	SITE_ROW(CONF_STRING, delivery_group, "",
	    .help = "group that the wrapper runs as (the account's)"),
	SITE_ROW(CONF_SECONDS, delivery_timeout, "600", .min = 1, .max = DAY,
	    .help = "seconds that a delivery may take"),
	SITE_ROW(CONF_STRING, hosts, "separate", .allowed = hosts_words,
	    .help = "whether lists answer at their own host only"),
	SITE_ROW(CONF_BOOL, discover, "false",
	    .help = "the hosts of the lists are shared domains"),
	SITE_ROW(CONF_STRING, plus, "verp", .allowed = plus_words,
	    .help = "which actions take a +detail"),
	SITE_ROW(CONF_STRING, verp_delimiter, "+",
	    .help = "what Mailman puts before the detail of bounces"),
	SITE_ROW(CONF_STRING, site_list, "mailman",
	    .help = "Mailman's own list, whose addresses are everywhere"),
	SITE_ROW(CONF_WORDS, actions, "",
	    .help = "the actions that exist (all)"),
	SITE_ROW(CONF_STRING, verify_misses, "auto", .allowed = verify_words,
	    .help = "ask the directory before an address is refused"),
	SITE_ROW(CONF_SECONDS, scan_timeout, "600", .min = 1, .max = DAY,
	    .help = "seconds that a scan of lists_dir may take"),
	SITE_ROW(CONF_STRING, url, "",
	    .help = "page with an overview of the lists, for refusals"),
	SITE_ROW(CONF_STRING, lmtp, "[127.0.0.1]",
	    .help = "host of Mailman 3's LMTP server"),
	SITE_ROW(CONF_STRING, mailer, "",
	    .help = "sendmail's mailer for the lists (mailman, mailman3)"),
	SITE_ROW(CONF_SECONDS, settle, "2", .min = 0, .max = 60,
	    .help = "seconds until a new Mailman 3 list is believed"),

	DOMAIN_ROW(CONF_BOOL, dedicated, "false",
	    .help = "the domain holds only lists; the rest is refused"),
	DOMAIN_ROW(CONF_WORDS, redirect, "",
	    .help = "role addresses: \"LOCAL=ADDRESS\""),
	DOMAIN_ROW(CONF_STRING, alias, "",
	    .help = "the domain of which this is another name"),

	ROW(CONF_MAP, conf_map, "role", CONF_STRING, role, "",
	    .help = "what the map answers"),
	ROW(CONF_MAP, conf_map, "site", CONF_WORDS, sites, "",
	    .help = "the sites it knows (all)"),
	{ 0 },
};
