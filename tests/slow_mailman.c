#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mailman/mailman.h"
#include "tests/slow_mailman.h"

struct slow_mailman *slow;
struct mailman slow_mailman;

static int
is_list_slowly(int dir, const char *name, struct stat *config)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	slow->looks++;
	slow->last = getpid();
	while (slow->hangs)
		nanosleep(&moment, NULL);
	if (strncmp(name, "die", 3) == 0)
		_exit(3);
	return mailman2.is_list(dir, name, config);
}

void
slow_mailman_reset(void)
{
	if (slow == NULL)
		slow = mmap(NULL, sizeof(*slow), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(slow != MAP_FAILED);
	memset(slow, 0, sizeof(*slow));
	slow_mailman = mailman2;
	slow_mailman.is_list = is_list_slowly;
}
