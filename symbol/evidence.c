/* evidence.c - see evidence.h. */
#include "symbol/evidence.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/rust_shims.h"
#include "symbol/dwarf_index.h"
#include "symbol/evidence_texts.h"
#include "symbol/module_files.h"
#include "util/mem.h"
#include "util/strbuf.h"

/* What is known of the file while it is looked at. */
struct looking {
	const struct evidence_source *from;
	const struct allocators *found;
	struct file_evidence *out;
	struct evidence_texts texts;
	struct family_clue clues[FAMILY_COUNT];
	struct module_files files; /* of an ELF file */
};

static void AT_PRINTF(4, 5)
	add(struct evidence *e, enum proof_kind kind, enum sureness sure, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->proofs = mem_grow(e->proofs, &e->cap, e->count + 1, sizeof(*e->proofs));
	e->proofs[e->count++] = (struct proof){ kind, sure, mem_strdup(text) };
	if (sure > e->sure)
		e->sure = sure;
}

/* ---- functions ---- */

static void add_functions(const struct allocator *a, struct evidence *e)
{
	static const enum proof_kind of[] = {
		[ALLOCATOR_SYMBOLS_OWN] = PROOF_SYMBOL_TABLE,
		[ALLOCATOR_SYMBOLS_MINI] = PROOF_MINI_SYMBOLS,
		[ALLOCATOR_SYMBOLS_BY_ID] = PROOF_DEBUG_BY_ID,
		[ALLOCATOR_SYMBOLS_BY_LINK] = PROOF_DEBUG_BY_LINK,
		[ALLOCATOR_SYMBOLS_DEBUGINFOD] = PROOF_DEBUGINFOD,
	};
	size_t exported = 0;
	/* Known by its messages, and the functions are those of the same names: by itself no proof.
	 */
	enum sureness sure = allocator_is_by_messages(a) ? SURE_POSSIBLE : SURE_CERTAIN;
	for (size_t i = 0; i < a->function_count; i++)
		exported += (a->functions[i].flags & ALLOCATOR_FUNCTION_EXPORTED) != 0;
	if (exported)
		add(e, PROOF_EXPORTED, sure, "%zu", exported);
	if (exported < a->function_count)
		add(e, of[a->symbols_from], sure, "%zu", a->function_count - exported);
	else if (!exported && sure == SURE_CERTAIN)
		add(e, of[a->symbols_from], sure, "inner ones");
}

/* The function that stands for the allocator: its malloc, if that is named. */
static const struct allocator_function *main_function(const struct allocator *a)
{
	for (size_t i = 0; i < a->function_count; i++) {
		const char *name = a->functions[i].name;
		if (strncmp(name, a->prefix, strlen(a->prefix)) == 0 &&
		    strcmp(name + strlen(a->prefix), "malloc") == 0)
			return &a->functions[i];
	}
	return a->function_count ? &a->functions[0] : NULL;
}

/* ---- compile units ---- */

static char *attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	const char *text = dwarf_formstring(dwarf_attr(die, name, &attribute));
	return text && *text ? mem_strdup(text) : NULL;
}

static void take_unit(Dwarf_Die *die, struct evidence *e)
{
	e->unit = attribute(die, DW_AT_name);
	e->directory = attribute(die, DW_AT_comp_dir);
	e->producer = attribute(die, DW_AT_producer);
	if (e->unit)
		add(e, PROOF_UNIT, SURE_CERTAIN, "%s", e->unit);
}

static void add_units(struct looking *l)
{
	if (!l->files.dwarf || !l->found->count)
		return;
	struct dwarf_index index;
	dwarf_index_build(&index, l->files.dwarf, l->files.alt_dwarf);
	for (size_t i = 0; i < l->found->count; i++) {
		const struct allocator_function *f = main_function(&l->found->items[i]);
		uint32_t unit = f ? range_map_find(&index.map, f->address) : RANGE_NONE;
		if (unit != RANGE_NONE)
			take_unit(&index.units[unit].die, &l->out->of[i]);
	}
	dwarf_index_release(&index);
}

/* ---- names of source files ---- */

/* Their names are as good as a signature only together with other evidence. */
static const struct {
	enum family family;
	const char *file;
} sources[] = {
	{ FAMILY_JEMALLOC, "jemalloc.c" },  { FAMILY_JEMALLOC, "tcache.c" },
	{ FAMILY_MIMALLOC, "static.c" },    { FAMILY_MUSL, "lite_malloc.c" },
	{ FAMILY_TCMALLOC, "tcmalloc.cc" }, { FAMILY_SNMALLOC, "rust.cc" },
	{ FAMILY_RPMALLOC, "rpmalloc.c" },  { FAMILY_MOZJEMALLOC, "mozjemalloc.cpp" },
	{ FAMILY_HARDENED, "h_malloc.c" },  { FAMILY_GLIBC, "morecore.c" },
};

