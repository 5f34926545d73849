/* expectations.c - see expectations.h. The words of what is not met are in expectation_words.c. */
#include "link/expectations.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "link/expectation_words.h"
#include "util/mem.h"
#include "util/path.h"

/* Kinds that have a heap of their own, and a name that a user knows. */
static bool is_kind(unsigned family)
{
	static const bool layers[FAMILY_COUNT] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) layer,
#include "wire/families.def"
#undef FAMILY
	};
	return !layers[family] && family != FAMILY_USER;
}

/* ---- what is wanted ---- */

static int unknown_kind(const char *name, struct err *err)
{
	struct strbuf all = STRBUF_INIT;
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		if (is_kind(i))
			strbuf_addf(&all, "%s%s", all.len ? ", " : "", family_name(i));
	err_set(err, "there is no kind of allocator '%s'; there are %s", name, all.text);
	strbuf_release(&all);
	return -1;
}

static int parse_kind(struct expectation *x, const char *name, struct err *err)
{
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		if (is_kind(i) && strcasecmp(family_name(i), name) == 0) {
			x->family = (enum family)i;
			return 0;
		}
	return unknown_kind(name, err);
}

static int parse_version(struct expectation *x, char *text, struct err *err)
{
	char *at = strpbrk(text, "<>=");
	if (!at)
		return 0;
	x->test = strncmp(at, ">=", 2) == 0    ? VERSION_AT_LEAST
		  : *at == '='		       ? VERSION_EQUAL
		  : *at == '<' && at[1] != '=' ? VERSION_BELOW
					       : VERSION_ANY;
	const char *version = at + (x->test == VERSION_AT_LEAST ? 2 : 1);
	if (x->test == VERSION_ANY || !*version || version[strspn(version, "0123456789.")] != '\0')
		return err_set(err, "'%s' is no version: >=2.1, <2.1 or =2.1", at);
	x->version = mem_strdup(version);
	*at = '\0';
	return 0;
}

static int parse(struct expectation *x, const char *text, struct err *err)
{
	char *copy = mem_strdup(text), *at = strchr(copy, '@');
	int code = 0;
	if (at && !at[1])
		code = err_set(err, "'%s' has no module behind the @", text);
	if (at) {
		x->module = mem_strdup(at + 1);
		*at = '\0';
	}
	if (code == 0)
		code = parse_version(x, copy, err);
	if (code == 0)
		code = parse_kind(x, copy, err);
	free(copy);
	return code;
}

static void release(struct expectation *x)
{
	free(x->version);
	free(x->module);
}

int expectations_add(struct expectations *e, enum expectation_wish wish, const char *text,
		     struct err *err)
{
	struct expectation x = { .wish = wish, .text = text, .family = FAMILY_COUNT };
	if (text && parse(&x, text, err) < 0) {
		release(&x);
		return -1;
	}
	e->items = mem_grow(e->items, &e->cap, e->count + 1, sizeof(*e->items));
	e->items[e->count++] = x;
	return 0;
}

void expectations_release(struct expectations *e)
{
	for (size_t i = 0; i < e->count; i++)
		release(&e->items[i]);
	free(e->items);
	*e = (struct expectations)EXPECTATIONS_INIT;
}

void unmets_release(struct unmets *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->items[i].target);
		free(u->items[i].found);
		free(u->items[i].why);
		free(u->items[i].fix);
	}
	free(u->items);
	*u = (struct unmets)UNMETS_INIT;
}

static void add_unmet(struct unmets *out, const struct expectation *x, const char *target,
		      struct unmet_words *words)
{
	out->items = mem_grow(out->items, &out->cap, out->count + 1, sizeof(*out->items));
	out->items[out->count++] = (struct unmet){
		.expectation = x,
		.target = target ? mem_strdup(target) : NULL,
		.found = strbuf_detach(&words->found),
		.why = words->why.len ? strbuf_detach(&words->why) : NULL,
		.fix = words->fix.len ? strbuf_detach(&words->fix) : NULL,
	};
}

static void add_unmet_of(struct unmets *out, const struct expectation *x, const struct linked *l,
			 struct unmet_words *words)
{
	char *process = l->pid ? mem_printf("%s (process %d)", l->name, l->pid) : NULL;
	add_unmet(out, x, process ? process : l->name, words);
	free(process);
}

