/* filter.c - see filter.h. */
#include "analysis/filter.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/allocator_name.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/session.h"

static const char *const key_names[FILTER_KEYS] = { "module", "function", "file",
						    "thread", "process",  "allocator" };

/* node_terms[node]: which terms some frame of the stack matches, bit by bit, and bit 63 when that
 * is known. So at most 63 terms count. */
struct filter_state {
	const struct filter *filter;
	struct frames *frames;
	uint64_t *node_terms;
	size_t node_count;
};

enum { MAX_TERMS = 63 };
#define KNOWN (UINT64_C(1) << 63)

bool filter_is_empty(const struct filter *f)
{
	return !f || (!f->count && !f->from_ns && !f->to_ns && !f->from_event && !f->to_event);
}

int filter_key_find(const char *name)
{
	for (int i = 0; i < FILTER_KEYS; i++)
		if (strcmp(key_names[i], name) == 0)
			return i;
	return -1;
}

const char *filter_key_name(enum filter_key key)
{
	return key_names[key];
}

void filter_add(struct filter *f, enum filter_key key, bool negated, const char *pattern)
{
	f->terms = mem_grow(f->terms, &f->cap, f->count + 1, sizeof(*f->terms));
	f->terms[f->count++] = (struct filter_term){ key, negated, mem_strdup(pattern) };
}

static void state_release(struct filter *f)
{
	if (f->state)
		free(f->state->node_terms);
	free(f->state);
	f->state = NULL;
}

void filter_release(struct filter *f)
{
	state_release(f);
	for (size_t i = 0; i < f->count; i++)
		free(f->terms[i].pattern);
	free(f->terms);
	*f = (struct filter){ 0 };
}

static bool matches(const char *pattern, const char *text)
{
	if (!text)
		return false;
	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, text, 0) == 0;
	return strstr(text, pattern) != NULL;
}

/* A module is meant by its path or by its file name. */
static bool matches_path(const char *pattern, const char *path)
{
	return matches(pattern, path) || matches(pattern, path_name(path));
}

