/*
 * Any bytes as a pickle: no crash, no leak, and whatever is known afterwards
 * is text that may stand in a cache.
 */
#include <stdlib.h>
#include <string.h>

#include "mailman/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *data;
	size_t size;
};

static int
read_memory(void *arg, uint64_t offset, void *to, size_t n)
{
	const struct memory *m = arg;

	if (offset > m->size || n > m->size - offset)
		abort();
	memcpy(to, m->data + offset, n);
	return 0;
}

static void
check_text(const struct pickle_text *t, const char *err)
{
	if (!t->known)
		return;
	if (err || strlen(t->text) > PICKLE_TEXT_MAX)
		abort();
	for (const char *c = t->text; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = { data, size };
	const struct pickle_source source = { read_memory, &m, size };
	struct pickle p;
	const char *err = pickle_read(&source, &p);

	check_text(&p.host_name, err);
	check_text(&p.web_page_url, err);
	if (p.advertised < -1 || p.advertised > 1)
		abort();
	return 0;
}
