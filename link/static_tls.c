/* static_tls.c - see static_tls.h. */
#include "link/static_tls.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "link/linked.h"
#include "util/mem.h"
#include "util/path.h"

enum {
	NAMESPACES_MAX = 16,
	LIBC_BYTES = 144,   /* reserved for the libc of each namespace but the first */
	OTHER_BYTES = 144,  /* and for what else is in each */
	LEGACY_BYTES = 144, /* so that the defaults make 1664, which it was before */
	OLD_SURPLUS = 1664,
	FIRST_MINOR_WITH_TUNABLES = 32,
	THREAD_ALIGNMENT = 64, /* of the thread's descriptor, which ends the block */
	ARM_DESCRIPTOR = 16,   /* what lies between the thread pointer and the block */
};

/* Sums of what hostile files tell of must not run over. */
static const uint64_t bytes_max = UINT64_C(1) << 40;

/* ---- tunables ---- */

static bool read_number(const char *text, size_t len, uint64_t *out)
{
	char digits[32];
	char *end;
	if (len == 0 || len >= sizeof(digits) || !isdigit((unsigned char)*text))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	*out = strtoull(digits, &end, 0);
	return *end == '\0';
}

static void read_tunable(struct static_tls_tunables *t, const char *text, size_t len)
{
	static const char nns[] = "glibc.rtld.nns=";
	static const char optional[] = "glibc.rtld.optional_static_tls=";
	uint64_t value;
	if (len > strlen(nns) && strncmp(text, nns, strlen(nns)) == 0) {
		if (read_number(text + strlen(nns), len - strlen(nns), &value) && value >= 1 &&
		    value <= NAMESPACES_MAX)
			t->namespaces = value;
	} else if (len > strlen(optional) && strncmp(text, optional, strlen(optional)) == 0) {
		if (read_number(text + strlen(optional), len - strlen(optional), &value) &&
		    value < bytes_max)
			t->optional = value;
	}
}

struct static_tls_tunables static_tls_tunables_read(const char *text)
{
	struct static_tls_tunables t = { STATIC_TLS_NAMESPACES, STATIC_TLS_OPTIONAL, 0 };
	while (text && *text) {
		size_t len = strcspn(text, ":");
		read_tunable(&t, text, len);
		text += len + (text[len] == ':');
	}
	return t;
}

/* ---- the block ---- */

struct block {
	bool is_upward; /* ARM; else x86 */
	bool has_tunables;
	uint64_t used, size, alignment;
	uint64_t optional; /* what those that could do without may still take */
};

struct hole {
	uint64_t from, to;
};

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static uint64_t alignment_of(const struct thread_storage *t)
{
	return t->alignment && t->alignment < bytes_max ? t->alignment : 1;
}

/* Where an aligned address has to lie so that the block begins first_byte behind one. */
static uint64_t shift_of(const struct thread_storage *t)
{
	return -t->first_byte & (alignment_of(t) - 1);
}

/* The end of a block that is laid down behind `from`, growing away from the thread pointer. */
static uint64_t end_downward(uint64_t from, const struct thread_storage *t)
{
	uint64_t shift = shift_of(t);
	return round_up(from + t->bytes - shift, alignment_of(t)) + shift;
}

/* x86: offsets are of the block's low end. A hole that alignment left is filled first. */
static uint64_t place_downward(struct block *b, struct hole *hole, const struct thread_storage *t)
{
	uint64_t end;
	if (hole->to - hole->from >= t->bytes) {
		end = end_downward(hole->from, t);
		if (end <= hole->to) {
			hole->from = end;
			return end;
		}
	}
	end = end_downward(b->used, t);
	if (end > b->used + t->bytes + (hole->to - hole->from)) {
		hole->from = b->used;
		hole->to = end - t->bytes;
	}
	b->used = end;
	return end;
}

static uint64_t start_upward(uint64_t from, const struct thread_storage *t)
{
	uint64_t shift = shift_of(t), at = round_up(from, alignment_of(t));
	if (at - from < shift)
		at += alignment_of(t);
	return at - shift;
}

