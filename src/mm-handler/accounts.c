#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm-handler/accounts.h"
#include "base/buf.h"
#include "base/privileges.h"

#define GETENT "/usr/bin/getent"
/* What getent exits with for what is not there (getent(1)). */
#define GETENT_ABSENT 2
/* A longer entry is none. */
#define ENTRY_MAX (1 << 20)

/* What is looked for: a name or, without one, a number. */
struct key {
	const char *name;
	id_t id;
};

struct entry {
	char name[ACCOUNTS_NAME_MAX];
	id_t id;
	gid_t gid; /* of a user */
};

enum found { FOUND, ABSENT, UNKNOWN };

static bool
is_wanted(const struct key *k, const char *name, id_t id)
{
	return k->name ? !strcmp(k->name, name) : k->id == id;
}

/* These two look through F, which is as passwd(5) or group(5) say. */
static bool
find_user_in(FILE *f, const struct key *k, struct entry *e)
{
	const struct passwd *pw;

	while ((pw = fgetpwent(f)))
		if (is_wanted(k, pw->pw_name, pw->pw_uid)) {
			snprintf(e->name, sizeof(e->name), "%s", pw->pw_name);
			e->id = pw->pw_uid;
			e->gid = pw->pw_gid;
			return true;
		}
	return false;
}

static bool
find_group_in(FILE *f, const struct key *k, struct entry *e)
{
	const struct group *gr;

	while ((gr = fgetgrent(f)))
		if (is_wanted(k, gr->gr_name, gr->gr_gid)) {
			snprintf(e->name, sizeof(e->name), "%s", gr->gr_name);
			e->id = gr->gr_gid;
			return true;
		}
	return false;
}

static const struct database {
	const char *name; /* getent's */
	const char *path;
	bool (*find)(FILE *f, const struct key *k, struct entry *e);
} users = { "passwd", "/etc/passwd", find_user_in },
  groups = { "group", "/etc/group", find_group_in };

/* Runs getent with its output in OUT; its process, or -1. */
static pid_t
spawn_getent(const char *database, const char *key, int out)
{
	static char path[] = "PATH=/usr/bin:/bin";
	char *env[] = { path, NULL };
	char *argv[] = { (char *)GETENT, (char *)database, (char *)"--",
		(char *)key, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&files) != 0)
		return -1;
	if (posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_addopen(&files, STDERR_FILENO,
	    "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn(&pid, GETENT, &files, NULL, argv, env) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Appends all that comes from FD; false where reading fails. */
static bool
read_pipe(int fd, struct buf *b)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0)
		if (n > 0)
			buf_put(b, chunk, (size_t)n);
		else if (errno != EINTR)
			return false;
	return !b->failed;
}

/* Appends what getent prints of the entry KEY; unless it is FOUND, that means
 * nothing. */
static enum found
run_getent(const char *database, const char *key, struct buf *b)
{
	int fds[2], status;
	bool whole = false;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return UNKNOWN;
	pid = spawn_getent(database, key, fds[1]);
	close(fds[1]);
	if (pid != -1)
		whole = read_pipe(fds[0], b);
	close(fds[0]);
	if (pid == -1 || waitpid(pid, &status, 0) != pid ||
	    !WIFEXITED(status))
		return UNKNOWN;
	if (WEXITSTATUS(status) == 0 && whole)
		return FOUND;
	return WEXITSTATUS(status) == GETENT_ABSENT ? ABSENT : UNKNOWN;
}

/* fgetpwent() and its like read no pipe, but what they can seek in. */
static enum found
ask_getent(const struct database *d, const struct key *k, struct entry *e)
{
	char number[24];
	enum found said;
	struct buf b;

	snprintf(number, sizeof(number), "%lu", (unsigned long)k->id);
	buf_init(&b, ENTRY_MAX);
	said = run_getent(d->name, k->name ? k->name : number, &b);
	if (said == FOUND) {
		FILE *f = b.n ? fmemopen(b.p, b.n, "r") : NULL;

		if (!f || !d->find(f, k, e))
			said = UNKNOWN;
		if (f)
			fclose(f);
	}
	buf_clear(&b);
	return said;
}

