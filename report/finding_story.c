/* finding_story.c - see finding_story.h. */
#include "report/finding_story.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plumbing.h"
#include "report/finding_words.h"
#include "report/instance_words.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"
#include "wire/findings.h"
#include "wire/roles.h"
#include "wire/session.h"

enum {
	/* Frames of each stack that the fingerprint is made of: callers further out differ from one
	 * way to the same mistake to the next. */
	FINGERPRINT_FRAMES = 4,
};

bool story_has_block(const struct finding_story *s)
{
	return s->finding.flags & FINDING_HAS_BLOCK;
}

bool story_has_region(const struct finding_story *s)
{
	return s->finding.flags & FINDING_IN_REGION && !story_has_block(s);
}

bool story_was_freed(const struct finding_story *s)
{
	return s->finding.flags & FINDING_WAS_FREED;
}

const char *story_module_name(const struct story_frame *frame)
{
	return *frame->module ? path_name(frame->module) : "[anonymous code]";
}

const struct story_frame *story_stack_place(const struct story_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct story_frame *frame = &stack->frames[i];
		if (!plumbing_module(frame->module) &&
		    !(frame->function && plumbing_function(frame->function)))
			return frame;
	}
	return stack->count ? &stack->frames[0] : NULL;
}

const struct story_frame *story_place(const struct finding_story *s)
{
	return story_stack_place(&s->stacks[STORY_RELEASE]);
}

void story_stack_add(struct story_stack *stack, const struct story_frame *frame)
{
	stack->frames =
		mem_grow(stack->frames, &stack->cap, stack->count + 1, sizeof(*stack->frames));
	stack->frames[stack->count++] = *frame;
}

void finding_story_release(struct finding_story *s)
{
	for (unsigned i = 0; i < STORY_STACKS; i++)
		free(s->stacks[i].frames);
	memset(s->stacks, 0, sizeof(s->stacks));
	free(s->made_allocator);
	free(s->called_allocator);
	s->made_allocator = s->called_allocator = NULL;
}

/* ---- the fingerprint ---- */

static void add_frame_key(struct strbuf *key, const struct story_frame *frame)
{
	strbuf_adds(key, "\n");
	strbuf_adds(key, story_module_name(frame));
	strbuf_adds(key, " ");
	if (frame->function) {
		strbuf_adds(key, frame->function);
		return;
	}
	for (uint32_t i = 0; i < frame->build_id_bytes; i++)
		strbuf_addf(key, "%02x", frame->build_id[i]);
	/* Code without a file lies elsewhere in each run. */
	if (*frame->module)
		strbuf_addf(key, "+%llx", (unsigned long long)frame->offset);
}

static void add_stack_key(struct strbuf *key, const struct story_stack *stack)
{
	strbuf_adds(key, "\n--");
	for (size_t i = 0; i < stack->count && i < FINGERPRINT_FRAMES; i++)
		add_frame_key(key, &stack->frames[i]);
}

/* An allocator maps from here and there; the module is what counts. */
static void add_owner_key(struct strbuf *key, const struct story_stack *mapped)
{
	strbuf_adds(key, "\n--\n");
	if (mapped->count)
		strbuf_adds(key, story_module_name(&mapped->frames[0]));
}

/* FNV-1a, spelled out: fingerprints are kept in other programs' files and must not change with
 * what hash tables use. */