/* ARM: offsets are of the beginning. */
static uint64_t place_upward(struct block *b, struct hole *hole, const struct thread_storage *t)
{
	uint64_t at;
	if (hole->to - hole->from >= t->bytes) {
		at = start_upward(hole->from, t);
		if (at + t->bytes <= hole->to) {
			hole->from = at + t->bytes;
			return at;
		}
	}
	at = start_upward(b->used, t);
	if (at - b->used > hole->to - hole->from)
		*hole = (struct hole){ b->used, at };
	b->used = at + t->bytes;
	return at;
}

static uint64_t surplus_of(const struct block *b, const struct static_tls_tunables *t)
{
	uint64_t spaces = t->namespaces + t->audit_modules;
	if (!b->has_tunables)
		return OLD_SURPLUS;
	return (spaces - 1) * LIBC_BYTES + spaces * OTHER_BYTES + t->optional + LEGACY_BYTES;
}

static bool is_there_at_start(const struct linked_module *m)
{
	return m->flags & BINDING_STARTUP;
}

static void lay_out_start(struct static_tls *out, struct block *b, const struct linked *l,
			  const struct static_tls_tunables *tunables)
{
	struct hole hole = { 0, 0 };
	b->used = b->is_upward ? ARM_DESCRIPTOR : 0;
	b->alignment = THREAD_ALIGNMENT;
	for (size_t i = 0; i < l->count; i++) {
		const struct thread_storage *t = &l->modules[i].tls;
		if (!is_there_at_start(&l->modules[i]) || !t->bytes || t->bytes > bytes_max)
			continue;
		if (alignment_of(t) > b->alignment)
			b->alignment = alignment_of(t);
		out->modules[i].place = STATIC_TLS_START;
		out->modules[i].offset =
			b->is_upward ? place_upward(b, &hole, t) : place_downward(b, &hole, t);
	}
	out->start_bytes = b->used;
	out->alignment = b->alignment;
	out->surplus = surplus_of(b, tunables);
	/* The descriptor follows on x86: what is rounded is what lies before it. */
	b->size = round_up(b->used + out->surplus, b->is_upward ? THREAD_ALIGNMENT : b->alignment);
	b->optional = b->has_tunables ? tunables->optional : UINT64_MAX;
	out->room = b->size - b->used;
}

/* ---- what is opened ---- */

struct opening {
	size_t first, end; /* modules: the one that was opened, and what came with it */
	size_t *order;	   /* of relocation */
	size_t count;
	bool *seen; /* by module */
};

/* What has been opened so far. */
struct openings {
	const struct linked *linked;
	struct static_tls *out;
	struct block block;
	bool *is_gone; /* by module: came with an opening that failed, and may come with another */
};

/* The bytes that it takes to have room for the variables; false: they do not fit. */
static bool room_for(const struct block *b, const struct thread_storage *t, uint64_t *use)
{
	uint64_t alignment = alignment_of(t), room = b->size - b->used;
	if (b->is_upward) {
		*use = round_up(b->used, alignment) - b->used + t->bytes;
		return t->bytes <= bytes_max && *use <= room;
	}
	uint64_t bytes = t->bytes + t->first_byte;
	if (t->bytes > bytes_max || bytes > room)
		return false;
	*use = room - (room - bytes) / alignment * alignment - t->first_byte;
	return true;
}

static void take(struct static_tls_module *m, struct block *b, const struct thread_storage *t,
		 uint64_t use, bool is_optional)
{
	m->place = is_optional ? STATIC_TLS_CHANCE : STATIC_TLS_SURPLUS;
	m->used = use;
	m->offset = b->is_upward ? b->used + use - t->bytes : b->used + use;
	b->used += use;
	if (is_optional)
		b->optional -= use;
}

static bool is_placed(const struct static_tls_module *m)
{
	return m->place == STATIC_TLS_START || m->place == STATIC_TLS_SURPLUS ||
	       m->place == STATIC_TLS_CHANCE;
}

