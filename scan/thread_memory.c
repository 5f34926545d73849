/* thread_memory.c - see thread_memory.h. */
#include "scan/thread_memory.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	PTHREAD_BYTES = 2304, /* all versions have at least so much of it */
	PTHREAD_ALIGNMENT = 64,
	MOST_ABOVE_PTHREAD = 8192, /* of its stack */
	MOST_DATA_BYTES = 1 << 18, /* of a module that has the lists */
	MOST_THREADS = 1 << 17,
};

struct list_head {
	uint64_t next, previous;
};

struct search {
	struct thread_memory_list *out;
	const struct scan_target *target;
	const struct address_space *space;
	struct read_cache *cache;
	uint64_t *running; /* the thread pointers, sorted */
	size_t running_count;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static int by_thread_pointer(const void *a, const void *b)
{
	const struct thread_memory *x = a, *y = b;
	return (x->thread_pointer > y->thread_pointer) - (x->thread_pointer < y->thread_pointer);
}

static bool is_running(const struct search *s, uint64_t thread_pointer)
{
	return s->running_count && bsearch(&thread_pointer, s->running, s->running_count,
					   sizeof(*s->running), by_value);
}

static bool is_pthread(struct search *s, uint64_t at)
{
	uint64_t head[3];
	return read_cache_get(s->cache, at, head, sizeof(head)) && head[0] == at && head[2] == at;
}

/* The struct pthread that the address lies in; 0: none. */
static uint64_t pthread_around(struct search *s, uint64_t address)
{
	uint64_t at = address & ~(uint64_t)(PTHREAD_ALIGNMENT - 1);
	for (unsigned i = 0; i < PTHREAD_BYTES / PTHREAD_ALIGNMENT; i++) {
		if (is_pthread(s, at))
			return at;
		at -= PTHREAD_ALIGNMENT;
	}
	return 0;
}

/* Two words in it: where the stack begins, and how large it is; it ends soon behind. */
static struct scan_range stack_of(struct search *s, uint64_t at)
{
	uint64_t words[PTHREAD_BYTES / 8];
	if (!read_cache_get(s->cache, at, words, sizeof(words)))
		return (struct scan_range){ 0, 0 };
	for (size_t i = 0; i + 1 < sizeof(words) / 8; i++) {
		uint64_t low = words[i], high = low + words[i + 1];
		if (low && low < at && high > at && words[i + 1] < UINT64_C(1) << 40 &&
		    high - at >= PTHREAD_BYTES / 2 && high - at <= MOST_ABOVE_PTHREAD)
			return (struct scan_range){ low, high };
	}
	return (struct scan_range){ 0, 0 };
}

/* Nodes from the head on, if they are those of threads. Of the main thread, too, whose stack is not
 * glibc's. Returns whether one of them runs. */
static bool add_list(struct search *s, uint64_t head, struct list_head first)
{
	uint64_t node = first.next;
	bool any_runs = false;
	for (unsigned n = 0; node != head && n < MOST_THREADS; n++) {
		struct list_head links;
		uint64_t at = pthread_around(s, node);
		if (!at || !read_cache_get(s->cache, node, &links, sizeof(links)))
			break;
		struct thread_memory_list *l = s->out;
		l->list = mem_grow(l->list, &l->cap, l->count + 1, sizeof(*l->list));
		l->list[l->count++] = (struct thread_memory){ .thread_pointer = at,
							      .stack = stack_of(s, at),
							      .is_running = is_running(s, at) };
		any_runs |= is_running(s, at);
		node = links.next;
	}
	return any_runs;
}

static bool is_head(struct search *s, uint64_t at, const struct list_head *h)
{
	struct list_head next, previous;
	return h->next != at && h->next % 8 == 0 && h->previous % 8 == 0 && h->next &&
	       h->previous && read_cache_get(s->cache, h->next, &next, sizeof(next)) &&
	       next.previous == at &&
	       read_cache_get(s->cache, h->previous, &previous, sizeof(previous)) &&
	       previous.next == at;
}

/* glibc has three heads one after the other: of threads whose stacks it made, of those whose stacks
 * it did not, and of what it keeps. Where a list has no running thread it is the first one if the
 * next one has the main thread in it. */
static void search_data(struct search *s, const struct scan_range *r)
{
	struct list_head heads[2];
	size_t unsure = SIZE_MAX, sure_from = 0;
	uint64_t unsure_at = 0;
	for (uint64_t at = r->low; at + sizeof(heads) <= r->high; at += 8) {
		if (!read_cache_get(s->cache, at, heads, sizeof(heads[0])) ||
		    !is_head(s, at, &heads[0]))
			continue;
		size_t begin = s->out->count;
		bool any_runs = add_list(s, at, heads[0]);
		if (unsure != SIZE_MAX && any_runs && at == unsure_at + sizeof(struct list_head))
			for (size_t i = unsure; i < sure_from; i++)
				s->out->list[i].is_unjoined = true;
		for (size_t i = begin; any_runs && i < s->out->count; i++)
			s->out->list[i].is_unjoined = !s->out->list[i].is_running;
		unsure = any_runs ? SIZE_MAX : begin;
		sure_from = s->out->count;
		unsure_at = at;
	}
}

static bool may_have_lists(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.so", 5) == 0 ||
	       strncmp(name, "libpthread", 10) == 0;
}

void thread_memory_find(struct thread_memory_list *l, const struct scan_target *target,
			const struct address_space *space, struct read_cache *cache)
{
	struct search s = { .out = l, .target = target, .space = space, .cache = cache };
	*l = (struct thread_memory_list){ 0 };
	s.running = mem_realloc(NULL, target->thread_count + 1, sizeof(*s.running));
	for (size_t i = 0; i < target->thread_count; i++)
		s.running[s.running_count++] = target->threads[i].thread_pointer;
	qsort(s.running, s.running_count, sizeof(*s.running), by_value);
	for (size_t i = 0; i < space->data_count; i++) {
		const struct module_data *d = &space->data[i];
		if (may_have_lists(space->modules[d->module].path) &&
		    d->range.high - d->range.low <= MOST_DATA_BYTES)
			search_data(&s, &d->range);
	}
	free(s.running);
	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), by_thread_pointer);
}

const struct thread_memory *thread_memory_of(const struct thread_memory_list *l,
					     uint64_t thread_pointer)
{
	const struct thread_memory wanted = { .thread_pointer = thread_pointer };
	return l->count ? bsearch(&wanted, l->list, l->count, sizeof(wanted), by_thread_pointer)
			: NULL;
}

void thread_memory_release(struct thread_memory_list *l)
{
	free(l->list);
	*l = (struct thread_memory_list){ 0 };
}
