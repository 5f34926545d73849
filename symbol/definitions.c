/* definitions.c - see definitions.h. */
#include "symbol/definitions.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_archive.h"
#include "elf/elf_file.h"
#include "symbol/debug_lookup.h"
#include "symbol/mini_debug.h"
#include "symbol/module_files.h"
#include "util/mem.h"

struct search {
	struct definitions *out;
	const char *path;
	size_t object;
	definition_wanted *wanted;
	const void *context;
};

static bool is_definition(const GElf_Sym *s)
{
	const unsigned type = GELF_ST_TYPE(s->st_info);
	return s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT || type == STT_TLS);
}

static void add(struct search *s, const GElf_Sym *symbol, const char *name,
		enum definition_table table, bool is_object)
{
	struct definitions *out = s->out;
	/* "malloc@@GLIBC_2.2.5" */
	const size_t bytes = strcspn(name, "@");
	if (!name[bytes] && !s->wanted(s->context, name))
		return;
	char *plain = mem_strndup(name, bytes);
	if (name[bytes] && !s->wanted(s->context, plain)) {
		free(plain);
		return;
	}
	const unsigned visibility = GELF_ST_VISIBILITY(symbol->st_other);
	const bool is_visible = GELF_ST_BIND(symbol->st_info) != STB_LOCAL &&
				visibility != STV_HIDDEN && visibility != STV_INTERNAL;
	const unsigned type = GELF_ST_TYPE(symbol->st_info);
	out->items = mem_grow(out->items, &out->cap, out->count + 1, sizeof(*out->items));
	out->items[out->count++] = (struct definition){
		.name = plain,
		.path = s->path,
		.object = s->object,
		.address = symbol->st_value,
		.bytes = symbol->st_size,
		.table = table,
		.is_exported = is_visible && (is_object || table == DEFINITION_DYNAMIC),
		.is_data = type == STT_OBJECT || type == STT_TLS,
	};
}

/* Whether there is such a table. */
static bool add_table(struct search *s, Elf *elf, uint32_t type, enum definition_table table,
		      bool is_object)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	bool found = false;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != type)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		const size_t count = data ? elf_symbol_count(elf, data) : 0;
		found = true;
		for (size_t i = 1; i < count && i < INT32_MAX; i++) {
			GElf_Sym symbol;
			if (!gelf_getsym(data, (int)i, &symbol))
				break;
			const char *name = is_definition(&symbol)
						   ? elf_strptr(elf, shdr.sh_link, symbol.st_name)
						   : NULL;
			if (name && *name)
				add(s, &symbol, name, table, is_object);
		}
	}
	return found;
}

static void add_stripped(struct search *s, const struct elf_file *file)
{
	struct debug_roots roots;
	struct elf_build_id id;
	struct elf_file symbols = ELF_FILE_INIT;
	if (mini_debug_open(&symbols, file->elf)) {
		add_table(s, symbols.elf, SHT_SYMTAB, DEFINITION_MINI_DEBUG, false);
		elf_file_close(&symbols);
	}
	debug_roots_init(&roots);
	elf_build_id_read(file->elf, &id);
	if (debug_lookup_by_build_id(&symbols, &roots, &id) ||
	    debug_lookup_by_link(&symbols, &roots, file, s->path)) {
		add_table(s, symbols.elf, SHT_SYMTAB, DEFINITION_DEBUG_FILE, false);
		elf_file_close(&symbols);
	}
	debug_roots_release(&roots);
}

static void add_elf(struct search *s, const struct elf_file *file)
{
	GElf_Ehdr ehdr;
	const bool is_object = gelf_getehdr(file->elf, &ehdr) && ehdr.e_type == ET_REL;
	add_table(s, file->elf, SHT_DYNSYM, DEFINITION_DYNAMIC, is_object);
	if (!add_table(s, file->elf, SHT_SYMTAB, DEFINITION_SYMTAB, is_object) && !is_object)
		add_stripped(s, file);
}

void definitions_add_file(struct definitions *out, const char *path, definition_wanted *wanted,
			  const void *context)
{
	struct search s = { out, path, 0, wanted, context };
	struct elf_file file;
	struct elf_archive archive;
	if (elf_file_open(&file, path, NULL) == 0) {
		add_elf(&s, &file);
		elf_file_close(&file);
	} else if (elf_archive_open(&archive, path, NULL) == 0) {
		for (s.object = 0; s.object < archive.count; s.object++)
			add_elf(&s, &archive.objects[s.object]);
		elf_archive_close(&archive);
	}
}

static int compare_place(const struct definition *x, const struct definition *y)
{
	int order = strcmp(x->name, y->name);
	if (order == 0)
		order = strcmp(x->path, y->path);
	if (order == 0 && x->object != y->object)
		order = x->object < y->object ? -1 : 1;
	return order ? order : (x->address > y->address) - (x->address < y->address);
}

static int compare(const void *a, const void *b)
{
	const struct definition *x = a, *y = b;
	const int order = compare_place(x, y);
	return order ? order : (int)x->table - (int)y->table;
}

/* What the dynamic table has is in the other one, too; the first is kept. */
void definitions_sort(struct definitions *d)
{
	size_t kept = 0;
	if (d->count)
		qsort(d->items, d->count, sizeof(*d->items), compare);
	for (size_t i = 0; i < d->count; i++) {
		if (kept && compare_place(&d->items[kept - 1], &d->items[i]) == 0)
			free(d->items[i].name);
		else
			d->items[kept++] = d->items[i];
	}
	d->count = kept;
}

void definitions_release(struct definitions *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->items[i].name);
	free(d->items);
	*d = (struct definitions)DEFINITIONS_INIT;
}
