/* process_slots.c - see process_slots.h. */
#include "link/process_slots.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* ---- reading ---- */

struct reading {
	struct process_view *view;
	const struct linked_module *module;
	const struct process_image *image;
	struct process_slots *out;
	const struct elf_file *file;
	Elf_Data *symbols, *versions; /* versions: NULL if there are none */
	uint32_t strings;
};

/* Where the symbol of the file's table is in file.symbols; SIZE_MAX: it is none that is told of. */
static size_t find_symbol(const struct reading *r, uint64_t index)
{
	GElf_Sym symbol;
	GElf_Versym version = 0;
	if (index >= INT32_MAX || !gelf_getsym(r->symbols, (int)index, &symbol))
		return SIZE_MAX;
	const char *name = elf_strptr(r->file->elf, r->strings, symbol.st_name);
	if (!name || !bindings_is_allocation(name))
		return SIZE_MAX;
	bool has_version = r->versions && gelf_getversym(r->versions, (int)index, &version);
	for (size_t i = 0; i < r->module->file.symbol_count; i++) {
		const struct binding_symbol *s = &r->module->file.symbols[i];
		if (strcmp(s->name, name) == 0 && s->address == symbol.st_value &&
		    (!has_version || s->version_index == (version & 0x7fff)))
			return i;
	}
	return SIZE_MAX;
}

/* Whether the slot is as it was before the dynamic linker bound it: leads back into the module's
 * own table of jumps. */
static bool is_as_in_file(const struct reading *r, uint64_t offset, uint64_t value)
{
	uint64_t in_file;
	return elf_file_read_mapped(r->file, offset, &in_file, sizeof(in_file)) ==
		       sizeof(in_file) &&
	       in_file && value == in_file + r->image->bias;
}

static bool is_constant(const struct process_image *image, uint64_t at)
{
	return at - image->relro < image->relro_bytes;
}

static void read_slot(struct reading *r, const GElf_Rela *rela)
{
	unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
	uint64_t value, at = rela->r_offset + r->image->bias;
	if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
		return;
	size_t symbol = find_symbol(r, GELF_R_SYM(rela->r_info));
	if (symbol == SIZE_MAX || !process_memory_read(r->view->memory, at, &value, sizeof(value)))
		return;
	struct process_slot slot = { .symbol = symbol,
				     .value = value,
				     .for_call = type == R_X86_64_JUMP_SLOT,
				     .is_variable =
					     type == R_X86_64_64 && !is_constant(r->image, at) };
	const struct binding_symbol *s = &r->module->file.symbols[symbol];
	if (type == R_X86_64_64)
		slot.value -= (uint64_t)rela->r_addend;
	/* Made from the memory, the file cannot tell; what the module lacks is not in it. */
	if (slot.for_call)
		slot.is_lazy = r->file->fd >= 0 ? is_as_in_file(r, rela->r_offset, value)
						: !(s->flags & BINDING_DEFINED) &&
							  process_image_has(r->image, value, true);
	/* Still the file's own word: a library that is just being opened, whose turn has not come.
	 */
	if (r->file->fd >= 0 && r->image->bias && value && value < r->image->bias &&
	    is_as_in_file(r, rela->r_offset, value + r->image->bias))
		return;
	r->out->items =
		mem_grow(r->out->items, &r->out->cap, r->out->count + 1, sizeof(*r->out->items));
	r->out->items[r->out->count++] = slot;
}

static void read_section(struct reading *r, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t entry = gelf_fsize(r->file->elf, ELF_T_RELA, 1, EV_CURRENT);
	size_t count = data && data->d_buf && entry ? data->d_size / entry : 0;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Rela rela;
		if (!gelf_getrela(data, (int)i, &rela))
			return;
		if (GELF_R_SYM(rela.r_info))
			read_slot(r, &rela);
	}
}

