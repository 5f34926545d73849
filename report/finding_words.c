/* finding_words.c - see finding_words.h. */
#include "report/finding_words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "wire/finding_texts.h"
#include "wire/roles.h"

const char *finding_class_word(unsigned class)
{
	static const char *const words[] = {
#define FINDING(id, word, group, text) word,
#include "wire/findings.def"
#undef FINDING
	};
	return class < FINDING_CLASSES ? words[class] : "unknown_class";
}

const char *finding_class_group(unsigned class)
{
	static const char *const groups[] = {
#define FINDING(id, word, group, text) group,
#include "wire/findings.def"
#undef FINDING
	};
	return class < FINDING_CLASSES ? groups[class] : "invalid";
}

const char *finding_title(unsigned class, unsigned role)
{
	const char *title = finding_class_title(class, role);
	return title ? title : "wrong free of a kind unknown to this version";
}

const char *finding_deed(unsigned role)
{
	return role == ROLE_USABLE_SIZE ? "asked for its size" : "released";
}

const char *finding_outcome_key(unsigned outcome)
{
	static const char *const keys[] = { "handed_on", "to_owner", "swallowed", "aborted" };
	return outcome < AT_COUNT_OF(keys) ? keys[outcome] : "unknown_outcome";
}

const char *finding_outcome_text(unsigned outcome, unsigned role)
{
	const char *words = finding_outcome_words(outcome, role);
	return words ? words : "what became of it is not known";
}

/* ---- functions ---- */

enum release { RELEASE_NONE, RELEASE_FREE, RELEASE_DELETE, RELEASE_DELETE_ARRAY };

/* What releases a block that the function made. */
static enum release release_of(unsigned role)
{
	enum {
		RELEASE_MALLOC_ = RELEASE_FREE,
		RELEASE_NEW_ = RELEASE_DELETE,
		RELEASE_NEW_ARRAY_ = RELEASE_DELETE_ARRAY,
		RELEASE_RELEASE_ = RELEASE_NONE,
		RELEASE_QUERY_ = RELEASE_NONE
	};
	static const uint8_t releases[] = {
#define ROLE(name, symbol, group, words) RELEASE_##group##_,
#include "wire/roles.def"
#undef ROLE
	};
	return role < ROLE_COUNT ? (enum release)releases[role] : RELEASE_NONE;
}

static bool is_aligned(unsigned role)
{
	return strstr(role_symbol(role), "align_val_t") != NULL;
}

void call_add_words(struct strbuf *out, unsigned role, const char *call)
{
	const char *words = call ? symbol_words(call) : role_words(role);
	if (words)
		strbuf_adds(out, words);
	else
		strbuf_addf(out, "%s()", call);
}

static const char *release_words(unsigned made_role)
{
	bool aligned = is_aligned(made_role);
	switch (release_of(made_role)) {
	case RELEASE_DELETE:
		return aligned ? "aligned operator delete" : "operator delete";
	case RELEASE_DELETE_ARRAY:
		return aligned ? "aligned operator delete[]" : "operator delete[]";
	case RELEASE_FREE:
		return "free()";
	case RELEASE_NONE:
		break;
	}
	return "what belongs to it";
}

/* ---- what ---- */

static void add_block(struct strbuf *out, const struct trace_finding *f)
{
	if (!(f->flags & FINDING_HAS_BLOCK)) {
		strbuf_adds(out, "a block");
		return;
	}
	strbuf_addf(out, "a block of %" PRIu64 " byte%s made by ", f->size,
		    f->size == 1 ? "" : "s");
	call_add_words(out, f->made_role, f->made_call);
}

/* One allocator got a block of another. */
static void add_both(struct strbuf *out, const struct trace_finding *f, const char *made,
		     const char *called)
{
	strbuf_addf(out, " of %s got ", called);
	add_block(out, f);
	strbuf_addf(out, " of %s", made);
	if (f->class == FINDING_GONE)
		strbuf_adds(out, ", which has been unloaded");
}

/* No block is known. made is "jemalloc 5.3.0 in libplug.so". */
static void add_region(struct strbuf *out, const struct trace_finding *f, const char *made,
		       const char *called)
{
	static const char in[] = " in ";
	const char *module = made ? strstr(made, in) : NULL;
	if (called)
		strbuf_addf(out, " of %s", called);
	strbuf_addf(out, " got 0x%" PRIx64 ", in a region of %" PRIu64 " bytes mapped by ", f->address,
		    f->size);
	if (!module) {
		strbuf_adds(out, "another allocator");
	} else {
		strbuf_addf(out, "%s, which carries ", module + strlen(in));
		strbuf_add(out, made, (size_t)(module - made));
		strbuf_adds(out, " (stripped)");
	}
	if (f->class == FINDING_GONE)
		strbuf_adds(out, " and has been unloaded");
}