static void take_source(struct looking *l, const char *name, bool *seen)
{
	for (size_t s = 0; s < AT_COUNT_OF(sources); s++) {
		if (seen[s] || strcmp(sources[s].file, name) != 0)
			continue;
		seen[s] = true;
		for (size_t i = 0; i < l->found->count; i++)
			if (l->found->items[i].family == sources[s].family)
				add(&l->out->of[i], PROOF_SOURCES, SURE_POSSIBLE, "%s", name);
	}
}

static void add_sources(struct looking *l, Elf *elf)
{
	bool seen[AT_COUNT_OF(sources)] = { false };
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Sym symbol;
	while (elf && (section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		const struct elf_strings names = elf_strings_of(elf, shdr.sh_link);
		size_t count = elf_symbol_count(elf, data);
		for (size_t i = 1; i < count && gelf_getsym(data, (int)i, &symbol); i++) {
			const char *name = GELF_ST_TYPE(symbol.st_info) == STT_FILE
						   ? elf_strings_at(&names, symbol.st_name)
						   : NULL;
			if (name)
				take_source(l, name, seen);
		}
		return; /* a made file may have many */
	}
}

/* ---- texts ---- */

static void add_messages(const struct looking *l, enum family family, struct evidence *e)
{
	struct strbuf text = STRBUF_INIT;
	for (const char *at = family_clues_messages(family); *at; at += *at == '\n') {
		size_t bytes = strcspn(at, "\n");
		if (*at != '*') /* that is a variable's name */
			strbuf_addf(&text, "%s\"%.*s\"", text.len ? ", " : "", (int)bytes, at);
		at += bytes;
	}
	if (l->clues[family].proved)
		add(e, PROOF_MESSAGES, SURE_PROBABLE, "%s", text.text);
	strbuf_release(&text);
}

static void add_variable(const struct looking *l, const struct allocator *a, struct evidence *e)
{
	const struct family_clue *clue = &l->clues[a->family];
	const char *name = strchr(family_clues_messages(a->family), '*');
	char prefix[FAMILY_PREFIX_BYTES];
	if (!clue->proved || !name || !clue->prefix[0])
		return;
	size_t i = 0;
	for (; clue->prefix[i] && i < sizeof(prefix) - 1; i++) {
		char c = clue->prefix[i];
		prefix[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	prefix[i] = '\0';
	add(e, PROOF_VARIABLE, SURE_PROBABLE, "%s%.*s", prefix, (int)strcspn(name + 1, "\n"),
	    name + 1);
}

static void add_options(const struct looking *l, enum family family, struct evidence *e)
{
	size_t count = l->texts.option_count[family];
	struct strbuf text = STRBUF_INIT;
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%s%s", i ? ", " : "", l->texts.options[family][i]);
	if (count)
		add(e, PROOF_OPTIONS, count > 1 ? SURE_PROBABLE : SURE_POSSIBLE, "%s", text.text);
	strbuf_release(&text);
}

static void add_texts(struct looking *l)
{
	for (size_t i = 0; i < l->found->count; i++) {
		const struct allocator *a = &l->found->items[i];
		struct evidence *e = &l->out->of[i];
		add_messages(l, a->family, e);
		add_variable(l, a, e);
		add_options(l, a->family, e);
		for (size_t c = 0; c < l->texts.crate_count; c++)
			if (l->texts.crates[c].family == a->family)
				add(e, PROOF_CRATE, SURE_PROBABLE, "%s", l->texts.crates[c].name);
	}
}

/* Google's tcmalloc has sections of its own, which strip leaves. */
static void add_section(struct looking *l, Elf *elf)
{
	static const char name[] = "google_malloc";
	if (!elf_section_named(elf, name))
		return;
	for (size_t i = 0; i < l->found->count; i++)
		if (l->found->items[i].family == FAMILY_TCMALLOC)
			add(&l->out->of[i], PROOF_SECTION, SURE_PROBABLE, "%s", name);
}

/* ---- archives ---- */

static void take_member(const struct looking *l, const struct function_set *set, const char *name)
{
	enum { INSTANCES_MAX = 16 }; /* a made file may have thousands */
	for (size_t i = 0; i < l->found->count && i < INSTANCES_MAX; i++) {
		const struct allocator_function *f = main_function(&l->found->items[i]);
		struct evidence *e = &l->out->of[i];
		if (e->member || !f || !*name || !function_set_find(set, "", f->name))
			continue;
		e->member = mem_strdup(name);
		add(e, PROOF_MEMBER, SURE_CERTAIN, "%s", name);
	}
}

static void add_members(const struct looking *l)
{
	const struct elf_archive *archive = l->from->archive;
	for (size_t i = 0; i < archive->count && l->found->count; i++) {
		struct function_set set = FUNCTION_SET_INIT;
		function_set_add(&set, archive->objects[i].elf, SHT_SYMTAB);
		take_member(l, &set, archive->names[i]);
		function_set_release(&set);
	}
}

/* ---- Rust ---- */

/* "rustc version 1.95.0 (59807616e 2026-04-14)" among the compilers in .comment. */
static void read_compiler(Elf *elf, struct rust_evidence *rust)
{
	static const char mark[] = "rustc version ";
	Elf_Scn *section = elf_section_named(elf, ".comment");
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !data->d_buf)
		return;
	const char *end = (const char *)data->d_buf + data->d_size;
	const char *hit = memmem(data->d_buf, data->d_size, mark, sizeof(mark) - 1);
	if (!hit)
		return;
	hit += sizeof(mark) - 1;
	size_t bytes = strnlen(hit, (size_t)(end - hit));
	snprintf(rust->version, sizeof(rust->version), "%.*s", (int)bytes, hit);
	rust->there = true;
}

static bool serves_malloc(const struct allocator *a)
{
	for (size_t i = 0; i < a->function_count; i++)
		if (strcmp(a->functions[i].name, "malloc") == 0)
			return !a->layer;
	return false;
}

/* std's System is malloc, which may be the file's own. */
static void take_system(const struct looking *l, struct rust_evidence *rust)
{
	rust->allocator = RUST_SYSTEM;
	rust->instance = SIZE_MAX;
	for (size_t i = 0; i < l->found->count && rust->instance == SIZE_MAX; i++)
		if (serves_malloc(&l->found->items[i]))
			rust->instance = i;
}

static bool imports(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Sym symbol;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNSYM)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		const struct elf_strings names = elf_strings_of(elf, shdr.sh_link);
		size_t count = elf_symbol_count(elf, data);
		for (size_t i = 1; i < count && gelf_getsym(data, (int)i, &symbol); i++) {
			const char *found = symbol.st_shndx == SHN_UNDEF
						    ? elf_strings_at(&names, symbol.st_name)
						    : NULL;
			if (found && strcmp(found, name) == 0)
				return true;
		}
		return false;
	}
	return false;
}

