#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ask.h"

size_t
ask_request(char buf[ASK_REQUEST_MAX], const char *map, const char *key)
{
	size_t len = strlen(map) + 1 + strlen(key);
	int n;

	n = snprintf(buf, ASK_REQUEST_MAX, "%zu:%s %s,", len, map, key);
	return n > 0 && n < ASK_REQUEST_MAX ? (size_t)n : 0;
}

static enum ask_word
ask_status(const char *p, size_t n)
{
	static const char ok[] = "OK " ASK_VALUE;

	if (n == sizeof(ok) - 1 && memcmp(p, ok, n) == 0)
		return ASK_OK;
	if (n > 3 && memcmp(p, "OK ", 3) == 0)
		return ASK_OTHER_OK;
	if (n >= 9 && memcmp(p, "NOTFOUND ", 9) == 0)
		return ASK_NOTFOUND;
	if (n >= 5 && memcmp(p, "TEMP ", 5) == 0)
		return ASK_TEMP;
	return ASK_FAILED;
}

int
ask_reply(const char *p, size_t n)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
		len = len * 10 + (size_t)(p[i] - '0');
		if (len > ASK_REPLY_MAX)
			return ASK_FAILED;
	}
	if (i == n)
		return -1;
	if (i == 0 || p[i] != ':')
		return ASK_FAILED;
	if (n < i + len + 2)
		return -1;
	if (n > i + len + 2 || p[n - 1] != ',')
		return ASK_FAILED;
	return (int)ask_status(p + i + 1, len);
}

enum ask_word
ask(int fd, const char *request, size_t n)
{
	char buf[ASK_REPLY_MAX];
	size_t have = 0;
	ssize_t got;
	int word = -1;

	if (send(fd, request, n, MSG_NOSIGNAL) != (ssize_t)n)
		return ASK_FAILED;
	while (word == -1) {
		got = recv(fd, buf + have, sizeof(buf) - have, 0);
		if (got <= 0)
			return ASK_FAILED;
		have += (size_t)got;
		word = ask_reply(buf, have);
	}
	return (enum ask_word)word;
}
