/* symbol_table.c - see symbol_table.h. */
#include "symbol/symbol_table.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"

/* A symbol table and what is needed to read it safely. */
struct table {
	Elf *elf;
	Elf_Data *symbols;
	Elf_Data *sections; /* SHT_SYMTAB_SHNDX, or NULL */
	const char *names;
	size_t names_bytes; /* up to and with the last terminator: any name that begins here ends */
	struct bounds *sections_at; /* by section index */
	size_t section_count;
	size_t count;
};

struct bounds {
	uint64_t low, high;
};

void symbol_table_release(struct symbol_table *symbols)
{
	free(symbols->items);
	range_map_release(&symbols->map);
	*symbols = (struct symbol_table){ 0 };
}

static void load_sections(struct table *table)
{
	if (elf_getshdrnum(table->elf, &table->section_count) != 0)
		table->section_count = 0;
	table->sections_at = mem_zalloc(table->section_count, sizeof(*table->sections_at));
	for (size_t i = 0; i < table->section_count; i++) {
		GElf_Shdr shdr;
		Elf_Scn *section = elf_getscn(table->elf, i);
		if (!section || !gelf_getshdr(section, &shdr) || !(shdr.sh_flags & SHF_ALLOC))
			continue;
		table->sections_at[i].low = shdr.sh_addr;
		if (__builtin_add_overflow(shdr.sh_addr, shdr.sh_size, &table->sections_at[i].high))
			table->sections_at[i].high = shdr.sh_addr;
	}
}

static void load_extended_indexes(struct table *table, size_t symbol_section)
{
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(table->elf, section))) {
		GElf_Shdr shdr;
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_SYMTAB_SHNDX &&
		    shdr.sh_link == symbol_section)
			table->sections = elf_getdata(section, NULL);
	}
}

static bool load_table(struct table *table, Elf *elf, uint32_t section_type)
{
	*table = (struct table){ .elf = elf };
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	do {
		section = elf_nextscn(elf, section);
		if (!section)
			return false;
	} while (!gelf_getshdr(section, &shdr) || shdr.sh_type != section_type ||
		 shdr.sh_entsize == 0 || shdr.sh_size == 0);
	table->symbols = elf_getdata(section, NULL);
	Elf_Scn *name_section = elf_getscn(elf, shdr.sh_link);
	Elf_Data *names = name_section ? elf_getdata(name_section, NULL) : NULL;
	if (!table->symbols || !table->symbols->d_buf || !names || !names->d_buf)
		return false;
	table->names = names->d_buf;
	table->names_bytes = names->d_size;
	while (table->names_bytes > 0 && table->names[table->names_bytes - 1] != '\0')
		table->names_bytes--;
	table->count = table->symbols->d_size / gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	load_extended_indexes(table, elf_ndxscn(section));
	load_sections(table);
	return true;
}

