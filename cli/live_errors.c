/* live_errors.c - see live_errors.h. */
#include "cli/live_errors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/output.h"
#include "report/crash_text.h"
#include "report/finding_judge.h"
#include "report/finding_text.h"
#include "report/instance_words.h"
#include "report/suppressions.h"
#include "symbol/module_allocators.h"
#include "symbol/symbol.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"
#include "wire/findings.h"

enum {
	SHOWN_FRAMES = 12,
	STACK_BYTES = 8 << 20, /* of the thread: names and DWARF may be nested deeply */
};

void live_errors_init(struct live_errors *l, bool at_end)
{
	l->at_end = at_end;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	l->last = &l->first;
	l->last_crash = &l->first_crash;
}

/* ---- one of them ---- */

static void add_address(struct story_stack *stack, struct symbolizer *symbolizer,
			const struct told_address *address)
{
	const struct trace_module *module = &address->module->module;
	const struct trace_symbol *symbols = NULL;
	size_t count = symbolizer_resolve(symbolizer, module, address->module->anonymous_pid,
					  address->offset, &symbols);
	struct story_frame frame = {
		.module = module->path,
		.build_id = module->build_id,
		.build_id_bytes = module->build_id_bytes,
		.offset = address->offset,
	};
	for (size_t i = 0; i < count; i++) {
		frame.function = symbols[i].function;
		frame.file = symbols[i].file;
		frame.line = symbols[i].line;
		frame.inlined = symbols[i].inlined && i + 1 < count;
		story_stack_add(stack, &frame);
	}
	if (!count)
		story_stack_add(stack, &frame);
}

_Static_assert((int)TOLD_RELEASE == STORY_RELEASE && (int)TOLD_MADE == STORY_MADE &&
		       (int)TOLD_FIRST == STORY_FIRST && (int)TOLD_STACKS == STORY_STACKS,
	       "the same stacks");

/* "glibc 2.36", of the module that serves malloc. */
static char *heap_name(const struct told_module *heap)
{
	struct allocators found;
	struct strbuf title = STRBUF_INIT;
	if (!heap)
		return NULL;
	struct allocator_finder *finder = allocator_finder_new();
	module_allocators_find(finder, &heap->module, &found);
	for (size_t i = 0; i < found.count && !title.len; i++) {
		const struct allocator *a = &found.items[i];
		const struct trace_instance in = { .family = a->name,
						   .version = a->version,
						   .prefix = a->prefix };
		if (!a->layer)
			instance_title(&title, &in);
	}
	if (!title.len)
		strbuf_adds(&title, path_name(heap->module.path));
	allocators_release(&found);
	allocator_finder_free(finder);
	return title.text;
}

/* Looked up only for those that are told. */
static void name_allocators(struct finding_story *s, const struct told_finding *f)
{
	if (!finding_names_called(&f->finding))
		return;
	s->made_allocator = *f->made_allocator ? mem_strdup(f->made_allocator) : NULL;
	s->called_allocator = *f->called_allocator ? mem_strdup(f->called_allocator) : NULL;
	if (f->finding.allocator == 0)
		s->made_allocator = heap_name(f->heap);
	if (f->finding.argument == 0)
		s->called_allocator = heap_name(f->heap);
}

static void make_story(struct finding_story *s, struct symbolizer *symbolizer,
		       const struct told_finding *f)
{
	*s = (struct finding_story){ .finding = f->finding,
				     .number = f->number,
				     .pid = f->pid,
				     .exe = f->exe,
				     .tid = f->tid,
				     .made_tid = f->made_tid,
				     .first_tid = f->first_tid,
				     .thread_name = f->thread_name };
	for (unsigned i = 0; i < STORY_STACKS; i++) {
		s->stacks[i].outside = f->stacks[i].outside;
		for (size_t k = 0; k < f->stacks[i].count; k++)
			add_address(&s->stacks[i], symbolizer, &f->stacks[i].addresses[k]);
	}
	finding_story_finish(s);
}

static void add_addresses(struct story_stack *stack, struct symbolizer *symbolizer,
			  const struct told_stack *told)
{
	stack->outside = told->outside;
	for (size_t i = 0; i < told->count; i++)
		add_address(stack, symbolizer, &told->addresses[i]);
}

static void make_crash_block(struct crash_block *b, struct symbolizer *symbolizer,
			     const struct told_crash *t, uint32_t i)
{
	const struct told_block *told = &t->blocks[i];
	*b = (struct crash_block){ .pointer = t->pointers[i],
				   .made_tid = told->made_tid,
				   .freed_tid = told->freed_tid };
	if (b->pointer.allocator == 0) {
		b->allocator = heap_name(t->heap);
		b->heap_module = t->heap ? t->heap->module.path : NULL;
	} else if (*told->allocator) {
		b->allocator = mem_strdup(told->allocator);
	}
	add_addresses(&b->made, symbolizer, &told->made);
	add_addresses(&b->freed, symbolizer, &told->freed);
}

