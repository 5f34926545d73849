/* finding_why.c - see finding_why.h.
 *
 * Which allocator served a call is known: the runtime says so. What remains is how the call got
 * there, and of that the calling instruction is the witness. Where a search by name explains it,
 * and comes to that allocator, it is told as certain; where not, as what it looks like. */
#include "collect/finding_why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "collect/why_words.h"
#include "symbol/module_operators.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/findings.h"
#include "wire/roles.h"

enum { FRAMES_MAX = 24, CHAIN_MAX = 2 };

struct why_frame {
	uint32_t module; /* of the session */
	uint64_t offset;
};

/* One side while it is explained. */
struct explaining {
	struct whys *whys;
	struct process_bindings *bindings;
	struct why_side *side;
	struct why_frame frames[FRAMES_MAX];
	size_t frame_count;
	unsigned role;
	char symbol[CALL_SYMBOL_BYTES], on_behalf[CALL_SYMBOL_BYTES];
};

void whys_init(struct whys *w, struct session *session, struct tables *tables,
	       const struct allocator_names *allocators)
{
	*w = (struct whys){ .files = { session, tables, NULL },
			    .tables = tables,
			    .allocators = allocators };
}

void whys_release(struct whys *w)
{
	binding_files_release(&w->files);
}

/* ---- the stack ---- */

static void read_frames(struct explaining *e, uint32_t node)
{
	struct tables *t = e->whys->tables;
	struct trace_node n;
	while (e->frame_count < FRAMES_MAX && node >= NODE_FIRST && tables_read_node(t, node, &n) &&
	       n.module < t->module_count) {
		e->frames[e->frame_count++] = (struct why_frame){ t->modules[n.module], n.offset };
		node = n.parent;
	}
}

/* The namespace of the calling code: of the innermost frame whose module is in one namespace alone.
 */
static uint32_t space_of(const struct explaining *e)
{
	uint32_t space = 0;
	for (size_t i = 0; i < e->frame_count; i++)
		if (process_bindings_spaces(e->bindings, e->frames[i].module, &space) == 1)
			return space;
	return 0;
}

static const struct binding_module *module_at(const struct explaining *e, size_t index)
{
	return &e->bindings->modules[index];
}

/* Libraries that allocate for their callers. */
static bool is_c_runtime(const struct explaining *e, size_t index)
{
	const char *path = module_at(e, index)->path;
	return path_is_libc(path) || path_is_libcxx(path);
}

/* The function of such a library that its caller called. */
static void find_on_behalf(struct explaining *e)
{
	struct elf_file file;
	size_t last = 0;
	if (!is_c_runtime(e, e->side->caller))
		return;
	while (last + 1 < e->frame_count && e->frames[last + 1].module == e->frames[0].module)
		last++;
	if (last + 1 == e->frame_count ||
	    !binding_files_open(&e->whys->files, e->frames[0].module, &file))
		return;
	if (call_site_function(&file, e->frames[last].offset, e->on_behalf))
		e->side->on_behalf = e->on_behalf;
	elf_file_close(&file);
}

/* ---- the allocator ---- */

uint32_t whys_allocator_module(const struct whys *w, uint32_t process, uint64_t allocator)
{
	if (allocator == 0)
		return at_load_relaxed(
			       &w->files.session->processes[process].backend_module_plus_1) -
		       1;
	if (allocator >= w->allocators->count)
		return UINT32_MAX;
	uint32_t module = w->allocators->items[allocator].module_plus_1 - 1;
	return module < w->tables->module_count ? w->tables->modules[module] : UINT32_MAX;
}

static bool is_instance(const struct whys *w, uint64_t allocator)
{
	return allocator == 0 ||
	       (allocator < w->allocators->count && w->allocators->items[allocator].name &&
		w->allocators->items[allocator].kind == TRACE_ALLOCATOR_INSTANCE);
}

/* ---- bound by name ---- */

static size_t opening_of(const struct explaining *e, size_t index)
{
	for (size_t i = index + 1; i-- > 0;)
		if (module_at(e, i)->flags & BINDING_OPENED &&
		    module_at(e, i)->space == module_at(e, index)->space)
			return i;
	return SIZE_MAX;
}

