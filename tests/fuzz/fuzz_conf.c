#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/conf_listen.h"
#include "base/conf_load.h"
#include "base/conf_print.h"
#include "base/log.h"
#include "mailman/action.h"
#include "mailman/mailman.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

/* Of what is refused, somebody is told. */
static void
sink(void *arg, enum log_level level, const char *line)
{
	size_t *lines = arg;

	must(level == LEVEL_ERROR && *line);
	++*lines;
}

static struct conf *
load(const void *data, size_t size)
{
	static const char *const roles[] = { "listmap", "virtuser", NULL };
	static const struct conf_generation mailmans_of[] = {
		{ "2.1", "/two/lists", "mailman", "+-" },
		{ "3", "/three/lists", "mailman3", "+" },
		{ 0 },
	};
	static const struct conf_vocabulary words = { roles, action_names,
		mailmans_of, NULL };
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf *c;
	size_t lines = 0;
	char path[64];

	must(fd != -1 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	log_sink(sink, &lines);
	free(conf_listen(path));
	must(lines == 0);
	c = conf_load(path, &words);
	log_sink(NULL, NULL);
	must((c == NULL) == (lines > 0));
	close(fd);
	return c;
}

static char *
print(const struct conf *c, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	must(f != NULL);
	conf_print(c, f);
	must(fclose(f) == 0);
	return text;
}

/* What is accepted can be printed, and that be read again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *c = load(data, size), *back;
	char *first, *again;
	size_t n, m;

	if (!c)
		return 0;
	first = print(c, &n);
	back = load(first, n);
	must(back != NULL);
	again = print(back, &m);
	must(m == n && memcmp(first, again, n) == 0);
	free(first);
	free(again);
	conf_free(c);
	conf_free(back);
	return 0;
}
