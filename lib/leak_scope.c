/* leak_scope.c - see leak_scope.h. */
#include "lib/leak_scope.h"

#include "base/atomics.h"
#include "lib/sys.h"

/* A thread's, by its ring's slot; the next thread that gets the slot takes it over. */
struct scope_stack {
	uint32_t claims; /* of the ring: which of its threads this is of */
	uint32_t pid;
	uint32_t depth; /* may be more than there is room for */
	uint32_t pad;
	struct leak_scope scopes[LEAK_SCOPE_DEPTH];
};

static struct scope_stack *stacks[SESSION_MAX_RINGS];

static struct scope_stack *stack_of(const struct thread *t)
{
	struct scope_stack *s = stacks[t->slot];
	bool is_its = t->ring && s && s->claims == at_load_relaxed(&t->ring->claims) &&
		      s->pid == session.pid;
	return is_its ? s : NULL;
}

static struct scope_stack *make_stack(const struct thread *t)
{
	struct scope_stack *s = stacks[t->slot];
	if (!s)
		s = sys_map_anonymous(sizeof(*s));
	if (!s)
		return NULL;
	stacks[t->slot] = s;
	s->claims = at_load_relaxed(&t->ring->claims);
	s->pid = session.pid;
	s->depth = 0;
	return s;
}

static bool is_named(const struct leak_scope *scope, const char *name)
{
	unsigned i = 0;
	for (; i < SCAN_LABEL_BYTES - 1 && name[i]; i++)
		if (scope->label[i] != name[i])
			return false;
	return scope->label[i] == '\0';
}

void leak_scope_begin(struct thread *t, const char *name)
{
	/* In the child of a fork this is where the thread gets its ring. */
	bool has_room = thread_reserve(t, THREAD_ROOM);
	if (!has_room && !t->ring)
		return;
	struct scope_stack *s = stack_of(t);
	uint32_t count = at_load_relaxed(&session.header->ring_count);
	unsigned i = 0;
	if (!s)
		s = make_stack(t);
	if (!s || s->depth++ >= LEAK_SCOPE_DEPTH)
		return;
	struct leak_scope *scope = &s->scopes[s->depth - 1];
	for (; i < SCAN_LABEL_BYTES - 1 && name[i]; i++)
		scope->label[i] = name[i];
	scope->label[i] = '\0';
	scope->tsc = session_clock();
	scope->slots = count < SCAN_SINCE_SLOTS ? count : SCAN_SINCE_SLOTS;
	for (i = 0; i < scope->slots; i++)
		scope->counters[i] = at_load_relaxed(&session.rings[i].counter);
}

void leak_scope_end(struct thread *t, const char *name)
{
	struct scope_stack *s = stack_of(t);
	if (!s)
		return;
	if (s->depth > LEAK_SCOPE_DEPTH) {
		s->depth--;
		return;
	}
	for (uint32_t i = s->depth; i-- > 0;)
		if (is_named(&s->scopes[i], name)) {
			s->depth = i;
			return;
		}
}

bool leak_scope_find(const struct thread *t, const struct leak_scope **scope)
{
	const struct scope_stack *s = stack_of(t);
	*scope = NULL;
	if (s && s->depth > LEAK_SCOPE_DEPTH)
		return false;
	if (s && s->depth)
		*scope = &s->scopes[s->depth - 1];
	return true;
}
