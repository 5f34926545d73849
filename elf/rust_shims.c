/* rust_shims.c - see rust_shims.h. */
#include "elf/rust_shims.h"

#include <Zydis/Zydis.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/call_site.h"
#include "elf/function_set.h"

enum {
	DEPTH_MAX = 4,
	FUNCTIONS_MAX = 48, /* decoded in all */
	CALLS_MAX = 400,    /* looked at in all: each takes time by the number of symbols */
	CODE_MAX_BYTES = 512,
	NAME_BYTES = FUNCTION_NAME_MAX + 1,
};

struct walk {
	const struct elf_file *file;
	const struct allocators *found;
	struct function_set functions;
	struct rust_shims *out;
	unsigned left, calls_left;
};

/* "__rust_alloc" of "_RNvCs4SDFJOLwvtW_7___rustc12___rust_alloc" (Rust's v0 mangling: the crate
 * __rustc, then the length of the name, and "_" because it begins with one); others as they are. */
static void plain_name(const struct function *f, char out[NAME_BYTES])
{
	static const char crate[] = "7___rustc";
	snprintf(out, NAME_BYTES, "%.*s", (int)f->name_bytes, f->name);
	char *in = strncmp(out, "_RNv", 4) == 0 ? strstr(out, crate) : NULL;
	if (!in)
		return;
	in += sizeof(crate) - 1;
	in += strspn(in, "0123456789");
	in += *in == '_';
	memmove(out, in, strlen(in) + 1);
}

static const struct function *function_at(const struct walk *w, uint64_t address)
{
	for (size_t i = 0; i < w->functions.count; i++)
		if (w->functions.items[i].address == address)
			return &w->functions.items[i];
	return NULL;
}

/* Where the next function begins. */
static uint64_t end_of(const struct walk *w, uint64_t address)
{
	uint64_t end = address + CODE_MAX_BYTES;
	for (size_t i = 0; i < w->functions.count; i++) {
		uint64_t other = w->functions.items[i].address;
		if (other > address && other < end)
			end = other;
	}
	return end;
}

static void go_through(struct walk *w, const char *name)
{
	size_t used = strlen(w->out->through);
	snprintf(w->out->through + used, RUST_THROUGH_BYTES - used, "%s%s", used ? ", " : "", name);
}