static enum why_kind kind_of(enum binding_reason reason)
{
	static const enum why_kind kinds[] = {
		[BINDING_NOT_FOUND] = WHY_UNKNOWN,     [BINDING_BY_FILE] = WHY_OWN,
		[BINDING_BY_SYMBOLIC] = WHY_SYMBOLIC,  [BINDING_BY_PROGRAM] = WHY_PROGRAM,
		[BINDING_BY_PRELOAD] = WHY_PRELOAD,    [BINDING_BY_NEEDED] = WHY_NEEDED,
		[BINDING_BY_GLOBAL_OPEN] = WHY_GLOBAL, [BINDING_BY_OPEN] = WHY_LOCAL,
		[BINDING_BY_DEEPBIND] = WHY_DEEPBIND,  [BINDING_BY_SPACE] = WHY_NAMESPACE,
	};
	return kinds[reason];
}

static bool needs(const struct binding_module *m, const struct binding_module *other)
{
	for (size_t i = 0; m->file && i < m->file->needed_count; i++)
		if (strcmp(m->file->needed[i], path_name(other->path)) == 0 ||
		    (other->file && other->file->soname &&
		     strcmp(m->file->needed[i], other->file->soname) == 0))
			return true;
	return false;
}

static void take_binding(struct why_side *s, const struct binding *b)
{
	s->binding = *b;
	s->kind = kind_of(b->reason);
}

/* The definition is of a layer, as libstdc++'s operators are, that calls malloc or free itself. */
static bool takes_by_layer(struct explaining *e, const struct binding *b)
{
	struct why_side *s = e->side;
	const char *base = role_is_release((enum role)e->role) ? "free" : "malloc";
	const struct binding next = binding_search(&e->bindings->process, b->module, base, true);
	if (next.reason != BINDING_NOT_FOUND && next.module == s->provider)
		take_binding(s, &next);
	else if (s->provider != SIZE_MAX && !is_c_runtime(e, s->provider) &&
		 needs(module_at(e, b->module), module_at(e, s->provider)))
		take_binding(s, b);
	else
		return false;
	s->via = b->module;
	s->base = base;
	return true;
}

/* One that has malloc and comes before lacks this function of C's or C++'s. */
static void find_split(struct explaining *e, const char *symbol)
{
	struct why_side *s = e->side;
	if (s->via != SIZE_MAX || strcmp(symbol, "malloc") == 0 || !role_is_symbol(symbol))
		return;
	const struct binding b = binding_search(&e->bindings->process, s->caller, "malloc", true);
	if (b.reason == BINDING_NOT_FOUND || b.module >= s->binding.module)
		return;
	s->kind = WHY_SPLIT;
	s->split_from = b.module;
}

/* The search does not come to where the call went. If what was opened with the caller has the
 * allocator and how it was opened is not known, RTLD_DEEPBIND would explain it. */
static void guess(struct explaining *e)
{
	struct why_side *s = e->side;
	s->kind = WHY_UNKNOWN;
	if (s->provider == SIZE_MAX || s->opened == SIZE_MAX || s->provider < s->opened ||
	    module_at(e, s->opened)->flags & BINDING_MODE_KNOWN)
		return;
	s->kind = WHY_DEEPBIND;
	s->binding.reason = BINDING_BY_DEEPBIND;
	s->apparently = true;
}

static bool explain_name(struct explaining *e, const char *symbol)
{
	struct why_side *s = e->side;
	const struct bindings *file = module_at(e, s->caller)->file;
	const struct binding_symbol *imported = binding_symbol_of(file, symbol);
	bool for_call = !imported || !(imported->flags & BINDING_ADDRESSED);
	if (!imported)
		return false;
	struct binding b = binding_search(&e->bindings->process, s->caller, symbol, for_call);
	if (b.reason == BINDING_NOT_FOUND)
		return false;
	if (b.module == s->provider)
		take_binding(s, &b);
	else if (!takes_by_layer(e, &b))
		guess(e);
	if (s->kind != WHY_UNKNOWN && s->kind != WHY_OWN && !s->apparently)
		find_split(e, symbol);
	if (s->kind == WHY_OWN)
		s->exported = !(b.symbol->flags & BINDING_LOCAL);
	return true;
}

