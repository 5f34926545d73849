/* expectation_words.c - see expectation_words.h. */
#include "link/expectation_words.h"

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "link/link_words.h"
#include "util/path.h"

enum { MOST_SYMBOLS = 3, MOST_MODULES = 3 };

static const char *name_of(const struct linked *l, size_t module)
{
	return path_name(l->modules[module].path);
}

static bool is_libc_kind(enum family family)
{
	return family == FAMILY_GLIBC || family == FAMILY_MUSL;
}

/* "-lmimalloc"; nothing where the kind has no library of its own. */
static bool add_link_option(struct strbuf *out, enum family family)
{
	const char *library = family_library(family);
	if (strncmp(library, "lib", 3) != 0 || is_libc_kind(family))
		return false;
	strbuf_adds(out, "-l");
	strbuf_add(out, library + 3, strcspn(library, " .") - 3);
	return true;
}

/* "mimalloc 2.0.9 of libmimalloc.so.2" */
static void add_provider(struct strbuf *out, const struct linked *l, const struct use *u)
{
	const struct allocator *is = use_allocator(l, u);
	if (u->module >= l->count) {
		strbuf_adds(out, "nobody that was found");
		return;
	}
	if (!is) {
		strbuf_addf(out, "%s, where no allocator is known", name_of(l, u->module));
		return;
	}
	link_add_allocator(out, is);
	strbuf_addf(out, " %s %s", is->linkage == ALLOCATOR_SHARED ? "of" : "inside",
		    name_of(l, u->module));
}

static void add_names(struct strbuf *out, const struct linked *l, const size_t *modules,
		      size_t count)
{
	size_t shown = count > MOST_MODULES + 1 ? MOST_MODULES : count;
	for (size_t i = 0; i < shown; i++)
		strbuf_addf(out, "%s%s",
			    i == 0	     ? ""
			    : i + 1 == count ? " and "
					     : ", ",
			    name_of(l, modules[i]));
	if (count > shown)
		strbuf_addf(out, " and %zu others", count - shown);
}

static bool is_shared_library(const struct linked *l, const struct use *u)
{
	return use_allocator(l, u)->linkage == ALLOCATOR_SHARED;
}

/* The modules that use the allocator by name and are meant; what its own library does is none. */
static bool add_users(struct strbuf *out, const struct expectation *x, const struct linked *l,
		      const struct uses *uses, size_t module, size_t allocator)
{
	size_t users[MOST_MODULES + 1], count = 0;
	for (size_t i = 0; i < uses->count; i++) {
		const struct use *u = &uses->items[i];
		if (u->module != module || u->allocator != allocator || u->kind == USE_INSIDE ||
		    !use_takes_blocks(u) || (x && !expectation_means(x, l, u->user)) ||
		    (u->user == module && is_shared_library(l, u)))
			continue;
		if (count < AT_COUNT_OF(users))
			users[count] = u->user;
		count++;
	}
	if (count == 1 && users[0] == module)
		strbuf_adds(out, "itself");
	else
		add_names(out, l, users, count);
	return count != 0;
}

/* "prog needs liba.so, that needs libb.so" */
static void add_chain(struct strbuf *out, const struct linked *l, size_t module)
{
	const struct linked_module *m = &l->modules[module];
	if (module == 0)
		return;
	if (m->wanted_by < l->count)
		strbuf_addf(out, "%s is there because %s needs it", name_of(l, module),
			    name_of(l, m->wanted_by));
	else
		strbuf_addf(out, "%s was %s", name_of(l, module),
			    m->flags & BINDING_OPENED ? "opened by dlopen()" : "preloaded");
}

static void add_part(struct strbuf *out, const char *separator)
{
	if (out->len)
		strbuf_adds(out, separator);
}

/* How to be rid of it. */
static void add_removal(struct unmet_words *out, const struct linked *l, size_t module,
			const struct allocator *is)
{
	if (is->linkage == ALLOCATOR_SHARED) {
		const struct linked_module *m = &l->modules[module];
		if (m->wanted_by < l->count) {
			strbuf_addf(&out->fix, "link %s without ", name_of(l, m->wanted_by));
			if (!add_link_option(&out->fix, is->family))
				strbuf_adds(&out->fix, name_of(l, module));
		} else {
			strbuf_addf(&out->fix, "do not preload or open %s", name_of(l, module));
		}
	} else {
		strbuf_addf(&out->fix, "build %s without it, or do without %s", name_of(l, module),
			    name_of(l, module));
	}
}

/* ---- in use ---- */

static bool defines(const struct linked_module *m, const char *symbol)
{
	for (size_t i = 0; i < m->file.symbol_count; i++)
		if (m->file.symbols[i].flags & BINDING_DEFINED &&
		    !(m->file.symbols[i].flags & BINDING_LOCAL) &&
		    strcmp(m->file.symbols[i].name, symbol) == 0)
			return true;
	return false;
}

