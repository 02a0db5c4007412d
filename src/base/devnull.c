#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/devnull.h"

int
devnull_put(int first, int last)
{
	const int null = open("/dev/null", O_RDWR);
	int i = first, saved;

	if (null == -1)
		return -1;
	while (i <= last && dup2(null, i) != -1)
		i++;
	saved = errno;
	if (null < first || null > last)
		close(null);
	errno = saved;
	return i > last ? 0 : -1;
}
