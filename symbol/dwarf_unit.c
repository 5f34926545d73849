/* dwarf_unit.c - see dwarf_unit.h. */
#include "symbol/dwarf_unit.h"

#include <dwarf.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "util/mem.h"

enum {
	/* Real trees are some 40 levels deep (templates with lambdas in Rust and C++). */
	MAX_DEPTH = 256,
};

struct builder {
	struct dwarf_unit *unit;
	size_t *range_budget;
	size_t dies_left;   /* a damaged tree can lead back into itself */
	uint32_t scope;	    /* whose ranges are being added */
	Dwarf_Off last_die; /* visited */
};

/* Where the walk is. */
struct place {
	uint32_t scope;	  /* whose code this is part of, or RANGE_NONE */
	uint32_t context; /* RANGE_NONE: none */
	unsigned depth;
};

void dwarf_unit_release(struct dwarf_unit *unit)
{
	free(unit->scopes);
	free(unit->contexts);
	range_map_release(&unit->map);
	*unit = (struct dwarf_unit){ .built = false };
}

size_t dwarf_unit_each_range(Dwarf_Die *die, size_t *budget,
			     void (*add)(void *context, uint64_t low, uint64_t high), void *context)
{
	Dwarf_Addr base = 0, low, high;
	size_t count = 0;
	ptrdiff_t at = 0;
	while (*budget > 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		add(context, low, high);
		count++;
		--*budget;
	}
	return count;
}

static uint32_t unsigned_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
	    value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

static void add_range(void *context, uint64_t low, uint64_t high)
{
	struct builder *b = context;
	/* A deeper scope comes later in the list: its index is its rank. */
	range_map_add(&b->unit->map, low, high, b->scope, b->scope);
}

/* The new scope's index; RANGE_NONE when it is a function without code (a declaration, or one
 * that exists only inlined). */
static uint32_t add_scope(struct builder *b, Dwarf_Die *die, uint32_t caller)
{
	struct dwarf_unit *unit = b->unit;
	b->scope = (uint32_t)unit->scope_count;
	if (dwarf_unit_each_range(die, b->range_budget, add_range, b) == 0 ||
	    unit->scope_count >= RANGE_NONE - 1)
		return RANGE_NONE;
	unit->scopes = mem_grow(unit->scopes, &unit->scope_cap, unit->scope_count + 1,
				sizeof(*unit->scopes));
	struct dwarf_scope *scope = &unit->scopes[unit->scope_count];
	*scope = (struct dwarf_scope){ .die = *die, .caller = caller };
	if (caller != RANGE_NONE) {
		scope->call_file = unsigned_attribute(die, DW_AT_call_file);
		scope->call_line = unsigned_attribute(die, DW_AT_call_line);
	}
	return (uint32_t)unit->scope_count++;
}

static uint32_t enter_context(struct builder *b, Dwarf_Die *die, uint32_t parent)
{
	struct dwarf_unit *unit = b->unit;
	if (!unit->has_contexts || !dwarf_haschildren(die) || unit->context_count >= RANGE_NONE - 1)
		return RANGE_NONE;
	unit->contexts = mem_grow(unit->contexts, &unit->context_cap, unit->context_count + 1,
				  sizeof(*unit->contexts));
	Dwarf_Off offset = dwarf_dieoffset(die);
	unit->contexts[unit->context_count] =
		(struct dwarf_context){ .first = offset, .last = offset, .parent = parent };
	return (uint32_t)unit->context_count++;
}

static void leave_context(struct builder *b, uint32_t context)
{
	if (context != RANGE_NONE)
		b->unit->contexts[context].last = b->last_die;
}

static void walk_children(struct builder *b, Dwarf_Die *parent, struct place place);