static bool is_region(const struct trace_finding *f)
{
	return f->flags & FINDING_IN_REGION && !(f->flags & FINDING_HAS_BLOCK);
}

void finding_add_summary(struct strbuf *out, const struct trace_finding *f, const char *made,
			 const char *called)
{
	call_add_words(out, f->role, f->call);
	switch (f->class) {
	case FINDING_SIZE:
		strbuf_addf(out, " with size %" PRIu64 " of ", f->argument);
		add_block(out, f);
		return;
	case FINDING_ALIGNMENT:
		if (f->argument)
			strbuf_addf(out, " with alignment %" PRIu64, f->argument);
		strbuf_adds(out, " of ");
		add_block(out, f);
		return;
	case FINDING_DOUBLE:
		strbuf_adds(out, " of ");
		add_block(out, f);
		strbuf_adds(out, " that had been freed before");
		return;
	case FINDING_INTERIOR:
		strbuf_addf(out, " of an address %" PRIu64 " byte%s into ", f->argument,
			    f->argument == 1 ? "" : "s");
		add_block(out, f);
		return;
	case FINDING_CROSS:
	case FINDING_MISMATCH:
	case FINDING_GONE:
		if (f->class != FINDING_MISMATCH && is_region(f)) {
			add_region(out, f, made, called);
			return;
		}
		if (f->class != FINDING_MISMATCH && made && called) {
			add_both(out, f, made, called);
			return;
		}
		strbuf_adds(out, " of ");
		add_block(out, f);
		if (f->class == FINDING_CROSS)
			strbuf_adds(out, " of another allocator");
		if (f->class == FINDING_GONE)
			strbuf_adds(out, " of an allocator that has been unloaded");
		return;
	default:
		strbuf_addf(out, " of 0x%" PRIx64 ", %s", f->address, finding_place_words(f->class));
		if (is_region(f))
			strbuf_addf(out, ", %" PRIu64 " byte%s into %" PRIu64 " bytes", f->argument,
				    f->argument == 1 ? "" : "s", f->size);
		return;
	}
}

/* ---- why ---- */

static bool is_resize(unsigned role)
{
	return role == ROLE_REALLOC || role == ROLE_REALLOCARRAY;
}

static const char *mismatch_why(const struct trace_finding *f)
{
	bool by_malloc = release_of(f->made_role) == RELEASE_FREE;
	bool by_free = strncmp(role_symbol(f->role), "_Zd", 3) != 0;
	if (by_malloc)
		return "the C++ operators may have another heap than malloc, and operator delete "
		       "then "
		       "gets a block that it never made";
	if (is_resize(f->role))
		return "the C++ operators may have another heap than malloc, and realloc() moves "
		       "bytes, not objects";
	if (by_free)
		return "the C++ operators may have another heap than malloc, and free() runs no "
		       "destructor";
	return "an array may begin before the address that new[] gives, with the number of its "
	       "elements; a single object has none";
}

static const char *class_why(const struct trace_finding *f)
{
	if (f->role == ROLE_USABLE_SIZE && f->class == FINDING_DOUBLE)
		return "what is there may be anybody's since it was freed";
	if (is_resize(f->role) && f->class == FINDING_DOUBLE)
		return "resizing it may take a block from under whoever has got it since it was "
		       "freed";
	switch (f->class) {
	case FINDING_CROSS:
		if (is_region(f))
			return "who mapped the memory made the block, though nobody saw it: the symbols "
			       "of its functions are gone. An allocator that gets a block of another "
			       "one takes what lies there for its own records";
		return "an allocator that gets a block of another one takes what lies there for "
		       "its "
		       "own records";
	case FINDING_MISMATCH:
		return mismatch_why(f);
	case FINDING_SIZE:
		return "an allocator may believe the size and put the block where blocks of "
		       "another "
		       "size are";
	case FINDING_ALIGNMENT:
		return "an aligned block may begin before its address, and be found by its "
		       "alignment "
		       "alone";
	case FINDING_DOUBLE:
		return "the second free may take a block from under whoever has got it since";
	case FINDING_INTERIOR:
		if (f->role == ROLE_USABLE_SIZE || is_resize(f->role))
			return "an allocator knows a block by the address that it returned alone";
		return "only the address that the allocation returned can be freed";
	case FINDING_GONE:
		return "the code that the block's memory belongs to is no longer there";
	case FINDING_STACK:
	case FINDING_GLOBAL:
	case FINDING_CODE:
	case FINDING_MAPPED:
		return "no allocation returned this address";
	case FINDING_UNKNOWN:
		return "no allocation returned this address, and no memory is mapped there";
	default:
		return "this version does not know the kind of mistake";
	}
}

