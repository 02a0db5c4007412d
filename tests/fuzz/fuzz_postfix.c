#include <stdint.h>
#include <stdlib.h>

#include "base/conf_check.h"
#include "base/conf_value.h"
#include "mailman/entry.h"
#include "mailman/postfix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

static void
check_domain(struct str s)
{
	char *text = str_dup(s);

	must(text && !conf_value_domain_name(text));
	free(text);
}

/* Names go to the disk, domains into values. */
static int
see_list(void *arg, struct str name, struct str domain)
{
	(void)arg;
	must(entry_name_ok(name));
	check_domain(domain);
	return 0;
}

static int
see_domain(void *arg, struct str domain, struct str host)
{
	(void)arg;
	check_domain(domain);
	check_domain(host);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	const char *err = NULL;

	if (postfix_lmtp_each(text, see_list, NULL, &err) == -1)
		must(err && *err);
	err = NULL;
	if (postfix_domains_each(text, see_domain, NULL, &err) == -1)
		must(err && *err);
	return 0;
}
