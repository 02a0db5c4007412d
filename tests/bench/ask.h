/*
 * ask - socketmap from the asking side, for the programs of the bench.
 */
#ifndef TESTS_BENCH_ASK_H
#define TESTS_BENCH_ASK_H

#include <stddef.h>
#include <sys/types.h>

#define ASK_REQUEST_MAX 512
#define ASK_REPLY_MAX 512

/* The host of the addresses asked for, and what it is routed to. */
#define ASK_HOST "lists.example.org"
#define ASK_VALUE "mailman:" ASK_HOST

enum ask_word {
	ASK_OK,       /* with ASK_VALUE */
	ASK_OTHER_OK, /* with another value */
	ASK_NOTFOUND,
	ASK_TEMP,
	ASK_FAILED    /* malformed, another word, closed, too late */
};

/* The framed request for KEY in MAP; its length, or 0 if it does not fit. */
size_t ask_request(char buf[ASK_REQUEST_MAX], const char *map, const char *key);

/*
 * Reads the reply that the N bytes at P are.  -1: they are only its
 * beginning.  Bytes after it make it malformed: nothing more was asked for.
 */
int ask_reply(const char *p, size_t n);

/* Asks on the blocking FD and waits for the reply. */
enum ask_word ask(int fd, const char *request, size_t n);

#endif
