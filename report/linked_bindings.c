/* linked_bindings.c - who each allocation symbol of a program and its libraries is bound to, as
 * text; see linked_report.h.
 *
 * Told in groups: what is bound to the same module for the same reason. A program with sixty
 * libraries has some five of them; the smallest stands first, because what is odd is rare. */
#include <stdlib.h>
#include <string.h>

#include "report/humane.h"
#include "report/linked_report.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/roles.h"

struct reference {
	size_t module;
	const struct linked_import *import;
	const char *symbol;
};

struct group {
	size_t provider; /* SIZE_MAX: none */
	enum binding_reason reason;
	bool weak;	/* and so it does no harm that nothing was found */
	size_t stub_of; /* this module has a stub that calls the provider's; SIZE_MAX: none */
	size_t realloc; /* the provider's function calls realloc() of this one; SIZE_MAX: none */
	struct reference *uses;
	size_t count, cap;
};

struct bindings_text {
	const struct linked *linked;
	const struct linked_style *style;
	struct strbuf out;
	struct group *groups;
	size_t group_count, group_cap;
};

/* ---- words in lines ---- */

/* A list of words that begins behind a title and is broken into lines, or cut off at the end of the
 * first one with how many are left. */
struct list {
	struct bindings_text *text;
	size_t indent, column, left;
	bool is_cut;
};

enum { LIST_INDENT = 12, REST_BYTES = 12 };

static struct list list_begin(struct bindings_text *t, const char *title, size_t words)
{
	strbuf_addf(&t->out, "  %-*s", LIST_INDENT - 2, title);
	return (struct list){ t, LIST_INDENT, LIST_INDENT, words, false };
}

static void list_add(struct list *list, const char *word)
{
	struct strbuf *out = &list->text->out;
	const struct linked_style *style = list->text->style;
	const size_t bytes = strlen(word), reserve = list->left > 1 ? REST_BYTES : 0;
	const bool is_first = list->column == list->indent;
	if (list->is_cut)
		return;
	if (!is_first && !style->details && list->column + 2 + bytes + reserve > style->width) {
		strbuf_addf(out, ", %zu more", list->left);
		list->is_cut = true;
		return;
	}
	if (!is_first && list->column + 2 + bytes >= style->width) {
		strbuf_addf(out, ",\n%*s", (int)list->indent, "");
		list->column = list->indent;
	} else if (!is_first) {
		strbuf_adds(out, ", ");
		list->column += 2;
	}
	strbuf_adds(out, word);
	list->column += bytes;
	list->left--;
}

static void list_end(struct list *list)
{
	strbuf_addc(&list->text->out, '\n');
}

/* ---- groups ---- */

/* libc's reallocarray() calls realloc() by name, and that may be another's. */
static size_t realloc_behind(const struct linked *l, const char *symbol, size_t provider)
{
	if (strcmp(symbol, "reallocarray") != 0 || !path_is_libc(l->modules[provider].path))
		return SIZE_MAX;
	const struct binding on = linked_search(l, provider, "realloc");
	return on.reason == BINDING_NOT_FOUND || on.module == provider ? SIZE_MAX : on.module;
}

/* What the import is bound to, as a group without uses. */
static struct group kind_of(const struct linked *l, const struct linked_module *m,
			    const struct linked_import *import)
{
	const struct binding *b = &import->binding;
	const struct binding_symbol *s = &m->file.symbols[import->symbol];
	struct group kind = {
		.provider = SIZE_MAX, .reason = b->reason, .stub_of = SIZE_MAX, .realloc = SIZE_MAX
	};
	if (b->reason == BINDING_NOT_FOUND) {
		kind.weak = s->flags & BINDING_WEAK;
		return kind;
	}
	kind.provider = b->module;
	if (!(b->symbol->flags & BINDING_DEFINED)) {
		const size_t on = linked_served_by(l, m, import);
		kind.stub_of = on == SIZE_MAX ? SIZE_MAX : b->module;
		kind.provider = on == SIZE_MAX ? b->module : on;
	}
	kind.realloc = realloc_behind(l, s->name, kind.provider);
	return kind;
}