static bool is_function(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

static bool is_wanted(const struct symbol_table *symbols, const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	if (symbols->of_variables)
		return (type == STT_OBJECT || type == STT_COMMON) && symbol->st_size;
	return is_function(symbol);
}

static void add_symbol(struct symbol_table *symbols, const struct table *table, size_t index)
{
	GElf_Sym symbol;
	Elf32_Word section = 0;
	if (!gelf_getsymshndx(table->symbols, table->sections, (int)index, &symbol, &section) ||
	    !is_wanted(symbols, &symbol) || symbol.st_shndx == SHN_UNDEF ||
	    symbol.st_name >= table->names_bytes || table->names[symbol.st_name] == '\0')
		return;
	if (symbol.st_shndx != SHN_XINDEX)
		section = symbol.st_shndx;
	if (section >= table->section_count)
		return; /* SHN_ABS and the like: no code */
	struct bounds bounds = table->sections_at[section];
	if (symbol.st_value < bounds.low || symbol.st_value >= bounds.high)
		return;
	symbols->items = mem_grow(symbols->items, &symbols->cap, symbols->count + 1,
				  sizeof(*symbols->items));
	symbols->items[symbols->count++] = (struct table_symbol){
		.value = symbol.st_value,
		.size = symbol.st_size,
		.section_end = bounds.high,
		.name = table->names + symbol.st_name,
		.section = section,
		.bind = GELF_ST_BIND(symbol.st_info),
		.type = GELF_ST_TYPE(symbol.st_info),
	};
}

bool symbol_table_add(struct symbol_table *symbols, Elf *elf, uint32_t section_type)
{
	struct table table;
	if (!load_table(&table, elf, section_type))
		return false;
	for (size_t i = 1; i < table.count && symbols->count < RANGE_NONE; i++)
		add_symbol(symbols, &table, i);
	free(table.sections_at);
	return true;
}

static int leading_underscores(const char *name)
{
	size_t count = strspn(name, "_");
	if (name[count] == 'Z' || name[count] == 'R')
		return 0; /* mangled */
	return count > 100 ? 100 : (int)count;
}

/* How good a name this is among those of one address; smaller is better. */
static int name_badness(const struct table_symbol *s)
{
	int badness = leading_underscores(s->name);
	if (s->bind == STB_LOCAL)
		badness += 1000;
	if (s->type == STT_NOTYPE)
		badness += 10000;
	return badness;
}

/* The best last: its rank in the range map is its position. A function in the middle of another
 * one (a second entry point) is the smaller one. */
static int compare_quality(const void *a, const void *b)
{
	const struct table_symbol *x = a, *y = b;
	if ((x->size == 0) != (y->size == 0))
		return x->size == 0 ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	int badness = name_badness(y) - name_badness(x);
	return badness ? badness : strcmp(y->name, x->name);
}

static int compare_address(const void *a, const void *b)
{
	const struct table_symbol *x = *(struct table_symbol *const *)a;
	const struct table_symbol *y = *(struct table_symbol *const *)b;
	return (x->value > y->value) - (x->value < y->value);
}

/* A symbol without a size gets the room up to the next one, but one inside a function that has a
 * size is a label of that function. */
static void add_ranges(struct symbol_table *symbols)
{
	size_t count = symbols->count, above = 0;
	struct table_symbol **order = mem_alloc(count * sizeof(*order));
	for (size_t i = 0; i < count; i++)
		order[i] = &symbols->items[i];
	qsort(order, count, sizeof(*order), compare_address);
	uint64_t sized_end = 0;
	for (size_t i = 0; i < count; i++) {
		const struct table_symbol *s = order[i];
		while (above < count && order[above]->value <= s->value)
			above++;
		uint64_t end = s->section_end;
		if (s->size > 0) {
			if (__builtin_add_overflow(s->value, s->size, &end))
				end = s->section_end;
			sized_end = end > sized_end ? end : sized_end;
		} else if (s->value < sized_end) {
			continue;
		} else if (above < count && order[above]->value < end) {
			end = order[above]->value;
		}
		uint32_t rank = (uint32_t)(s - symbols->items);
		range_map_add(&symbols->map, s->value, end, rank, rank);
	}
	free(order);
}

void symbol_table_build(struct symbol_table *symbols)
{
	if (symbols->count == 0)
		return;
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare_quality);
	add_ranges(symbols);
	range_map_build(&symbols->map);
}

/* Compilers split, clone and specialise functions and append to their names: "main.cold",
 * "work.part.0.isra.1", "callback.lto_priv.0", "nested.0". */
static bool is_clone_suffix(const char *at)
{
	static const char *const words[] = { "cold",	 "part",       "isra",	"constprop",
					     "lto_priv", "localalias", "clone", "llvm",
					     "__uniq",	 "_omp_fn",    "hot",	"warm",
					     "unlikely" };
	if (*at++ != '.')
		return false;
	if (*at >= '0' && *at <= '9')
		return true;
	for (size_t i = 0; i < AT_COUNT_OF(words); i++) {
		size_t len = strlen(words[i]);
		if (strncmp(at, words[i], len) == 0 && (at[len] == '.' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* The part of the name that the source has: without clone suffixes and symbol version. */
static size_t source_name_bytes(const char *name)
{
	for (size_t i = 1; name[0] && name[i]; i++)
		if (name[i] == '@' || (name[i - 1] != '.' && is_clone_suffix(name + i)))
			return i;
	return strlen(name);
}

const char *symbol_table_function(struct symbol_table *symbols, struct names *names,
				  uint64_t address)
{
	uint64_t start;
	return symbol_table_find(symbols, names, address, &start);
}

const char *symbol_table_find(struct symbol_table *symbols, struct names *names, uint64_t address,
			      uint64_t *start)
{
	uint32_t found = range_map_find(&symbols->map, address);
	if (found == RANGE_NONE)
		return NULL;
	struct table_symbol *symbol = &symbols->items[found];
	if (!symbol->function)
		symbol->function =
			names_function(names, symbol->name, source_name_bytes(symbol->name));
	*start = symbol->value;
	return symbol->function;
}
