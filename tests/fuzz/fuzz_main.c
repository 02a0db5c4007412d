/*
 * Replays inputs through a fuzz target, where no fuzzing engine is linked:
 *
 *	fuzz_x FILE|DIRECTORY...
 */
#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	/* Of exactly the input's size, so that a read too far is seen. */
	uint8_t *all = malloc(INPUT_MAX), *data = NULL;
	size_t n = 0;
	int r = -1;

	if (!f || !all)
		goto out;
	n = fread(all, 1, INPUT_MAX, f);
	if (ferror(f) || !feof(f))
		goto out;
	data = realloc(all, n > 0 ? n : 1);
	if (!data)
		goto out;
	all = NULL;
	LLVMFuzzerTestOneInput(data, n);
	inputs++;
	r = 0;
out:
	if (r < 0)
		fprintf(stderr, "%s: cannot be read\n", path);
	if (f)
		fclose(f);
	free(all);
	free(data);
	return r;
}

static int
run_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir))) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (run_file(file) < 0)
			r = -1;
	}
	closedir(dir);
	return r;
}

int
main(int argc, char **argv)
{
	struct stat st;
	int i, r = 0;

	for (i = 1; i < argc; i++)
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			r |= run_directory(argv[i]);
		else
			r |= run_file(argv[i]);
	printf("%zu inputs\n", inputs);
	return r < 0 || inputs == 0;
}
