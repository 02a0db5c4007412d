/*
 * Whatever the bytes are, decoding keeps inside of them; what was decoded and
 * encoded again decodes to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cache/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_record(struct str value)
{
	enum lists_basis basis;
	struct record r, again;
	char memory[512];
	struct str host;
	struct buf b;
	bool looks = record_look(value, &host, &basis);

	if (record_decode(value, &r) == -1)
		return;
	if (!looks || !str_eq(host, r.host) || basis != r.basis)
		abort();
	buf_over(&b, memory, sizeof(memory));
	record_encode(&r, &b);
	if (record_decode(buf_get(&b), &again) == -1 || again.ino != r.ino ||
	    again.mtime != r.mtime || again.size != r.size ||
	    !str_eq(again.host, r.host) || again.basis != r.basis)
		abort();
}

static void
check_host(struct str value)
{
	struct record_host r, again;
	char memory[512];
	struct buf b;

	if (record_decode_host(value, &r) == -1)
		return;
	buf_over(&b, memory, sizeof(memory));
	record_encode_host(&r, &b);
	if (record_decode_host(buf_get(&b), &again) == -1 ||
	    again.count != r.count || !str_eq(again.url, r.url))
		abort();
}

static void
check_head(struct str value)
{
	struct record_head h, again;
	char memory[400];
	struct buf b;

	if (record_decode_head(value, &h) == -1)
		return;
	buf_over(&b, memory, sizeof(memory));
	record_encode_head(&h, &b);
	if (record_decode_head(buf_get(&b), &again) == -1 ||
	    !str_eq(again.checksum, h.checksum) || again.count != h.count ||
	    again.dev != h.dev || again.ino != h.ino ||
	    again.ctime != h.ctime || again.stamp != h.stamp ||
	    memcmp(again.census, h.census, sizeof(h.census)) != 0 ||
	    !str_eq(again.site, h.site))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value = { (const char *)data, size };

	check_record(value);
	check_host(value);
	check_head(value);
	return 0;
}
