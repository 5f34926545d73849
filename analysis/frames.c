/* frames.c - interned names, frames and lists; see frames.h. */
#include "analysis/frames.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "analysis/pair_map.h"
#include "analysis/plumbing.h"
#include "base/hash.h"
#include "util/mem.h"

struct name {
	UT_hash_handle hh;
	char text[];
};

struct list {
	uint32_t first; /* in frames.all */
	uint32_t count;
};

struct frames {
	const struct trace_reader *reader;
	frame_source source;
	void *ctx;
	struct name *names;
	struct frame_function *functions;
	size_t function_count;
	size_t function_cap;
	struct frame *all;
	size_t count;
	size_t cap;
	struct list *lists;
	size_t list_count;
	size_t list_cap;
	struct pair_map functions_by_name;   /* (name, module) -> function */
	struct pair_map functions_by_offset; /* (offset, module) -> function */
	struct pair_map lists_by_address;    /* (offset, module) -> list */
	struct pair_map lists_by_hash;	     /* (hash, length) -> list */
	bool *module_is_runtime;
	size_t module_count;
};

static const char *intern(struct frames *f, const char *text)
{
	if (!text || !*text)
		return NULL;
	struct name *name;
	size_t len = strlen(text);
	HASH_FIND(hh, f->names, text, len, name);
	if (!name) {
		name = mem_alloc(sizeof(*name) + len + 1);
		memcpy(name->text, text, len + 1);
		HASH_ADD_KEYPTR(hh, f->names, name->text, len, name);
	}
	return name->text;
}

struct frames *frames_new(const struct trace_reader *reader, frame_source source, void *ctx)
{
	struct frames *f = mem_zalloc(1, sizeof(*f));
	f->reader = reader;
	f->source = source;
	f->ctx = ctx;
	f->module_count = trace_reader_module_count(reader);
	f->module_is_runtime = mem_zalloc(f->module_count + 1, sizeof(bool));
	for (size_t i = 0; i < f->module_count; i++)
		f->module_is_runtime[i] =
			plumbing_module(trace_reader_module(reader, (uint32_t)i)->path);
	return f;
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	struct name *name, *next;
	HASH_ITER (hh, f->names, name, next) {
		HASH_DEL(f->names, name);
		free(name);
	}
	pair_map_release(&f->functions_by_name);
	pair_map_release(&f->functions_by_offset);
	pair_map_release(&f->lists_by_address);
	pair_map_release(&f->lists_by_hash);
	free(f->functions);
	free(f->all);
	free(f->lists);
	free(f->module_is_runtime);
	free(f);
}

const struct trace_reader *frames_reader(const struct frames *f)
{
	return f->reader;
}

static uint32_t function_of(struct frames *f, const char *name, uint32_t module, uint64_t offset)
{
	bool fresh;
	uint32_t *number =
		name ? pair_map_at(&f->functions_by_name, (uintptr_t)name, module, &fresh)
		     : pair_map_at(&f->functions_by_offset, offset, module, &fresh);
	if (!fresh)
		return *number;
	*number = (uint32_t)f->function_count;
	f->functions = mem_grow(f->functions, &f->function_cap, f->function_count + 1,
				sizeof(*f->functions));
	bool runtime = module < f->module_count && f->module_is_runtime[module];
	f->functions[f->function_count] = (struct frame_function){
		name,
		module,
		name ? 0 : offset,
		runtime || (name && plumbing_function(name)),
	};
	return (uint32_t)f->function_count++;
}

static void add_frame(struct frames *f, const struct frame *frame)
{
	f->all = mem_grow(f->all, &f->cap, f->count + 1, sizeof(*f->all));
	f->all[f->count++] = *frame;
}

static uint64_t hash_frames(const struct frame *frames, size_t count)
{
	uint64_t h = count;
	for (size_t i = 0; i < count; i++) {
		h = hash_pair(h, (uint64_t)frames[i].function << 32 | frames[i].line);
		h = hash_pair(h, (uintptr_t)frames[i].file ^ frames[i].inlined);
	}
	return h;
}

static bool same_frames(const struct frame *a, const struct frame *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].function != b[i].function || a[i].line != b[i].line ||
		    a[i].file != b[i].file || a[i].inlined != b[i].inlined)
			return false;
	return true;
}

/* The frames from `first` on become a list, unless there is an equal one. */
static uint32_t list_from(struct frames *f, size_t first)
{
	size_t count = f->count - first;
	uint64_t h = hash_frames(f->all + first, count);
	/* Two different lists with one hash are told apart by asking for the next hash. */
	for (;; h++) {
		bool fresh;
		uint32_t *number = pair_map_at(&f->lists_by_hash, h, count, &fresh);
		if (fresh) {
			*number = (uint32_t)f->list_count;
			f->lists = mem_grow(f->lists, &f->list_cap, f->list_count + 1,
					    sizeof(*f->lists));
			f->lists[f->list_count] = (struct list){ (uint32_t)first, (uint32_t)count };
			return (uint32_t)f->list_count++;
		}
		if (same_frames(f->all + f->lists[*number].first, f->all + first, count)) {
			f->count = first;
			return *number;
		}
	}
}

static uint32_t make_list(struct frames *f, uint32_t module, uint64_t offset)
{
	const struct trace_symbol *symbols;
	size_t first = f->count;
	size_t count = f->source ? f->source(f->ctx, module, offset, &symbols) : 0;
	for (size_t i = 0; i < count; i++) {
		const struct trace_symbol *s = &symbols[i];
		/* A line without a function still has its place: it is named by the address. */
		struct frame frame = {
			.function = function_of(f, intern(f, s->function), module, offset),
			.line = s->line,
			.file = intern(f, s->file),
			.inlined = s->inlined && i + 1 < count,
		};
		add_frame(f, &frame);
	}
	if (!count)
		add_frame(f, &(struct frame){ .function = function_of(f, NULL, module, offset) });
	return list_from(f, first);
}

uint32_t frames_list(struct frames *f, uint32_t module, uint64_t offset)
{
	bool fresh;
	uint32_t *number = pair_map_at(&f->lists_by_address, offset, module, &fresh);
	if (fresh)
		*number = make_list(f, module, offset);
	return *number;
}

const struct frame *frames_of_list(const struct frames *f, uint32_t list, size_t *count)
{
	*count = f->lists[list].count;
	return f->all + f->lists[list].first;
}

size_t frames_function_count(const struct frames *f)
{
	return f->function_count;
}

const struct frame_function *frames_function(const struct frames *f, uint32_t function)
{
	return &f->functions[function];
}
