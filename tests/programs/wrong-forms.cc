// wrong-forms.cc - every way to make a block, given back in every way; right and wrong ones.
//
// usage: wrong-forms LIBRARY, where LIBRARY is the allocator's file name ("-": libc). Prints what is to
// be found (`wrong ...`, see wrong.tap). The rule, which follows from the standards and not from
// the tracer:
//
//   A form belongs to malloc, to new or to new[]. A block goes back through a form of the same kind;
//   otherwise it is a mismatch. new with an alignment wants delete with one, and new without one delete
//   without; free() takes what any form of malloc made, free_sized() not what was aligned, and
//   free_aligned_sized() only that. Otherwise it is an alignment mismatch, as is an alignment that is not
//   the block's. A size that is not the block's is a size mismatch.
//
// Each pair has code places of its own, because findings are told once for each pair of places.
#include <cstdint>
#include <dlfcn.h>
#include <initializer_list>
#include <malloc.h>
#include <new>

#include "expect.h"

enum kind { MALLOC, NEW, ARRAY };
enum alignment { PLAIN, ALIGNED, EITHER };
enum { ALIGN = 64, ROUNDS = 2, FIRST_SIZE = 3000, BYSTANDERS = 64 };

struct block {
	void *p;
	size_t size;
};

// What a releasing function is told beside the address.
struct told {
	size_t size, align;
};

static const std::align_val_t aligned{ALIGN};
static const std::nothrow_t &quiet = std::nothrow;

struct making_form {
	const char *symbol;
	kind of;
	alignment as;
	void *(*make)(size_t);
};

static void *by_posix_memalign(size_t n)
{
	void *p = nullptr;
	CHECK(posix_memalign(&p, ALIGN, n) == 0);
	return p;
}

#define MAKES(expression) [](size_t n) -> void * { void *p = keep(expression); KEEP_FRAME(); return p; }

static const making_form making_forms[] = {
	{ "malloc", MALLOC, PLAIN, MAKES(malloc(n)) },
	{ "calloc", MALLOC, PLAIN, MAKES(calloc(1, n)) },
	{ "realloc", MALLOC, PLAIN, MAKES(realloc(nullptr, n)) },
	{ "reallocarray", MALLOC, PLAIN, MAKES(reallocarray(nullptr, 1, n)) },
	{ "posix_memalign", MALLOC, ALIGNED, MAKES(by_posix_memalign(n)) },
	{ "aligned_alloc", MALLOC, ALIGNED, MAKES(aligned_alloc(ALIGN, n)) },
	{ "memalign", MALLOC, ALIGNED, MAKES(memalign(ALIGN, n)) },
	{ "valloc", MALLOC, ALIGNED, MAKES(valloc(n)) },
	{ "pvalloc", MALLOC, ALIGNED, MAKES(pvalloc(n)) },
	{ "_Znwm", NEW, PLAIN, MAKES(::operator new(n)) },
	{ "_ZnwmRKSt9nothrow_t", NEW, PLAIN, MAKES(::operator new(n, quiet)) },
	{ "_ZnwmSt11align_val_t", NEW, ALIGNED, MAKES(::operator new(n, aligned)) },
	{ "_ZnwmSt11align_val_tRKSt9nothrow_t", NEW, ALIGNED, MAKES(::operator new(n, aligned, quiet)) },
	{ "_Znam", ARRAY, PLAIN, MAKES(::operator new[](n)) },
	{ "_ZnamRKSt9nothrow_t", ARRAY, PLAIN, MAKES(::operator new[](n, quiet)) },
	{ "_ZnamSt11align_val_t", ARRAY, ALIGNED, MAKES(::operator new[](n, aligned)) },
	{ "_ZnamSt11align_val_tRKSt9nothrow_t", ARRAY, ALIGNED, MAKES(::operator new[](n, aligned, quiet)) },
};

struct releasing_form {
	const char *symbol;
	kind of;
	alignment takes;
	bool takes_size, takes_align;
	void (*release[3])(void *, told); // one for each enum lie: places of their own
};

enum lie { TRUTH, WRONG_SIZE, WRONG_ALIGN, LIES };

// C23; not in this libc's headers, and without the tracer not there at all.
static void (*free_sized_)(void *, size_t), (*free_aligned_sized_)(void *, size_t, size_t), (*cfree_)(void *);


#define ONE(n, statement) [](void *p, told t) { (void)t; (void)n; statement; KEEP_FRAME(); }
#define RELEASES(statement) { ONE(0, statement), ONE(1, statement), ONE(2, statement) }
#define AS(t) std::align_val_t(t.align)

