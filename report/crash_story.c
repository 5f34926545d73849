/* crash_story.c - see crash_story.h. */
#include "report/crash_story.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "report/crash_words.h"
#include "report/instance_words.h"
#include "symbol/module_allocators.h"
#include "util/mem.h"
#include "util/path.h"

/* ---- where ---- */

static bool same_module(const struct story_frame *a, const struct story_frame *b)
{
	return strcmp(a->module, b->module) == 0;
}

bool crash_is_sent(const struct trace_crash *c)
{
	return c->code == SI_USER || c->code == SI_TKILL || c->code == SI_QUEUE;
}

/* What the C library says when its allocator finds its records damaged. */
static bool is_about_heap(const char *message)
{
	static const char *const words[] = { "free()",	  "malloc",	  "realloc()",
					     "calloc()",  "munmap_chunk", "mremap_chunk",
					     "corrupted", "double free",  "tcache",
					     "chunk" };
	for (size_t i = 0; i < AT_COUNT_OF(words); i++)
		if (strstr(message, words[i]))
			return true;
	return false;
}

bool crash_is_heap_message(const struct crash_story *s)
{
	return s->crash.signal == SIGABRT && is_about_heap(s->crash.message);
}

/* Frames of libc's, and of the C++ runtime's, that only send the signal. */
static size_t skip_abort(const struct crash_story *s)
{
	const struct story_stack *stack = &s->stack;
	size_t i = 0;
	bool by_itself = crash_is_sent(&s->crash) && s->crash.sender == s->crash.pid;
	if (!by_itself || crash_is_heap_message(s))
		return 0;
	while (i < stack->count && path_is_libc(stack->frames[i].module))
		i++;
	while (i && i < stack->count && path_is_libcxx(stack->frames[i].module))
		i++;
	return i < stack->count ? i : 0;
}

/* The runtime stands between the program and its allocator, which is nobody's business. It tells,
 * though, that the exception which ends the program is operator new's. */
static void drop_runtime(struct crash_story *s)
{
	size_t kept = 0;
	bool thrown = false;
	for (size_t i = 0; i < s->stack.count; i++) {
		const char *function = s->stack.frames[i].function;
		if (strcmp(path_name(s->stack.frames[i].module), "liballoctrace.so") != 0)
			s->stack.frames[kept++] = s->stack.frames[i];
		else if (thrown && function &&
			 (strncmp(function, "_Znw", 4) == 0 || strncmp(function, "_Zna", 4) == 0))
			s->new_threw = true;
		thrown |= function && strcmp(function, "__cxa_throw") == 0;
	}
	if (kept && !(s->crash.flags & CRASH_IN_RUNTIME))
		s->stack.count = kept;
}

static void find_place(struct crash_story *s)
{
	const struct story_stack *stack = &s->stack;
	size_t i = skip_abort(s);
	if (!stack->count)
		return;
	s->place = s->entry = &stack->frames[i];
	while (i + 1 < stack->count && same_module(&stack->frames[i + 1], s->place))
		s->entry = &stack->frames[++i];
	if (crash_is_heap_message(s))
		s->place = s->entry;
	bool is_called =
		i + 1 < stack->count && !path_is_libc(stack->frames[i + 1].module); /* main() is, too */
	s->caller = is_called ? &stack->frames[i + 1] : NULL;
}

/* ---- in which allocator ---- */

/* What a module carries; NULL: nothing that is known. The caller frees it. */
static char *title(const struct trace_instance *in, const char **linkage)
{
	struct strbuf text = STRBUF_INIT;
	instance_title(&text, in);
	*linkage = instance_linkage(in);
	return strbuf_detach(&text);
}

static char *find_in_file(const struct story_frame *frame, const char **linkage)
{
	const struct trace_module module = { .path = frame->module,
					     .build_id = frame->build_id,
					     .build_id_bytes = frame->build_id_bytes };
	struct allocators found;
	struct allocator_finder *finder = allocator_finder_new();
	char *text = NULL;
	module_allocators_find(finder, &module, &found);
	for (size_t i = 0; i < found.count && !text; i++) {
		const struct allocator *a = &found.items[i];
		const struct trace_instance in = { .family = a->name,
						   .version = a->version,
						   .prefix = a->prefix,
						   .linkage = a->linkage };
		if (!a->layer)
			text = title(&in, linkage);
	}
	allocators_release(&found);
	allocator_finder_free(finder);
	return text;
}

static char *find_in_trace(const struct trace_reader *reader, const struct story_frame *frame,
			   const char **linkage)
{
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		if (!(in->flags & TRACE_INSTANCE_LAYER) &&
		    strcmp(trace_reader_module(reader, in->module)->path, frame->module) == 0)
			return title(in, linkage);
	}
	return NULL;
}

static char *carried_by(const struct trace_reader *reader, const struct story_frame *frame,
			const char **linkage)
{
	char *text = reader ? find_in_trace(reader, frame, linkage) : NULL;
	return text ? text : find_in_file(frame, linkage);
}

/* Whose the memory is that some code mapped. */
static void name_regions(struct crash_story *s, const struct trace_reader *reader)
{
	const char *ignored;
	for (size_t i = 0; i < s->block_count; i++) {
		struct crash_block *b = &s->blocks[i];
		if (!(b->pointer.flags & CRASH_IN_REGION) || !b->made.count)
			continue;
		free(b->allocator);
		b->allocator = carried_by(reader, &b->made.frames[0], &ignored);
		b->heap_module = b->made.frames[0].module;
	}
}

