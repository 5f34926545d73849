/* why_words.h - how calls came to their allocators, and what would put it right, in a sentence
 * each. */
#ifndef ALLOCTRACE_COLLECT_WHY_WORDS_H
#define ALLOCTRACE_COLLECT_WHY_WORDS_H

#include "elf/binding_search.h"
#include "elf/call_site.h"
#include "util/strbuf.h"
#include "wire/whys.h"

enum { WHY_NONE = -1 };

/* One call and whom it came to. Modules are indices into the process's, SIZE_MAX: not known. */
struct why_side {
	enum why_kind kind;
	size_t caller;
	size_t provider; /* of the allocator that served it */
	/* Between them: the function that was called is its, and calls the allocator's. SIZE_MAX:
	 * none */
	size_t via;
	size_t split_from;	/* SPLIT: the one that has malloc */
	size_t opened;		/* DEEPBIND, LOCAL, NAMESPACE: what was opened; or SIZE_MAX */
	struct binding binding; /* of the name that was searched for last */
	const char *symbol;	/* role_symbol() of the function, or what it is called in its API */
	const char *base;	/* with via: what that calls */
	const char *on_behalf;	/* of the caller's: the library function that was called, or NULL */
	bool exported;		/* OWN: others could call it by name */
	bool apparently;	/* not known for certain */
};

/* Without a full stop. */
void why_add_sentence(struct strbuf *out, const struct binding_process *p,
		      const struct why_side *release, const struct why_side *made);
void why_add_fix(struct strbuf *out, const struct binding_process *p,
		 const struct why_side *release, const struct why_side *made);

#endif