static bool is_libc(const struct allocator *a)
{
	return a->family == FAMILY_GLIBC || a->family == FAMILY_MUSL;
}

/* Without symbols: the one allocator that the file carries beside a C library is there to be used;
 * and without one it is malloc, and System asks posix_memalign for what is aligned more than that.
 */
static void guess(const struct looking *l, struct rust_evidence *rust)
{
	size_t heaps = 0, libcs = 0, heap = 0, libc = 0;
	for (size_t i = 0; i < l->found->count; i++) {
		const struct allocator *a = &l->found->items[i];
		if (!a->layer && is_libc(a) && libcs++ == 0)
			libc = i;
		else if (!a->layer && !is_libc(a) && heaps++ == 0)
			heap = i;
	}
	if (heaps == 1) {
		bool is_malloc = serves_malloc(&l->found->items[heap]);
		rust->allocator = is_malloc ? RUST_SYSTEM : RUST_INSTANCE;
		rust->instance = heap;
		rust->sure = SURE_PROBABLE;
	} else if (heaps == 0 && libcs) {
		rust->allocator = RUST_SYSTEM;
		rust->instance = libc;
		rust->sure = SURE_PROBABLE;
	} else if (heaps == 0 && l->from->file && imports(l->from->file->elf, "malloc")) {
		take_system(l, rust);
		rust->sure = imports(l->from->file->elf, "posix_memalign") ? SURE_PROBABLE
									   : SURE_POSSIBLE;
	}
}

static void take_shims(const struct looking *l, const struct elf_file *symbols,
		       struct rust_evidence *rust)
{
	struct rust_shims shims;
	rust_shims_read(&shims, l->from->file, symbols, l->found);
	if (shims.leads == RUST_NOWHERE)
		return;
	rust->there = true;
	rust->sure = SURE_CERTAIN;
	memcpy(rust->through, shims.through, sizeof(rust->through));
	rust->instance = shims.instance;
	if (shims.leads == RUST_TO_SYSTEM)
		take_system(l, rust);
	else
		rust->allocator = shims.leads == RUST_TO_INSTANCE ? RUST_INSTANCE : RUST_ELSEWHERE;
}

