/* expectation_words.h - what is told of a wish that is not met. Only for expectations.c. */
#ifndef ALLOCTRACE_LINK_EXPECTATION_WORDS_H
#define ALLOCTRACE_LINK_EXPECTATION_WORDS_H

#include "link/expectations.h"
#include "util/strbuf.h"

struct unmet_words {
	struct strbuf found, why, fix;
};

#define UNMET_WORDS_INIT                                                                           \
	{                                                                                          \
		STRBUF_INIT, STRBUF_INIT, STRBUF_INIT                                              \
	}

/* A use that is served by another kind. */
void unmet_in_use(struct unmet_words *out, const struct expectation *x, const struct linked *l,
		  const struct use *wrong);
/* An allocator of a module that is not to be there. */
void unmet_none(struct unmet_words *out, const struct linked *l, const struct uses *uses,
		size_t module, size_t allocator);
/* One that is not to be in use by the modules that are meant; false: it is not. */
bool unmet_none_by_use(struct unmet_words *out, const struct expectation *x, const struct linked *l,
		       const struct uses *uses, size_t module, size_t allocator);
/* Several; one use for each. */
void unmet_single(struct unmet_words *out, const struct linked *l, const struct uses *uses,
		  const struct use *const *each, size_t count);
/* A file that is no program: it has the allocator, or several. */
void unmet_in_file(struct unmet_words *out, const struct allocator *is);
void unmet_single_in_file(struct unmet_words *out, const struct allocators *found);
/* Nothing was there to be compared. */
void unmet_untested(struct unmet_words *out, const struct expectation *x);

#endif
