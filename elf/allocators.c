/* allocators.c - see allocators.h. */
#include "elf/allocators.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/elf_archive.h"
#include "elf/family_clues.h"
#include "elf/family_version.h"
#include "elf/foreign_file.h"
#include "elf/function_set.h"
#include "elf/system_memory.h"
#include "elf/user_families.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/roles.h"

struct family_facts {
	const char *name;
	bool layer;
	const char *library, *prefixes, *telltales, *strings, *version, *api;
};

static const struct family_facts facts[FAMILY_COUNT] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api)               \
	{ name, layer, library, prefixes, telltales, strings, version, api },
#include "wire/families.def"
#undef FAMILY
};

enum {
	WORD_BYTES = FUNCTION_NAME_MAX + 1,
	PLAIN_ROLES = ROLE_DELETE_ARRAY_SIZED_ALIGNED + 1,
	INSTANCES_MAX = 256, /* of a file: a made one could have thousands, each by its prefix */
};

static const char *const of_our_runtime[] = { "alloctrace_api_pool_alloc", "alloctrace_api_start" };

struct allocator_finder {
	struct family_texts *texts;
	struct name_endings endings; /* of all functions that are looked for below */
	struct user_families *users; /* NULL: none */
};

/* One file while it is looked at. */
struct search {
	const struct elf_file *file;	    /* or NULL: several objects, or no ELF file */
	const struct foreign_file *foreign; /* or NULL */
	const struct constants *constants;
	size_t constants_count;
	const char *file_name;
	struct function_set functions;
	struct family_clue clues[FAMILY_COUNT];
	bool looked_before[FAMILY_COUNT]; /* for a version, in the whole file */
	struct allocators *out;
};

static void add_endings(struct name_endings *endings, const char *words)
{
	for (const char *at = words; *at;) {
		size_t bytes = strcspn(at, " |");
		size_t mark = bytes > 0 && (at[0] == '=' || at[0] == ':');
		if (bytes > 0)
			name_endings_add(endings, at + mark, bytes - mark);
		at += bytes + (at[bytes] != '\0');
	}
}

static void add_version_ending(struct name_endings *endings, const char *how)
{
	for (const char *at = how; (at = strstr(at, "()"));) {
		at += 2;
		name_endings_add(endings, at, strcspn(at, "|"));
	}
}

static void fill_endings(struct name_endings *endings)
{
	memset(endings, 0, sizeof(*endings));
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		name_endings_add(endings, role_symbol(role), strlen(role_symbol(role)));
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		add_endings(endings, facts[f].telltales);
		add_endings(endings, facts[f].api);
		add_version_ending(endings, facts[f].version);
	}
	for (size_t i = 0; i < AT_COUNT_OF(of_our_runtime); i++)
		name_endings_add(endings, of_our_runtime[i], strlen(of_our_runtime[i]));
}

struct allocator_finder *allocator_finder_new(void)
{
	struct allocator_finder *finder = mem_alloc(sizeof(*finder));
	finder->texts = family_texts_new();
	finder->users = NULL;
	fill_endings(&finder->endings);
	return finder;
}

void allocator_finder_add_users(struct allocator_finder *finder, struct user_families *users)
{
	finder->users = users;
}

void allocator_finder_free(struct allocator_finder *finder)
{
	if (finder)
		family_texts_free(finder->texts);
	free(finder);
}

static void release(struct allocator *a)
{
	for (size_t i = 0; i < a->function_count; i++)
		free(a->functions[i].name);
	free(a->functions);
	free(a->prefix);
}

void allocators_release(struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		release(&found->items[i]);
	free(found->items);
	*found = (struct allocators)ALLOCATORS_INIT;
}

const struct allocator_function *allocator_function_named(const struct allocator *a,
							  const char *name)
{
	for (size_t i = 0; i < a->function_count; i++)
		if (strcmp(a->functions[i].name, name) == 0)
			return &a->functions[i];
	return NULL;
}

bool allocator_is_by_messages(const struct allocator *a)
{
	return strchr(a->evidence, '\n') != NULL;
}

bool allocators_lack_symbols(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].linkage == ALLOCATOR_STRIPPED)
			return true;
	return false;
}

/* ---- lists of words ---- */