static void look_for_rust(struct looking *l)
{
	struct rust_evidence *rust = &l->out->rust;
	const struct elf_file *file = l->from->file;
	memcpy(rust->commit, l->texts.rust_commit, sizeof(rust->commit));
	memcpy(rust->version, l->texts.rust_version, sizeof(l->texts.rust_version));
	rust->there = rust->commit[0] != '\0' || rust->version[0] != '\0';
	if (file) {
		const struct elf_file *symbols = elf_section_named(file->elf, ".symtab") ? file
						 : l->files.debug.elf ? &l->files.debug
						 : l->files.mini.elf  ? &l->files.mini
								      : file;
		read_compiler(file->elf, rust);
		take_shims(l, symbols, rust);
	}
	if (rust->there && rust->allocator == RUST_UNKNOWN)
		guess(l, rust);
}

/* ---- the whole ---- */

static int by_sureness(const void *a, const void *b)
{
	const struct proof *x = a, *y = b;
	if (x->sure != y->sure)
		return x->sure > y->sure ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static void read_texts(struct looking *l, const struct constants *in, size_t count)
{
	struct family_texts *texts = family_texts_new();
	family_clues_find(texts, in, count, l->clues);
	family_texts_free(texts);
	evidence_texts_find(&l->texts, in, count);
	add_texts(l);
}

static void look_in_elf(struct looking *l)
{
	const struct elf_file *file = l->from->file;
	const struct constants constants = { .file = file };
	struct debug_roots roots;
	struct elf_build_id id;
	elf_build_id_read(file->elf, &id);
	const struct trace_module module = { .path = l->from->path,
					     .build_id = id.bytes,
					     .build_id_bytes = id.count };
	debug_roots_init(&roots);
	roots.no_servers = !l->from->ask_servers;
	module_files_open(&l->files, &module, &roots);
	add_units(l);
	add_sources(l, file->elf);
	add_section(l, file->elf);
	read_texts(l, &constants, 1);
	look_for_rust(l);
	module_files_close(&l->files);
	debug_roots_release(&roots);
}

static void look_in_foreign(struct looking *l)
{
	const struct foreign_file *file = l->from->foreign;
	const struct constants constants = { &file->bytes, file->constants, file->constant_count };
	read_texts(l, &constants, 1);
	look_for_rust(l);
}

static void look_in_archive(struct looking *l)
{
	const struct elf_archive *archive = l->from->archive;
	size_t count = archive->count + archive->foreign_count;
	struct constants *constants = mem_zalloc(count, sizeof(*constants));
	for (size_t i = 0; i < archive->count; i++)
		constants[i].file = &archive->objects[i];
	for (size_t i = 0; i < archive->foreign_count; i++) {
		const struct foreign_file *file = archive->foreign[i];
		constants[archive->count + i] =
			(struct constants){ &file->bytes, file->constants, file->constant_count };
	}
	add_members(l);
	read_texts(l, constants, count);
	free(constants);
}

void file_evidence_find(struct file_evidence *out, const struct evidence_source *from,
			const struct allocators *found)
{
	struct looking *l = mem_zalloc(1, sizeof(*l));
	*out = (struct file_evidence){ .count = found->count };
	out->of = found->count ? mem_zalloc(found->count, sizeof(*out->of)) : NULL;
	*l = (struct looking){ .from = from, .found = found, .out = out };
	for (size_t i = 0; i < found->count; i++)
		add_functions(&found->items[i], &out->of[i]);
	if (from->file)
		look_in_elf(l);
	else if (from->foreign)
		look_in_foreign(l);
	else
		look_in_archive(l);
	for (size_t i = 0; i < found->count; i++)
		if (out->of[i].count)
			qsort(out->of[i].proofs, out->of[i].count, sizeof(struct proof),
			      by_sureness);
	free(l);
}

void file_evidence_release(struct file_evidence *evidence)
{
	for (size_t i = 0; i < evidence->count; i++) {
		struct evidence *e = &evidence->of[i];
		for (size_t k = 0; k < e->count; k++)
			free(e->proofs[k].what);
		free(e->proofs);
		free(e->unit);
		free(e->directory);
		free(e->producer);
		free(e->member);
	}
	free(evidence->of);
	*evidence = (struct file_evidence){ .of = NULL };
}