static bool is_system(const char *name)
{
	static const char *const names[] = { "malloc",	       "calloc",	"realloc", "free",
					     "posix_memalign", "aligned_alloc", "memalign" };
	for (size_t i = 0; i < AT_COUNT_OF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool has_function(const struct allocator *a, uint64_t address, const char *name)
{
	for (size_t i = 0; i < a->function_count; i++)
		if (a->functions[i].address == address)
			return true;
	/* Inner ones as well: mi_heap_malloc_aligned_at, _rjem_je_arena_malloc_hard. */
	size_t bytes = strlen(a->prefix);
	return bytes > 1 && (strncmp(name, a->prefix, bytes) == 0 ||
			     (*name == '_' && strncmp(name + 1, a->prefix, bytes) == 0));
}

/* What a function means; true if it ends the search. */
static bool is_end(struct walk *w, uint64_t address, const char *name)
{
	for (size_t i = 0; i < w->found->count; i++) {
		const struct allocator *a = &w->found->items[i];
		if (a->layer || !has_function(a, address, name))
			continue;
		w->out->leads = RUST_TO_INSTANCE;
		w->out->instance = i;
		return true;
	}
	if (strncmp(name, "__rdl_", 6) != 0)
		return false;
	w->out->leads = RUST_TO_SYSTEM;
	return true;
}

static bool is_end_symbol(struct walk *w, const struct call_site *site)
{
	if (site->kind != CALL_SYMBOL)
		return false;
	if (is_system(site->symbol))
		w->out->leads = RUST_TO_SYSTEM;
	else if (strstr(site->symbol, "alloc") || strstr(site->symbol, "free"))
		w->out->leads = RUST_TO_SYMBOL;
	else
		return false;
	go_through(w, site->symbol);
	return true;
}

static bool walk(struct walk *w, uint64_t address, unsigned depth);

static bool go_to(struct walk *w, uint64_t target, unsigned depth)
{
	char name[NAME_BYTES] = "";
	struct call_site site;
	if (w->calls_left == 0)
		return false;
	w->calls_left--;
	const struct function *f = function_at(w, target);
	if (f) {
		plain_name(f, name);
	} else {
		call_site_target(&site, w->file, target);
		if (site.kind == CALL_SYMBOL)
			return is_end_symbol(w, &site);
	}
	size_t used = strlen(w->out->through);
	if (*name)
		go_through(w, name);
	if (is_end(w, target, name) || (depth < DEPTH_MAX && walk(w, target, depth + 1)))
		return true;
	w->out->through[used] = '\0';
	return false;
}

/* The calls and jumps out of the function at the address, in their order, until one leads to an
 * end. */
static bool walk(struct walk *w, uint64_t address, unsigned depth)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint8_t code[CODE_MAX_BYTES];
	uint64_t end = end_of(w, address), target;
	if (w->left == 0 || !ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
							   ZYDIS_STACK_WIDTH_64)))
		return false;
	w->left--;
	size_t got = elf_file_read_mapped(w->file, address, code, (size_t)(end - address));
	for (size_t at = 0; at < got; at += in.length) {
		if (!ZYAN_SUCCESS(
			    ZydisDecoderDecodeFull(&decoder, code + at, got - at, &in, operands)))
			return false;
		if ((in.mnemonic != ZYDIS_MNEMONIC_CALL && in.mnemonic != ZYDIS_MNEMONIC_JMP) ||
		    !ZYAN_SUCCESS(
			    ZydisCalcAbsoluteAddress(&in, &operands[0], address + at, &target)))
			continue;
		if (operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
			struct call_site site;
			call_site_slot(&site, w->file, target);
			if (is_end_symbol(w, &site) ||
			    (site.kind == CALL_OWN && go_to(w, site.target, depth)))
				return true;
		} else if ((target < address || target >= end) && go_to(w, target, depth)) {
			return true;
		}
	}
	return false;
}

static bool is_x86_64(const struct elf_file *file)
{
	GElf_Ehdr ehdr;
	return gelf_getehdr(file->elf, &ehdr) && ehdr.e_machine == EM_X86_64 &&
	       ehdr.e_type != ET_REL;
}

void rust_shims_read(struct rust_shims *out, const struct elf_file *file,
		     const struct elf_file *symbols, const struct allocators *found)
{
	/* The default is told by its name, whatever the machine. */
	static const char *const shims[] = { "__rust_alloc",   "__rust_alloc_zeroed",
					     "__rust_dealloc", "__rust_realloc",
					     "__rg_alloc",     "__rg_dealloc",
					     "__rdl_alloc",    "__rdl_dealloc" };
	struct walk w = { file, found, FUNCTION_SET_INIT, out, FUNCTIONS_MAX, CALLS_MAX };
	*out = (struct rust_shims){ .leads = RUST_NOWHERE };
	function_set_add(&w.functions, symbols->elf, SHT_SYMTAB);
	for (size_t s = 0; s < AT_COUNT_OF(shims) && out->leads == RUST_NOWHERE; s++)
		for (size_t i = 0; i < w.functions.count && out->leads == RUST_NOWHERE; i++) {
			const struct function *f = &w.functions.items[i];
			char name[NAME_BYTES];
			plain_name(f, name);
			if (strcmp(name, shims[s]) != 0)
				continue;
			out->through[0] = '\0';
			go_through(&w, name);
			if (!is_end(&w, f->address, name) && is_x86_64(file))
				walk(&w, f->address, 0);
		}
	if (out->leads == RUST_NOWHERE)
		out->through[0] = '\0';
	function_set_release(&w.functions);
}