/* ---- one allocator against one wish ---- */

/* Dotted numbers; what is missing is 0. */
static int compare_versions(const char *a, const char *b)
{
	while (*a || *b) {
		char *a_end, *b_end;
		unsigned long p = strtoul(a, &a_end, 10), q = strtoul(b, &b_end, 10);
		if (p != q)
			return p < q ? -1 : 1;
		a = a_end + strcspn(a_end, "0123456789");
		b = b_end + strcspn(b_end, "0123456789");
	}
	return 0;
}

static bool version_is(const struct expectation *x, const struct allocator *is)
{
	if (x->test == VERSION_ANY)
		return true;
	/* One that is forbidden may be this. */
	if (!*is->version)
		return x->wish == EXPECT_NONE;
	int order = compare_versions(is->version, x->version);
	return x->test == VERSION_EQUAL	  ? order == 0
	       : x->test == VERSION_BELOW ? order < 0
					  : order >= 0;
}

bool expectation_is_of_kind(const struct expectation *x, const struct allocator *is)
{
	return is && !is->layer && is->family == x->family && version_is(x, is);
}

/* The whole path or its last part. */
static bool is_meant(const struct expectation *x, const char *path, const char *soname)
{
	return !x->module || fnmatch(x->module, path, 0) == 0 ||
	       fnmatch(x->module, path_name(path), 0) == 0 ||
	       (soname && fnmatch(x->module, soname, 0) == 0);
}

bool expectation_means(const struct expectation *x, const struct linked *l, size_t module)
{
	return is_meant(x, l->modules[module].path, l->modules[module].file.soname);
}

static bool is_libc_family(enum family family)
{
	return family == FAMILY_GLIBC || family == FAMILY_MUSL;
}

/* ---- the one in use ---- */

static bool makes_blocks(const struct use *u)
{
	return use_takes_blocks(u) &&
	       use_groups(u) & (USE_MALLOC | USE_ALIGNED | USE_NEW | USE_API);
}

/* What decides: in a module of Rust's its #[global_allocator], if that is inside; else what makes
 * blocks by name; where nothing does, what is inside. */
enum deciding { BY_RUST, BY_NAME, BY_INSIDE, DECIDING };

static bool decides(const struct use *u, enum deciding by)
{
	switch (by) {
	case BY_RUST:
		return u->is_rust;
	case BY_NAME:
		return u->kind != USE_INSIDE && makes_blocks(u);
	default:
		return u->kind == USE_INSIDE;
	}
}

/* The first use of the module that decides and is of another kind; NULL: all are right. Sets *count
 * to how many decide. */
static const struct use *wrong_use(const struct expectation *x, const struct linked *l,
				   const struct uses *uses, size_t module, size_t *count)
{
	const struct use *wrong = NULL;
	*count = 0;
	for (int by = 0; by < DECIDING && *count == 0; by++)
		for (size_t i = 0; i < uses->count; i++) {
			const struct use *u = &uses->items[i];
			if (u->user != module || !decides(u, (enum deciding)by))
				continue;
			++*count;
			if (!wrong && !expectation_is_of_kind(x, use_allocator(l, u)))
				wrong = u;
		}
	return wrong;
}

static void check_module(struct expectation *x, const struct linked *l, const struct uses *uses,
			 size_t module, struct unmets *out)
{
	struct unmet_words words = UNMET_WORDS_INIT;
	size_t deciding;
	const struct use *wrong = wrong_use(x, l, uses, module, &deciding);
	struct use program = { 0 };
	if (deciding == 0 && module == 0 && !x->module) {
		use_of_program(&program, l);
		deciding = 1;
		if (!expectation_is_of_kind(x, use_allocator(l, &program)))
			wrong = &program;
	}
	x->was_tested = x->was_tested || deciding;
	if (wrong) {
		unmet_in_use(&words, x, l, wrong);
		add_unmet_of(out, x, l, &words);
	}
	use_release(&program);
}

