/* stack.c - see stack.h. */
#include "lib/stack.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/intern.h"
#include "lib/regions.h"
#include "lib/unwind.h"

/* The walk in progress. */
struct walk {
	struct stack *s;
	uintptr_t pc, rsp, rbp; /* the frame to look at next */
	uintptr_t low, high;    /* bounds of the stack that it is on */
	uint32_t fresh;         /* frames in s->fresh */
	int32_t next_memo;      /* candidates of the memo are at or below this index */
	int32_t base;           /* memo frames 0..base hold; -1: none */
	uint32_t outside;       /* NODE_... that stands for what is further out */
	uint32_t max_depth;
	bool exact;             /* pc is no return address */
	bool crossed_signal;    /* the memo cannot describe such a stack */
};

static inline bool readable(const struct walk *w, uintptr_t address)
{
	return address >= w->low && address <= w->high - sizeof(uintptr_t) && !(address & 7);
}

static inline uintptr_t load(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

static AT_COLD bool switch_region(struct walk *w)
{
	const struct stack_region *region = regions_find(w->s->regions, w->s->inherited, w->rsp);
	if (!region)
		return false;
	w->low = region->low;
	w->high = region->high;
	return true;
}

/* Steps over a signal trampoline. rsp points to the kernel's struct ucontext, whose general
 * registers begin at byte 40 (linux/arch/x86/include/uapi/asm/sigcontext.h): rbp is the 11th, rsp
 * the 16th, rip the 17th. */
static bool step_signal(struct walk *w, struct stack_frame *f)
{
	enum { UC_RBP = 120, UC_RSP = 160, UC_RIP = 168 };
	if (!readable(w, w->rsp + UC_RIP))
		return false;
	f->ra_slot = w->rsp + UC_RIP;
	w->pc = load(w->rsp + UC_RIP);
	w->rbp = load(w->rsp + UC_RBP);
	w->rsp = load(w->rsp + UC_RSP);
	w->exact = true;
	w->crossed_signal = true;
	w->next_memo = -1;
	return switch_region(w);
}

/* Moves w from frame f to its caller whose return address is under cfa. */
static inline bool step_to(struct walk *w, struct stack_frame *f, uintptr_t cfa, unsigned rbp_rule)
{
	if (AT_UNLIKELY(cfa <= w->rsp || !readable(w, cfa - 8)))
		return false;
	f->ra_slot = cfa - 8;
	f->rbp_slot = 0;
	if (rbp_rule != RULE_RBP_SAME) {
		f->rbp_slot = rbp_rule == RULE_RBP_AT_RBP ? w->rbp : cfa - 8 * rbp_rule;
		if (AT_UNLIKELY(!readable(w, f->rbp_slot)))
			return false;
		w->rbp = load(f->rbp_slot);
	}
	w->pc = load(f->ra_slot);
	w->rsp = cfa;
	w->exact = false;
	return true;
}

static bool step_frame_pointer(struct walk *w, struct stack_frame *f)
{
	uintptr_t rbp = w->rbp;
	f->uses_rbp = true;
	if (rbp < w->rsp || !readable(w, rbp) || !readable(w, rbp + 8))
		return false;
	f->ra_slot = rbp + 8;
	f->rbp_slot = rbp;
	w->rbp = load(rbp);
	w->pc = load(rbp + 8);
	w->rsp = rbp + 16;
	w->exact = false;
	return true;
}

/* Works out the caller of the frame that w stands at, filling in f. False at the end, with
 * w->outside saying which kind of end. */
static inline bool step(struct walk *w, struct stack_frame *f)
{
	uintptr_t pc = w->pc - (w->exact ? 0 : 1);
	struct rule rule = unwind_rule(pc, &w->s->scratch);
	uintptr_t cfa;
	bool ok;
	*f = (struct stack_frame){ .pc = w->pc, .rsp = w->rsp, .rbp = w->rbp,
				   .module = (uint16_t)rule.module, .exact = w->exact };
	switch (rule_kind(rule)) {
	case RULE_RSP:
		ok = step_to(w, f, w->rsp + (uintptr_t)(intptr_t)rule_offset(rule), rule_rbp(rule));
		break;
	case RULE_RBP:
		f->uses_rbp = true;
		ok = step_to(w, f, w->rbp + (uintptr_t)(intptr_t)rule_offset(rule), rule_rbp(rule));
		break;
	case RULE_RBP_DEREF:
		f->uses_rbp = true;
		cfa = w->rbp + (uintptr_t)(intptr_t)rule_offset(rule);
		ok = readable(w, cfa) && step_to(w, f, load(cfa), rule_rbp(rule));
		break;
	case RULE_PLT:
		ok = step_to(w, f, w->rsp + 8 + ((pc & 15) >= 11 ? 8 : 0), RULE_RBP_SAME);
		break;
	case RULE_SIGNAL:
		ok = step_signal(w, f);
		break;
	case RULE_FRAME_POINTER:
		ok = step_frame_pointer(w, f);
		break;
	case RULE_END:
		w->outside = NODE_ROOT;
		return false;
	default:
		ok = false;
	}
	w->outside = NODE_UNKNOWN;
	if (ok && w->pc == 0) {
		w->outside = NODE_ROOT;
		f->ra_slot = 0;
		return false;
	}
	if (!ok)
		f->ra_slot = 0;
	return ok;
}

enum { CHECK_RBP = 1 };

/* The innermost frame at or below `from` whose caller is no longer the one in the memo; 0 when
 * all hold. */
static inline int32_t check_memo(const struct stack *s, int32_t from)
{
	for (int32_t j = from; j > 0; j--) {
		uintptr_t slot = s->checks[j].slot;
		if (AT_UNLIKELY(load(slot & ~(uintptr_t)CHECK_RBP) != s->checks[j].expected))
			return j;
		if (AT_UNLIKELY(slot & CHECK_RBP) &&
		    load(s->memo[j].rbp_slot) != s->memo[j - 1].rbp)
			return j;
	}
	return 0;
}

/* Is the frame that w stands at in the memo? */
static inline bool meets_memo(struct walk *w)
{
	const struct stack_frame *memo = w->s->memo;
	while (w->next_memo >= 0 && memo[w->next_memo].rsp < w->rsp)
		w->next_memo--;
	if (w->next_memo < 0)
		return false;
	const struct stack_frame *m = &memo[w->next_memo];
	return m->rsp == w->rsp && m->pc == w->pc && (!m->uses_rbp || m->rbp == w->rbp) &&
	       m->exact == w->exact;
}

/* Takes memo frames from..to (inwards to outwards) into the fresh ones and moves w to the caller
 * of the last, which its slots tell. rbp is followed on the way: what the memo has may be of an
 * older call where no frame of then needed it, and a frame further out may do so now. */
static void reuse_memo(struct walk *w, int32_t from, int32_t to)
{
	struct stack *s = w->s;
	const struct stack_frame *last = &s->memo[to];
	for (int32_t j = from; j >= to; j--) {
		const struct stack_frame *m = &s->memo[j];
		if (w->fresh < w->max_depth) {
			s->fresh[w->fresh] = *m;
			s->fresh[w->fresh++].rbp = w->rbp;
		}
		if (m->rbp_slot)
			w->rbp = load(m->rbp_slot);
	}
	w->pc = load(last->ra_slot);
	w->rsp = last->ra_slot + 8;
	w->exact = false;
	w->next_memo = to - 1;
}

/* Walks until the memo takes over, the stack ends or it is too deep. */
static void walk_outwards(struct walk *w)
{
	struct stack *s = w->s;
	while (w->fresh < w->max_depth) {
		if (meets_memo(w)) {
			int32_t from = w->next_memo;
			int32_t stale = check_memo(s, from);
			if (AT_LIKELY(stale == 0)) {
				w->base = from;
				w->outside = s->outside;
				return;
			}
			reuse_memo(w, from, stale);
			if (AT_UNLIKELY(w->pc == 0)) {
				w->outside = NODE_ROOT;
				return;
			}
			continue;
		}
		if (!step(w, &s->fresh[w->fresh++]))
			return;
	}
	w->outside = NODE_TRUNCATED;
}

/* The stack is deeper than the limit, or the memo was cut at its outer end: the frames kept are the
 * innermost max_depth ones, so all of them get a new place. */
static AT_COLD void take_whole_memo(struct walk *w)
{
	struct stack *s = w->s;
	int32_t base = w->base;
	w->base = -1;
	bool has_room = w->fresh + (uint32_t)base + 1 < w->max_depth;
	if (has_room && s->outside == NODE_TRUNCATED && s->memo[0].ra_slot) {
		reuse_memo(w, base, 0);
		walk_outwards(w);
		return;
	}
	while (base >= 0 && w->fresh < w->max_depth)
		s->fresh[w->fresh++] = s->memo[base--];
	if (base >= 0)
		w->outside = NODE_TRUNCATED;
}

static AT_NOINLINE uint32_t intern_frame(uint32_t parent, uintptr_t pc, uint32_t module,
					 struct stack_child *child, uint64_t key)
{
	const struct module *m = &modules[module];
	uint32_t node = intern_node(parent, m->id, pc - m->bias);
	*child = (struct stack_child){ key, parent, node };
	return node;
}

static inline uint32_t node_of(struct stack *s, uint32_t parent, const struct stack_frame *f)
{
	uintptr_t pc = f->pc - 1 + f->exact;
	uint64_t key = pc | (uint64_t)s->epoch << 48;
	struct stack_child *child = &s->children[hash_pair(pc, parent) % STACK_CHILDREN];
	if (AT_LIKELY(child->key == key && child->parent == parent))
		return child->node;
	return intern_frame(parent, pc, f->module, child, key);
}

/* Puts the fresh frames onto what holds of the memo and gives the innermost node. */
static uint32_t push_fresh(struct walk *w)
{
	struct stack *s = w->s;
	int32_t top = w->base;
	uint32_t node = top >= 0 ? s->memo[top].node : w->outside;
	for (uint32_t i = w->fresh; i > 0; i--) {
		const struct stack_frame *outer = top >= 0 ? &s->memo[top] : NULL;
		struct stack_frame *f = &s->memo[++top];
		*f = s->fresh[i - 1];
		f->node = node = node_of(s, node, f);
		if (!outer)
			continue;
		bool check_rbp = outer->uses_rbp && f->rbp_slot;
		f->uses_rbp |= outer->uses_rbp && !f->rbp_slot;
		s->checks[top].slot = f->ra_slot | (check_rbp ? CHECK_RBP : 0);
		s->checks[top].expected = outer->pc;
	}
	s->count = w->crossed_signal ? 0 : (uint32_t)top + 1;
	if (w->base < 0)
		s->outside = w->outside;
	return node;
}

/* The whole stack with the full unwinder; leaves no memo. */
static AT_COLD uint32_t capture_full(struct walk *w, const struct caller *caller)
{
	struct stack *s = w->s;
	struct cfi_memory memory = { w->low, w->high };
	uintptr_t *pcs = (uintptr_t *)s->fresh;
	bool complete;
	unsigned n = unwind_full(caller->rsp, &memory, &s->scratch, pcs, w->max_depth, &complete);
	uint32_t node = complete ? NODE_ROOT : n == w->max_depth ? NODE_TRUNCATED : NODE_UNKNOWN;
	for (unsigned i = n; i > 0; i--) {
		struct rule rule = unwind_rule(pcs[i - 1], &s->scratch);
		const struct module *m = &modules[rule.module];
		node = intern_node(node, m->id, pcs[i - 1] - m->bias);
	}
	s->count = 0;
	return node;
}

static inline bool in_region(const struct stack_region *r, uintptr_t address)
{
	return address >= r->low && address < r->high;
}

static AT_NOINLINE uint32_t finish(struct walk *w, const struct caller *caller)
{
	struct stack *s = w->s;
	if (w->outside == NODE_UNKNOWN && w->base < 0) {
		const struct stack_frame *last = &s->fresh[w->fresh - 1];
		struct rule rule = unwind_rule(last->pc - (last->exact ? 0 : 1), &s->scratch);
		if (rule_kind(rule) == RULE_FULL)
			return capture_full(w, caller);
	}
	if (w->base >= 0 && (s->outside == NODE_TRUNCATED ||
			     w->fresh + (uint32_t)w->base + 1 > w->max_depth))
		take_whole_memo(w);
	return push_fresh(w);
}

/* Is it the same stack as last time, down to the calling instruction? */
static inline bool is_memo(const struct stack *s, const struct caller *caller)
{
	if (AT_UNLIKELY(s->count == 0 || s->epoch != at_load_relaxed(&modules_epoch)))
		return false;
	const struct stack_frame *top = &s->memo[s->count - 1];
	return top->pc == caller->pc && top->rsp == caller->rsp && !top->exact &&
	       (!top->uses_rbp || top->rbp == caller->rbp) &&
	       check_memo(s, (int32_t)s->count - 1) == 0;
}

static AT_NOINLINE uint32_t capture_walking(struct stack *s, const struct caller *caller,
					    uint32_t max_depth)
{
	struct walk w = { .s = s, .pc = caller->pc, .rsp = caller->rsp, .rbp = caller->rbp,
			  .next_memo = (int32_t)s->count - 1, .base = -1, .max_depth = max_depth };
	uint32_t epoch = at_load_relaxed(&modules_epoch);
	if (AT_UNLIKELY(s->epoch != epoch)) {
		s->epoch = epoch;
		w.next_memo = -1;
	}
	if (AT_LIKELY(in_region(&s->regions[0], w.rsp))) {
		w.low = s->regions[0].low;
		w.high = s->regions[0].high;
	} else {
		w.next_memo = -1;
		if (!switch_region(&w))
			return NODE_UNKNOWN;
	}
	walk_outwards(&w);
	if (AT_LIKELY(w.base >= 0 && s->outside == NODE_ROOT &&
		      w.fresh + (uint32_t)w.base < max_depth))
		return push_fresh(&w);
	return finish(&w, caller);
}

uint32_t stack_capture(struct stack *s, const struct caller *caller, uint32_t max_depth)
{
	if (is_memo(s, caller))
		return s->memo[s->count - 1].node;
	return capture_walking(s, caller, max_depth);
}

AT_COLD uint32_t stack_site_slow(struct stack *s, uintptr_t pc, struct stack_site *entry,
				 uint64_t key)
{
	struct rule rule = unwind_rule(pc - 1, &s->scratch);
	const struct module *m = &modules[rule.module];
	entry->node = intern_node(NODE_ROOT, m->id, pc - 1 - m->bias);
	entry->key = key;
	return entry->node;
}

bool stack_is_same(struct stack *s, uintptr_t a, uintptr_t b)
{
	const struct stack_region *r = &s->regions[0];
	if (!in_region(r, b))
		r = regions_find(s->regions, s->inherited, b);
	return r && in_region(r, a);
}

bool stack_holds_both(const struct stack *s, uintptr_t a, uintptr_t b)
{
	for (unsigned i = 0; i < STACK_REGIONS; i++)
		if (in_region(&s->regions[i], a) && in_region(&s->regions[i], b))
			return true;
	return false;
}

void stack_forget_memory(struct stack *s, uintptr_t low, size_t bytes)
{
	if (regions_forget(s->regions, low, bytes))
		s->count = 0;
	if (s->inherited)
		regions_forget(s->inherited, low, bytes);
}