/* The next word of a list that is separated by blanks and ended by `end`; moves *at behind it. */
static bool next_word(const char **at, char end, char *word)
{
	const char *from = *at + strspn(*at, " ");
	size_t bytes = 0;
	while (from[bytes] && from[bytes] != ' ' && from[bytes] != end)
		bytes++;
	*at = from + bytes;
	if (bytes == 0 || bytes >= WORD_BYTES)
		return false;
	memcpy(word, from, bytes);
	word[bytes] = '\0';
	return true;
}

/* ---- functions ---- */

static const struct allocator_function *find_address(const struct allocator *a, uint64_t address)
{
	for (size_t i = 0; i < a->function_count; i++)
		if (a->functions[i].address == address)
			return &a->functions[i];
	return NULL;
}

static void take(struct allocator *a, const struct function *f, bool plain)
{
	if (!f)
		return;
	for (size_t i = 0; i < a->function_count; i++)
		if (strlen(a->functions[i].name) == f->name_bytes &&
		    memcmp(a->functions[i].name, f->name, f->name_bytes) == 0)
			return;
	a->functions = mem_grow(a->functions, &a->function_cap, a->function_count + 1,
				sizeof(*a->functions));
	a->functions[a->function_count++] = (struct allocator_function){
		.name = mem_strndup(f->name, f->name_bytes),
		.address = f->address,
		.flags = (uint8_t)((f->exported ? ALLOCATOR_FUNCTION_EXPORTED : 0) |
				   (plain ? ALLOCATOR_FUNCTION_PLAIN : 0)),
	};
}

static void take_plain(struct allocator *a, const struct function_set *set)
{
	for (unsigned role = 0; role < PLAIN_ROLES; role++)
		take(a, function_set_find(set, "", role_symbol(role)), true);
}

/* Whether the file's malloc is this allocator's: under one address with its own, or because that is
 * what such a library is for. A family without a prefix has no other. */
static bool plain_names_are_its(const struct allocator *a, const struct function_set *set)
{
	const struct function *plain = function_set_find(set, "", "malloc");
	const struct function *own = function_set_find(set, a->prefix, "malloc");
	return plain && (!a->prefix[0] || a->linkage == ALLOCATOR_SHARED ||
			 (own && own->address == plain->address));
}

static void take_functions(struct allocator *a, const struct function_set *set)
{
	char word[WORD_BYTES];
	for (unsigned role = 0; a->prefix[0] && role < PLAIN_ROLES; role++)
		take(a, function_set_find(set, a->prefix, role_symbol(role)), false);
	bool plain = plain_names_are_its(a, set);
	for (const char *at = facts[a->family].api; next_word(&at, '\0', word);)
		if (word[0] != '=' && word[0] != ':')
			take(a, function_set_find(set, a->prefix, word), false);
		else if (plain || word[0] == ':')
			take(a, function_set_find(set, "", word + 1), false);
	if (plain || a->family == FAMILY_OPERATORS)
		take_plain(a, set);
}

/* ---- linkage ---- */

static const char *soname(Elf *elf)
{
	Elf_Scn *section = elf_section_named(elf, ".dynamic");
	GElf_Shdr shdr;
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !data->d_buf || !gelf_getshdr(section, &shdr))
		return NULL;
	const struct elf_strings names = elf_strings_of(elf, shdr.sh_link);
	GElf_Dyn entry;
	for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_SONAME)
			return elf_strings_at(&names, entry.d_un.d_val);
	return NULL;
}

static bool is_library_of(const struct search *s, enum family family)
{
	char word[WORD_BYTES];
	if (s->functions.objects)
		return false; /* libjemalloc.a: a static library is linked into others */
	const char *name = s->file ? soname(s->file->elf) : NULL;
	if (!name)
		name = s->file_name;
	name = path_name(name);
	for (const char *at = facts[family].library; next_word(&at, '\0', word);)
		if (strncmp(name, word, strlen(word)) == 0)
			return true;
	return false;
}

static void set_linkage(struct allocator *a)
{
	for (size_t i = 0; i < a->function_count; i++)
		if (a->functions[i].flags & ALLOCATOR_FUNCTION_EXPORTED)
			a->linkage = ALLOCATOR_EXPORTED;
}

/* ---- families ---- */

