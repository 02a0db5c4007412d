/*
 * A stack machine that knows how many things each opcode takes and leaves, and
 * nearly nothing about the things.
 *
 * The memo would be the expensive part: a list of 100,000 members has as many
 * entries.  But only a few entries matter: those that hold the dictionary or
 * a string that is a wanted key.  For the rest a reference is kept as such,
 * and where a wanted value turns out to be one, pickle.c has the file walked
 * once more, up to there, for that one entry.
 */
#include <stdlib.h>
#include <string.h>

#include "mailman/pickle_walk.h"
#include "mailman/pickle.h"
#include "mailman/pickle_bytes.h"
#include "mailman/pickle_opcodes.h"

#define STACK_FIRST 1024
#define MEMO_MAX 32 /* entries that matter; Mailman has one or two */

static const char underflow[] = "takes more than is there";

/* The order of enum pickle_field. */
const char *const pickle_field_names[PICKLE_FIELDS] = { "host_name",
	"web_page_url", "advertised" };

struct memo {
	uint64_t number;
	struct pickle_item item;
};

struct walker {
	struct pickle_bytes bytes;
	struct pickle_walk *out;
	struct pickle_item *stack;
	size_t n, size;
	size_t marks;
	struct memo memo[MEMO_MAX];
	size_t nmemo;
	uint64_t memoized; /* how many MEMOIZE would count */
	bool modern; /* protocol 2 or later */
	bool over;
};

static bool
fail_walk(struct walker *w, const char *err)
{
	return pickle_bytes_fail(&w->bytes, err);
}

/* A string that names a wanted field is one, whatever it is used for. */
static void
recognize(struct walker *w, struct pickle_item *item)
{
	uint64_t quotes = item->kind == PICKLE_QUOTED ? 1 : 0;

	if (item->n < 2 * quotes)
		return;
	for (size_t i = 0; i < PICKLE_FIELDS; i++)
		if (pickle_bytes_are(&w->bytes, item->at + quotes,
		    item->n - 2 * quotes, pickle_field_names[i])) {
			*item = (struct pickle_item){ PICKLE_KEY, i, 0 };
			return;
		}
}

/* Remembers the value of a wanted key, and ends the walk with the last of
 * them; but not a walk that is to find what the memo holds further on. */
static void
set_field(struct walker *w, const struct pickle_item *key,
    const struct pickle_item *value)
{
	if (key->kind != PICKLE_KEY)
		return;
	w->out->field[key->at] = *value;
	for (size_t i = 0; i < PICKLE_FIELDS; i++)
		if (w->out->field[i].kind == PICKLE_MARK)
			return;
	w->over = w->out->before == 0;
}

/*
 * Mailman's writer (protocol 1) puts all pairs of the dictionary behind one
 * mark, and the SETITEMS that makes them its items stands at the end of the
 * file.  Once all the wanted ones lie there, megabytes before, that is enough.
 *
 * A pair counts when something is pushed over it.  Until then it may belong to
 * a dictionary that lies before it on the stack and gets it by SETITEM: in
 * MARK key dict key2 value2 the next opcode decides.  From protocol 2 on tuples
 * are made without a mark, and nobody knows before the end what belongs
 * together.
 */
static void
look_below(struct walker *w)
{
	const struct pickle_item *key;

	if (w->modern || w->marks != 1 || w->n < 4 || w->n % 2 ||
	    w->stack[0].kind != PICKLE_TOP || w->stack[1].kind != PICKLE_MARK)
		return;
	key = &w->stack[w->n - 2];
	if (key[1].kind != PICKLE_OTHER)
		set_field(w, key, key + 1);
}

static bool
push(struct walker *w, struct pickle_item item)
{
	look_below(w);
	if (w->n == w->size) {
		size_t size = w->size ? 2 * w->size : STACK_FIRST;
		struct pickle_item *more = size > PICKLE_STACK_MAX ? NULL :
		    reallocarray(w->stack, size, sizeof(*more));

		if (!more)
			return fail_walk(w, "is nested too deeply");
		w->stack = more;
		w->size = size;
	}
	w->marks += item.kind == PICKLE_MARK;
	w->stack[w->n++] = item;
	return true;
}

