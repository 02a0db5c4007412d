#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/netstring.h"

#define MAX 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

/* A frame that was taken is, put again, the same bytes. */
static void
round_trip(struct str in, struct str payload, size_t used)
{
	struct buf out;
	char *p;

	must(used <= in.n && payload.n <= MAX);
	must(payload.p >= in.p && payload.p + payload.n < in.p + used);
	buf_init(&out, used + 1);
	p = netstring_claim(&out, payload.n);
	must(p);
	memcpy(p, payload.p, payload.n);
	must(!out.failed && str_eq(buf_get(&out), str_head(in, used)));
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size }, payload;
	enum netstring_result r, shorter;
	size_t used, n;

	r = netstring_decode(in, MAX, &payload, &used);
	if (r == NETSTRING_OK)
		round_trip(in, payload, used);
	/* Whatever is told early stays true with more bytes. */
	for (n = 0; n < size && n < 64; n++) {
		shorter = netstring_decode(str_head(in, n), MAX, &payload,
		    &used);
		must(shorter == NETSTRING_MORE || shorter == r);
	}
	return 0;
}