static const struct function *telltale(const struct function_set *set, const char *prefix,
				       const char *word)
{
	bool full = word[0] == '=';
	return function_set_find(set, full ? "" : prefix, word + full);
}

/* Whether all of a set are there, and not all of them functions of what has been found already. */
static bool is_complete(const struct function_set *set, const struct allocators *found,
			const char *prefix, const char *telltales)
{
	char word[WORD_BYTES];
	bool all = true, own = false;
	for (const char *at = telltales; all && next_word(&at, '|', word);) {
		const struct function *f = telltale(set, prefix, word);
		bool known = false;
		for (size_t i = 0; f && i < found->count && !known; i++)
			known = find_address(&found->items[i], f->address) != NULL;
		all = f != NULL;
		own |= !known;
	}
	return all && own;
}

static struct allocator *add(struct allocators *out, enum family family, const char *prefix,
			     const char *evidence)
{
	out->items = mem_grow(out->items, &out->cap, out->count + 1, sizeof(*out->items));
	struct allocator *a = &out->items[out->count++];
	*a = (struct allocator){ .family = family,
				 .name = facts[family].name,
				 .layer = facts[family].layer,
				 .linkage = ALLOCATOR_HIDDEN,
				 .evidence = evidence,
				 .prefix = mem_strdup(prefix) };
	return a;
}

static bool has_instance(const struct allocators *found, enum family family, const char *prefix)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].family == family && strcmp(found->items[i].prefix, prefix) == 0)
			return true;
	return false;
}

static void set_version(struct search *s, struct allocator *a)
{
	const struct version_source source = { .file = s->file,
					       .foreign = s->foreign,
					       .functions = &s->functions,
					       .constants = s->constants,
					       .constants_count = s->constants_count,
					       .is_library = a->linkage == ALLOCATOR_SHARED };
	const char *how = facts[a->family].version;
	memcpy(a->version, s->clues[a->family].version, sizeof(a->version));
	if (!a->version[0])
		family_version_of_functions(how, a->prefix, &source, a->version);
	if (a->version[0] || s->looked_before[a->family])
		return;
	s->looked_before[a->family] = true;
	family_version_of_file(how, &source, a->version);
	memcpy(s->clues[a->family].version, a->version, sizeof(a->version));
}

static void add_by_symbols(struct search *s, enum family family, const char *prefix,
			   const char *telltales)
{
	if (s->out->count >= INSTANCES_MAX || has_instance(s->out, family, prefix))
		return;
	struct allocator *a = add(s->out, family, prefix, telltales);
	if (is_library_of(s, family))
		a->linkage = ALLOCATOR_SHARED;
	take_functions(a, &s->functions);
	if (a->linkage != ALLOCATOR_SHARED)
		set_linkage(a);
}

/* Whether the file's malloc is one of the functions of a set that never have a prefix: Google's
 * tcmalloc, linked in, has its API under the names of the C library alone. */
static bool is_plain_by_alias(const struct search *s, const char *telltales)
{
	char word[WORD_BYTES];
	const struct function *plain = function_set_find(&s->functions, "", "malloc");
	for (const char *at = telltales; plain && next_word(&at, '|', word);) {
		const struct function *f =
			word[0] == '=' ? telltale(&s->functions, "", word) : NULL;
		if (f && f->address == plain->address)
			return true;
	}
	return false;
}

/* Each prefix that the first telltale of the set has. */
static void try_any_prefix(struct search *s, enum family family, const char *telltales)
{
	char word[WORD_BYTES], prefix[WORD_BYTES];
	const char *at = telltales;
	if (!next_word(&at, '|', word))
		return;
	size_t bytes = strlen(word);
	for (size_t i = 0; i < s->functions.count && s->out->count < INSTANCES_MAX; i++) {
		const struct function *f = &s->functions.items[i];
		if (f->name_bytes < bytes ||
		    memcmp(f->name + f->name_bytes - bytes, word, bytes) != 0)
			continue;
		memcpy(prefix, f->name, f->name_bytes - bytes);
		prefix[f->name_bytes - bytes] = '\0';
		if (is_complete(&s->functions, s->out, prefix, telltales))
			add_by_symbols(s, family, prefix, telltales);
	}
}

static bool has_family(const struct allocators *found, enum family family)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].family == family)
			return true;
	return false;
}