static void check_in_use(struct expectation *x, const struct linked *l, const struct uses *uses,
			 struct unmets *out)
{
	for (size_t i = 0; i < l->count; i++)
		if (x->module ? expectation_means(x, l, i) : i == 0)
			check_module(x, l, uses, i, out);
}

/* ---- not there ---- */

static void check_none(struct expectation *x, const struct linked *l, const struct uses *uses,
		       struct unmets *out)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].found.count; k++) {
			struct unmet_words words = UNMET_WORDS_INIT;
			if (!expectation_is_of_kind(x, &l->modules[i].found.items[k]))
				continue;
			if (is_libc_family(x->family)) {
				if (!unmet_none_by_use(&words, x, l, uses, i, k))
					continue;
			} else if (expectation_means(x, l, i)) {
				unmet_none(&words, l, uses, i, k);
			} else {
				continue;
			}
			add_unmet_of(out, x, l, &words);
		}
}

/* ---- one alone ---- */

/* One use for each allocator that is called, or can be. */
static void check_single(struct expectation *x, const struct linked *l, const struct uses *uses,
			 struct unmets *out)
{
	const struct use **each = mem_zalloc(uses->count + 1, sizeof(const struct use *));
	size_t count = 0;
	for (size_t i = 0; i < uses->count; i++) {
		const struct use *u = &uses->items[i];
		const struct allocator *is = use_allocator(l, u);
		bool is_new = is && !is->layer && use_takes_blocks(u);
		for (size_t k = 0; k < count && is_new; k++)
			is_new = !use_is_same(each[k], u);
		if (is_new)
			each[count++] = u;
	}
	if (count > 1) {
		struct unmet_words words = UNMET_WORDS_INIT;
		unmet_single(&words, l, uses, each, count);
		add_unmet_of(out, x, l, &words);
	}
	free(each);
}

void expectations_check(struct expectations *e, const struct linked *l, struct unmets *out)
{
	struct uses uses;
	uses_find(&uses, l);
	for (size_t i = 0; i < e->count && l->count; i++) {
		struct expectation *x = &e->items[i];
		if (x->wish == EXPECT_IN_USE)
			check_in_use(x, l, &uses, out);
		else if (x->wish == EXPECT_NONE)
			check_none(x, l, &uses, out);
		else
			check_single(x, l, &uses, out);
	}
	uses_release(&uses);
}

/* ---- a file for itself ---- */

static bool file_is_wrong(const struct expectation *x, const struct allocator *is)
{
	return x->wish == EXPECT_IN_USE ? !expectation_is_of_kind(x, is)
					: expectation_is_of_kind(x, is);
}

void expectations_check_file(struct expectations *e, const char *path,
			     const struct allocators *found, struct unmets *out)
{
	for (size_t i = 0; i < e->count; i++) {
		struct expectation *x = &e->items[i];
		size_t heaps = 0;
		for (size_t k = 0; k < found->count && is_meant(x, path, NULL); k++) {
			struct unmet_words words = UNMET_WORDS_INIT;
			const struct allocator *is = &found->items[k];
			heaps += !is->layer;
			if (is->layer || x->wish == EXPECT_SINGLE || !file_is_wrong(x, is))
				continue;
			unmet_in_file(&words, is);
			add_unmet(out, x, path, &words);
		}
		x->was_tested = x->was_tested || heaps;
		if (x->wish == EXPECT_SINGLE && heaps > 1) {
			struct unmet_words words = UNMET_WORDS_INIT;
			unmet_single_in_file(&words, found);
			add_unmet(out, x, path, &words);
		}
	}
}

void expectations_finish(struct expectations *e, struct unmets *out)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct expectation *x = &e->items[i];
		if (x->wish != EXPECT_IN_USE || x->was_tested)
			continue;
		struct unmet_words words = UNMET_WORDS_INIT;
		unmet_untested(&words, x);
		add_unmet(out, x, NULL, &words);
	}
}

void expectation_add_option(struct strbuf *out, const struct expectation *e)
{
	strbuf_adds(out, e->wish == EXPECT_IN_USE ? "--expect="
			 : e->wish == EXPECT_NONE ? "--forbid="
						  : "--single");
	if (e->text)
		strbuf_adds(out, e->text);
}