/* "je_free" is, as far as names go; "freeze" is not. */
static bool names_allocation(const char *function)
{
	static const char *const words[] = { "malloc",	"calloc",    "realloc",	    "free",
					     "cfree",	"memalign",  "dallocx",	    "sdallocx",
					     "rallocx", "mallocx",   "dalloc",	    "arena_",
					     "tcache_", "_int_free", "_int_malloc", "page_free",
					     "segment_" };
	if (!function)
		return false;
	for (size_t i = 0; i < AT_COUNT_OF(words); i++) {
		const char *at = strstr(function, words[i]);
		size_t len = strlen(words[i]);
		if (at && (at[len] == '\0' || at[len] == '_' || at[len] == '(' || at[len] == '.' ||
			   words[i][len - 1] == '_'))
			return true;
	}
	return false;
}

/* Whether a frame between the place and the entry is one of an allocator's functions. */
static void judge_names(struct crash_story *s)
{
	s->in_allocator = crash_is_heap_message(s);
	for (const struct story_frame *f = s->place; f && f <= s->entry; f++)
		s->in_allocator |= names_allocation(f->function);
}

/* ---- whose blocks ---- */

/* "jemalloc 5.3.0 in libplug.so" is of that module. */
static bool is_of_module(const struct crash_block *b, const char *module)
{
	const char *name = path_name(module);
	if (b->heap_module)
		return strcmp(b->heap_module, module) == 0 ||
		       strcmp(path_name(b->heap_module), name) == 0;
	size_t len = strlen(name), all = b->allocator ? strlen(b->allocator) : 0;
	return all > len && strcmp(b->allocator + all - len, name) == 0 &&
	       b->allocator[all - len - 1] == ' ';
}

/* libc is called by everybody: that its code crashed says nothing of its allocator, unless its
 * functions do. */
static void find_foreign(struct crash_story *s)
{
	if (!s->instance || (path_is_libc(s->place->module) && !s->in_allocator))
		return;
	for (size_t i = 0; i < s->block_count; i++)
		s->blocks[i].is_foreign =
			s->blocks[i].allocator && !is_of_module(&s->blocks[i], s->place->module);
}

static bool points_to_start(const struct trace_crash_pointer *p)
{
	return p->value == p->block;
}

const struct crash_block *crash_foreign_block(const struct crash_story *s)
{
	for (size_t i = 0; i < s->block_count; i++)
		if (s->blocks[i].is_foreign && (points_to_start(&s->blocks[i].pointer) ||
						s->blocks[i].pointer.flags & CRASH_IN_REGION))
			return &s->blocks[i];
	return NULL;
}

const struct crash_block *crash_freed_block(const struct crash_story *s)
{
	for (size_t i = 0; i < s->block_count; i++)
		if (s->blocks[i].pointer.place == CRASH_IN_ADDRESS &&
		    s->blocks[i].pointer.flags & CRASH_BLOCK_FREED)
			return &s->blocks[i];
	return NULL;
}

/* ---- the whole ---- */

/* Of the signal, what the address was, and the innermost frames. */
static uint64_t fingerprint_of(const struct crash_story *s)
{
	enum { FIRST_PAGE = 4096 };
	struct strbuf word = STRBUF_INIT;
	const char *address = s->crash.sender			 ? "sent" :
			      crash_freed_block(s)		 ? "freed" :
			      s->crash.address < FIRST_PAGE	 ? "null" : "";
	strbuf_addf(&word, "%s %d %s", crash_signal_name(s->crash.signal), s->crash.code, address);
	uint64_t fingerprint = story_fingerprint(word.text, &s->stack);
	strbuf_release(&word);
	return fingerprint;
}

static void finish(struct crash_story *s, const struct trace_reader *reader)
{
	drop_runtime(s);
	find_place(s);
	if (s->place)
		s->instance = carried_by(reader, s->place, &s->linkage);
	name_regions(s, reader);
	judge_names(s);
	find_foreign(s);
	s->fingerprint = fingerprint_of(s);
}

void crash_story_finish(struct crash_story *s)
{
	finish(s, NULL);
}

static void read_block(struct crash_story *s, struct trace_names *names,
		       const struct trace_crash_pointer *p)
{
	const struct trace_reader *reader = names->reader;
	struct crash_block *b = &s->blocks[s->block_count++];
	b->pointer = *p;
	b->allocator = story_allocator_name(reader, p->allocator, s->crash.process);
	if (p->allocator == 0 && *trace_reader_allocator(reader, 0)->name)
		b->heap_module = trace_reader_allocator(reader, 0)->name;
	b->made_tid = story_tid(reader, p->made_thread);
	story_stack_read(&b->made, names, p->made_stack);
	if (!(p->flags & CRASH_BLOCK_FREED))
		return;
	b->freed_tid = story_tid(reader, p->freed_thread);
	story_stack_read(&b->freed, names, p->freed_site);
}

void crash_story_read(struct crash_story *s, struct trace_names *names, uint32_t number)
{
	const struct trace_reader *reader = names->reader;
	const struct trace_crash *c = trace_reader_crash(reader, number);
	*s = (struct crash_story){
		.crash = *c,
		.number = number,
		.exe = trace_reader_process(reader, c->process)->exe,
		.thread_name = trace_reader_thread(reader, c->thread)->name,
	};
	story_stack_read(&s->stack, names, c->stack);
	s->blocks = mem_zalloc(c->pointer_count + 1u, sizeof(*s->blocks));
	for (uint32_t i = 0; i < c->pointer_count; i++)
		read_block(s, names, &c->pointers[i]);
	finish(s, reader);
}

void crash_story_release(struct crash_story *s)
{
	for (size_t i = 0; i < s->block_count; i++) {
		free(s->blocks[i].allocator);
		free(s->blocks[i].made.frames);
		free(s->blocks[i].freed.frames);
	}
	free(s->blocks);
	free(s->stack.frames);
	free(s->instance);
}