static void try_prefix(struct search *s, enum family family, const char *prefix)
{
	for (const char *set = facts[family].telltales; *set;) {
		const char *own = strcmp(prefix, "-") == 0 ? "" : prefix;
		if (strcmp(prefix, "*") == 0)
			try_any_prefix(s, family, set);
		else if (is_complete(&s->functions, s->out, own, set))
			add_by_symbols(s, family, is_plain_by_alias(s, set) ? "" : own, set);
		set += strcspn(set, "|");
		set += *set == '|';
	}
}

static bool needs_others(Elf *elf)
{
	Elf_Scn *section = elf_section_named(elf, ".dynamic");
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Dyn entry;
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_NEEDED)
			return true;
	return false;
}

/* A C library's messages are elsewhere, too (firefox has musl's, of its WebAssembly libraries); its
 * malloc, without symbols, is only where the whole library is. */
static bool can_be_by_messages(const struct search *s, enum family family)
{
	if (family != FAMILY_MUSL && family != FAMILY_GLIBC)
		return true;
	return !s->foreign && !(s->file && needs_others(s->file->elf));
}

/* Only its messages tell. What the file has as malloc is taken for its. */
static void add_by_strings(struct search *s, enum family family)
{
	const struct family_clue *clue = &s->clues[family];
	struct allocator *a = add(s->out, family, clue->prefix, facts[family].strings);
	a->linkage = ALLOCATOR_STRIPPED;
	if (!a->layer && function_set_find(&s->functions, "", "malloc"))
		take_plain(a, &s->functions);
	set_linkage(a);
	if (is_library_of(s, family))
		a->linkage = ALLOCATOR_SHARED;
}

/* The runtime has hooks by these names, and is no allocator. */
static bool is_our_runtime(const struct function_set *set)
{
	for (size_t i = 0; i < AT_COUNT_OF(of_our_runtime); i++)
		if (!function_set_find(set, "", of_our_runtime[i]))
			return false;
	return true;
}

static void find_families(struct search *s)
{
	char prefix[WORD_BYTES];
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		for (const char *at = facts[family].prefixes; next_word(&at, '\0', prefix);)
			try_prefix(s, family, prefix);
		if (s->clues[family].proved && !has_family(s->out, family) &&
		    can_be_by_messages(s, family))
			add_by_strings(s, family);
	}
}

static bool have_versions(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (facts[found->items[i].family].version[0])
			return true;
	return false;
}

/* With the search's functions and constants filled in. */
static void search(struct search *s, struct allocator_finder *finder, const char *name,
		   struct allocators *out)
{
	s->file_name = name;
	s->out = out;
	*out = (struct allocators)ALLOCATORS_INIT;
	if (is_our_runtime(&s->functions))
		return;
	/* Reading the constants takes longer than everything else. */
	bool by_messages = !s->file || elf_gets_system_memory(s->file->elf);
	if (by_messages)
		family_clues_find(finder->texts, s->constants, s->constants_count, s->clues);
	find_families(s);
	if (!by_messages && have_versions(out))
		family_clues_find(finder->texts, s->constants, s->constants_count, s->clues);
	for (size_t i = 0; i < out->count; i++)
		set_version(s, &out->items[i]);
	if (finder->users)
		user_families_find(finder->users, &s->functions, out);
}

/* A user's families have names of their own. */
static const struct name_endings *endings_of(const struct allocator_finder *finder)
{
	return finder->users ? NULL : &finder->endings;
}

static void add_functions(struct search *s, Elf *elf)
{
	function_set_add(&s->functions, elf, SHT_DYNSYM);
	function_set_add(&s->functions, elf, SHT_SYMTAB);
}

void allocators_find(struct allocator_finder *finder, const struct elf_file *file, const char *name,
		     struct allocators *out)
{
	const struct constants constants = { .file = file };
	struct search *s = mem_zalloc(1, sizeof(*s));
	s->file = file;
	s->constants = &constants;
	s->constants_count = 1;
	s->functions.endings = endings_of(finder);
	add_functions(s, file->elf);
	search(s, finder, name, out);
	function_set_release(&s->functions);
	free(s);
}

