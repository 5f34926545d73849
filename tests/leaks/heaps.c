/* heaps.c - lists whose nodes come from two allocators in turn: a library's, reached by its own
 * functions, and malloc(). Rightly the first node is held; it is one of malloc()'s or of the other,
 * as the case says. */
#define _GNU_SOURCE
#include "leaks.h"

#include <dlfcn.h>
#include <unistd.h>

enum { NODES = 12 };

struct node {
	struct node *next;
	char load[24];
};

typedef void *(*make_function)(size_t bytes);

static struct node *volatile held;
static void *(*mallocx)(size_t bytes, int flags);
static make_function other;

static void *find(const char *library, const char *function)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void *found = handle ? dlsym(handle, function) : NULL;
	if (!found)
		_exit(97);
	return found;
}

static APART struct node *make_mine(struct node *next)
{
	struct node *n = malloc(sizeof *n);
	n->next = next;
	return n;
}

static APART struct node *make_others(struct node *next)
{
	struct node *n = other(sizeof *n);
	n->next = next;
	return n;
}

static APART struct node *build(bool mine_first)
{
	struct node *first = NULL;
	for (int i = 0; i < NODES; i++)
		first = (i % 2 == 0) == mine_first ? make_others(first) : make_mine(first);
	return first;
}

static void lists(bool right)
{
	/* The one of the first list belongs to malloc(), that of the second one to the other. */
	struct node *a = build(true), *b = build(false);
	if (right) {
		struct node *last = a;
		while (last->next)
			last = last->next;
		last->next = b;
		held = a;
	}
}

static void mimalloc(bool right)
{
	*(void **)&other = find("libmimalloc.so.2", "mi_malloc");
	lists(right);
}

static void tcmalloc(bool right)
{
	*(void **)&other = find("libtcmalloc_minimal.so.4", "tc_malloc");
	lists(right);
}

static void *by_mallocx(size_t bytes)
{
	void *made = mallocx(bytes, 0);
	KEEP(made);
	return made;
}

static void jemalloc(bool right)
{
	*(void **)&mallocx = find("libjemalloc.so.2", "mallocx");
	other = by_mallocx;
	lists(right);
}

/* jemalloc in a library that shows nothing of it. */
static void hidden_heap(bool right)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
	char *slash = length > 0 ? strrchr(path, '/') : NULL;
	if (!slash)
		_exit(98);
	strcpy(slash + 1, "hidden-heap.so");
	*(void **)&other = find(path, "hidden_heap_make");
	lists(right);
}

static const struct leak_case cases[] = {
	{ "mimalloc", mimalloc },	{ "tcmalloc", tcmalloc }, { "jemalloc", jemalloc },
	{ "hidden-heap", hidden_heap }, { NULL, NULL },
};

int main(int argc, char **argv)
{
	return leaks_main(argc, argv, cases);
}