static const releasing_form releasing_forms[] = {
	{ "free", MALLOC, EITHER, false, false, RELEASES(free(p)) },
	{ "cfree", MALLOC, EITHER, false, false, RELEASES(cfree_(p)) },
	{ "realloc", MALLOC, EITHER, false, false, RELEASES(free(keep(realloc(p, 9001)))) },
	{ "reallocarray", MALLOC, EITHER, false, false, RELEASES(free(keep(reallocarray(p, 3, 3001)))) },
	{ "free_sized", MALLOC, PLAIN, true, false, RELEASES(free_sized_(p, t.size)) },
	{ "free_aligned_sized", MALLOC, ALIGNED, true, true, RELEASES(free_aligned_sized_(p, t.align, t.size)) },
	{ "_ZdlPv", NEW, PLAIN, false, false, RELEASES(::operator delete(p)) },
	{ "_ZdlPvRKSt9nothrow_t", NEW, PLAIN, false, false, RELEASES(::operator delete(p, quiet)) },
	{ "_ZdlPvm", NEW, PLAIN, true, false, RELEASES(::operator delete(p, t.size)) },
	{ "_ZdlPvSt11align_val_t", NEW, ALIGNED, false, true, RELEASES(::operator delete(p, AS(t))) },
	{ "_ZdlPvSt11align_val_tRKSt9nothrow_t", NEW, ALIGNED, false, true, RELEASES(::operator delete(p, AS(t), quiet)) },
	{ "_ZdlPvmSt11align_val_t", NEW, ALIGNED, true, true, RELEASES(::operator delete(p, t.size, AS(t))) },
	{ "_ZdaPv", ARRAY, PLAIN, false, false, RELEASES(::operator delete[](p)) },
	{ "_ZdaPvRKSt9nothrow_t", ARRAY, PLAIN, false, false, RELEASES(::operator delete[](p, quiet)) },
	{ "_ZdaPvm", ARRAY, PLAIN, true, false, RELEASES(::operator delete[](p, t.size)) },
	{ "_ZdaPvSt11align_val_t", ARRAY, ALIGNED, false, true, RELEASES(::operator delete[](p, AS(t))) },
	{ "_ZdaPvSt11align_val_tRKSt9nothrow_t", ARRAY, ALIGNED, false, true,
	  RELEASES(::operator delete[](p, AS(t), quiet)) },
	{ "_ZdaPvmSt11align_val_t", ARRAY, ALIGNED, true, true, RELEASES(::operator delete[](p, t.size, AS(t))) },
};

static const char *what_is_wrong(const making_form &m, const releasing_form &r, lie how)
{
	if (m.of != r.of)
		return "mismatch";
	if (r.takes != EITHER && r.takes != m.as)
		return "alignment";
	return how == WRONG_SIZE ? "size" : how == WRONG_ALIGN ? "alignment" : nullptr;
}

// Twice the most that the address is a multiple of.
static size_t wrong_alignment(const void *p)
{
	uintptr_t address = reinterpret_cast<uintptr_t>(p);
	return 2 * (address & -address);
}

static const char *library;

// Does the allocator have the function, or would libc's own heap be asked?
static bool has(const char *symbol)
{
	Dl_info info;
	if (!strcmp(library, "-"))
		return true;
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	CHECK(handle);
	void *f = dlsym(handle, symbol);
	dlclose(handle);
	return f && dladdr(f, &info) && !strcmp(info.dli_fname, library);
}

// Blocks that are nobody's business: what they hold must stay.
static block bystanders[BYSTANDERS];

static void make_bystanders()
{
	for (int i = 0; i < BYSTANDERS; i++) {
		size_t n = size_t(16) << i % 9;
		bystanders[i] = { keep(malloc(n)), n };
		memset(bystanders[i].p, i, n);
	}
}

static void look_at_bystanders()
{
	for (int i = 0; i < BYSTANDERS; i++)
		for (size_t n = 0; n < bystanders[i].size; n++)
			CHECK(static_cast<unsigned char *>(bystanders[i].p)[n] == i);
}

static void give_back(const making_form &m, const releasing_form &r, lie how, size_t size)
{
	for (int round = 0; round < ROUNDS; round++) {
		void *p = m.make(size);
		CHECK(p);
		memset(p, 0x5a, size);
		told t = { how == WRONG_SIZE ? size / 2 : size, how == WRONG_ALIGN ? wrong_alignment(p) : size_t(ALIGN) };
		r.release[how](p, t);
		// Two of a size, in case it was given back twice or to the wrong list.
		void *a = keep(malloc(size)), *b = keep(malloc(size));
		CHECK(a != b);
		memset(a, 1, size);
		memset(b, 2, size);
		CHECK(static_cast<char *>(a)[size / 2] == 1);
		free(a);
		free(b);
	}
	const char *wrong = what_is_wrong(m, r, how);
	if (wrong && !strcmp(wrong, "size"))
		printf("wrong class=size role=%s made=%s size=%zu count=%d argument=%zu outcome=to-owner\n", r.symbol,
		       m.symbol, size, ROUNDS, size / 2);
	else if (wrong)
		printf("wrong class=%s role=%s made=%s size=%zu count=%d\n", wrong, r.symbol, m.symbol, size, ROUNDS);
	else
		printf("right role=%s made=%s size=%zu\n", r.symbol, m.symbol, size);
}

static bool is_there(const releasing_form &r)
{
	if (!strcmp(r.symbol, "cfree"))
		return cfree_ && has("cfree");
	return strncmp(r.symbol, "free_", 5) != 0 || free_sized_;
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	library = argv[1];
	cfree_ = reinterpret_cast<void (*)(void *)>(dlsym(RTLD_DEFAULT, "cfree"));
	free_sized_ = reinterpret_cast<void (*)(void *, size_t)>(dlsym(RTLD_DEFAULT, "free_sized"));
	free_aligned_sized_ =
		reinterpret_cast<void (*)(void *, size_t, size_t)>(dlsym(RTLD_DEFAULT, "free_aligned_sized"));
	make_bystanders();
	size_t size = FIRST_SIZE;
	for (const making_form &m : making_forms) {
		if (!has(m.symbol) && !strcmp(m.symbol, "pvalloc"))
			continue;
		for (const releasing_form &r : releasing_forms) {
			if (!is_there(r))
				continue;
			for (lie how : { TRUTH, WRONG_SIZE, WRONG_ALIGN }) {
				if ((how == WRONG_SIZE && !r.takes_size) || (how == WRONG_ALIGN && !r.takes_align))
					continue;
				give_back(m, r, how, size++);
			}
		}
	}
	look_at_bystanders();
	printf("survived\n");
	return 0;
}
