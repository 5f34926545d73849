/* binding_words.c - see binding_words.h. */
#include "elf/binding_words.h"

#include "util/path.h"

void binding_add_function(struct strbuf *out, const char *symbol)
{
	if (bindings_is_operator(symbol))
		strbuf_addf(out, "operator %s%s", symbol[2] == 'n' ? "new" : "delete",
			    symbol[3] == 'a' ? "[]" : "");
	else
		strbuf_adds(out, symbol);
}

static void add_needed(struct strbuf *out, const struct binding_names *names)
{
	strbuf_addf(out,
		    path_is_libc(names->definer)
			    ? "no library before %s in the search order defines "
			    : "%s is the first in the search order that defines ",
		    names->definer);
	binding_add_function(out, names->symbol);
}

void binding_add_reason(struct strbuf *out, enum binding_reason reason,
			const struct binding_names *names)
{
	switch (reason) {
	case BINDING_NOT_FOUND:
		break;
	case BINDING_BY_FILE:
		strbuf_addf(out, "%s defines it hidden or protected", names->user);
		break;
	case BINDING_BY_SYMBOLIC:
		strbuf_addf(out,
			    "%s is linked with -Bsymbolic, so it is searched first for its own "
			    "symbols",
			    names->user);
		break;
	case BINDING_BY_PROGRAM:
		strbuf_addf(out, "%s, the program, defines it and is searched first",
			    names->definer);
		break;
	case BINDING_BY_PRELOAD:
		strbuf_addf(out, "%s is preloaded, so it is searched right after the program",
			    names->definer);
		break;
	case BINDING_BY_NEEDED:
		add_needed(out, names);
		break;
	case BINDING_BY_GLOBAL_OPEN:
		strbuf_addf(out,
			    "%s was opened with RTLD_GLOBAL, and nothing searched before it "
			    "defines it",
			    names->definer);
		break;
	case BINDING_BY_OPEN:
		strbuf_addf(out,
			    "nothing in the program's scope defines it, and %s came with the "
			    "dlopen() of %s",
			    names->definer, names->opened);
		break;
	case BINDING_BY_DEEPBIND:
		strbuf_addf(out,
			    "%s was opened with RTLD_DEEPBIND, so it and what it needs are "
			    "searched before the program and what was preloaded",
			    names->opened);
		break;
	case BINDING_BY_SPACE:
		strbuf_addf(out,
			    "%s is in a namespace of its own (dlmopen()), where nothing of the "
			    "program's is searched",
			    names->user);
		break;
	}
}
