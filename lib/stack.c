/* stack.c - see stack.h. */
#include "lib/stack.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/intern.h"
#include "lib/regions.h"
#include "lib/unwind.h"

/* A frame as the unwinder sees it: what the registers hold on return into it. */
struct cursor {
	uintptr_t pc, rsp, rbp;
	bool exact; /* pc is no return address */
};

/* The walk in progress. */
struct walk {
	struct stack *s;
	struct cursor at;    /* the frame to look at next */
	uintptr_t low, high; /* bounds of the stack that it is on */
	uintptr_t outer_cfa; /* for the last frame of s->fresh, as in struct stack */
	uint32_t fresh;	     /* frames in s->fresh */
	uint32_t next_memo;  /* candidates of the memo are at or below this index: at the start */
	uint32_t base;	     /* memo frames 1..base hold; 0: none */
	uint32_t outside;    /* NODE_... that stands for what is further out */
	uint32_t max_depth;
	bool crossed_signal; /* the memo cannot describe such a stack */
	const uintptr_t *interrupted; /* all registers of the first frame, if it is no hook's caller */
};

static inline bool readable(const struct walk *w, uintptr_t address)
{
	return address >= w->low && address <= w->high - sizeof(uintptr_t) && !(address & 7);
}

static inline uintptr_t load(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

/* Where frame f, whose CFA is given, keeps its caller's rbp, if it keeps it. */
static inline uintptr_t rbp_slot(const struct stack_frame *f, uintptr_t cfa)
{
	return f->rbp_saved == RULE_RBP_AT_RBP ? f->rbp : cfa - (uintptr_t)8 * f->rbp_saved;
}

static inline bool in_region(const struct stack_region *r, uintptr_t address)
{
	return address >= r->low && address < r->high;
}

static bool knows_region(const struct stack *s, uintptr_t address)
{
	for (unsigned i = 0; i < STACK_REGIONS; i++)
		if (in_region(&s->regions[i], address))
			return true;
	return false;
}

static AT_COLD const struct stack_region *find_region(struct stack *s, uintptr_t address)
{
	if (!knows_region(s, address))
		s->era++; /* it may lie where an older and larger one was */
	return regions_find(s->regions, address);
}

static AT_COLD bool switch_region(struct walk *w)
{
	const struct stack_region *region = find_region(w->s, w->at.rsp);
	if (!region)
		return false;
	w->low = region->low;
	w->high = region->high;
	return true;
}

/* Steps over a signal trampoline. rsp points to the kernel's struct ucontext, whose general
 * registers begin at byte 40 (linux/arch/x86/include/uapi/asm/sigcontext.h): rbp is the 11th, rsp
 * the 16th, rip the 17th. */
static bool step_signal(struct walk *w)
{
	enum { UC_RBP = 120, UC_RSP = 160, UC_RIP = 168 };
	uintptr_t context = w->at.rsp;
	if (!readable(w, context + UC_RIP))
		return false;
	w->at = (struct cursor){ .pc = load(context + UC_RIP),
				 .rsp = load(context + UC_RSP),
				 .rbp = load(context + UC_RBP),
				 .exact = true };
	w->crossed_signal = true;
	return switch_region(w);
}

/* The common step: a CFA, the return address under it, rbp saved or not. False if one of them is
 * not on the stack low..high, in which at->rsp lies. */
AT_ALWAYS_INLINE bool step_to(struct cursor *at, struct stack_frame *f, uintptr_t cfa,
			      unsigned rbp_saved, uintptr_t low, uintptr_t high)
{
	if (AT_UNLIKELY(cfa - at->rsp - 1 >= high - at->rsp || (cfa & 7)))
		return false;
	if (rbp_saved != RULE_RBP_SAME) {
		f->rbp_saved = (uint8_t)rbp_saved;
		uintptr_t slot = rbp_slot(f, cfa);
		if (AT_UNLIKELY(slot < low || slot > high - sizeof(uintptr_t) || (slot & 7)))
			return false;
		at->rbp = load(slot);
	}
	at->pc = load(cfa - 8);
	at->rsp = cfa;
	at->exact = false;
	return true;
}

static bool step_frame_pointer(struct walk *w, struct stack_frame *f)
{
	enum { RBP_UNDER_RA = 2 };
	uintptr_t rbp = w->at.rbp;
	f->flags |= FRAME_USES_RBP;
	return rbp >= w->at.rsp && step_to(&w->at, f, rbp + 16, RBP_UNDER_RA, w->low, w->high);
}

static bool step_rare(struct walk *w, struct stack_frame *f, struct rule rule)
{
	uintptr_t place;
	switch (rule_kind(rule)) {
	case RULE_RBP_DEREF:
		f->flags |= FRAME_USES_RBP;
		place = w->at.rbp + (uintptr_t)(intptr_t)rule_offset(rule);
		return readable(w, place) &&
		       step_to(&w->at, f, load(place), rule_rbp(rule), w->low, w->high);
	case RULE_PLT:
		place = f->pc - !w->at.exact;
		return step_to(&w->at, f, w->at.rsp + 8 + ((place & 15) >= 11 ? 8 : 0),
			       RULE_RBP_SAME, w->low, w->high);
	case RULE_SIGNAL:
		return step_signal(w);
	case RULE_FRAME_POINTER:
		return step_frame_pointer(w, f);
	default:
		return false;
	}
}

/* Works out the caller of the frame at *at, whose place in s->fresh is f. False at the end of the
 * stack, with w->outside saying which kind of end. The common kinds work on *at alone, which the
 * compiler then keeps in registers. */
AT_ALWAYS_INLINE bool step(struct walk *w, struct cursor *at, struct stack_frame *f)
{
	struct rule rule = unwind_rule(at->pc - !at->exact, &w->s->scratch);
	bool ok;
	f->pc = at->pc;
	f->rsp = at->rsp;
	f->rbp = at->rbp;
	f->rbp_saved = RULE_RBP_SAME;
	f->flags = at->exact ? FRAME_EXACT : 0;
	if (AT_LIKELY(rule_kind(rule) == RULE_RSP)) {
		uintptr_t cfa = at->rsp + (uintptr_t)(intptr_t)rule_offset(rule);
		ok = step_to(at, f, cfa, rule_rbp(rule), w->low, w->high);
	} else if (AT_LIKELY(rule_kind(rule) == RULE_RBP)) {
		uintptr_t cfa = at->rbp + (uintptr_t)(intptr_t)rule_offset(rule);
		f->flags |= FRAME_USES_RBP;
		ok = step_to(at, f, cfa, rule_rbp(rule), w->low, w->high);
	} else {
		w->at = *at;
		ok = step_rare(w, f, rule);
		*at = w->at;
	}
	if (AT_LIKELY(ok && at->pc != 0))
		return true;
	w->outside = ok || rule_kind(rule) == RULE_END ? NODE_ROOT : NODE_UNKNOWN;
	return false;
}

/* Does the rbp that frame j of the memo keeps for its caller, which needs it, still hold? */
static inline bool rbp_holds(const struct stack *s, uint32_t j)
{
	const struct stack_frame *f = &s->memo[j], *outer = f - 1;
	return load(outer->rsp - 8) == ~s->checks[j].expected &&
	       load(rbp_slot(f, outer->rsp)) == outer->rbp;
}

/* The innermost frame at or below `from` whose caller is no longer the one in the memo; 0 when
 * all hold. */
static inline uint32_t check_memo(const struct stack *s, uint32_t from)
{
	for (uint32_t j = from; j > 1; j--) {
		if (AT_LIKELY(load(s->checks[j].slot) == s->checks[j].expected))
			continue;
		if (!(s->memo[j].flags & FRAME_CHECKS_RBP) || !rbp_holds(s, j))
			return j;
	}
	return 0;
}

static inline bool is_frame(const struct stack_frame *m, const struct cursor *at)
{
	return m->rsp == at->rsp && m->pc == at->pc &&
	       (AT_LIKELY(!(m->flags & (FRAME_USES_RBP | FRAME_EXACT)) && !at->exact) ||
		((!(m->flags & FRAME_USES_RBP) || m->rbp == at->rbp) &&
		 !(m->flags & FRAME_EXACT) == !at->exact));
}

/* Takes memo frames from..to (inwards to outwards) into the fresh ones and moves the walk to the
 * caller of the last, which its slots tell. rbp is followed on the way: what the memo has may be
 * of an older call where no frame of then needed it, and a frame further out may do so now. */
static AT_NOINLINE void reuse_memo(struct walk *w, uint32_t from, uint32_t to)
{
	struct stack *s = w->s;
	uintptr_t cfa = 0;
	for (uint32_t j = from; j >= to && w->fresh < w->max_depth; j--) {
		struct stack_frame m = s->memo[j];
		cfa = j > 1 ? s->memo[j - 1].rsp : s->outer_cfa;
		m.rbp = w->at.rbp;
		s->fresh[w->fresh++] = m;
		if (m.rbp_saved != RULE_RBP_SAME)
			w->at.rbp = load(rbp_slot(&m, cfa));
	}
	w->at.pc = load(cfa - 8);
	w->at.rsp = cfa;
	w->at.exact = false;
}

/* Walks until the memo takes over, the stack ends or it is too deep. */
static void walk_outwards(struct walk *w)
{
	struct stack *s = w->s;
	struct cursor at = w->at;
	const struct stack_frame *m = &s->memo[w->next_memo];
	struct stack_frame *f = &s->fresh[w->fresh], *end = &s->fresh[w->max_depth];
	w->outer_cfa = 0;
	while (f < end) {
		while (m->rsp < at.rsp) /* the sentinel's is the highest */
			m--;
		if (!is_frame(m, &at)) {
			bool goes_on = step(w, &at, f++);
			if (AT_LIKELY(goes_on))
				continue;
			w->fresh = (uint32_t)(f - s->fresh);
			return;
		}
		uint32_t met = (uint32_t)(m - s->memo), stale = check_memo(s, met);
		w->fresh = (uint32_t)(f - s->fresh);
		if (AT_LIKELY(stale == 0)) {
			w->base = met;
			w->outside = s->outside;
			return;
		}
		w->at = at;
		reuse_memo(w, met, stale);
		at = w->at;
		m = &s->memo[stale - 1];
		f = &s->fresh[w->fresh];
		if (AT_UNLIKELY(at.pc == 0)) {
			w->outside = NODE_ROOT;
			return;
		}
	}
	w->fresh = (uint32_t)(f - s->fresh);
	w->outside = NODE_TRUNCATED;
	w->outer_cfa = at.rsp;
}

/* The stack is deeper than the limit, or the memo was cut at its outer end: the frames kept are the
 * innermost max_depth ones, so all of them get a new place. */
static AT_COLD void take_whole_memo(struct walk *w)
{
	struct stack *s = w->s;
	uint32_t base = w->base;
	w->base = 0;
	if (w->fresh + base < w->max_depth && s->outside == NODE_TRUNCATED && s->outer_cfa) {
		reuse_memo(w, base, 1);
		walk_outwards(w);
		return;
	}
	w->outer_cfa = s->outer_cfa;
	while (base > 0 && w->fresh < w->max_depth)
		s->fresh[w->fresh++] = s->memo[base--];
	if (base > 0) {
		w->outside = NODE_TRUNCATED;
		w->outer_cfa = s->memo[base].rsp;
	}
}

static AT_NOINLINE uint32_t intern_frame(struct stack *s, uint32_t parent, uintptr_t pc,
					 struct stack_child *child, uint64_t key)
{
	const struct module *m = &modules[unwind_rule(pc, &s->scratch).module];
	uint32_t node = intern_node(parent, m->id, pc - m->bias);
	*child = (struct stack_child){ key, parent, node };
	return node;
}

AT_ALWAYS_INLINE uint32_t node_of(struct stack *s, uint32_t parent, const struct stack_frame *f,
				  uint64_t epoch_key)
{
	uintptr_t pc = f->pc - !(f->flags & FRAME_EXACT);
	uint64_t key = pc | epoch_key;
	struct stack_child *child = &s->children[hash_pair_bits(pc, parent, STACK_CHILD_BITS)];
	if (AT_LIKELY(child->key == key && child->parent == parent))
		return child->node;
	return intern_frame(s, parent, pc, child, key);
}

/* Puts the fresh frames onto what holds of the memo and gives the innermost node. */
static uint32_t push_fresh(struct walk *w)
{
	struct stack *s = w->s;
	struct stack_frame *f = &s->memo[w->base];
	uint64_t epoch_key = (uint64_t)s->epoch << 48;
	uint32_t node = w->base ? f->node : w->outside;
	const struct stack_frame *end = s->fresh;
	for (const struct stack_frame *fresh = end + w->fresh; fresh-- > end;) {
		const struct stack_frame *outer = f++;
		struct stack_check *check = &s->checks[f - s->memo];
		*f = *fresh;
		f->node = node = node_of(s, node, fresh, epoch_key);
		check->slot = outer->rsp - 8;
		check->expected = outer->pc;
		f->flags &= (uint8_t)~FRAME_CHECKS_RBP;
		if (AT_LIKELY(!(outer->flags & FRAME_USES_RBP)))
			continue;
		if (f->rbp_saved == RULE_RBP_SAME) {
			f->flags |= FRAME_USES_RBP;
		} else {
			f->flags |= FRAME_CHECKS_RBP;
			check->expected = ~outer->pc;
		}
	}
	s->count = w->crossed_signal ? 0 : (uint32_t)(f - s->memo);
	if (w->base == 0) {
		s->outside = w->outside;
		s->outer_cfa = w->outer_cfa;
	}
	return node;
}

/* The whole stack with the full unwinder; leaves no memo. */
static AT_COLD uint32_t capture_full(struct walk *w, const struct caller *caller)
{
	struct stack *s = w->s;
	struct cfi_memory memory = { w->low, w->high };
	uintptr_t *pcs = (uintptr_t *)s->fresh;
	bool complete;
	unsigned n = w->interrupted
			     ? unwind_full_from(w->interrupted, &memory, &s->scratch, pcs,
						w->max_depth, &complete)
			     : unwind_full(caller->rsp, &memory, &s->scratch, pcs, w->max_depth,
					   &complete);
	uint32_t node = complete ? NODE_ROOT : n == w->max_depth ? NODE_TRUNCATED : NODE_UNKNOWN;
	for (unsigned i = n; i > 0; i--) {
		struct rule rule = unwind_rule(pcs[i - 1], &s->scratch);
		const struct module *m = &modules[rule.module];
		node = intern_node(node, m->id, pcs[i - 1] - m->bias);
	}
	s->count = 0;
	return node;
}

static AT_NOINLINE uint32_t finish(struct walk *w, const struct caller *caller)
{
	struct stack *s = w->s;
	if (w->outside == NODE_UNKNOWN && w->base == 0) {
		const struct stack_frame *last = &s->fresh[w->fresh - 1];
		uintptr_t pc = last->pc - !(last->flags & FRAME_EXACT);
		struct rule rule = unwind_rule(pc, &s->scratch);
		if (rule_kind(rule) == RULE_FULL)
			return capture_full(w, caller);
	}
	if (w->base > 0 && (s->outside == NODE_TRUNCATED || w->fresh + w->base > w->max_depth))
		take_whole_memo(w);
	return push_fresh(w);
}

static AT_NOINLINE uint32_t capture_walking(struct stack *s, const struct caller *caller,
					    uint32_t max_depth)
{
	struct walk w = { .s = s,
			  .at = { caller->pc, caller->rsp, caller->rbp, false },
			  .next_memo = s->count,
			  .max_depth = max_depth };
	uint32_t epoch = at_load_relaxed(&modules_epoch);
	s->memo[0].rsp = UINTPTR_MAX;
	if (AT_UNLIKELY(s->epoch != epoch)) {
		s->epoch = epoch;
		w.next_memo = 0;
	}
	if (AT_LIKELY(in_region(&s->regions[0], caller->rsp))) {
		w.low = s->regions[0].low;
		w.high = s->regions[0].high;
	} else {
		w.next_memo = 0;
		if (!switch_region(&w)) {
			s->count = 0; /* what is there is of another stack, or epoch */
			return NODE_UNKNOWN;
		}
	}
	walk_outwards(&w);
	if (AT_LIKELY(w.base > 0 && s->outside == NODE_ROOT && w.fresh + w.base <= max_depth))
		return push_fresh(&w);
	return finish(&w, caller);
}

uint32_t stack_capture_interrupted(struct stack *s, const uintptr_t *registers, uint32_t max_depth)
{
	struct walk w = { .s = s,
			  .at = { registers[CFI_RA], registers[CFI_RSP], registers[CFI_RBP], true },
			  .max_depth = max_depth,
			  .interrupted = registers };
	s->memo[0].rsp = UINTPTR_MAX;
	s->count = 0;
	s->epoch = at_load_relaxed(&modules_epoch);
	if (!switch_region(&w))
		return NODE_UNKNOWN;
	walk_outwards(&w);
	return finish(&w, NULL);
}

/* Makes the memo the recent stack r, unless it has too many checks. */
static AT_NOINLINE void keep_recent(struct stack *s, struct stack_recent *r, uint64_t key)
{
	const struct stack_frame *f = &s->memo[s->count], *top = f;
	struct stack_check *first = s->recent_checks[r - s->recent], *check = first;
	const struct stack_check *end =
		first + STACK_RECENT_CHECKS - 1; /* there may be two a frame */
	r->key = 0;
	for (; f > &s->memo[1]; f--) {
		const struct stack_frame *outer = f - 1;
		if (check >= end)
			return;
		*check++ = (struct stack_check){ outer->rsp - 8, outer->pc };
		if (AT_UNLIKELY(f->flags & FRAME_CHECKS_RBP))
			*check++ = (struct stack_check){ rbp_slot(f, outer->rsp), outer->rbp };
	}
	for (; (check - first) % STACK_CHECKS_AT_ONCE; check++)
		check[0] = check[-1];
	*r = (struct stack_recent){ .key = key,
				    .rsp = top->rsp,
				    .rbp = top->rbp,
				    .rbp_mask = top->flags & FRAME_USES_RBP ? UINTPTR_MAX : 0,
				    .node = top->node,
				    .seen_node = top->node,
				    .checks = (uint32_t)(check - first),
				    .era = s->era };
}

/* Walks, and keeps the stack if it is the same that was last walked and goes to r. */
static AT_NOINLINE uint32_t capture_new(struct stack *s, const struct caller *caller,
					uint32_t max_depth, struct stack_recent *r, uint64_t key)
{
	uint32_t node = capture_walking(s, caller, max_depth);
	if (r->seen_node != node)
		r->seen_node = node;
	else if (s->count > 0 && s->outside == NODE_ROOT)
		keep_recent(s, r, key);
	return node;
}

static inline uint64_t differs(const struct stack_check *check)
{
	return load(check->slot) ^ check->expected;
}

uint32_t stack_capture(struct stack *s, const struct caller *caller, uint32_t max_depth)
{
	uint64_t key = caller->pc | (uint64_t)at_load_relaxed(&modules_epoch) << 48;
	uint64_t place = hash_pair_bits(key, caller->rsp, STACK_RECENT_BITS);
	struct stack_recent *r = &s->recent[place];
	if (AT_UNLIKELY(r->key != key || r->rsp != caller->rsp || r->era != s->era ||
			((r->rbp ^ caller->rbp) & r->rbp_mask) ||
			!in_region(&s->regions[0], caller->rsp)))
		return capture_new(s, caller, max_depth, r, key);
	const struct stack_check *check = s->recent_checks[place], *end = check + r->checks;
	for (; check < end; check += STACK_CHECKS_AT_ONCE)
		if (AT_UNLIKELY((differs(check) | differs(check + 1) | differs(check + 2) |
				 differs(check + 3)) != 0))
			return capture_new(s, caller, max_depth, r, key);
	return r->node;
}

enum { LARGEST_FRAME = 1 << 20 };

/* A frame ends where its caller's begins, unless a signal lies between the two or a change of stacks:
 * a frame is not that large. */
AT_COLD bool stack_has_in_frames(struct stack *s, const struct caller *caller, uintptr_t address)
{
	capture_walking(s, caller, STACK_FRAMES);
	for (uint32_t i = s->count; i > 1; i--) {
		const struct stack_frame *inner = &s->memo[i], *outer = &s->memo[i - 1];
		if (outer->flags & FRAME_EXACT || outer->rsp - inner->rsp > LARGEST_FRAME)
			continue;
		if (address >= inner->rsp && address < outer->rsp)
			return true;
	}
	return false;
}

void stack_forget(struct stack *s)
{
	s->count = 0;
	s->era++;
}

void stack_reset(struct stack *s)
{
	stack_forget(s);
	__builtin_memset(s->regions, 0, sizeof(s->regions));
	__builtin_memset(s->sites, 0, sizeof(s->sites));
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
		r = find_region(s, b);
	return r && in_region(r, a);
}

bool stack_holds_both(const struct stack *s, uintptr_t a, uintptr_t b)
{
	bool known = false;
	for (unsigned i = 0; i < STACK_REGIONS; i++) {
		bool holds_b = in_region(&s->regions[i], b);
		if (holds_b && in_region(&s->regions[i], a))
			return true;
		known |= holds_b;
	}
	/* A signal handler may have left by longjmp while the region of b was being looked up or
	 * moved: then it would never become known. */
	return !known && regions_may_join(b, a);
}

void stack_forget_memory(struct stack *s, uintptr_t low, size_t bytes)
{
	if (regions_forget(s->regions, low, bytes))
		stack_forget(s);
}