static uint64_t fingerprint_of(const struct strbuf *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < key->len; i++)
		hash = (hash ^ (unsigned char)key->text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* "jemalloc in libplug.so" of "jemalloc 5.3.0 in libplug.so": an update is no other mistake. */
static void add_allocator_key(struct strbuf *key, const char *name)
{
	strbuf_adds(key, "\n");
	if (!name)
		return;
	const char *in = strstr(name, " in "), *version = name;
	while (*version && !(version[0] == ' ' && isdigit((unsigned char)version[1])))
		version++;
	if (in && version > in)
		version = in;
	strbuf_add(key, name, (size_t)(version - name));
	if (in)
		strbuf_adds(key, in);
}

static void add_calls_key(struct strbuf *key, const struct finding_story *s)
{
	strbuf_addf(key, "\n%s\n%s", role_symbol(s->finding.role),
		    story_has_block(s) ? role_symbol(s->finding.made_role) : "");
	if (finding_names_called(&s->finding)) {
		add_allocator_key(key, s->made_allocator);
		add_allocator_key(key, s->called_allocator);
	}
}

void finding_story_finish(struct finding_story *s)
{
	struct strbuf key = STRBUF_INIT;
	strbuf_adds(&key, finding_class_word(s->finding.class));
	add_calls_key(&key, s);
	add_stack_key(&key, &s->stacks[STORY_RELEASE]);
	if (story_has_region(s) && finding_names_called(&s->finding))
		add_owner_key(&key, &s->stacks[STORY_MADE]);
	else
		add_stack_key(&key, &s->stacks[STORY_MADE]);
	s->fingerprint = fingerprint_of(&key);
	strbuf_release(&key);
}

/* ---- from a trace ---- */

static void add_frames(struct story_stack *stack, struct trace_names *names,
		       const struct trace_node *node)
{
	const struct trace_module *module = trace_reader_module(names->reader, node->module);
	uint32_t list = frames_list(names->frames, node->module, node->offset);
	size_t count;
	const struct frame *frames = frames_of_list(names->frames, list, &count);
	for (size_t i = 0; i < count; i++) {
		struct story_frame frame = {
			.function = frames_function(names->frames, frames[i].function)->name,
			.file = frames[i].file,
			.module = module->path,
			.build_id = module->build_id,
			.build_id_bytes = module->build_id_bytes,
			.line = frames[i].line,
			.offset = node->offset,
			.inlined = frames[i].inlined,
		};
		story_stack_add(stack, &frame);
	}
}

static void read_stack(struct story_stack *stack, struct trace_names *names, uint32_t node)
{
	size_t depth = 0;
	while (node >= NODE_FIRST && depth++ < SESSION_MAX_DEPTH) {
		const struct trace_node *n = trace_reader_node(names->reader, node);
		add_frames(stack, names, n);
		/* A caller has a smaller number, so this ends. */
		node = n->parent < node ? n->parent : (uint32_t)NODE_UNKNOWN;
	}
	stack->outside = node < NODE_FIRST ? node : (uint32_t)NODE_TRUNCATED;
}

static uint32_t tid_of(const struct trace_reader *reader, uint32_t thread)
{
	return thread == TRACE_NO_THREAD ? 0 : trace_reader_thread(reader, thread)->tid;
}

bool finding_names_called(const struct trace_finding *f)
{
	return f->class == FINDING_CROSS || f->class == FINDING_GONE;
}

static char *allocator_name(const struct trace_reader *reader, uint64_t allocator, uint32_t process)
{
	struct strbuf name = STRBUF_INIT;
	if (allocator >= trace_reader_allocator_count(reader))
		return NULL;
	if (!allocator && !*trace_reader_allocator(reader, 0)->name &&
	    !instance_serving(reader, process))
		return NULL;
	allocator_add_name(&name, reader, (uint32_t)allocator, process);
	return name.text;
}

void finding_story_read(struct finding_story *s, struct trace_names *names, uint32_t number)
{
	const struct trace_reader *reader = names->reader;
	const struct trace_finding *f = trace_reader_finding(reader, number);
	const struct trace_process *process = trace_reader_process(reader, f->process);
	*s = (struct finding_story){
		.finding = *f,
		.number = number,
		.pid = process->pid,
		.exe = process->exe,
		.tid = tid_of(reader, f->thread),
		.made_tid = tid_of(reader, f->made_thread),
		.first_tid = tid_of(reader, f->first_thread),
		.thread_name = trace_reader_thread(reader, f->thread)->name,
	};
	if (finding_names_called(f))
		s->called_allocator = allocator_name(reader, f->argument, f->process);
	read_stack(&s->stacks[STORY_RELEASE], names, f->stack);
	if (story_has_block(s) || (story_has_region(s) && finding_names_called(f)))
		s->made_allocator = allocator_name(reader, f->allocator, f->process);
	if (story_has_block(s) || story_has_region(s))
		read_stack(&s->stacks[STORY_MADE], names, f->made_stack);
	if (story_was_freed(s))
		read_stack(&s->stacks[STORY_FIRST], names, f->first_site);
	finding_story_finish(s);
}

/* ---- their order ---- */

/* What damages memory comes before what happens to go well with most allocators. */
static unsigned severity(const struct trace_finding *f)
{
	return strcmp(finding_class_group(f->class), "mismatch") == 0;
}

int finding_compare(const struct trace_finding *a, const struct trace_finding *b)
{
	if (severity(a) != severity(b))
		return severity(a) < severity(b) ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->time_ns < b->time_ns ? -1 : a->time_ns > b->time_ns;
}

/* ---- parts, for others ---- */

void story_stack_read(struct story_stack *stack, struct trace_names *names, uint32_t node)
{
	read_stack(stack, names, node);
}

uint32_t story_tid(const struct trace_reader *reader, uint32_t thread)
{
	return tid_of(reader, thread);
}

char *story_allocator_name(const struct trace_reader *reader, uint64_t allocator, uint32_t process)
{
	return allocator_name(reader, allocator, process);
}

uint64_t story_fingerprint(const char *word, const struct story_stack *stack)
{
	struct strbuf key = STRBUF_INIT;
	strbuf_adds(&key, word);
	add_stack_key(&key, stack);
	uint64_t fingerprint = fingerprint_of(&key);
	strbuf_release(&key);
	return fingerprint;
}
