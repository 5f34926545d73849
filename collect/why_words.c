/* why_words.c - see why_words.h. */
#include "collect/why_words.h"

#include <stdint.h>
#include <string.h>

#include "elf/binding_words.h"
#include "util/path.h"

static const char *name_of(const struct binding_process *p, size_t module)
{
	return module < p->count ? path_name(p->modules[module].path)
				 : "a module that is not known";
}

/* ---- why ---- */

/* "libjemalloc.so.2 is preloaded, ..." */
static void add_reason(struct strbuf *out, const struct binding_process *p,
		       const struct why_side *s)
{
	const struct binding_names names = {
		.user = name_of(p, s->caller),
		.definer = name_of(p, s->binding.module),
		.opened = name_of(p, s->opened),
		.symbol = s->via != SIZE_MAX ? s->base : s->symbol,
	};
	if (s->kind == WHY_SPLIT)
		strbuf_addf(out,
			    "%s, which has malloc, does not define it, so that the search went "
			    "on to %s",
			    name_of(p, s->split_from), names.definer);
	else
		binding_add_reason(out, s->binding.reason, &names);
}

static void add_passed_over(struct strbuf *out, const struct binding_process *p,
			    const struct why_side *s)
{
	if (s->binding.passed_over < p->count)
		strbuf_addf(out, " (%s has it in another version)",
			    name_of(p, s->binding.passed_over));
	if (s->binding.has_own && s->kind != WHY_DEEPBIND)
		strbuf_addf(out,
			    " (%s defines it, too, but is not searched first: it is not linked "
			    "with -Bsymbolic)",
			    name_of(p, s->via == SIZE_MAX ? s->caller : s->via));
}

/* "libplug.so calls a free of its own, ..." */
static void add_own(struct strbuf *out, const struct binding_process *p, const struct why_side *s)
{
	const char *caller = name_of(p, s->caller);
	strbuf_addf(out, "%s calls its own ", caller);
	binding_add_function(out, s->symbol);
	strbuf_addf(out, " directly: the allocator is linked into it and %s",
		    !s->exported     ? "hidden"
		    : s->caller == 0 ? "bound when the program was linked"
				     : "bound when that was linked (-Bsymbolic or protected)");
}

static void add_pointer(struct strbuf *out, const struct binding_process *p,
			const struct why_side *s)
{
	strbuf_addf(out, "%s calls ", name_of(p, s->caller));
	binding_add_function(out, s->symbol);
	/* Or to a function that calls it last, which jumps and leaves no frame. */
	strbuf_addf(out,
		    " of %s through a pointer, to it as from dlsym(), or to a function that ends "
		    "with a jump to it",
		    name_of(p, s->provider));
}

static void add_unknown(struct strbuf *out, const struct binding_process *p,
			const struct why_side *s)
{
	strbuf_addf(out, "how %s calls ", name_of(p, s->caller));
	binding_add_function(out, s->symbol);
	if (s->provider < p->count)
		strbuf_addf(out, " of %s", name_of(p, s->provider));
	strbuf_adds(out, " could not be seen");
	if (strcmp(s->symbol, "realloc") == 0)
		strbuf_adds(out, " (after a wrong realloc the old block's owner makes the new "
				 "one)");
}

static void add_bound(struct strbuf *out, const struct binding_process *p, const struct why_side *s)
{
	strbuf_addf(out, "%s's ", name_of(p, s->caller));
	binding_add_function(out, s->symbol);
	if (s->caller == s->provider) {
		strbuf_addf(out, " is %sits own: ", s->apparently ? "apparently " : "");
		add_reason(out, p, s);
		add_passed_over(out, p, s);
		return;
	}
	if (s->via != SIZE_MAX) {
		strbuf_addf(out, " is %s's, which calls ", name_of(p, s->via));
		binding_add_function(out, s->base);
		strbuf_addf(out, " of %s%s: ", s->apparently ? "apparently " : "",
			    name_of(p, s->provider));
	} else {
		strbuf_addf(out, " is %s%s's: ", s->apparently ? "apparently " : "",
			    name_of(p, s->provider));
	}
	add_reason(out, p, s);
	add_passed_over(out, p, s);
}

static void add_side(struct strbuf *out, const struct binding_process *p, const struct why_side *s)
{
	if (s->on_behalf) {
		binding_add_function(out, s->on_behalf);
		strbuf_addf(out, " of %s calls ", name_of(p, s->caller));
		binding_add_function(out, s->symbol);
		strbuf_adds(out, " for its caller: ");
	}
	switch (s->kind) {
	case WHY_OWN:
		add_own(out, p, s);
		break;
	case WHY_POINTER:
		add_pointer(out, p, s);
		break;
	case WHY_UNKNOWN:
		add_unknown(out, p, s);
		break;
	default:
		add_bound(out, p, s);
	}
}

void why_add_sentence(struct strbuf *out, const struct binding_process *p,
		      const struct why_side *release, const struct why_side *made)
{
	add_side(out, p, release);
	strbuf_adds(out, "; ");
	add_side(out, p, made);
}

/* ---- what to do ---- */

static void add_split_fix(struct strbuf *out, const struct binding_process *p,
			  const struct why_side *s)
{
	strbuf_adds(out, "use an allocator that defines ");
	binding_add_function(out, s->symbol);
	strbuf_addf(out, " beside malloc, or let %s define it", name_of(p, s->split_from));
}

static void add_open_fix(struct strbuf *out, const struct binding_process *p,
			 const struct why_side *s, const struct why_side *made)
{
	strbuf_addf(out, "open %s without RTLD_DEEPBIND, or release the block in %s",
		    name_of(p, s->opened), name_of(p, made->caller));
}

static void add_own_fix(struct strbuf *out, const struct binding_process *p,
			const struct why_side *own, const struct why_side *made)
{
	if (made->on_behalf && own != made)
		strbuf_addf(
			out,
			"release what %s of %s made outside of %s, or copy it into memory of %s's "
			"own allocator",
			made->on_behalf, name_of(p, made->caller), name_of(p, own->caller),
			name_of(p, own->caller));
	else
		strbuf_addf(out,
			    "let %s release what it made, or link %s without an allocator of its "
			    "own",
			    name_of(p, made->caller), name_of(p, own->caller));
}

void why_add_fix(struct strbuf *out, const struct binding_process *p,
		 const struct why_side *release, const struct why_side *made)
{
	const struct why_side *both[] = { release, made };
	for (unsigned i = 0; i < 2; i++)
		if (both[i]->kind == WHY_SPLIT) {
			add_split_fix(out, p, both[i]);
			return;
		}
	for (unsigned i = 0; i < 2; i++)
		if (both[i]->kind == WHY_NAMESPACE) {
			strbuf_addf(
				out,
				"release the block in the namespace that made it, by a function "
				"of %s",
				name_of(p, made->caller));
			return;
		}
	for (unsigned i = 0; i < 2; i++)
		if (both[i]->kind == WHY_DEEPBIND) {
			add_open_fix(out, p, both[i], made);
			return;
		}
	for (unsigned i = 0; i < 2; i++)
		if (both[i]->kind == WHY_OWN) {
			add_own_fix(out, p, both[i], made);
			return;
		}
	if (made->kind == WHY_POINTER || release->kind == WHY_POINTER || made->on_behalf ||
	    made->caller == release->caller)
		strbuf_addf(out,
			    "release it with the function of %s that belongs to the one that made "
			    "it",
			    name_of(p, made->provider));
	else
		strbuf_addf(out, "release it in %s, which made it", name_of(p, made->caller));
}