/* False: the module has to be in the block and cannot. */
static bool try_module(struct openings *all, size_t at, unsigned uses)
{
	struct block *b = &all->block;
	const struct thread_storage *t = &all->linked->modules[at].tls;
	struct static_tls_module *m = &all->out->modules[at];
	bool is_optional = !(uses & THREAD_USE_FIXED);
	uint64_t use = 0;
	if (!uses || is_placed(m))
		return true;
	m->room = b->size - b->used;
	bool is_aligned = alignment_of(t) <= b->alignment;
	if (is_aligned && room_for(b, t, &use) && (!is_optional || use <= b->optional)) {
		take(m, b, t, use, is_optional);
		return true;
	}
	if (is_optional)
		return true;
	m->place = is_aligned ? STATIC_TLS_TOO_LARGE : STATIC_TLS_TOO_ALIGNED;
	return false;
}

static size_t definer_among(const struct linked *l, size_t from, size_t end, const char *name,
			    uint32_t flags)
{
	for (size_t i = from; i < end; i++)
		if ((l->modules[i].flags & flags) == flags &&
		    thread_storage_defines(&l->modules[i].tls, name))
			return i;
	return SIZE_MAX;
}

/* As binding_search.h has it, but for what earlier openings have made global. */
static size_t definer_of(const struct linked *l, const struct opening *o, size_t module,
			 const char *name)
{
	const struct linked_module *opened = &l->modules[o->first];
	size_t found = definer_among(l, o->first, o->end, name, 0);
	if (l->modules[module].file.flags & BINDINGS_SYMBOLIC &&
	    thread_storage_defines(&l->modules[module].tls, name))
		return module;
	if (opened->space || (found != SIZE_MAX && opened->flags & BINDING_DEEPBIND))
		return found;
	size_t at_start = definer_among(l, 0, l->count, name, BINDING_STARTUP);
	if (at_start != SIZE_MAX)
		return at_start;
	/* What it needs may have come with an earlier opening. */
	return found != SIZE_MAX ? found : definer_among(l, 0, o->first, name, 0);
}

/* Relocates the module, as far as thread-local variables are wanted by it. */
static size_t relocate(struct openings *all, const struct opening *o, size_t at)
{
	const struct linked *l = all->linked;
	const struct linked_module *m = &l->modules[at];
	for (size_t i = 0; i < m->tls.wanted_count; i++) {
		const struct thread_wanted *w = &m->tls.wanted[i];
		size_t definer = definer_of(l, o, at, w->name);
		if (definer != SIZE_MAX && !try_module(all, definer, w->uses))
			return definer;
	}
	return m->tls.bytes && !try_module(all, at, m->tls.uses) ? at : SIZE_MAX;
}

/* ---- the order of relocation: what a module needs comes before it ---- */

static bool is_called(const struct linked_module *m, const char *name)
{
	return strcmp(path_name(m->path), path_name(name)) == 0 ||
	       (m->file.soname && strcmp(m->file.soname, name) == 0);
}

static size_t needed_by(const struct openings *all, const struct opening *o, const char *name)
{
	const struct linked *l = all->linked;
	for (size_t i = 0; i < o->end; i++)
		if ((i >= o->first || all->is_gone[i]) && is_called(&l->modules[i], name))
			return i;
	return SIZE_MAX;
}

/* A step of the walk: which of the module's needed ones comes next. */
struct step {
	size_t module, next;
};

static void walk(const struct openings *all, struct opening *o, size_t from, struct step *stack)
{
	size_t depth = 0;
	if (o->seen[from])
		return;
	o->seen[from] = true;
	stack[depth++] = (struct step){ from, 0 };
	while (depth) {
		struct step *top = &stack[depth - 1];
		const struct bindings *file = &all->linked->modules[top->module].file;
		if (top->next == file->needed_count) {
			o->order[o->count++] = top->module;
			depth--;
			continue;
		}
		size_t needed = needed_by(all, o, file->needed[top->next++]);
		if (needed != SIZE_MAX && !o->seen[needed]) {
			o->seen[needed] = true;
			stack[depth++] = (struct step){ needed, 0 };
		}
	}
}

static void order_opening(const struct openings *all, struct opening *o)
{
	size_t count = all->linked->count;
	struct step *stack = mem_zalloc(count, sizeof(*stack));
	o->order = mem_zalloc(count, sizeof(*o->order));
	o->seen = mem_zalloc(count, sizeof(*o->seen));
	o->count = 0;
	for (size_t i = o->end; i-- > o->first;)
		walk(all, o, i, stack);
	free(stack);
}