void process_slots_read(struct process_view *view, const struct linked *l, size_t module,
			const struct elf_file *file)
{
	GElf_Shdr shdr, other;
	struct reading r = { .view = view,
			     .module = &l->modules[module],
			     .image = &view->images[module],
			     .out = &view->slots[module],
			     .file = file };
	if (!r.module->file.symbol_count)
		return;
	r.versions = elf_getdata(elf_section_of_type(file->elf, SHT_GNU_versym, &shdr), NULL);
	r.symbols = elf_getdata(elf_section_of_type(file->elf, SHT_DYNSYM, &shdr), NULL);
	r.strings = shdr.sh_link;
	Elf_Scn *section = NULL;
	while (r.symbols && (section = elf_nextscn(file->elf, section)))
		/* What the dynamic linker reads is mapped; what `ld -q` keeps is not. */
		if (gelf_getshdr(section, &other) && other.sh_type == SHT_RELA &&
		    other.sh_flags & SHF_ALLOC)
			read_section(&r, section);
}

/* ---- comparing ---- */

/* The module that the address lies in, or SIZE_MAX. */
static size_t module_at(const struct process_view *view, const struct linked *l, uint64_t address)
{
	for (size_t i = 0; i < l->count; i++)
		if (process_image_has(&view->images[i], address, false))
			return i;
	return SIZE_MAX;
}

static bool agrees(const struct process_view *view, const struct linked *l,
		   const struct process_slot *slot, const struct binding *binding)
{
	if (binding->reason == BINDING_NOT_FOUND)
		return slot->value == 0;
	const struct process_image *image = &view->images[binding->module];
	if (slot->value == image->bias + binding->symbol->address)
		return true;
	/* What its resolver has chosen is the module's in all cases that are known. */
	return binding->symbol->flags & BINDING_IFUNC &&
	       module_at(view, l, slot->value) == binding->module;
}

/* Nothing is put into a slot but 0 where nothing was found: a library that is just being opened,
 * whose turn has not come. */
static bool is_unfilled(const struct process_slot *slot, const struct binding *binding)
{
	return slot->value == 0 && binding->reason != BINDING_NOT_FOUND;
}

/* ---- telling ---- */

enum rank { RANK_NONE, RANK_BOUND, RANK_LAZY, RANK_DIFFERS };

static void tell_slot(const struct process_view *view, const struct linked *l,
		      struct linked_import *import, const struct process_slot *slot,
		      enum rank *best)
{
	if (is_unfilled(slot, &import->binding))
		return;
	bool same = agrees(view, l, slot, &import->binding);
	enum rank rank = slot->is_lazy	     ? RANK_LAZY
			 : same		     ? RANK_BOUND
			 : slot->is_variable ? RANK_NONE
					     : RANK_DIFFERS;
	if (rank <= *best)
		return;
	*best = rank;
	import->slot = rank == RANK_LAZY ? LINKED_SLOT_LAZY : LINKED_SLOT_BOUND;
	import->value = slot->value;
	import->value_module = module_at(view, l, slot->value);
	import->differs = rank == RANK_DIFFERS;
}

static bool has_other_kind(const struct linked_module *m, const struct linked_import *import)
{
	for (size_t i = 0; i < m->import_count; i++)
		if (m->imports[i].symbol == import->symbol &&
		    m->imports[i].for_call != import->for_call)
			return true;
	return false;
}

static void tell_import(const struct process_view *view, struct linked *l, size_t module,
			struct linked_import *import)
{
	enum rank best = RANK_NONE;
	const struct process_slots *slots = &view->slots[module];
	bool other = has_other_kind(&l->modules[module], import);
	for (size_t i = 0; i < slots->count; i++)
		if (slots->items[i].symbol == import->symbol &&
		    (!other || slots->items[i].for_call == import->for_call))
			tell_slot(view, l, import, &slots->items[i], &best);
}

void process_slots_tell(const struct process_view *view, struct linked *l)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].import_count; k++)
			tell_import(view, l, i, &l->modules[i].imports[k]);
}

