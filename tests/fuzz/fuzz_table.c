#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "listmap/table_file.h"
#include "listmap/table_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

static void
check_command(struct str command)
{
	char *memory = malloc(command.n + 1), *word[3];
	size_t n;

	must(memory != NULL);
	n = table_value_words(command, memory, word, 3);
	for (size_t i = 0; i < n; i++)
		must(word[i] + strlen(word[i]) <= memory + command.n);
	free(memory);
}

static int
see_recipient(void *arg, enum table_value_kind kind, struct str text)
{
	(void)arg;
	must(text.n == 0 || (!isspace((unsigned char)text.p[0]) &&
	    !isspace((unsigned char)text.p[text.n - 1])));
	if (kind == TABLE_VALUE_COMMAND)
		check_command(text);
	return 0;
}

/* Lines come in the order of the file, their texts without NUL. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_file t;
	size_t last = 0;

	must(table_file_parse((struct str){ (const char *)data, size }, &t) ==
	    0);
	for (size_t i = 0; i < t.n; i++) {
		const struct table_file_line *l = &t.line[i];

		must(l->line > last && !(*l->key == '\0' && !l->wrong));
		last = l->line;
		(void)table_value_each(str_from(l->value), see_recipient, NULL);
	}
	table_file_clear(&t);
	return 0;
}
