/* whole-api.c - calls each function of an allocator that makes, moves or takes blocks, by its name.
 *
 *	whole-api LIBRARY right NAME:ARGUMENTS...
 *	whole-api LIBRARY wrong NAME:ARGUMENTS...
 *
 * ARGUMENTS says what is passed: s bytes wanted, n 3, p a block, a 64, o where the result is stored, i
 * where a block is stored, h a heap, t a text, w a text of 16 bits a character, e the name of an
 * environment variable, f a file's name, 0 nothing; and behind a dot what comes of it: b a block, B one in `o`,
 * I one in `i`, v nothing, r nothing but the block has its new size, z its size. right: prints what the trace
 * must hold; wrong: gives a block of libc's malloc to each that takes one. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "expect.h"

enum { ROUNDS = 6, ARGUMENTS = 6, COUNT = 3, ALIGN = 64, FIRST = 2000, LEAST = 64, MORE = 100000 };

typedef uintptr_t (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

static void *library;
static void *(*make)(size_t);
static void (*give)(void *);
static void *(*heap_new)(void);

/* One call with all that it may be about. */
struct call {
	const char *arguments;
	uintptr_t a[ARGUMENTS];
	void *out;
	size_t size, wanted; /* of the block before; after */
	char text[4096];
	uint16_t wide[4096];
};

static void prepare(struct call *c, void *block, void *heap)
{
	c->wanted = c->size;
	for (int i = 0; i < ARGUMENTS && c->arguments[i] && c->arguments[i] != '.'; i++) {
		uintptr_t *a = &c->a[i];
		switch (c->arguments[i]) {
		case 's': *a = c->wanted; break;
		case 'n': *a = COUNT; break;
		case 'p': *a = (uintptr_t)block; break;
		case 'a': *a = ALIGN; break;
		case 'o': *a = (uintptr_t)&c->out; break;
		case 'i': c->out = block; *a = (uintptr_t)&c->out; break;
		case 'h': *a = (uintptr_t)heap; break;
		case 't': *a = (uintptr_t)c->text; break;
		case 'w': *a = (uintptr_t)c->wide; break;
		case 'f': *a = (uintptr_t)"/usr/../usr"; break;
		case 'e': *a = (uintptr_t)"WHOLE_API"; break;
		default: *a = 0;
		}
	}
	if (strchr(c->arguments, 'n'))
		c->wanted *= COUNT;
	if (strchr(c->arguments, 'w'))
		c->wanted *= 2;
}