void finding_add_why(struct strbuf *out, const struct trace_finding *f)
{
	/* How the calls came to two allocators is all that there is to say of them. */
	if (f->class != FINDING_CROSS || !f->why)
		strbuf_adds(out, class_why(f));
	if (f->class != FINDING_CROSS && f->why)
		strbuf_adds(out, "; here ");
	if (f->why)
		strbuf_adds(out, f->why);
}

const char *finding_why_word(unsigned kind)
{
	static const char *const words[] = {
#define WHY(id, word) word,
#include "wire/whys.def"
#undef WHY
	};
	return kind < AT_COUNT_OF(words) ? words[kind] : "unknown_kind";
}

/* ---- what to do ---- */

static void add_same(struct strbuf *out, const struct trace_finding *f, const char *with)
{
	strbuf_addf(out, "release it with %s%s", release_words(f->made_role), with);
}

static const char *query_fix(unsigned class)
{
	switch (class) {
	case FINDING_CROSS:
	case FINDING_GONE:
		return "ask the allocator that made the block, or keep its size";
	case FINDING_DOUBLE:
		return "ask before it is freed";
	case FINDING_INTERIOR:
		return "ask with the address that the allocation returned";
	default:
		return "do not ask an allocator: it was not allocated";
	}
}

/* Of a block of another kind or allocator the fix for a release is meant. */
static bool add_resize_fix(struct strbuf *out, const struct trace_finding *f)
{
	switch (f->class) {
	case FINDING_MISMATCH:
	case FINDING_ALIGNMENT:
		strbuf_adds(out, "make a larger one and copy, and ");
		add_same(out, f, "");
		return true;
	case FINDING_INTERIOR:
		strbuf_addf(out, "resize the address %" PRIu64 " byte%s before", f->argument,
			    f->argument == 1 ? "" : "s");
		return true;
	case FINDING_MAPPED:
		strbuf_adds(out, is_region(f) ? "resize it with mremap()"
					      : "do not resize it: it was not allocated");
		return true;
	case FINDING_STACK:
	case FINDING_GLOBAL:
	case FINDING_CODE:
		strbuf_adds(out, "do not resize it: it was not allocated");
		return true;
	default:
		return false;
	}
}

void finding_add_fix(struct strbuf *out, const struct trace_finding *f)
{
	if (f->fix) {
		strbuf_adds(out, f->fix);
		return;
	}
	if (f->role == ROLE_USABLE_SIZE) {
		strbuf_adds(out, query_fix(f->class));
		return;
	}
	if (is_resize(f->role) && add_resize_fix(out, f))
		return;
	switch (f->class) {
	case FINDING_MISMATCH:
		add_same(out, f, "");
		return;
	case FINDING_ALIGNMENT:
		add_same(out, f,
			 is_aligned(f->made_role) ? " and the alignment it was made with" : "");
		return;
	case FINDING_SIZE:
		strbuf_addf(out, "pass %" PRIu64 ", or delete the object by its real type",
			    f->size);
		return;
	case FINDING_CROSS:
		strbuf_adds(out, "release it in the module that made it");
		return;
	case FINDING_GONE:
		strbuf_adds(out, "release it in the module that made it, before that is unloaded");
		return;
	case FINDING_DOUBLE:
		strbuf_adds(out,
			    "let one owner free it, or clear the pointer after the first free");
		return;
	case FINDING_INTERIOR:
		strbuf_addf(out, "free the address %" PRIu64 " byte%s before", f->argument,
			    f->argument == 1 ? "" : "s");
		return;
	case FINDING_MAPPED:
		strbuf_adds(out, is_region(f) ? "give it back with munmap()"
					      : "do not free it: it was not allocated");
		return;
	case FINDING_STACK:
	case FINDING_GLOBAL:
	case FINDING_CODE:
		strbuf_adds(out, "do not free it: it was not allocated");
		return;
	default:
		strbuf_adds(out, "find out where the address comes from; it may be damaged");
		return;
	}
}
