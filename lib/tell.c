/* tell.c - see tell.h. */
#include "lib/tell.h"

#include "base/hash.h"
#include "lib/participant.h"
#include "lib/tell_here.h"

enum { PROBES = 64 };

enum finding_policy tell_policy(const struct finding *f)
{
	return (enum finding_policy)(session.header->on_error >> (2 * f->class) & 3);
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
	bool is_new = at_add_relaxed(&entry->count, UINT64_C(1)) == 0;
	if (session_is_left_alone())
		tell_count(is_new);
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