/* Things only: no opcode but POP takes a mark by itself. */
static bool
pop(struct walker *w, size_t n)
{
	if (n > w->n)
		return fail_walk(w, underflow);
	for (size_t i = 0; i < n; i++)
		if (w->stack[w->n - 1 - i].kind == PICKLE_MARK)
			return fail_walk(w, underflow);
	w->n -= n;
	return true;
}

/* The index of the topmost mark. */
static bool
find_mark(struct walker *w, size_t *at)
{
	*at = 0;
	if (w->marks == 0)
		return fail_walk(w, underflow);
	for (*at = w->n - 1; w->stack[*at].kind != PICKLE_MARK; (*at)--)
		;
	return true;
}

static void
cut(struct walker *w, size_t n)
{
	while (w->n > n)
		w->marks -= w->stack[--w->n].kind == PICKLE_MARK;
}

/* The pairs from FROM to the top of the stack are items of the dictionary. */
static void
set_fields(struct walker *w, size_t from)
{
	for (size_t i = from; i + 1 < w->n; i += 2)
		set_field(w, &w->stack[i], &w->stack[i + 1]);
}

static struct memo *
find_memo(struct walker *w, uint64_t number)
{
	for (size_t i = 0; i < w->nmemo; i++)
		if (w->memo[i].number == number)
			return &w->memo[i];
	return NULL;
}

static bool
put_memo(struct walker *w, uint64_t number)
{
	struct pickle_item *item;
	struct memo *m = find_memo(w, number);

	if (w->n == 0 || w->stack[w->n - 1].kind == PICKLE_MARK)
		return fail_walk(w, underflow);
	item = &w->stack[w->n - 1];
	w->memoized++;
	if (w->out->before && number == w->out->memo)
		w->out->held = *item;
	if (item->kind != PICKLE_TOP && item->kind != PICKLE_KEY) {
		if (m)
			*m = w->memo[--w->nmemo];
		return true;
	}
	if (!m) {
		/* Names of members, most likely: the dictionary's own keys
		 * were met once, or are not referred to. */
		if (w->nmemo == MEMO_MAX)
			return true;
		m = &w->memo[w->nmemo++];
	}
	*m = (struct memo){ number, *item };
	return true;
}

static bool
get(struct walker *w, uint64_t number, uint64_t at)
{
	const struct memo *m = find_memo(w, number);

	return push(w, m ? m->item :
	    (struct pickle_item){ PICKLE_MEMO, number, at });
}

/* What a pushing opcode pushes. */
static bool
push_new(struct walker *w, const struct pickle_opcode *op,
    struct pickle_item item)
{
	switch (item.kind) {
	case PICKLE_TOP:
		if (w->n > 0)
			item.kind = PICKLE_OTHER;
		break;
	case PICKLE_INT:
		if (op->argument == ARG_LINE)
			item.at = pickle_bytes_nonzero(&w->bytes, item.at,
			    item.n);
		else if (op->argument == ARG_NONE)
			item.at = op->n;
		else
			item.at = item.at != 0;
		break;
	case PICKLE_BYTES:
	case PICKLE_QUOTED:
	case PICKLE_ESCAPED:
		recognize(w, &item);
		break;
	default:
		break;
	}
	return push(w, item);
}

static bool
set_item(struct walker *w)
{
	if (w->n < 3)
		return fail_walk(w, underflow);
	if (w->stack[w->n - 3].kind == PICKLE_TOP)
		set_fields(w, w->n - 2);
	return pop(w, 2);
}

static bool
set_items(struct walker *w)
{
	size_t mark;

	if (!find_mark(w, &mark))
		return false;
	if (mark > 0 && w->stack[mark - 1].kind == PICKLE_TOP)
		set_fields(w, mark + 1);
	cut(w, mark);
	return true;
}

static bool
make_dict(struct walker *w)
{
	size_t mark;

	if (!find_mark(w, &mark))
		return false;
	if (mark == 0)
		set_fields(w, 1);
	cut(w, mark);
	return push(w, (struct pickle_item){
	    mark ? PICKLE_OTHER : PICKLE_TOP, 0, 0 });
}

