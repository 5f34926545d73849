/* tell.c - see tell.h. */
#include "lib/tell.h"

#include "base/hash.h"
#include "lib/modules.h"
#include "lib/participant.h"

enum { PROBES = 64 };

enum finding_policy tell_policy(const struct finding *f)
{
	return (enum finding_policy)(session.header->on_error >> (2 * f->class) & 3);
}

/* ---- doubts ---- */

static bool has_operators(uintptr_t address)
{
	static const char *const operators[] = { "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv" };
	for (unsigned i = 0; i < AT_COUNT_OF(operators); i++)
		if (modules_define(address, operators[i]))
			return true;
	return false;
}

/* Where the code that made the block is now; 0 if it is not loaded any more. */
static uintptr_t made_at(uint32_t stack)
{
	const struct session_node *node = &session.nodes[stack];
	for (uint32_t i = MODULE_ANONYMOUS + 1; stack >= NODE_FIRST && i < modules_count(); i++)
		if (modules[i].id == node->module && !at_load_relaxed(&modules[i].gone))
			return modules[i].bias + node->offset;
	return 0;
}

bool tell_is_doubtful(const struct finding *f, uintptr_t caller)
{
	uintptr_t maker = made_at(f->made_stack);
	return f->class == FINDING_MISMATCH &&
	       (has_operators(caller) || (maker && has_operators(maker)));
}

/* ---- counting ---- */

static uint64_t code_of(uint32_t node)
{
	const struct session_node *n = &session.nodes[node];
	return node < NODE_FIRST ? node : hash_pair(n->module, n->offset);
}

static struct session_finding *find_entry(uint64_t key, uint32_t *number)
{
	for (unsigned i = 0; i < PROBES; i++) {
		*number = (uint32_t)(key + i) % SESSION_MAX_FINDINGS;
		struct session_finding *entry = &session.findings[*number];
		uint64_t seen = at_load_acquire(&entry->key);
		if (seen == 0 && at_cas_acq_rel(&entry->key, &seen, key))
			return entry;
		if (seen == key)
			return entry;
	}
	return NULL;
}

bool tell_is_first(struct finding *f, uint32_t site)
{
	uint64_t what = (uint64_t)f->class << 16 | (uint64_t)f->role << 8 | f->made_role;
	uint64_t key = hash_pair(hash_pair(code_of(f->made_stack), code_of(site)), what) | 1;
	struct session_finding *entry = find_entry(key, &f->number);
	if (!entry) {
		at_add_relaxed(&session.process->lost_findings, UINT64_C(1));
		return false;
	}
	at_add_relaxed(&entry->count, UINT64_C(1));
	uint64_t told = 0;
	return at_load_relaxed(&entry->told) == 0 && at_cas_acq_rel(&entry->told, &told, UINT64_C(1));
}

void tell_write(struct thread *t, const struct finding *f)
{
	uint64_t words[EVENT_FINDING_WORDS];
	if (!thread_reserve(t, EVENT_FINDING_WORDS + 1)) {
		at_store_release(&session.findings[f->number].told, UINT64_C(0));
		return;
	}
	t->tick_left = 0; /* its time is exact */
	thread_tick(t);
	finding_to_words(f, words);
	for (unsigned i = 0; i < EVENT_FINDING_WORDS; i++)
		thread_put(t, words[i]);
	thread_publish(t);
}
