/* dwarf_unit.c - see dwarf_unit.h. */
#include "symbol/dwarf_unit.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/mem.h"

enum {
	/* Real trees are some 40 levels deep (templates with lambdas in Rust and C++). */
	MAX_DEPTH = 256,
};

struct builder {
	struct dwarf_unit *unit;
	size_t *range_budget;
	size_t dies_left; /* a damaged tree can lead back into itself */
	uint32_t scope;	  /* whose ranges are being added */
};

void dwarf_unit_release(struct dwarf_unit *unit)
{
	free(unit->scopes);
	range_map_release(&unit->map);
	unit->scopes = NULL;
	unit->scope_count = unit->scope_cap = 0;
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

static uint32_t add_scope(struct builder *b, Dwarf_Die *die, uint32_t caller)
{
	struct dwarf_unit *unit = b->unit;
	unit->scopes = mem_grow(unit->scopes, &unit->scope_cap, unit->scope_count + 1,
				sizeof(*unit->scopes));
	struct dwarf_scope *scope = &unit->scopes[unit->scope_count];
	*scope = (struct dwarf_scope){ .die = *die, .caller = caller };
	if (caller != RANGE_NONE) {
		scope->call_file = unsigned_attribute(die, DW_AT_call_file);
		scope->call_line = unsigned_attribute(die, DW_AT_call_line);
	}
	b->scope = (uint32_t)unit->scope_count++;
	dwarf_unit_each_range(die, b->range_budget, add_range, b);
	return b->scope;
}

static void walk_children(struct builder *b, Dwarf_Die *parent, uint32_t scope, unsigned depth);

static void visit(struct builder *b, Dwarf_Die *die, uint32_t scope, unsigned depth)
{
	uint32_t here;
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		here = add_scope(b, die, RANGE_NONE);
		walk_children(b, die, here, depth + 1);
		break;
	case DW_TAG_inlined_subroutine:
		here = add_scope(b, die, scope);
		walk_children(b, die, here, depth + 1);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		walk_children(b, die, scope, depth + 1);
		break;
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		walk_children(b, die, RANGE_NONE, depth + 1);
		break;
	default:
		break;
	}
}

static void walk_children(struct builder *b, Dwarf_Die *parent, uint32_t scope, unsigned depth)
{
	Dwarf_Die child;
	if (depth > MAX_DEPTH || dwarf_child(parent, &child) != 0)
		return;
	do {
		if (b->dies_left == 0)
			return;
		b->dies_left--;
		visit(b, &child, scope, depth);
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

static void build(struct dwarf_unit *unit, size_t *range_budget)
{
	unit->built = true;
	unit->full = unit->die;
	uint8_t type;
	Dwarf_Die split;
	if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton && split_file_is_safe(&unit->die) &&
	    dwarf_cu_info(unit->die.cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 &&
	    split.addr)
		unit->full = split;
	Dwarf_Off next, offset = dwarf_dieoffset(&unit->full);
	size_t header;
	Dwarf_Off start = offset - dwarf_cuoffset(&unit->full);
	struct builder b = { .unit = unit, .range_budget = range_budget };
	/* No DIE is shorter than a byte. */
	if (dwarf_nextcu(dwarf_cu_getdwarf(unit->full.cu), start, &next, &header, NULL, NULL,
			 NULL) == 0 &&
	    next > start)
		b.dies_left = next - start;
	walk_children(&b, &unit->full, RANGE_NONE, 0);
	range_map_build(&unit->map);
	if (dwarf_getsrcfiles(&unit->full, &unit->files, &unit->file_count) != 0)
		unit->file_count = 0;
}

static const char *function_name(struct dwarf_scope *scope, struct names *names)
{
	if (scope->named)
		return scope->function;
	Dwarf_Attribute attribute;
	static const unsigned order[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !scope->function; i++) {
		const char *raw =
			dwarf_formstring(dwarf_attr_integrate(&scope->die, order[i], &attribute));
		if (raw && raw[0])
			scope->function = names_function(names, raw, strlen(raw));
	}
	scope->named = true;
	return scope->function;
}

static const char *call_file_name(const struct dwarf_unit *unit, struct names *names, uint32_t file)
{
	const char *path =
		file < unit->file_count ? dwarf_filesrc(unit->files, file, NULL, NULL) : NULL;
	return path ? names_plain(names, path, strlen(path)) : NULL;
}

/* Where the address itself is; false when the line table does not cover it. */
static bool source_line(struct dwarf_unit *unit, struct names *names, uint64_t address,
			struct trace_symbol *out)
{
	int number = 0;
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
	const char *path = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!path)
		return false;
	out->file = names_plain(names, path, strlen(path));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		out->line = (uint32_t)number;
	return true;
}

size_t dwarf_unit_frames(struct dwarf_unit *unit, struct names *names, size_t *range_budget,
			 uint64_t address, struct trace_symbol *out, size_t max)
{
	if (!unit->built)
		build(unit, range_budget);
	struct trace_symbol frame = { 0 };
	bool has_line = source_line(unit, names, address, &frame);
	uint32_t at = range_map_find(&unit->map, address);
	size_t count = 0;
	/* A caller always comes before what is inlined into it, so this ends. */
	while (at != RANGE_NONE && count < max) {
		struct dwarf_scope *scope = &unit->scopes[at];
		frame.function = function_name(scope, names);
		frame.inlined = scope->caller != RANGE_NONE;
		out[count++] = frame;
		frame = (struct trace_symbol){
			.file = call_file_name(unit, names, scope->call_file),
			.line = scope->call_line,
		};
		at = scope->caller;
	}
	if (count == 0 && has_line && max > 0)
		out[count++] = frame;
	if (count > 0)
		out[count - 1].inlined = false; /* also when the chain was cut off at max */
	return count;
}