static struct group *group_of(struct bindings_text *t, const struct group *kind)
{
	for (size_t i = 0; i < t->group_count; i++) {
		struct group *g = &t->groups[i];
		if (g->provider == kind->provider && g->reason == kind->reason &&
		    g->weak == kind->weak && g->stub_of == kind->stub_of &&
		    g->realloc == kind->realloc)
			return g;
	}
	t->groups = mem_grow(t->groups, &t->group_cap, t->group_count + 1, sizeof(*t->groups));
	t->groups[t->group_count] = *kind;
	return &t->groups[t->group_count++];
}

static void collect(struct bindings_text *t)
{
	const struct linked *l = t->linked;
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].import_count; k++) {
			const struct linked_module *m = &l->modules[i];
			const struct linked_import *import = &m->imports[k];
			const struct binding_symbol *s = &m->file.symbols[import->symbol];
			if (import->is_known || !linked_is_told(l, m, import) ||
			    !shown_module(t->style->shown, m->path) ||
			    !shown_symbol(t->style->shown, s->name))
				continue;
			const struct group kind = kind_of(l, m, import);
			struct group *g = group_of(t, &kind);
			g->uses = mem_grow(g->uses, &g->cap, g->count + 1, sizeof(*g->uses));
			g->uses[g->count++] = (struct reference){ i, import, s->name };
		}
}

/* What nothing defines comes first; last what leads to another's in the end, as stubs do, and what
 * need not be defined. */
static int rank_of(const struct group *g)
{
	if (g->reason == BINDING_NOT_FOUND)
		return g->weak ? 3 : 0;
	return g->stub_of == SIZE_MAX && g->realloc == SIZE_MAX ? 1 : 2;
}

static int by_rarity(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (rank_of(x) != rank_of(y))
		return rank_of(x) - rank_of(y);
	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	if (x->provider != y->provider)
		return x->provider < y->provider ? -1 : 1;
	return (int)x->reason - (int)y->reason;
}

static unsigned place_of(const char *symbol)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (strcmp(role_symbol(role), symbol) == 0)
			return role;
	return ROLE_COUNT;
}

/* malloc before free before operators before others. */
static int by_symbol(const void *a, const void *b)
{
	const struct reference *x = a, *y = b;
	const unsigned p = place_of(x->symbol), q = place_of(y->symbol);
	if (p != q)
		return p < q ? -1 : 1;
	const int order = strcmp(x->symbol, y->symbol);
	return order ? order : (x->module > y->module) - (x->module < y->module);
}

static void sort_groups(struct bindings_text *t)
{
	for (size_t i = 0; i < t->group_count; i++)
		qsort(t->groups[i].uses, t->groups[i].count, sizeof(struct reference), by_symbol);
	if (t->group_count)
		qsort(t->groups, t->group_count, sizeof(*t->groups), by_rarity);
}

/* ---- a group ---- */

/* The different words of its symbols: there are eight operators delete. Returns how many. */
static size_t words_of(const struct group *g, char ***words)
{
	size_t count = 0;
	*words = mem_zalloc(g->count + 1, sizeof(**words));
	for (size_t i = 0; i < g->count; i++) {
		struct strbuf word = STRBUF_INIT;
		bool is_there = false;
		linked_add_function(&word, g->uses[i].symbol);
		for (size_t k = 0; k < count && !is_there; k++)
			is_there = strcmp((*words)[k], word.text) == 0;
		if (is_there)
			strbuf_release(&word);
		else
			(*words)[count++] = strbuf_detach(&word);
	}
	return count;
}

