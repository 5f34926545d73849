/* tell_here.c - see tell_here.h. */
#include "lib/tell_here.h"

#include "base/atomics.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/say.h"
#include "lib/sys.h"
#include "lib/tell_text.h"

enum { TEXT_BYTES = 128 * 1024, LINE_BYTES = 160, DEFAULT_LIMIT = 50 };

static uint32_t limit = DEFAULT_LIMIT, told, kinds; /* of this process */
static bool has_begun; /* the head is out, and the hints; also of the process that it was forked from */
static uint64_t wrong_frees;

void tell_limit(uint32_t most)
{
	limit = most;
}

void tell_count(bool is_new)
{
	at_add_relaxed(&wrong_frees, UINT64_C(1));
	if (is_new)
		at_add_relaxed(&kinds, 1u);
}

void tell_forked(void)
{
	wrong_frees = 0;
	kinds = 0;
	told = 0;
}

struct telling {
	struct text text;
	const struct finding *finding;
	bool is_first;
};

static void write_text(void *context)
{
	struct telling *t = context;
	if (t->is_first)
		tell_text_head(&t->text);
	tell_text_finding(&t->text, t->finding);
	if (t->is_first)
		tell_text_hints(&t->text);
}

void tell_here(const struct finding *f)
{
	uint32_t number = at_add_relaxed(&told, 1u);
	if (limit && number >= limit) {
		if (number == limit)
			say_line("wrong frees of more kinds are counted, and not told of "
				 "(max-errors of ALLOCTRACE_OPTIONS)");
		return;
	}
	/* Not on the stack, which may be small. */
	char *room = sys_map_anonymous(TEXT_BYTES);
	if (!room)
		return;
	bool begun = false;
	bool is_first = at_cas_acq_rel(&has_begun, &begun, true);
	struct telling telling = { text_in(room, TEXT_BYTES), f, is_first };
	modules_hold(write_text, &telling);
	say(&telling.text);
	sys_unmap(room, TEXT_BYTES);
}

void tell_end(void)
{
	char room[LINE_BYTES];
	struct text t = text_in(room, sizeof(room) - 1);
	uint64_t count = at_load_relaxed(&wrong_frees);
	if (!count)
		return;
	text_count(&t, count, "wrong free");
	text_add(&t, " (");
	text_count(&t, at_load_relaxed(&kinds), "kind");
	text_add(&t, "), pid ");
	text_number(&t, session.pid);
	*t.at = '\0';
	say_line(room);
}
