#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "programs/program.h"
#include "base/log.h"
#include "mailman/action.h"
#include "mailman/mailman.h"
#include "maps/maps.h"

/* More roles than there will be. */
#define ROLES_MAX 64

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

struct conf *
program_reread(const char *path)
{
	const char *roles[ROLES_MAX] = { NULL };
	struct conf_generation generations[CONF_GENERATIONS_MAX] = { 0 };
	const struct conf_vocabulary words = { roles, action_names,
		generations };

	for (size_t i = 0; maps[i] && i < ROLES_MAX - 1; i++)
		roles[i] = maps[i]->name;
	for (size_t i = 0; mailmans[i] && i < CONF_GENERATIONS_MAX - 1; i++)
		generations[i] = (struct conf_generation){
			mailmans[i]->version, mailmans[i]->lists_dir,
			mailmans[i]->mailer };
	/* A file that was asked for must be there. */
	if (!strcmp(path, PROGRAM_CONF) && access(path, F_OK) == -1 &&
	    errno == ENOENT)
		path = NULL;
	return conf_load(path, &words);
}

struct conf *
program_conf(const char *path)
{
	struct conf *c = program_reread(path);

	if (!c)
		fatal(EX_CONFIG, "%s: not used", path);
	return c;
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

	/* Not realpath(): where a link leads may change before the reload. */
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