static void add_symbols(struct bindings_text *t, const char *title, const struct group *g)
{
	char **words;
	const size_t count = words_of(g, &words);
	struct list list = list_begin(t, title, count);
	for (size_t i = 0; i < count; i++)
		list_add(&list, words[i]);
	list_end(&list);
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

static void add_name(struct list *list, const struct linked_module *m)
{
	struct strbuf name = STRBUF_INIT;
	strbuf_add_escaped(&name, linked_module_name(m));
	list_add(list, name.text);
	strbuf_release(&name);
}

static void add_modules(struct bindings_text *t, const struct group *g)
{
	const struct linked *l = t->linked;
	bool *has = mem_zalloc(l->count + 1, sizeof(*has));
	char title[HUMANE_BYTES], number[HUMANE_BYTES];
	size_t count = 0;
	for (size_t i = 0; i < g->count; i++) {
		count += !has[g->uses[i].module];
		has[g->uses[i].module] = true;
	}
	snprintf(title, sizeof(title), count == 1 ? "of" : "of %s:", humane_count(number, count));
	struct list list = list_begin(t, title, count);
	for (size_t i = 0; i < l->count; i++)
		if (has[i])
			add_name(&list, &l->modules[i]);
	list_end(&list);
	free(has);
}

/* With details: each module's symbols, as they are in the file. */
static void add_each(struct bindings_text *t, const struct group *g)
{
	const struct linked *l = t->linked;
	for (size_t i = 0; i < l->count; i++) {
		struct list list = { 0 };
		for (size_t k = 0; k < g->count; k++) {
			const struct reference *u = &g->uses[k];
			const struct binding_symbol *s =
				&l->modules[i].file.symbols[u->import->symbol];
			struct strbuf word = STRBUF_INIT;
			if (u->module != i)
				continue;
			if (!list.text) {
				strbuf_adds(&t->out, "  ");
				strbuf_add_escaped(&t->out, l->modules[i].path);
				strbuf_addf(&t->out, "\n    ");
				list = (struct list){ t, 4, 4, SIZE_MAX, false };
			}
			strbuf_add_escaped(&word, u->symbol);
			if (s->version)
				strbuf_addc(&word, '@');
			strbuf_add_escaped(&word, s->version ? s->version : "");
			list_add(&list, word.text);
			strbuf_release(&word);
		}
		if (list.text)
			list_end(&list);
	}
}

static void add_group(struct bindings_text *t, const struct group *g)
{
	const struct linked *l = t->linked;
	linked_add_bold(&t->out, t->style, true);
	if (g->provider == SIZE_MAX)
		strbuf_adds(&t->out, "nothing");
	else
		strbuf_add_escaped(&t->out, linked_module_name(&l->modules[g->provider]));
	linked_add_bold(&t->out, t->style, false);
	if (g->provider != SIZE_MAX && linked_allocator_of(&l->modules[g->provider])) {
		strbuf_adds(&t->out, " (");
		linked_add_allocator(&t->out, linked_allocator_of(&l->modules[g->provider]));
		strbuf_addc(&t->out, ')');
	}
	strbuf_adds(&t->out, ": ");
	if (g->stub_of < l->count) {
		strbuf_adds(&t->out, "by way of stubs in ");
		strbuf_add_escaped(&t->out, linked_module_name(&l->modules[g->stub_of]));
		strbuf_adds(&t->out, ", which are the functions' addresses for all modules");
	} else {
		strbuf_adds(&t->out, linked_reason_words(l, g->reason));
	}
	if (g->weak)
		strbuf_adds(&t->out, ", and it need not be there (weak)");
	if (g->realloc < l->count) {
		strbuf_adds(&t->out, "; it calls realloc of ");
		strbuf_add_escaped(&t->out, linked_module_name(&l->modules[g->realloc]));
	}
	strbuf_addc(&t->out, '\n');
	if (t->style->details) {
		add_each(t, g);
	} else {
		add_symbols(t, "symbols", g);
		add_modules(t, g);
	}
}

/* ---- what others' definitions hide ---- */

/* A module's malloc and the like that the rest of the program does not get. */
struct lost {
	size_t module, winner;
	struct group all; /* of its functions */
	struct group own; /* those of them that nothing in it looks for by name */
};

static bool is_offered(const struct binding_symbol *s)
{
	return s->flags & BINDING_DEFINED &&
	       !(s->flags & (BINDING_LOCAL | BINDING_OTHER_VERSION)) && linked_is_common(s->name);
}

static void add_lost(struct group *g, size_t module, const char *symbol)
{
	g->uses = mem_grow(g->uses, &g->cap, g->count + 1, sizeof(*g->uses));
	g->uses[g->count++] = (struct reference){ module, NULL, symbol };
}

static void find_lost(const struct bindings_text *t, struct lost *lost)
{
	const struct linked *l = t->linked;
	const struct linked_module *m = &l->modules[lost->module];
	for (size_t k = 0; k < m->file.symbol_count && m->space == 0; k++) {
		const struct binding_symbol *s = &m->file.symbols[k];
		if (!is_offered(s) || !shown_symbol(t->style->shown, s->name))
			continue;
		const struct binding b = linked_search(l, 0, s->name);
		if (b.reason == BINDING_NOT_FOUND || b.module == lost->module ||
		    !(b.symbol->flags & BINDING_DEFINED))
			continue;
		if (lost->winner == SIZE_MAX)
			lost->winner = b.module;
		add_lost(&lost->all, lost->module, s->name);
		if (!(s->flags & (BINDING_CALLED | BINDING_ADDRESSED)) &&
		    m->file.flags & BINDINGS_USES_KNOWN)
			add_lost(&lost->own, lost->module, s->name);
	}
	if (lost->all.count)
		qsort(lost->all.uses, lost->all.count, sizeof(struct reference), by_symbol);
	if (lost->own.count)
		qsort(lost->own.uses, lost->own.count, sizeof(struct reference), by_symbol);
}

static void tell_lost(struct bindings_text *t, const struct lost *lost)
{
	const struct linked_module *m = &t->linked->modules[lost->module];
	linked_add_bold(&t->out, t->style, true);
	strbuf_add_escaped(&t->out, linked_module_name(m));
	linked_add_bold(&t->out, t->style, false);
	strbuf_adds(&t->out, ": ");
	strbuf_add_escaped(&t->out, linked_module_name(&t->linked->modules[lost->winner]));
	strbuf_adds(&t->out, " comes before it\n");
	add_symbols(t, "symbols", &lost->all);
	/* The C and C++ libraries have nothing to lose: they do not call these themselves. */
	if (!lost->own.count || path_is_libc(m->path) || path_is_libcxx(m->path))
		return;
	strbuf_adds(&t->out,
		    "  Its own calls of these, if there are any, stay in it: they were bound "
		    "when it was\n  linked (-Bsymbolic-functions, hidden or protected).\n");
	add_symbols(t, "", &lost->own);
}

static void add_hidden_by_order(struct bindings_text *t)
{
	bool some = false;
	for (size_t i = 0; i < t->linked->count; i++) {
		struct lost lost = { .module = i, .winner = SIZE_MAX };
		if (!shown_module(t->style->shown, t->linked->modules[i].path))
			continue;
		find_lost(t, &lost);
		if (lost.all.count) {
			if (!some)
				strbuf_adds(&t->out, "\nDefined, too, but searched later:\n");
			some = true;
			tell_lost(t, &lost);
		}
		free(lost.all.uses);
		free(lost.own.uses);
	}
}

void linked_add_bindings(struct strbuf *out, const struct linked *l,
			 const struct linked_style *style)
{
	struct bindings_text t = { .linked = l, .style = style, .out = STRBUF_INIT };
	collect(&t);
	sort_groups(&t);
	if (t.group_count)
		strbuf_adds(&t.out, "\nWho is bound to whom, the odd ones first:\n");
	for (size_t i = 0; i < t.group_count; i++)
		add_group(&t, &t.groups[i]);
	add_hidden_by_order(&t);
	strbuf_adds(out, t.out.text);
	strbuf_release(&t.out);
	for (size_t i = 0; i < t.group_count; i++)
		free(t.groups[i].uses);
	free(t.groups);
}
