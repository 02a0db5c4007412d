#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/client.h"
#include "base/buf.h"
#include "base/clock.h"
#include "wire/listen.h"
#include "wire/netstring.h"
#include "wire/socketmap.h"

#define READ_SIZE 4096

struct client {
	int fd;
	double seconds;     /* that one question may take */
	const char *broken; /* why nothing can be asked any more, or NULL */
	struct buf out;
	struct buf in;
};

struct client *
client_open(const char *spec, double seconds, const char **err)
{
	struct listen_address a;
	struct client *c;
	int fd;

	*err = listen_parse(spec, &a);
	if (*err) {
		errno = 0;
		return NULL;
	}
	fd = listen_connect(&a, seconds);
	if (fd < 0) {
		*err = strerror(errno);
		return NULL;
	}
	c = malloc(sizeof(*c));
	if (!c) {
		close(fd);
		*err = "out of memory";
		errno = ENOMEM;
		return NULL;
	}
	*c = (struct client){ .fd = fd, .seconds = seconds };
	buf_init(&c->out, SOCKETMAP_REQUEST_MAX + 8);
	buf_init(&c->in, SOCKETMAP_REPLY_MAX + 8 + READ_SIZE);
	return c;
}

void
client_close(struct client *c)
{
	if (!c)
		return;
	close(c->fd);
	buf_clear(&c->out);
	buf_clear(&c->in);
	free(c);
}

/* Waits for EVENTS until the time END (clock_seconds()).  NULL, or the reason
 * why they did not come. */
static const char *
wait_for_events(const struct client *c, short events, double end)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	double left;
	int r;

	do {
		left = end - clock_seconds();
		r = poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return strerror(errno);
	return r == 0 ? "timed out" : NULL;
}

/* Sends what is in c->out.  NULL, or the reason why not. */
static const char *
send_request(struct client *c, double end)
{
	size_t done = 0;
	const char *err;

	while (done < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + done, c->out.n - done,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return strerror(errno);
		else if ((err = wait_for_events(c, POLLOUT, end)))
			return err;
	}
	return NULL;
}

/* Reads one frame and nothing after it; *PAYLOAD lies in c->in.  NULL, or the
 * reason why not. */
static const char *
read_reply(struct client *c, double end, struct str *payload)
{
	enum netstring_result r;
	size_t used = 0;
	const char *err;

	while ((r = netstring_decode(buf_get(&c->in), SOCKETMAP_REPLY_MAX,
	    payload, &used)) == NETSTRING_MORE) {
		char bytes[READ_SIZE];
		ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n == 0)
			return "connection closed by the daemon";
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return strerror(errno);
		if (n > 0)
			buf_put(&c->in, bytes, (size_t)n);
		else if ((err = wait_for_events(c, POLLIN, end)))
			return err;
		if (c->in.failed)
			return "out of memory";
	}
	if (r != NETSTRING_OK)
		return netstring_error(r);
	if (used != c->in.n)
		return "more than one reply";
	return NULL;
}

/* Sends the request and reads its reply.  NULL, or the reason why not. */
static const char *
exchange_frames(struct client *c, struct socketmap_reply *reply)
{
	double end = clock_seconds() + c->seconds;
	struct str payload;
	const char *err;
	char byte;

	/* A reply that is there already would be taken for this one's. */
	if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return "a reply without a question";
	err = send_request(c, end);
	if (!err)
		err = read_reply(c, end, &payload);
	if (!err && socketmap_parse_reply(payload, reply) < 0)
		err = "not a reply";
	return err;
}

int
client_ask(struct client *c, struct str map, struct str key, struct buf *value)
{
	struct socketmap_reply reply;

	buf_reset(value);
	buf_reset(&c->out);
	buf_reset(&c->in);
	if (c->broken) {
		buf_add(value, c->broken);
		return -1;
	}
	if (map.n + 1 + key.n > SOCKETMAP_REQUEST_MAX) {
		buf_add(value, "key too long");
		return -1;
	}
	socketmap_put_request(&c->out, map, key);
	c->broken = c->out.failed ? "out of memory" :
	    exchange_frames(c, &reply);
	if (c->broken) {
		buf_add(value, c->broken);
		return -1;
	}
	if (reply.word == SOCKETMAP_NOTFOUND)
		return 0;
	buf_str(value, reply.text);
	if (!value->failed)
		return reply.word == SOCKETMAP_OK ? 1 : -1;
	buf_reset(value);
	buf_add(value, "out of memory");
	return -1;
}
