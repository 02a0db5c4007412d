#include "mm-handler/message.h"
#include "base/buf.h"
#include "base/str.h"

static const char from_[] = "From ";

void
message_init(struct message *m, struct str fields)
{
	*m = (struct message){ .fields = fields };
}

/* Takes the first bytes until it is clear whether they begin a From_ line;
 * returns what follows them. */
static struct str
match_from_line(struct message *m, struct str in, struct buf *out)
{
	size_t i = 0;

	while (i < in.n && m->matched < sizeof(from_) - 1 &&
	    in.p[i] == from_[m->matched]) {
		m->matched++;
		i++;
	}
	if (m->matched == sizeof(from_) - 1) {
		m->state = MESSAGE_FROM_LINE;
		buf_add(out, from_);
	} else if (i < in.n) {
		message_end(m, out);
	}
	return str_tail(in, i);
}

void
message_feed(struct message *m, struct str in, struct buf *out)
{
	if (m->state == MESSAGE_START)
		in = match_from_line(m, in, out);
	if (m->state == MESSAGE_FROM_LINE) {
		size_t end = str_find(in, '\n');

		if (end != STR_NONE) {
			buf_str(out, str_head(in, end + 1));
			buf_str(out, m->fields);
			in = str_tail(in, end + 1);
			m->state = MESSAGE_REST;
		}
	}
	if (m->state != MESSAGE_START)
		buf_str(out, in);
}

void
message_end(struct message *m, struct buf *out)
{
	if (m->state == MESSAGE_FROM_LINE)
		buf_char(out, '\n');
	if (m->state != MESSAGE_REST)
		buf_str(out, m->fields);
	if (m->state == MESSAGE_START)
		buf_put(out, from_, m->matched);
	m->state = MESSAGE_REST;
}

void
message_fields(struct buf *fields, struct str address)
{
	buf_add(fields, "Delivered-To: ");
	for (size_t i = 0; i < address.n; i++) {
		unsigned char c = address.p[i];

		buf_char(fields, c < ' ' || c == 0x7f ? '?' : (char)c);
	}
	buf_add(fields, "\nX-Mailman-Handler: listmap " PACKAGE_VERSION "\n");
}