/* ---- guessing ---- */

struct guessing {
	const struct process_view *view;
	struct linked *l;
	struct binding_module *modules;
	struct binding_process process;
};

static size_t differences_of(const struct guessing *g, size_t module)
{
	size_t count = 0;
	const struct linked_module *m = &g->l->modules[module];
	const struct process_slots *slots = &g->view->slots[module];
	for (size_t i = 0; i < slots->count; i++) {
		const struct process_slot *slot = &slots->items[i];
		if (slot->is_lazy || slot->is_variable)
			continue;
		struct binding binding = binding_search(
			&g->process, module, m->file.symbols[slot->symbol].name, slot->for_call);
		count += !is_unfilled(slot, &binding) && !agrees(g->view, g->l, slot, &binding);
	}
	return count;
}

static size_t differences(const struct guessing *g, const bool *odd, bool of_odd)
{
	size_t sum = 0;
	for (size_t i = 0; i < g->l->count; i++)
		if (odd[i] == of_odd)
			sum += differences_of(g, i);
	return sum;
}

/* Behind the last module that the opening brought: those follow each other. */
static size_t opening_end(const struct linked *l, size_t opened)
{
	size_t end = opened + 1;
	while (end < l->count && l->modules[end].space == l->modules[opened].space &&
	       !(l->modules[end].flags & (BINDING_OPENED | BINDING_STARTUP)))
		end++;
	return end;
}

/* The flag must explain some and contradict none. Returns how many are still odd. */
static size_t try_flag(struct guessing *g, size_t opened, uint32_t flag, const bool *odd,
		       size_t before)
{
	g->modules[opened].flags |= flag;
	size_t after = differences(g, odd, true);
	if (after < before && differences(g, odd, false) == 0) {
		g->l->modules[opened].flags |= flag;
		return after;
	}
	g->modules[opened].flags &= ~flag;
	return before;
}

static bool is_bound_into(const struct guessing *g, size_t module, size_t from, size_t end)
{
	const struct process_slots *slots = &g->view->slots[module];
	for (size_t i = 0; i < slots->count; i++) {
		size_t to = module_at(g->view, g->l, slots->items[i].value);
		if (to >= from && to < end)
			return true;
	}
	return false;
}

static size_t guess_mode(struct guessing *g, size_t opened, const bool *odd, size_t left)
{
	size_t end = opening_end(g->l, opened);
	bool is_target = false, is_odd = false;
	for (size_t i = 0; i < g->l->count; i++) {
		if (!odd[i])
			continue;
		if (i >= opened && i < end)
			is_odd = true;
		else
			is_target |= is_bound_into(g, i, opened, end);
	}
	if (is_target)
		left = try_flag(g, opened, BINDING_GLOBAL, odd, left);
	if (is_odd)
		left = try_flag(g, opened, BINDING_DEEPBIND, odd, left);
	return left;
}

void process_slots_guess_modes(const struct process_view *view, struct linked *l)
{
	struct guessing g = { .view = view, .l = l };
	bool *odd = mem_zalloc(l->count + 1, sizeof(*odd));
	size_t left = 0;
	g.modules = mem_zalloc(l->count + 1, sizeof(*g.modules));
	g.process = (struct binding_process){ g.modules, l->count };
	for (size_t i = 0; i < l->count; i++)
		g.modules[i] = (struct binding_module){
			.file = l->modules[i].problem ? NULL : &l->modules[i].file,
			.path = l->modules[i].path,
			.space = l->modules[i].space,
			.flags = l->modules[i].flags,
		};
	for (size_t i = 0; i < l->count; i++) {
		size_t here = differences_of(&g, i);
		odd[i] = here > 0;
		left += here;
	}
	for (size_t i = 0; i < l->count && left; i++)
		if (l->modules[i].flags & BINDING_OPENED)
			left = guess_mode(&g, i, odd, left);
	free(g.modules);
	free(odd);
}