static size_t module_with_kind(const struct expectation *x, const struct linked *l,
			       const struct allocator **is)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].found.count; k++)
			if (expectation_is_of_kind(x, &l->modules[i].found.items[k])) {
				*is = &l->modules[i].found.items[k];
				return i;
			}
	return SIZE_MAX;
}

static void add_absent(struct unmet_words *out, const struct expectation *x)
{
	add_part(&out->why, "; ");
	strbuf_addf(&out->why, "no module carries %s", family_name(x->family));
	strbuf_adds(&out->fix, "link with ");
	if (!add_link_option(&out->fix, x->family))
		strbuf_adds(&out->fix, "it");
	strbuf_adds(&out->fix, " before all libraries that define malloc (with "
			       "-Wl,--no-as-needed, if the linker dropped it), or set LD_PRELOAD");
}

static void add_not_bound(struct unmet_words *out, const struct linked *l, const struct use *wrong,
			  size_t with, const struct allocator *is)
{
	const char *symbol = wrong->symbol_count ? wrong->symbols[0] : "malloc";
	const struct linked_module *m = &l->modules[with];
	add_part(&out->why, "; ");
	strbuf_addf(&out->why, "%s carries ", name_of(l, with));
	link_add_allocator(&out->why, is);
	if (with == wrong->user && is->linkage != ALLOCATOR_EXPORTED && wrong->kind == USE_BOUND) {
		strbuf_addf(&out->why,
			    " inside, under names of its own%s%s%s: whether its code "
			    "calls that is not seen",
			    *is->prefix ? " (" : "", is->prefix, *is->prefix ? ")" : "");
		strbuf_addf(&out->fix,
			    "see by `alloctrace %s` whether its calls are recorded, as for "
			    "Rust's #[global_allocator]; if malloc is to be it, build it "
			    "without a prefix",
			    m->path);
		return;
	}
	if (!defines(m, symbol)) {
		strbuf_adds(&out->why, is->linkage == ALLOCATOR_SHARED
					       ? ", which does not define "
					       : ", hidden in it, which does not serve ");
		binding_add_function(&out->why, symbol);
		strbuf_adds(&out->why, " for others");
		strbuf_addf(&out->fix, "build it so that it defines ");
		binding_add_function(&out->fix, symbol);
		strbuf_adds(&out->fix, ", exported and without a prefix, or call its functions by "
				       "their own names");
		return;
	}
	if (wrong->module < l->count && with > wrong->module) {
		strbuf_addf(&out->why, ", and is searched after %s", name_of(l, wrong->module));
		strbuf_addf(&out->fix, "link %s before %s, or set LD_PRELOAD=%s", name_of(l, with),
			    name_of(l, wrong->module), m->path);
		return;
	}
	strbuf_adds(&out->why, ", and is not searched for this");
	strbuf_addf(&out->fix, "link %s to the program instead of opening it, or set LD_PRELOAD=%s",
		    name_of(l, with), m->path);
}

void unmet_in_use(struct unmet_words *out, const struct expectation *x, const struct linked *l,
		  const struct use *wrong)
{
	const struct allocator *is = NULL, *there = use_allocator(l, wrong);
	if (wrong->kind == USE_INSIDE)
		strbuf_addf(&out->found, "what %s can call is ", name_of(l, wrong->user));
	else if (wrong->symbol_count) {
		link_add_symbols(&out->found, wrong, MOST_SYMBOLS);
		strbuf_addf(&out->found, " of %s %s ", name_of(l, wrong->user),
			    wrong->symbol_count > 1 && !wrong->is_rust ? "are from" : "is from");
	} else
		strbuf_adds(&out->found, "malloc is from ");
	add_provider(&out->found, l, wrong);
	if (wrong->kind == USE_BOUND)
		link_add_reason(&out->why, l, wrong);
	if (there && there->family == x->family) {
		add_part(&out->why, "; ");
		strbuf_adds(&out->why, *there->version ? "it is of another version"
						       : "its version is not known");
		strbuf_addf(&out->fix, "install or link the version that is wanted");
		return;
	}
	size_t with = module_with_kind(x, l, &is);
	if (wrong->kind == USE_BOUND && wrong->binding.reason == BINDING_BY_DEEPBIND)
		strbuf_adds(&out->fix, "open it without RTLD_DEEPBIND");
	else if (there && (is_libc_kind(x->family) || wrong->module == wrong->user))
		/* Nothing that is linked or preloaded would come before it. */
		add_removal(out, l, wrong->module, there);
	else if (with == SIZE_MAX)
		add_absent(out, x);
	else
		add_not_bound(out, l, wrong, with, is);
}

/* ---- not there ---- */

