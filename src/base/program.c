#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/program.h"
#include "base/conf.h"
#include "base/log.h"

void
program_begin(const char *name)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	log_to_stderr(name);
}

void
program_log_level(const struct conf *conf)
{
	static const char *const words[] = {
		[LEVEL_ERROR] = "error",
		[LEVEL_WARN] = "warn",
		[LEVEL_INFO] = "info",
		[LEVEL_DEBUG] = "debug",
	};

	for (enum log_level l = LEVEL_ERROR; l <= LEVEL_DEBUG; l++)
		if (!strcmp(words[l], conf->log_level))
			log_level(l);
}

char *
program_absolute(const char *path)
{
	char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	char *full = NULL;

	/* Not realpath(): a link may lead elsewhere at the next reload. */
	if (asprintf(&full, "%s%s%s", here ? here : "", here ? "/" : "",
	    path) == -1)
		fatal(EX_OSERR, "out of memory");
	free(here);
	return full;
}

void
program_version(const char *name)
{
	printf("%s (listmap) %s\n", name, PACKAGE_VERSION);
}

void
program_flush(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		fatal(EX_IOERR, "standard output: %s", strerror(errno));
}
