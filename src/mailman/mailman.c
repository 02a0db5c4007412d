#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "mailman/mailman.h"
#include "base/conf_load.h"
#include "base/program.h"
#include "mailman/action.h"

/* The oldest first. */
const struct mailman *const mailmans[] = { &mailman2, &mailman3, NULL };

const struct mailman *
mailman_find(const char *version)
{
	for (size_t i = 0; mailmans[i]; i++)
		if (!strcmp(mailmans[i]->version, version))
			return mailmans[i];
	return NULL;
}

struct conf *
mailman_conf(const char *path, const char *const *roles,
    const struct conf_finder *finder)
{
	struct conf_generation generations[CONF_GENERATIONS_MAX] = { 0 };
	const struct conf_vocabulary words = { roles, action_names,
		generations, finder };

	for (size_t i = 0; mailmans[i] && i < CONF_GENERATIONS_MAX - 1; i++)
		generations[i] = (struct conf_generation){
			mailmans[i]->version, mailmans[i]->lists_dir,
			mailmans[i]->mailer, mailmans[i]->delimiters };
	/* A file that was asked for must be there. */
	if (!strcmp(path, PROGRAM_CONF) && access(path, F_OK) == -1 &&
	    errno == ENOENT)
		path = NULL;
	return conf_load(path, &words);
}