void unmet_none(struct unmet_words *out, const struct linked *l, const struct uses *uses,
		size_t module, size_t allocator)
{
	static const char *const how[ALLOCATOR_LINKAGES] = { "its shared library",
							     "static, exported", "static, hidden",
							     "static, stripped" };
	const struct allocator *is = &l->modules[module].found.items[allocator];
	link_add_allocator(&out->found, is);
	strbuf_addf(&out->found, " is in %s (%s)", name_of(l, module), how[is->linkage]);
	add_chain(&out->why, l, module);
	add_part(&out->why, "; ");
	struct strbuf users = STRBUF_INIT;
	if (add_users(&users, NULL, l, uses, module, allocator))
		strbuf_addf(&out->why, "it serves %s", users.text);
	else
		strbuf_adds(&out->why, is->linkage == ALLOCATOR_SHARED
					       ? "nobody is bound to it"
					       : "nobody is bound to it by name");
	strbuf_release(&users);
	add_removal(out, l, module, is);
}

bool unmet_none_by_use(struct unmet_words *out, const struct expectation *x, const struct linked *l,
		       const struct uses *uses, size_t module, size_t allocator)
{
	const struct allocator *is = &l->modules[module].found.items[allocator];
	struct strbuf users = STRBUF_INIT;
	bool used = add_users(&users, x, l, uses, module, allocator);
	if (used) {
		link_add_allocator(&out->found, is);
		strbuf_addf(&out->found, " of %s serves %s", name_of(l, module), users.text);
		for (size_t i = 0; i < uses->count; i++)
			if (uses->items[i].module == module &&
			    uses->items[i].allocator == allocator &&
			    uses->items[i].user != module &&
			    expectation_means(x, l, uses->items[i].user) &&
			    use_takes_blocks(&uses->items[i])) {
				link_add_reason(&out->why, l, &uses->items[i]);
				break;
			}
		strbuf_adds(&out->fix, "link an allocator that defines all of these names before "
				       "libc, or set LD_PRELOAD");
	}
	strbuf_release(&users);
	return used;
}

/* ---- one alone ---- */

static void add_one_of_several(struct unmet_words *out, const struct linked *l,
			       const struct uses *uses, const struct use *u)
{
	struct strbuf users = STRBUF_INIT;
	add_provider(&out->found, l, u);
	if (u->kind == USE_INSIDE)
		strbuf_adds(&out->found, ", which only that can call");
	else if (add_users(&users, NULL, l, uses, u->module, u->allocator))
		strbuf_addf(&out->found, ", for %s", users.text);
	strbuf_release(&users);
}

/* What can be said of the one that stands alone: not the program's, and no C library's. */
static const struct use *odd_one(const struct linked *l, const struct use *const *each,
				 size_t count)
{
	struct use program;
	const struct use *odd = NULL;
	use_of_program(&program, l);
	for (size_t i = 0; i < count && !odd; i++)
		if (!use_is_same(each[i], &program))
			odd = each[i];
	use_release(&program);
	return odd ? odd : each[count - 1];
}

void unmet_single(struct unmet_words *out, const struct linked *l, const struct uses *uses,
		  const struct use *const *each, size_t count)
{
	strbuf_addf(&out->found, "%zu allocators can be called: ", count);
	for (size_t i = 0; i < count; i++) {
		if (i)
			strbuf_adds(&out->found, "; ");
		add_one_of_several(out, l, uses, each[i]);
	}
	const struct use *odd = odd_one(l, each, count);
	if (odd->kind == USE_BOUND && odd->binding.reason != BINDING_NOT_FOUND) {
		binding_add_function(&out->why, odd->symbols[0]);
		strbuf_addf(&out->why, " of %s is from %s: ", name_of(l, odd->user),
			    name_of(l, odd->module));
		link_add_reason(&out->why, l, odd);
	} else {
		add_chain(&out->why, l, odd->module);
	}
	if (odd->kind == USE_BOUND && is_libc_kind(use_allocator(l, odd)->family))
		strbuf_adds(&out->fix, "use an allocator that defines these names, too, and comes "
				       "before libc");
	else
		add_removal(out, l, odd->module, use_allocator(l, odd));
}

/* ---- files for themselves ---- */

void unmet_in_file(struct unmet_words *out, const struct allocator *is)
{
	static const char *const how[ALLOCATOR_LINKAGES] = { "it is its shared library",
							     "static, exported", "static, hidden",
							     "static, stripped" };
	strbuf_adds(&out->found, "it carries ");
	link_add_allocator(&out->found, is);
	strbuf_addf(&out->found, " (%s)", how[is->linkage]);
	strbuf_adds(&out->fix, "build or choose the file without it");
}

void unmet_single_in_file(struct unmet_words *out, const struct allocators *found)
{
	size_t heaps = 0;
	for (size_t i = 0; i < found->count; i++) {
		if (found->items[i].layer)
			continue;
		strbuf_adds(&out->found, heaps++ ? ", " : "it carries ");
		link_add_allocator(&out->found, &found->items[i]);
	}
	strbuf_adds(&out->fix, "link it with one of them alone");
}

void unmet_untested(struct unmet_words *out, const struct expectation *x)
{
	if (x->module)
		strbuf_addf(&out->found, "no module of the name '%s' uses or carries an allocator",
			    x->module);
	else
		strbuf_adds(&out->found, "no file that was looked at uses or carries an allocator");
	strbuf_adds(&out->fix, "name the program or file that is to have it");
}