/* What a failed opening had taken is given back if nothing lies behind it; what alignment cost
 * before it is lost. */
static void give_back(struct openings *all, const struct opening *o)
{
	struct block *b = &all->block;
	for (size_t i = o->count; i-- > 0;) {
		struct static_tls_module *m = &all->out->modules[o->order[i]];
		uint64_t bytes = all->linked->modules[o->order[i]].tls.bytes;
		if (m->place != STATIC_TLS_SURPLUS && m->place != STATIC_TLS_CHANCE)
			continue;
		if (!b->is_upward && m->offset == b->used)
			b->used -= bytes;
		else if (b->is_upward && m->offset + bytes == b->used)
			b->used = m->offset;
		m->place = STATIC_TLS_NONE;
	}
}

static void open_next(struct openings *all, struct opening *o)
{
	size_t failed = SIZE_MAX;
	order_opening(all, o);
	for (size_t i = 0; i < o->count && failed == SIZE_MAX; i++)
		failed = relocate(all, o, o->order[i]);
	for (size_t i = 0; i < o->count; i++)
		all->is_gone[o->order[i]] = failed != SIZE_MAX;
	if (failed != SIZE_MAX) {
		all->out->modules[o->first].failed_for = failed;
		all->out->failures++;
		give_back(all, o);
	}
	free(o->order);
	free(o->seen);
}

static bool is_known(const struct linked *l, struct block *b)
{
	unsigned minor = 0;
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].space == 0 && path_is_libc(l->modules[i].path) &&
		    l->modules[i].tls.glibc_minor > minor)
			minor = l->modules[i].tls.glibc_minor;
	b->is_upward = l->machine == EM_AARCH64;
	b->has_tunables = minor >= FIRST_MINOR_WITH_TUNABLES;
	return minor &&
	       (l->machine == EM_X86_64 || l->machine == EM_386 || l->machine == EM_AARCH64);
}

void static_tls_lay_out(struct static_tls *out, const struct linked *l,
			const struct static_tls_tunables *tunables)
{
	struct openings all = { .linked = l, .out = out };
	*out = (struct static_tls){ .is_limited = is_known(l, &all.block), .count = l->count };
	out->modules = mem_zalloc(l->count + 1, sizeof(*out->modules));
	for (size_t i = 0; i < l->count; i++)
		out->modules[i].failed_for = SIZE_MAX;
	if (!out->is_limited)
		return;
	lay_out_start(out, &all.block, l, tunables);
	all.is_gone = mem_zalloc(l->count + 1, sizeof(*all.is_gone));
	for (size_t i = 0; i < l->count;) {
		struct opening o = { .first = i, .end = i + 1 };
		while (o.end < l->count &&
		       !(l->modules[o.end].flags & (BINDING_STARTUP | BINDING_OPENED)))
			o.end++;
		if (!is_there_at_start(&l->modules[i]))
			open_next(&all, &o);
		i = o.end;
	}
	out->left = all.block.size - all.block.used;
	free(all.is_gone);
}

void static_tls_release(struct static_tls *s)
{
	free(s->modules);
	memset(s, 0, sizeof(*s));
}

/* ---- what helps ---- */

static bool suffices(const struct linked *l, const struct static_tls_tunables *t, uint64_t optional)
{
	struct static_tls_tunables changed = *t;
	struct static_tls layout;
	changed.optional = optional;
	static_tls_lay_out(&layout, l, &changed);
	bool fits = layout.failures == 0;
	static_tls_release(&layout);
	return fits;
}

bool static_tls_sufficient(const struct linked *l, const struct static_tls_tunables *tunables,
			   uint64_t *optional)
{
	uint64_t low = tunables->optional, high = low;
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].tls.bytes < bytes_max)
			high += l->modules[i].tls.bytes + 2 * alignment_of(&l->modules[i].tls);
	if (suffices(l, tunables, low) || !suffices(l, tunables, high))
		return false;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (suffices(l, tunables, middle))
			high = middle;
		else
			low = middle;
	}
	*optional = high;
	return true;
}