static uintptr_t go(function f, const struct call *c)
{
	return f(c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
}

static bool takes_block(const char *arguments)
{
	return strchr(arguments, 'p') || strchr(arguments, 'i');
}

/* Sets the texts so that a copy has c->size bytes. */
static void set_texts(struct call *c)
{
	memset(c->text, 'x', sizeof(c->text));
	c->text[c->size - 1] = '\0';
	for (size_t i = 0; i < c->size; i++)
		c->wide[i] = i + 1 < c->size ? 'x' : 0;
	setenv("WHOLE_API", c->text, 1);
}

static NOINLINE void right(function f, const char *arguments, size_t size)
{
	static struct call c;
	c = (struct call){ .arguments = arguments, .size = size };
	char result = strchr(arguments, '.')[1];
	bool moves = takes_block(arguments) && result != 'v' && result != 'z';
	bool shrinks = result == 'r'; /* where it is */
	void *heap = heap_new ? heap_new() : NULL;
	set_texts(&c);
	for (int i = 0; i < ROUNDS; i++) {
		size_t before = shrinks ? size + 8 : moves ? size + MORE : size;
		void *block = takes_block(arguments) ? make(before) : NULL;
		prepare(&c, block, heap);
		uintptr_t got = go(f, &c);
		CHECK(result != 'z' || got >= size);
		CHECK(result != 'b' || got);
		void *p = result == 'b' ? (void *)got : result == 'B' || result == 'I' ? c.out :
			  result == 'r' || result == 'z' ? block : NULL;
		give(p);
	}
	if (shrinks || moves)
		expect("size=%zu allocs=%d frees=%d", shrinks ? size + 8 : size + MORE, ROUNDS, ROUNDS);
	if (strchr(arguments, 'f'))
		return; /* as long as a file's name is */
	expect("size=%zu allocs=%d frees=%d", c.wanted, ROUNDS, ROUNDS);
}

static NOINLINE void wrong(function f, const char *arguments, size_t size)
{
	struct call c = { .arguments = arguments, .size = size };
	char *block = malloc(size);
	memset(block, 'x', size);
	prepare(&c, block, heap_new ? heap_new() : NULL);
	uintptr_t got = go(f, &c);
	char result = strchr(arguments, '.')[1];
	char *p = result == 'b' ? (char *)got : result == 'I' ? c.out : result == 'v' ? NULL : block;
	if (p)
		for (size_t i = 0; i < (result == 'b' || result == 'I' ? LEAST : size); i++)
			CHECK(p[i] == 'x');
	CHECK(result != 'z' || got >= size);
	free(p); /* its owner moved it */
	printf("wrong size=%zu\n", size);
}

/* A heap that goes with all its blocks. */
static void destroy_heaps(size_t size)
{
	void *(*heap_malloc)(void *, size_t), *(*heap_aligned)(void *, size_t, size_t);
	void (*destroy)(void *);
	*(void **)&heap_malloc = dlsym(library, "mi_heap_malloc");
	*(void **)&heap_aligned = dlsym(library, "mi_heap_malloc_aligned");
	*(void **)&destroy = dlsym(library, "mi_heap_destroy");
	if (!destroy)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		void *heap = heap_new(), *other = heap_new();
		for (int k = 0; k < 50; k++) {
			CHECK(heap_malloc(heap, size) && heap_malloc(other, size + 1));
			CHECK(heap_aligned(heap, size + 2, 4096));
		}
		CHECK(heap_malloc(heap, 20 << 20));
		void *stays = make(size + 3);
		destroy(heap);
		give(stays);
		void *again = make(size);
		give(again);
		destroy(other);
	}
	expect("size=%zu allocs=%d frees=%d", size, 51 * ROUNDS, 51 * ROUNDS);
	expect("size=%zu allocs=%d frees=%d", size + 1, 50 * ROUNDS, 50 * ROUNDS);
	expect("size=%zu allocs=%d frees=%d", size + 2, 50 * ROUNDS, 50 * ROUNDS);
	expect("size=%zu allocs=%d frees=%d", size + 3, ROUNDS, ROUNDS);
	expect("size=%d allocs=%d frees=%d", 20 << 20, ROUNDS, ROUNDS);
}

static void *look_up(const char *a, const char *b)
{
	void *found = dlsym(library, a);
	return found ? found : dlsym(library, b);
}

int main(int argc, char **argv)
{
	CHECK(argc > 3);
	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	CHECK(library);
	*(void **)&make = look_up("mi_malloc", "tc_malloc");
	*(void **)&give = look_up("mi_free", "tc_free");
	*(void **)&heap_new = dlsym(library, "mi_heap_new");
	if (!make) {
		*(void **)&make = look_up("scalable_malloc", "malloc");
		*(void **)&give = look_up("scalable_free", "free");
	}
	size_t size = FIRST;
	for (int i = 3; i < argc; i++, size += 20) {
		char *arguments = strchr(argv[i], ':');
		*arguments++ = '\0';
		function f = (function)(uintptr_t)dlsym(library, argv[i]);
		if (!f)
			fprintf(stderr, "no %s\n", argv[i]);
		CHECK(f);
		if (strcmp(argv[2], "right") == 0)
			right(f, arguments, size);
		else if (takes_block(arguments))
			wrong(f, arguments, size);
	}
	if (strcmp(argv[2], "right") == 0 && heap_new)
		destroy_heaps(size);
	return 0;
}