/* As those of ELF objects: by the number of the object in their addresses they differ. */
static void add_foreign_functions(struct function_set *set, const struct foreign_file *file)
{
	enum { OBJECT_BIT = 48 };
	for (size_t i = 0; i < file->functions.count; i++) {
		struct function f = file->functions.items[i];
		f.address = (f.address & ((UINT64_C(1) << OBJECT_BIT) - 1)) | (uint64_t)set->objects
										      << OBJECT_BIT;
		function_set_put(set, &f);
	}
	set->objects++;
}

void allocators_find_in_archive(struct allocator_finder *finder, const struct elf_archive *archive,
				const char *name, struct allocators *out)
{
	size_t count = archive->count + archive->foreign_count;
	struct constants *constants = mem_zalloc(count, sizeof(*constants));
	struct search *s = mem_zalloc(1, sizeof(*s));
	s->constants = constants;
	s->constants_count = count;
	s->functions.endings = endings_of(finder);
	for (size_t i = 0; i < archive->count; i++) {
		constants[i].file = &archive->objects[i];
		add_functions(s, archive->objects[i].elf);
	}
	for (size_t i = 0; i < archive->foreign_count; i++) {
		const struct foreign_file *file = archive->foreign[i];
		constants[archive->count + i] =
			(struct constants){ &file->bytes, file->constants, file->constant_count };
		add_foreign_functions(&s->functions, file);
	}
	search(s, finder, name, out);
	function_set_release(&s->functions);
	free(s);
	free(constants);
}

void allocators_find_in_foreign(struct allocator_finder *finder, const struct foreign_file *file,
				const char *name, struct allocators *out)
{
	const struct constants constants = { &file->bytes, file->constants, file->constant_count };
	struct search *s = mem_zalloc(1, sizeof(*s));
	s->foreign = file;
	s->constants = &constants;
	s->constants_count = 1;
	s->functions = file->functions;
	search(s, finder, name, out);
	free(s);
}

void allocators_find_by_symbols(const struct elf_file *file, const char *name,
				const struct function_set *functions, struct allocators *out)
{
	struct search s = { .file = file, .file_name = name, .functions = *functions, .out = out };
	*out = (struct allocators)ALLOCATORS_INIT;
	find_families(&s);
}

void allocators_add_versions(struct allocators *found, const struct elf_file *file,
			     const struct function_set *functions)
{
	const struct constants constants = { .file = file };
	struct family_texts *texts = family_texts_new();
	struct search *s = mem_zalloc(1, sizeof(*s));
	s->file = file;
	s->constants = &constants;
	s->constants_count = 1;
	s->functions = *functions;
	family_clues_find(texts, s->constants, 1, s->clues);
	for (size_t i = 0; i < found->count; i++)
		set_version(s, &found->items[i]);
	free(s);
	family_texts_free(texts);
}

/* ---- symbols from elsewhere ---- */

static void add_symbols(struct allocators *found, size_t index, const struct elf_file *file,
			const struct function_set *set, enum allocator_symbols from)
{
	enum family family = found->items[index].family;
	struct allocators proof = ALLOCATORS_INIT;
	const struct constants constants = { .file = file };
	struct search s = { .file = file,
			    .constants = &constants,
			    .constants_count = 1,
			    .file_name = "",
			    .functions = *set,
			    .out = &proof };
	char prefix[WORD_BYTES];
	for (const char *at = facts[family].prefixes; next_word(&at, '\0', prefix);)
		try_prefix(&s, family, prefix);
	if (proof.count == 0)
		return;
	set_version(&s, &proof.items[0]);
	struct allocator *a = &found->items[index];
	char version[sizeof(a->version)];
	memcpy(version, a->version, sizeof(version));
	release(a);
	*a = proof.items[0];
	a->linkage = ALLOCATOR_HIDDEN;
	a->symbols_from = from;
	if (version[0])
		memcpy(a->version, version, sizeof(version));
	for (size_t i = 1; i < proof.count; i++)
		release(&proof.items[i]);
	free(proof.items);
}

void allocators_add_symbols(struct allocators *found, const struct elf_file *file,
			    const struct elf_file *symbols, enum allocator_symbols from)
{
	struct function_set set = FUNCTION_SET_INIT;
	function_set_add(&set, symbols->elf, SHT_SYMTAB);
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].linkage == ALLOCATOR_STRIPPED)
			add_symbols(found, i, file, &set, from);
	function_set_release(&set);
}
