/* link_words.c - see link_words.h. */
#include "link/link_words.h"

#include <string.h>

#include "util/path.h"

void link_add_allocator(struct strbuf *out, const struct allocator *is)
{
	strbuf_adds(out,
		    strcmp(is->name, "unknown") ? is->name : "an allocator of an unknown kind");
	if (*is->version)
		strbuf_addf(out, " %s", is->version);
}

void link_add_symbol(struct strbuf *out, const char *symbol)
{
	unsigned group = use_group_of(symbol);
	if (group != USE_NEW && group != USE_DELETE) {
		strbuf_adds(out, symbol);
		return;
	}
	strbuf_addf(out, "operator %s%s", group == USE_NEW ? "new" : "delete",
		    symbol[3] == 'a' ? "[]" : "");
}

/* Operators have many forms of one name. */
static bool is_named_before(const struct use *u, size_t at)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	bool is = false;
	link_add_symbol(&a, u->symbols[at]);
	for (size_t i = 0; i < at && !is; i++) {
		strbuf_clear(&b);
		link_add_symbol(&b, u->symbols[i]);
		is = strcmp(a.text, b.text) == 0;
	}
	strbuf_release(&a);
	strbuf_release(&b);
	return is;
}

void link_add_symbols(struct strbuf *out, const struct use *u, size_t most)
{
	size_t names = 0, added = 0;
	if (u->is_rust) {
		strbuf_adds(out, "Rust's global allocator");
		return;
	}
	for (size_t i = 0; i < u->symbol_count; i++)
		names += !is_named_before(u, i);
	size_t shown = names > most + 1 ? most : names;
	for (size_t i = 0; i < u->symbol_count && added < shown; i++) {
		if (is_named_before(u, i))
			continue;
		added++;
		if (added > 1)
			strbuf_adds(out, added == names ? " and " : ", ");
		link_add_symbol(out, u->symbols[i]);
	}
	if (names > shown)
		strbuf_addf(out, " and %zu more", names - shown);
}

static const char *name_of(const struct linked *l, size_t module)
{
	return module < l->count ? path_name(l->modules[module].path)
				 : "a module that is not known";
}

/* What was given to dlopen() and brought the module. */
static const char *opened_name(const struct linked *l, size_t module)
{
	for (size_t i = module < l->count ? module + 1 : 0; i-- > 0;)
		if (l->modules[i].flags & BINDING_OPENED &&
		    l->modules[i].space == l->modules[module].space)
			return name_of(l, i);
	return name_of(l, module);
}

void link_add_reason(struct strbuf *out, const struct linked *l, const struct use *u)
{
	const struct binding *b = &u->binding;
	const char *user = name_of(l, u->user), *definer = name_of(l, b->module);
	switch (b->reason) {
	case BINDING_NOT_FOUND:
		break;
	case BINDING_BY_FILE:
		strbuf_addf(out, "%s defines it hidden or protected", user);
		break;
	case BINDING_BY_SYMBOLIC:
		strbuf_addf(out, "%s is linked with -Bsymbolic, so its own comes first", user);
		break;
	case BINDING_BY_PROGRAM:
		strbuf_addf(out, "%s, the program, defines it and is searched first", definer);
		break;
	case BINDING_BY_PRELOAD:
		strbuf_addf(out, "%s is preloaded, so it is searched right after the program",
			    definer);
		break;
	case BINDING_BY_NEEDED:
		if (path_is_libc(definer))
			strbuf_addf(out, "no library before %s in the search order defines ",
				    definer);
		else
			strbuf_addf(out, "%s is the first in the search order that defines ",
				    definer);
		link_add_symbol(out, u->symbols[0]);
		break;
	case BINDING_BY_GLOBAL_OPEN:
		strbuf_addf(out, "%s was opened with RTLD_GLOBAL, and nothing before it defines it",
			    definer);
		break;
	case BINDING_BY_OPEN:
		strbuf_addf(out,
			    "nothing in the program's scope defines it, and %s came with the "
			    "dlopen() of %s",
			    definer, opened_name(l, b->module));
		break;
	case BINDING_BY_DEEPBIND:
		strbuf_addf(out,
			    "%s was opened with RTLD_DEEPBIND, so what it brought is searched "
			    "before the program",
			    opened_name(l, u->user));
		break;
	case BINDING_BY_SPACE:
		strbuf_addf(out,
			    "%s is in a namespace of its own (dlmopen()), where nothing of the "
			    "program's is searched",
			    user);
		break;
	}
}