/* ---- one side ---- */

static void explain_own(struct explaining *e)
{
	const struct bindings *file = module_at(e, e->side->caller)->file;
	const struct binding_symbol *own = binding_symbol_of(file, e->symbol);
	e->side->kind = WHY_OWN;
	e->side->exported = own && own->flags & BINDING_DEFINED && !(own->flags & BINDING_LOCAL);
}

/* By a function of the allocator's own API that the module imports: mi_free, where free is meant. */
static bool explain_by_api(struct explaining *e)
{
	struct why_side *s = e->side;
	const struct bindings *file = module_at(e, s->caller)->file;
	const char *word = role_is_release((enum role)e->role) ? "free" :
			   e->role == ROLE_REALLOC		? "realloc" : "alloc";
	for (size_t i = 0; file && i < file->symbol_count; i++) {
		const struct binding_symbol *one = &file->symbols[i];
		if (one->flags & BINDING_DEFINED || role_is_symbol(one->name) ||
		    !strstr(one->name, word))
			continue;
		const struct binding b =
			binding_search(&e->bindings->process, s->caller, one->name, true);
		if (b.reason == BINDING_NOT_FOUND || b.module != s->provider)
			continue;
		take_binding(s, &b);
		s->apparently = true;
		snprintf(e->symbol, sizeof(e->symbol), "%s", one->name);
		return true;
	}
	return false;
}

/* Nothing can be said of the instruction: a function that ended with a jump leaves no frame, and
 * the last frame is that of its caller. What the module itself could have called is left. */
static void explain_module(struct explaining *e)
{
	struct why_side *s = e->side;
	if (s->provider == s->caller)
		explain_own(e);
	else if ((!explain_name(e, e->symbol) || s->kind == WHY_UNKNOWN) && !explain_by_api(e))
		s->kind = WHY_UNKNOWN;
}

static void explain_call(struct explaining *e, const struct call_site *site)
{
	struct why_side *s = e->side;
	switch (site->kind) {
	case CALL_SYMBOL:
		if (bindings_is_allocation(site->symbol) && explain_name(e, site->symbol)) {
			snprintf(e->symbol, sizeof(e->symbol), "%s", site->symbol);
			return;
		}
		explain_module(e);
		return;
	case CALL_POINTER:
		if (s->provider == s->caller)
			explain_own(e);
		else
			s->kind = WHY_POINTER;
		return;
	case CALL_OWN:
	case CALL_UNKNOWN:
		explain_module(e);
	}
}

static void explain(struct explaining *e, uint32_t stack, uint32_t provider)
{
	struct why_side *s = e->side;
	struct elf_file file;
	struct call_site site = { .kind = CALL_UNKNOWN };
	*s = (struct why_side){ .kind = WHY_UNKNOWN,
				.caller = SIZE_MAX,
				.provider = SIZE_MAX,
				.via = SIZE_MAX,
				.split_from = SIZE_MAX,
				.opened = SIZE_MAX,
				.binding = { .passed_over = SIZE_MAX },
				.symbol = e->symbol };
	snprintf(e->symbol, sizeof(e->symbol), "%s", role_symbol(e->role));
	read_frames(e, stack);
	uint32_t space = space_of(e), other = 0;
	s->provider = process_bindings_find(e->bindings, provider, space);
	if (s->provider == SIZE_MAX && process_bindings_spaces(e->bindings, provider, &other))
		s->provider = process_bindings_find(e->bindings, provider, other);
	if (e->frame_count)
		s->caller = process_bindings_find(e->bindings, e->frames[0].module, space);
	if (s->caller == SIZE_MAX)
		return;
	s->opened = opening_of(e, s->caller);
	if (binding_files_open(&e->whys->files, e->frames[0].module, &file)) {
		/* The offset lies inside the calling instruction, before its last byte's end. */
		call_site_read(&site, &file, e->frames[0].offset + 1);
		elf_file_close(&file);
	}
	explain_call(e, &site);
	find_on_behalf(e);
}

/* Both calls, each with whom it came to. */
struct both {
	struct process_bindings bindings;
	struct explaining *sides;
	struct why_side release, made;
};