static bool
pop_one(struct walker *w)
{
	if (w->n == 0)
		return fail_walk(w, underflow);
	cut(w, w->n - 1);
	return true;
}

/*
 * ITEM: the argument, a number in `at', or where it lies.  A plain dispatch,
 * one case an effect.
 */
static bool
apply(struct walker *w, const struct pickle_opcode *op, struct pickle_item item,
    uint64_t began)
{
	uint64_t number = item.at;
	size_t mark;

	if ((op->effect == EFFECT_PUT || op->effect == EFFECT_GET) &&
	    op->argument == ARG_LINE &&
	    !pickle_bytes_decimal(&w->bytes, item.at, item.n, &number))
		return false;
	switch (op->effect) {
	case EFFECT_NONE:
		return true;
	case EFFECT_REPLACE:
		return pop(w, op->pops) && push_new(w, op, item);
	case EFFECT_MARKED:
	case EFFECT_APPENDS:
		if (!find_mark(w, &mark))
			return false;
		cut(w, mark);
		return op->effect == EFFECT_APPENDS || push(w, item);
	case EFFECT_POPS:
		return pop(w, op->pops);
	case EFFECT_DICT:
		return make_dict(w);
	case EFFECT_ITEM:
		return set_item(w);
	case EFFECT_ITEMS:
		return set_items(w);
	case EFFECT_DUP:
		return w->n && w->stack[w->n - 1].kind != PICKLE_MARK ?
		    push(w, w->stack[w->n - 1]) : fail_walk(w, underflow);
	case EFFECT_POP:
		return pop_one(w);
	case EFFECT_PUT:
		return put_memo(w, number);
	case EFFECT_MEMOIZE:
		return put_memo(w, w->memoized);
	case EFFECT_GET:
		return get(w, number, began);
	case EFFECT_STOP:
		w->over = true;
		return w->n == 1 ||
		    fail_walk(w, "ends with more than one thing");
	}
	return false;
}

/* Takes the argument of OP: a number, or the place of a text. */
static bool
take_argument(struct walker *w, const struct pickle_opcode *op,
    struct pickle_item *item)
{
	*item = (struct pickle_item){ op->kind, 0, 0 };
	switch (op->argument) {
	case ARG_NONE:
		return true;
	case ARG_FIXED:
		return pickle_bytes_skip(&w->bytes, op->n);
	case ARG_NUMBER:
		return pickle_bytes_number(&w->bytes, op->n, &item->at);
	case ARG_COUNTED:
		if (!pickle_bytes_number(&w->bytes, op->n, &item->n))
			return false;
		item->at = w->bytes.at;
		return pickle_bytes_skip(&w->bytes, item->n);
	case ARG_TWO_LINES:
		if (!pickle_bytes_line(&w->bytes, &item->n))
			return false;
		__attribute__((fallthrough));
	case ARG_LINE:
		item->at = w->bytes.at;
		return pickle_bytes_line(&w->bytes, &item->n);
	}
	return false;
}

static void
step(struct walker *w)
{
	uint64_t began = w->bytes.at;
	struct pickle_item item;
	const struct pickle_opcode *op;
	int c;

	if (w->out->before && began >= w->out->before) {
		w->over = true;
		return;
	}
	c = pickle_bytes_next(&w->bytes);
	if (c == -1)
		return;
	op = &pickle_opcodes[c];
	w->modern |= c >= 0x80;
	if (!op->known)
		fail_walk(w, "holds an opcode that there is not");
	else if (take_argument(w, op, &item))
		apply(w, op, item, began);
}

const char *
pickle_walk(const struct pickle_source *source, struct pickle_walk *out)
{
	struct walker *w = calloc(1, sizeof(*w));
	const char *err;

	for (size_t i = 0; i < PICKLE_FIELDS; i++)
		out->field[i] = (struct pickle_item){ PICKLE_MARK, 0, 0 };
	out->held = (struct pickle_item){ PICKLE_OTHER, 0, 0 };
	if (!w)
		return pickle_unreadable; /* now */
	w->bytes.source = source;
	w->out = out;
	while (!w->bytes.err && !w->over)
		step(w);
	err = w->bytes.err;
	free(w->stack);
	free(w);
	return err;
}
