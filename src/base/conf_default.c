#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/conf_default.h"
#include "base/buf.h"
#include "base/conf_load.h"

static void
find_generations(const struct conf_generation *all, bool *there)
{
	for (size_t i = 0; all[i].word; i++)
		there[i] = access(all[i].lists_dir, F_OK) == 0;
}

void
conf_default(const struct conf_vocabulary *words, struct buf *text)
{
	const struct conf_generation *all = words->mailmans;
	bool there[CONF_GENERATIONS_MAX] = { false };
	size_t n = 0;

	while (all[n].word)
		n++;
	if (words->finder)
		words->finder->find(words->finder->arg, all, there);
	else
		find_generations(all, there);
	for (size_t i = n; i-- > 0;)
		if (there[i])
			buf_printf(text, "site \"%s\" { mailman = \"%s\" }\n",
			    all[i].mailer, all[i].word);
	if (text->n == 0)
		buf_printf(text, "site \"%s\" {}", all[0].mailer);
}