static void make_crash_story(struct crash_story *s, struct symbolizer *symbolizer,
			     const struct told_crash *t)
{
	*s = (struct crash_story){ .crash = t->crash,
				   .number = t->number,
				   .exe = t->exe,
				   .thread_name = t->thread_name };
	s->blocks = mem_zalloc(t->crash.pointer_count + 1u, sizeof(*s->blocks));
	s->block_count = t->crash.pointer_count;
	for (uint32_t i = 0; i < t->crash.pointer_count; i++)
		make_crash_block(&s->blocks[i], symbolizer, t, i);
	add_addresses(&s->stack, symbolizer, &t->stack);
	crash_story_finish(s);
}

/* What the thread needs; made when there is something to tell. */
struct teller {
	struct symbolizer *symbolizer;
	struct finding_judge *judge;
	struct suppressions *suppressions;
	uint64_t shown;
};

static void tell_crash(struct teller *t, const struct told_crash *crash)
{
	const struct finding_style style = { .depth = SHOWN_FRAMES,
					     .width = output_width(stderr),
					     .color = output_color(stderr, COLOR_AUTO) };
	struct crash_story story;
	struct strbuf text = STRBUF_INIT;
	make_crash_story(&story, t->symbolizer, crash);
	crash_add_text(&text, &story, "alloctrace: ", &style);
	fwrite(text.text, 1, text.len, stderr);
	strbuf_release(&text);
	crash_story_release(&story);
}

static void show(const struct finding_story *story)
{
	const struct finding_style style = { .depth = SHOWN_FRAMES,
					     .width = output_width(stderr),
					     .color = output_color(stderr, COLOR_AUTO) };
	struct strbuf text = STRBUF_INIT;
	finding_add_text(&text, story, "alloctrace: ", &style);
	/* In one piece: the program writes there, too. */
	fwrite(text.text, 1, text.len, stderr);
	strbuf_release(&text);
}

/* The runtime does not know the suppressions: of one that has ended the program it is told why. */
static bool is_suppressed(const struct teller *t, const struct finding_story *story)
{
	return story->finding.outcome != FINDING_ABORTED &&
	       suppressions_match(t->suppressions, story);
}

/* False if it was left out because enough have been shown. */
static bool tell(struct teller *t, const struct told_finding *f, uint64_t max)
{
	struct finding_story story;
	if (max && t->shown == max)
		return false;
	make_story(&story, t->symbolizer, f);
	if (!finding_is_doubtful(t->judge, &story) && !is_suppressed(t, &story)) {
		name_allocators(&story, f);
		show(&story);
		t->shown++;
	}
	finding_story_release(&story);
	return true;
}

/* ---- the queue ---- */

/* The next finding or else crash, which may come from it; false when there will be none. */
static bool next(struct live_errors *l, struct told_finding **finding, struct told_crash **crash)
{
	pthread_mutex_lock(&l->lock);
	while (!l->first && !l->first_crash && !l->closed)
		pthread_cond_wait(&l->changed, &l->lock);
	*finding = l->first;
	*crash = *finding ? NULL : l->first_crash;
	if (*finding) {
		l->first = (*finding)->next;
		if (!l->first)
			l->last = &l->first;
	} else if (*crash) {
		l->first_crash = (*crash)->next;
		if (!l->first_crash)
			l->last_crash = &l->first_crash;
	}
	pthread_mutex_unlock(&l->lock);
	return *finding || *crash;
}

static void *work(void *context)
{
	struct live_errors *l = context;
	struct teller t = { .symbolizer = symbolizer_new(),
			    .judge = finding_judge_new(),
			    .suppressions = l->suppressions };
	struct told_finding *f;
	struct told_crash *crash;
	uint64_t left_out = 0;
	while (next(l, &f, &crash)) {
		if (f) {
			left_out += !tell(&t, f, l->max);
			told_finding_free(f);
		} else {
			tell_crash(&t, crash);
			told_crash_free(crash);
		}
	}
	finding_judge_free(t.judge);
	symbolizer_free(t.symbolizer);
	pthread_mutex_lock(&l->lock);
	l->left_out += left_out;
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void start(struct live_errors *l)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	l->started = pthread_create(&l->thread, &attributes, work, l) == 0;
	pthread_attr_destroy(&attributes);
}

void live_errors_take(struct live_errors *l, struct told_finding *finding)
{
	pthread_mutex_lock(&l->lock);
	finding->next = NULL;
	*l->last = finding;
	l->last = &finding->next;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (!l->at_end && !l->started)
		start(l);
}

void live_errors_take_crash(struct live_errors *l, struct told_crash *crash)
{
	pthread_mutex_lock(&l->lock);
	crash->next = NULL;
	*l->last_crash = crash;
	l->last_crash = &crash->next;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (!l->at_end && !l->started)
		start(l);
}

void live_errors_finish(struct live_errors *l)
{
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	else if (l->first || l->first_crash)
		work(l);
	/* Which of them would have been suppressed or may be right was not looked at. */
	if (l->left_out)
		say("%s%" PRIu64 " more wrong free%s not shown: alloctrace errors lists all",
		    l->left_out > 1 ? "up to " : "", l->left_out,
		    l->left_out == 1 ? " is" : "s are");
}
