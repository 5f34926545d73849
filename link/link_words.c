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

/* Operators have many forms of one name. */
static bool is_named_before(const struct use *u, size_t at)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	bool is = false;
	binding_add_function(&a, u->symbols[at]);
	for (size_t i = 0; i < at && !is; i++) {
		strbuf_clear(&b);
		binding_add_function(&b, u->symbols[i]);
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
		binding_add_function(out, u->symbols[i]);
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
	const bool brought = b->reason == BINDING_BY_OPEN;
	const struct binding_names names = {
		.user = name_of(l, u->user),
		.definer = name_of(l, b->module),
		.opened = opened_name(l, brought ? b->module : u->user),
		.symbol = u->symbols[0],
	};
	binding_add_reason(out, b->reason, &names);
}