static void explain_both(struct both *b, struct whys *w, uint32_t process,
			 const struct trace_finding *f)
{
	uint64_t called = f->class == FINDING_CROSS ? f->argument : f->allocator;
	b->sides = mem_zalloc(2, sizeof(*b->sides));
	process_bindings_read(&b->bindings, &w->files, process);
	b->sides[0] = (struct explaining){ w, &b->bindings, &b->release, .role = f->role };
	b->sides[1] = (struct explaining){ w, &b->bindings, &b->made, .role = f->made_role };
	explain(&b->sides[0], f->stack, whys_allocator_module(w, process, called));
	explain(&b->sides[1], f->made_stack, whys_allocator_module(w, process, f->allocator));
}

static void both_release(struct both *b)
{
	process_bindings_release(&b->bindings);
	free(b->sides);
}

static void explain_cross(struct both *b, struct trace_finding *f)
{
	struct strbuf why = STRBUF_INIT, fix = STRBUF_INIT;
	why_add_sentence(&why, &b->bindings.process, &b->release, &b->made);
	if (f->role == ROLE_USABLE_SIZE)
		strbuf_adds(&fix, "ask the allocator that made the block, or keep its size");
	else
		why_add_fix(&fix, &b->bindings.process, &b->release, &b->made);
	f->why = strbuf_detach(&why);
	f->fix = strbuf_detach(&fix);
	f->why_kind = (uint8_t)b->release.kind;
	f->made_why_kind = (uint8_t)b->made.kind;
}

/* The module whose function was called. */
static size_t definer(const struct why_side *s)
{
	return s->via != SIZE_MAX ? s->via : s->provider;
}

static bool is_certain(const struct why_side *s)
{
	return s->kind != WHY_UNKNOWN && s->kind != WHY_POINTER && !s->apparently;
}

/* Where the two functions are different modules' the same calls are one heap here by the way they are
 * bound, and may be two elsewhere. */
static void explain_mismatch(struct both *b, struct trace_finding *f)
{
	struct strbuf why = STRBUF_INIT;
	if (!is_certain(&b->release) || !is_certain(&b->made) ||
	    definer(&b->release) == definer(&b->made))
		return;
	why_add_sentence(&why, &b->bindings.process, &b->release, &b->made);
	f->why = strbuf_detach(&why);
	f->why_kind = (uint8_t)b->release.kind;
	f->made_why_kind = (uint8_t)b->made.kind;
}

/* Whose variables or code they are. Operators of the module's own may have a heap there, which nobody
 * sees. */
static void explain_place(struct whys *w, struct trace_finding *f)
{
	struct session_module copy;
	struct trace_module record;
	if (!f->argument || f->argument > SESSION_MAX_MODULES ||
	    !tables_read_module(w->tables, (uint32_t)f->argument - 1, &copy, &record))
		return;
	struct strbuf why = STRBUF_INIT, fix = STRBUF_INIT;
	const char *name = path_name(record.path);
	struct operators_finder *finder = operators_finder_new();
	struct module_operators operators = module_operators_find(finder, &record);
	operators_finder_free(finder);
	strbuf_addf(&why, "it is %s's", name);
	if (operators.some && !path_is_libcxx(name) && f->class == FINDING_GLOBAL) {
		strbuf_adds(&why, ", which has C++ operators of its own: its operator new may have "
				  "made the block");
		strbuf_addf(&fix, "release it in %s", name);
	}
	f->why = strbuf_detach(&why);
	f->fix = fix.len ? strbuf_detach(&fix) : NULL;
	strbuf_release(&fix);
}

void whys_explain(struct whys *w, uint32_t process, struct trace_finding *f)
{
	bool is_cross = f->class == FINDING_CROSS;
	if (!w->refuses && (f->class == FINDING_GLOBAL || f->class == FINDING_CODE)) {
		explain_place(w, f);
		return;
	}
	if (w->refuses || (!is_cross && f->class != FINDING_MISMATCH) ||
	    !(f->flags & FINDING_HAS_BLOCK) || !is_instance(w, f->allocator) ||
	    (is_cross && !is_instance(w, f->argument)))
		return;
	struct both b;
	explain_both(&b, w, process, f);
	if (is_cross)
		explain_cross(&b, f);
	else
		explain_mismatch(&b, f);
	both_release(&b);
}