static void visit(struct builder *b, Dwarf_Die *die, struct place here)
{
	struct place inside = { here.scope, here.context, here.depth + 1 };
	uint32_t inlined;
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		inside.scope = add_scope(b, die, RANGE_NONE);
		inside.context = enter_context(b, die, here.context);
		walk_children(b, die, inside);
		leave_context(b, inside.context);
		break;
	case DW_TAG_inlined_subroutine:
		inlined = add_scope(b, die, here.scope);
		if (inlined != RANGE_NONE)
			inside.scope = inlined;
		walk_children(b, die, inside);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		walk_children(b, die, inside);
		break;
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type: /* Rust's have methods */
		inside.scope = RANGE_NONE;
		inside.context = enter_context(b, die, here.context);
		walk_children(b, die, inside);
		leave_context(b, inside.context);
		break;
	default:
		break;
	}
}

static void walk_children(struct builder *b, Dwarf_Die *parent, struct place place)
{
	Dwarf_Die child;
	if (place.depth > MAX_DEPTH || dwarf_child(parent, &child) != 0)
		return;
	do {
		if (b->dies_left == 0)
			return;
		b->dies_left--;
		b->last_die = dwarf_dieoffset(&child);
		visit(b, &child, place);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static const char *string_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	return dwarf_formstring(dwarf_attr(die, name, &attribute));
}

/* libdw opens a .dwo file wherever the unit says that it is; opening a FIFO there would block. */
static bool split_file_is_safe(Dwarf_Die *die)
{
	const char *name = string_attribute(die, DW_AT_dwo_name);
	if (!name)
		name = string_attribute(die, DW_AT_GNU_dwo_name);
	const char *dir = string_attribute(die, DW_AT_comp_dir);
	if (!name)
		return false;
	struct stat st;
	char *path = name[0] == '/' ? mem_strdup(name) : mem_printf("%s/%s", dir ? dir : ".", name);
	bool safe = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	return safe;
}

/* Where the functions of the unit are. */
static Dwarf_Die full_die(struct dwarf_unit *unit)
{
	uint8_t type;
	Dwarf_Die split;
	if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton && split_file_is_safe(&unit->die) &&
	    dwarf_cu_info(unit->die.cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 &&
	    split.addr)
		return split;
	return unit->die;
}

/* No DIE is shorter than a byte. */
static size_t unit_bytes(Dwarf_Die *die)
{
	Dwarf_Off start = dwarf_dieoffset(die) - dwarf_cuoffset(die), next;
	size_t header;
	if (dwarf_nextcu(dwarf_cu_getdwarf(die->cu), start, &next, &header, NULL, NULL, NULL) !=
		    0 ||
	    next <= start)
		return 0;
	return next - start;
}

static bool language_has_contexts(Dwarf_Die *die)
{
	switch (dwarf_srclang(die)) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

void dwarf_unit_build(struct dwarf_unit *unit, size_t *range_budget)
{
	if (unit->built)
		return;
	unit->built = true;
	unit->full = full_die(unit);
	unit->has_contexts = language_has_contexts(&unit->full);
	struct builder b = { .unit = unit, .range_budget = range_budget };
	b.dies_left = unit_bytes(&unit->full);
	if (unit->full.addr != unit->die.addr) /* the budget is by the size of the main file */
		*range_budget += b.dies_left / 2;
	walk_children(&b, &unit->full, (struct place){ RANGE_NONE, RANGE_NONE, 0 });
	range_map_build(&unit->map);
	if (dwarf_getsrcfiles(&unit->full, &unit->files, &unit->file_count) != 0)
		unit->file_count = 0;
}

const struct dwarf_context *dwarf_unit_context(const struct dwarf_unit *unit, Dwarf_Off die)
{
	size_t low = 0, count = unit->context_count;
	while (count > 0) {
		size_t half = count / 2;
		if (unit->contexts[low + half].first < die) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	/* The last one that begins before it, or one around that. */
	uint32_t at = low > 0 ? (uint32_t)(low - 1) : RANGE_NONE;
	while (at != RANGE_NONE && unit->contexts[at].last < die)
		at = unit->contexts[at].parent;
	return at == RANGE_NONE ? NULL : &unit->contexts[at];
}
