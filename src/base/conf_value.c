#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"
#include "base/conf_options.h"
#include "base/lmtp.h"

/* `%1@DOMAIN.MAILER' must fit into what sendmail carries as one value. */
#define DOMAIN_MAX 180
#define MAILER_MAX 16

bool
conf_value_is_printable(const char *text, const char *but)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr(but, *p))
			return false;
	return true;
}

static const char *
check_path(const char *text)
{
	return *text == '/' ? NULL : "must be an absolute path";
}

static const char *
check_path_or_none(const char *text)
{
	return *text ? check_path(text) : NULL;
}

/* The path will stand in an alias file, behind a pipe. */
static const char *
check_alias_path(const char *text)
{
	if (!conf_value_is_printable(text, "\"'\\%|<>"))
		return "holds a character that no alias file carries";
	return check_path(text);
}

static const char *
check_data_dir(const char *text)
{
	return *text ? check_alias_path(text) : NULL;
}

static const char *
check_mode(const char *text)
{
	char *end;
	unsigned long mode;

	errno = 0;
	mode = strtoul(text, &end, 8);
	if (*text < '0' || *text > '7' || *end || errno || mode > 0777)
		return "must be an octal mode, \"0660\" for example";
	return NULL;
}

static bool
is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text > 0x7f)
			return false;
	return true;
}

static const char *
check_redirect(const char *text)
{
	const char *target = strchr(text, '=');
	const char *at = target ? strrchr(target, '@') : NULL;

	if (!target || target == text)
		return "must read \"LOCAL=ADDRESS\"";
	if (at && !is_ascii(at + 1))
		return conf_value_domain_name(at + 1);
	if (!conf_value_is_printable(text, "\"\\%<>()[],;:") ||
	    memchr(text, '@', target - text) ||
	    memchr(text, '+', target - text))
		return "holds a character that cannot be there";
	if (!at || at == target + 1 || !at[1] || at[strlen(at) - 1] == '.')
		return "must lead to an address, \"LOCAL=USER@DOMAIN\"";
	if (strlen(target) > 160)
		return "leads to an address that is too long";
	return NULL;
}

/* The text will stand in values of sendmail's maps, with fields filled in. */
static const char *
check_refusal(const char *text)
{
	static const char *const fields[] = { "{address}", "{list}", "{domain}",
		"{url}" };

	for (const char *p = text; *p; p++) {
		bool known = false;

		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\')
			return "must be printable ASCII without quotes and "
			       "backslashes";
		for (size_t i = 0; *p == '{' && i < 4; i++)
			known |= !strncmp(p, fields[i], strlen(fields[i]));
		if (*p == '{' && !known)
			return "knows the fields {address}, {list}, {domain} "
			       "and {url} only";
	}
	return NULL;
}

static const char *
check_url(const char *text)
{
	return conf_value_is_printable(text, "\"\\<>") ? NULL : "is no URL";
}

const char *
conf_value_domain_name(const char *text)
{
	size_t n = strlen(text);

	if (!is_ascii(text))
		return "is no domain name of ASCII: mail has it in its xn-- "
		       "form (idn2(1) prints that), write it so";
	if (n == 0 || n > DOMAIN_MAX || *text == '.' || *text == '-')
		return "is no domain name";
	for (const char *p = text; *p; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');

		if (!letter && *p != '-' && *p != '_' && *p != '.')
			return "is no domain name";
		if (*p == '.' && p[1] == '.')
			return "is no domain name";
	}
	return NULL;
}

static const char *
check_lmtp(const char *text)
{
	struct lmtp l;

	return lmtp_parse(text, &l);
}

/*
 * The name of a mailer ends pseudo domains, which are lower case, and begins
 * values, where some words mean something else already.
 */
static const char *
check_mailer(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (text[n] || n > MAILER_MAX)
		return "must be a mailer's name: lower case letters, digits, "
		       "'-' and '_', 16 at most";
	if (!strcmp(text, "error") || !strcmp(text, "redirect") ||
	    !strcmp(text, "local"))
		return "is a name that means something else";
	return NULL;
}

/* Characters that stand in an address without quotes, route nothing, and end no
 * word of Mailman's. */
static const char *
check_verp_delimiter(const char *text)
{
	static const char wrong[] = "must be one or more of the characters "
	    "+ - = _ . # ~, each once";

	for (const char *p = text; *p; p++)
		if (!strchr("+-=_.#~", *p) || strchr(p + 1, *p))
			return wrong;
	return *text ? NULL : wrong;
}

/* The name of a list's directory. */
static const char *
check_site_list(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			return "must be lower case, as every list's directory";
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '/' ||
		    *p == '@')
			return "holds a character that no list's name has";
	}
	return !*text || strlen(text) > NAME_MAX || !strcmp(text, ".") ||
	    !strcmp(text, "..") ? "is no list's name" : NULL;
}

static const char *
check_alias(const char *text)
{
	return *text ? conf_value_domain_name(text) : NULL;
}

const char *
conf_value_check(const struct conf_option *row, const char *text)
{
	static const struct {
		const char *name;
		const char *(*check)(const char *);
	} checks[] = {
		{ "socket_mode", check_mode }, { "cache_dir", check_path },
		{ "pidfile", check_path_or_none }, { "lists_dir", check_path },
		{ "data_dir", check_data_dir },
		{ "wrapper", check_alias_path }, { "redirect", check_redirect },
		{ "refusal", check_refusal }, { "url", check_url },
		{ "alias", check_alias }, { "lmtp", check_lmtp },
		{ "mailer", check_mailer },
		{ "verp_delimiter", check_verp_delimiter },
		{ "site_list", check_site_list },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!strcmp(checks[i].name, row->name))
			return checks[i].check(text);
	return NULL;
}
