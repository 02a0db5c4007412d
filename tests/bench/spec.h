/*
 * spec - addresses in the notation of listmapd's `listen', for the programs of
 * the bench, which share nothing else with what they measure.
 *
 *	local:/path	unix:/path and /path mean the same
 *	inet:port@host	inet6:port@host
 */
#ifndef TESTS_BENCH_SPEC_H
#define TESTS_BENCH_SPEC_H

#include <stdint.h>
#include <sys/socket.h>

struct spec {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* Ends the program, saying why, where SPEC is none. */
void spec_parse(const char *text, struct spec *s);

/* A listening nonblocking socket; ends the program where there can be none. */
int spec_listen(const struct spec *s);

/* A blocking connection; -1 with errno. */
int spec_connect(const struct spec *s);
/* Gives up to 10 s to each call on FD. */
void spec_limit(int fd);

/* The monotonic clock in nanoseconds. */
uint64_t spec_clock(void);

#endif