static bool
find_in_file(const struct database *d, const struct key *k, struct entry *e)
{
	FILE *f = fopen(d->path, "re");
	bool is = f && d->find(f, k, e);

	if (f)
		fclose(f);
	return is;
}

static enum found
look_up(const struct database *d, const struct key *k, struct entry *e)
{
	return find_in_file(d, k, e) ? FOUND : ask_getent(d, k, e);
}

static bool
add_group(struct account *a, gid_t gid)
{
	gid_t *more;

	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i] == gid)
			return true;
	more = reallocarray(a->groups, a->ngroups + 1, sizeof(*more));
	if (!more)
		return false;
	a->groups = more;
	more[a->ngroups++] = gid;
	return true;
}

/* Adds the groups that have NAME as a member. */
static bool
add_local_groups(const char *name, struct account *a)
{
	FILE *f = fopen(groups.path, "re");
	const struct group *gr;
	bool ok = f;

	while (ok && (gr = fgetgrent(f)))
		for (char **member = gr->gr_mem; ok && *member; member++)
			if (!strcmp(*member, name))
				ok = add_group(a, gr->gr_gid);
	/* A file that cannot be read to its end has not all groups. */
	if (f) {
		ok = ok && !ferror(f);
		fclose(f);
	}
	return ok;
}

/* The same from elsewhere: getent prints the name, and then numbers. */
static bool
add_other_groups(const char *name, struct account *a)
{
	char *word, *state, *end;
	struct buf b;
	bool ok;

	buf_init(&b, ENTRY_MAX);
	ok = run_getent("initgroups", name, &b) == FOUND;
	(void)strtok_r((char *)buf_cstr(&b), " \n", &state);
	while (ok && (word = strtok_r(NULL, " \n", &state))) {
		unsigned long gid = strtoul(word, &end, 10);

		ok = !*end && add_group(a, (gid_t)gid);
	}
	buf_clear(&b);
	return ok;
}

const char *
accounts_find_user(const char *name, struct account *a)
{
	const struct key key = { .name = name };
	struct entry e;

	switch (look_up(&users, &key, &e)) {
	case ABSENT:
		return "there is no account delivery_user";
	case UNKNOWN:
		return "the account delivery_user cannot be looked up";
	case FOUND:
		break;
	}
	a->uid = e.id;
	a->gid = e.gid;
	return NULL;
}

const char *
accounts_find_group(const char *name, gid_t *gid)
{
	const struct key key = { .name = name };
	struct entry e;

	switch (look_up(&groups, &key, &e)) {
	case ABSENT:
		return "there is no group delivery_group";
	case UNKNOWN:
		return "the group delivery_group cannot be looked up";
	case FOUND:
		break;
	}
	*gid = e.id;
	return NULL;
}

const char *
accounts_find_groups(const char *name, struct account *a)
{
	const struct key key = { .name = name };
	struct entry e;
	bool local = find_in_file(&users, &key, &e);

	if (add_group(a, a->gid) &&
	    (local ? add_local_groups : add_other_groups)(name, a))
		return NULL;
	return "the groups of delivery_user cannot be looked up";
}

static void
put_name(const struct database *d, id_t id, char name[ACCOUNTS_NAME_MAX])
{
	const struct key key = { .id = id };
	struct entry e;

	snprintf(name, ACCOUNTS_NAME_MAX, "%s",
	    look_up(d, &key, &e) == FOUND ? e.name : "?");
}

void
accounts_user_name(uid_t uid, char name[ACCOUNTS_NAME_MAX])
{
	put_name(&users, uid, name);
}

void
accounts_group_name(gid_t gid, char name[ACCOUNTS_NAME_MAX])
{
	put_name(&groups, gid, name);
}