static bool is_number(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

/* Terms with one key and the same sign: any will do, or none may. `hit` says which matched. */
static bool passes(const struct filter *f, uint64_t hit, bool (*concerns)(enum filter_key key))
{
	bool asked[FILTER_KEYS] = { false }, met[FILTER_KEYS] = { false };
	for (size_t i = 0; i < f->count && i < MAX_TERMS; i++) {
		const struct filter_term *t = &f->terms[i];
		if (!concerns(t->key))
			continue;
		bool matched = hit >> i & 1;
		if (t->negated && matched)
			return false;
		asked[t->key] |= !t->negated;
		met[t->key] |= !t->negated && matched;
	}
	for (unsigned k = 0; k < FILTER_KEYS; k++)
		if (asked[k] && !met[k])
			return false;
	return true;
}

/* ---- stacks ---- */

static bool of_stack(enum filter_key key)
{
	return key == FILTER_MODULE || key == FILTER_FUNCTION || key == FILTER_FILE;
}

static bool frame_matches(const struct filter_state *s, const struct filter_term *t,
			  const struct frame *frame)
{
	const struct frame_function *function = frames_function(s->frames, frame->function);
	if (t->key == FILTER_FUNCTION)
		return matches(t->pattern, function->name);
	return t->key == FILTER_FILE && frame->file && matches_path(t->pattern, frame->file);
}

static uint64_t terms_of_frame(struct filter_state *s, const struct trace_node *node)
{
	const struct trace_reader *reader = frames_reader(s->frames);
	uint64_t hit = 0;
	size_t count;
	uint32_t list = frames_list(s->frames, node->module, node->offset);
	const struct frame *frames = frames_of_list(s->frames, list, &count);
	for (size_t i = 0; i < s->filter->count && i < MAX_TERMS; i++) {
		const struct filter_term *t = &s->filter->terms[i];
		if (!of_stack(t->key))
			continue;
		bool matched =
			t->key == FILTER_MODULE &&
			matches_path(t->pattern, trace_reader_module(reader, node->module)->path);
		for (size_t k = 0; k < count && !matched; k++)
			matched = frame_matches(s, t, &frames[k]);
		hit |= (uint64_t)matched << i;
	}
	return hit;
}

static uint64_t terms_of_stack(struct filter_state *s, uint32_t node)
{
	uint32_t chain[SESSION_MAX_DEPTH * 4];
	size_t depth = 0;
	uint64_t hit = 0;
	while (node >= NODE_FIRST && node < s->node_count && depth < SESSION_MAX_DEPTH * 4) {
		if (s->node_terms[node] & KNOWN) {
			hit = s->node_terms[node];
			break;
		}
		chain[depth++] = node;
		uint32_t parent = trace_reader_node(frames_reader(s->frames), node)->parent;
		node = parent < node ? parent : (uint32_t)NODE_UNKNOWN;
	}
	while (depth--) {
		node = chain[depth];
		hit |= terms_of_frame(s, trace_reader_node(frames_reader(s->frames), node)) | KNOWN;
		s->node_terms[node] = hit;
	}
	return hit;
}

static bool stack_passes(void *ctx, uint32_t node)
{
	struct filter_state *s = ctx;
	return passes(s->filter, terms_of_stack(s, node), of_stack);
}

/* ---- threads and processes ---- */

static bool of_thread(enum filter_key key)
{
	return key == FILTER_THREAD;
}

static bool of_process(enum filter_key key)
{
	return key == FILTER_PROCESS;
}

static bool number_or_text(const char *pattern, uint32_t number, const char *text)
{
	if (is_number(pattern))
		return strtoull(pattern, NULL, 10) == number;
	return matches_path(pattern, text);
}

static bool thread_passes(void *ctx, uint32_t index)
{
	const struct filter_state *s = ctx;
	const struct trace_thread *thread = trace_reader_thread(frames_reader(s->frames), index);
	uint64_t hit = 0;
	for (size_t i = 0; i < s->filter->count && i < MAX_TERMS; i++)
		if (of_thread(s->filter->terms[i].key))
			hit |= (uint64_t)number_or_text(s->filter->terms[i].pattern, thread->tid,
							thread->name)
			       << i;
	return passes(s->filter, hit, of_thread);
}

static bool process_passes(void *ctx, uint32_t index)
{
	const struct filter_state *s = ctx;
	const struct trace_process *process = trace_reader_process(frames_reader(s->frames), index);
	uint64_t hit = 0;
	for (size_t i = 0; i < s->filter->count && i < MAX_TERMS; i++)
		if (of_process(s->filter->terms[i].key))
			hit |= (uint64_t)number_or_text(s->filter->terms[i].pattern, process->pid,
							process->exe)
			       << i;
	return passes(s->filter, hit, of_process);
}

/* ---- putting it together ---- */

/* Events have 16 bits for it. */
#define NO_ALLOCATOR UINT32_MAX

/* Malloc's, whatever it is called, without the allocators beside it. */
#define HEAP "heap"

static bool is_named(const struct trace_reader *reader, uint32_t allocator, const char *pattern)
{
	struct strbuf name = STRBUF_INIT;
	allocator_add_name(&name, reader, allocator, TRACE_NO_PROCESS);
	bool is = matches(pattern, name.text);
	strbuf_release(&name);
	return is;
}

static uint32_t find_allocator(const struct trace_reader *reader, const char *pattern)
{
	size_t count = trace_reader_allocator_count(reader);
	if (strcmp(pattern, HEAP) == 0)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (is_named(reader, i, pattern))
			return i;
	return NO_ALLOCATOR;
}

static const char *allocator_pattern(const struct filter *f)
{
	const char *pattern = NULL;
	for (size_t i = 0; i < f->count; i++)
		if (f->terms[i].key == FILTER_ALLOCATOR)
			pattern = f->terms[i].pattern;
	return pattern;
}

/* A pool is one by itself. Instances of one name are many: each process has its own. */
static enum replay_use allocator_use(void *ctx, uint32_t allocator)
{
	const struct filter_state *s = ctx;
	const struct trace_reader *reader = frames_reader(s->frames);
	const struct trace_allocator *a = trace_reader_allocator(reader, allocator);
	const char *pattern = allocator_pattern(s->filter);
	if (a->kind != TRACE_ALLOCATOR_INSTANCE)
		return REPLAY_APART;
	if (!pattern)
		return REPLAY_JOINED;
	if (strcmp(pattern, HEAP) == 0)
		return REPLAY_LEFT_OUT;
	uint32_t first = find_allocator(reader, pattern);
	if (first == NO_ALLOCATOR)
		return REPLAY_LEFT_OUT;
	bool is_asked_for = (first == 0 || trace_reader_allocator(reader, first)->kind ==
						   TRACE_ALLOCATOR_INSTANCE) &&
			    matches(pattern, a->name);
	return is_asked_for ? REPLAY_JOINED : REPLAY_LEFT_OUT;
}

int filter_prepare(struct filter *f, struct frames *frames, struct replay_filter *out,
		   struct err *err)
{
	*out = (struct replay_filter){ .from_ns = f->from_ns,
				       .to_ns = f->to_ns,
				       .use = allocator_use };
	if (f->count > MAX_TERMS)
		return err_set(err, "more than %d filters", MAX_TERMS);
	state_release(f);
	struct filter_state *s = mem_zalloc(1, sizeof(*s));
	f->state = s;
	s->filter = f;
	s->frames = frames;
	s->node_count = trace_reader_node_count(frames_reader(frames));
	out->ctx = s;
	for (size_t i = 0; i < f->count; i++) {
		const struct filter_term *t = &f->terms[i];
		if (of_stack(t->key))
			out->stack = stack_passes;
		if (of_thread(t->key))
			out->thread = thread_passes;
		if (of_process(t->key))
			out->process = process_passes;
		if (t->key == FILTER_ALLOCATOR) {
			out->allocator = find_allocator(frames_reader(frames), t->pattern);
			out->one_allocator = true;
		}
	}
	if (out->stack)
		s->node_terms = mem_zalloc(s->node_count + 1, sizeof(*s->node_terms));
	return 0;
}
