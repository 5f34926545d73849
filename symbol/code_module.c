/* code_module.c - see code_module.h. */
#include "symbol/code_module.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static void load_code_ranges(struct code_module *m, Elf *elf)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		uint64_t end;
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
		    !(phdr.p_flags & PF_X) ||
		    __builtin_add_overflow(phdr.p_vaddr, phdr.p_memsz, &end))
			continue;
		m->code = mem_grow(m->code, &m->code_cap, m->code_count + 1, sizeof(*m->code));
		m->code[m->code_count++] = (struct code_range){ phdr.p_vaddr, end };
	}
}

/* Functions that the linker dropped keep their debug information, at address 0 or thereabouts. */
static bool is_code(const struct code_module *m, uint64_t offset)
{
	for (size_t i = 0; i < m->code_count; i++)
		if (offset >= m->code[i].low && offset < m->code[i].high)
			return true;
	return false;
}

/* The full table of the file or of its debug file; else what is exported, with what
 * .gnu_debugdata adds to it. */
static void load_symbols(const struct module_files *files, struct symbol_table *symbols)
{
	bool full = (files->main.elf && symbol_table_add(symbols, files->main.elf, SHT_SYMTAB)) ||
		    (files->debug.elf && symbol_table_add(symbols, files->debug.elf, SHT_SYMTAB));
	if (!full && files->mini.elf)
		symbol_table_add(symbols, files->mini.elf, SHT_SYMTAB);
	if (!full && files->main.elf)
		symbol_table_add(symbols, files->main.elf, SHT_DYNSYM);
	symbol_table_build(symbols);
}

static void open_jit(struct code_module *m, uint32_t pid)
{
	struct err err = { "" };
	char path[64];
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
	perf_map_load(&m->jit, path, &err);
	if (err.text[0])
		m->problem = mem_strdup(err.text);
}

void code_module_open(struct code_module *m, const struct trace_module *module, uint32_t pid,
		      const struct debug_roots *roots)
{
	*m = (struct code_module){ 0 };
	if (module->anonymous_process_plus_1 != 0) {
		open_jit(m, pid);
		return;
	}
	module_files_open(&m->files, module, roots);
	if (m->files.problem)
		m->problem = mem_strdup(m->files.problem);
	Elf *code = module_files_code(&m->files);
	if (!code)
		return;
	load_code_ranges(m, code);
	load_symbols(&m->files, &m->symbols);
	if (m->files.dwarf)
		dwarf_index_build(&m->dwarf, m->files.dwarf, m->files.alt_dwarf);
}

void code_module_close(struct code_module *m)
{
	perf_map_release(&m->jit);
	symbol_table_release(&m->symbols);
	symbol_table_release(&m->variables);
	dwarf_index_release(&m->dwarf);
	module_files_close(&m->files);
	free(m->code);
	free(m->problem);
	*m = (struct code_module){ 0 };
}

size_t code_module_frames(struct code_module *m, struct names *names, uint64_t offset,
			  struct trace_symbol *out, size_t max)
{
	const char *name = perf_map_find(&m->jit, offset);
	if (name && max > 0) {
		out[0] = (struct trace_symbol){ .function =
							names_function(names, name, strlen(name)) };
		return 1;
	}
	if (!is_code(m, offset))
		return 0;
	bool incomplete;
	size_t count = dwarf_index_frames(&m->dwarf, names, offset, out, max, &incomplete);
	name = incomplete && max > 0 ? symbol_table_function(&m->symbols, names, offset) : NULL;
	if (!name)
		return count;
	if (count == 0)
		out[count++] = (struct trace_symbol){ .function = NULL };
	out[count - 1].function = name;
	return count;
}

const char *code_module_variable(struct code_module *m, struct names *names, uint64_t address,
				 uint64_t *start)
{
	if (!m->has_variables) {
		m->has_variables = m->variables.of_variables = true;
		load_symbols(&m->files, &m->variables);
	}
	return symbol_table_find(&m->variables, names, address, start);
}
