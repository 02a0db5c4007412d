#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "answer/configuration.h"
#include "base/conf.h"
#include "base/conf_check.h"
#include "base/conf_load.h"
#include "base/errands.h"
#include "base/log.h"
#include "base/str.h"
#include "mailman/mailman.h"
#include "maps/maps.h"

/* There will never be more roles. */
#define ROLES_MAX 64

/* So long a start waits for Mailman's directories, and so long a daemon that
 * serves. */
#define START_SECONDS 1.0
#define RELOAD_SECONDS 0.25

/* Where Mailman is, as children find it out. */
struct finding {
	const struct conf *before; /* or NULL */
	const struct conf_generation *all;
	bool *there;
};

static void
look_for_generation(void *arg, size_t i, int fd)
{
	const struct finding *f = arg;
	const char there = access(f->all[i].lists_dir, F_OK) == 0;

	/* Any other error may pass. */
	if (there || errno == ENOENT || errno == ENOTDIR || errno == EACCES)
		errands_say(fd, &there, sizeof(there));
}

static void
note_generation(void *arg, size_t i, struct str message)
{
	struct finding *f = arg;

	f->there[i] = message.p[0] != 0;
}

/* What holds where nobody can tell: what held before.  At a start the directory
 * counts as there, for something keeps it from being looked at. */
static bool
was_there(const struct conf *before, const char *word)
{
	for (size_t i = 0; before && i < before->nsites; i++)
		if (!strcmp(before->sites[i].mailman, word))
			return true;
	return !before;
}

static void
find_mailmans(void *arg, const struct conf_generation *all, bool *there)
{
	struct finding *f = arg;
	struct errand errand[CONF_GENERATIONS_MAX] = { 0 };
	struct errands looks = { look_for_generation, note_generation, NULL, f,
		errand, 0 };

	f->all = all;
	f->there = there;
	for (size_t i = 0; all[i].word; i++) {
		there[i] = was_there(f->before, all[i].word);
		errand[i].seconds = f->before ? RELOAD_SECONDS : START_SECONDS;
		looks.n++;
	}
	errands_run(&looks);
}

struct conf *
configuration_load(const char *path, const struct conf *before)
{
	struct finding f = { .before = before };
	const struct conf_finder finder = { find_mailmans, &f };
	const char *roles[ROLES_MAX] = { NULL };

	for (size_t i = 0; maps[i] && i < ROLES_MAX - 1; i++)
		roles[i] = maps[i]->name;
	return mailman_conf(path, roles, &finder);
}

struct conf *
configuration_need(const char *path)
{
	struct conf *c = configuration_load(path, NULL);

	if (!c || conf_check_places(c) == -1)
		fatal(EX_CONFIG, "%s: not used", path);
	return c;
}
