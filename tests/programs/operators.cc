// operators.cc - every replaceable operator new and delete, called by name; failure and handler.
#include <cstdint>
#include <new>

#include "expect.h"

static void say(int bytes, const char *role, const char *free_role)
{
	expect("size=%d allocs=1 frees=1 role=%s free_role=%s", bytes, role, free_role);
}

static const std::align_val_t page{4096};
static const std::nothrow_t &quiet = std::nothrow;

static void aligned_ok(void *p)
{
	CHECK(p && reinterpret_cast<std::uintptr_t>(p) % 4096 == 0);
}

static void single_forms()
{
	::operator delete(keep(::operator new(20011)));
	say(20011, "_Znwm", "_ZdlPv");
	::operator delete(keep(::operator new(20021)), std::size_t(20021));
	say(20021, "_Znwm", "_ZdlPvm");
	::operator delete(keep(::operator new(20023, quiet)), quiet);
	say(20023, "_ZnwmRKSt9nothrow_t", "_ZdlPvRKSt9nothrow_t");
	void *p = keep(::operator new(20029, page));
	aligned_ok(p);
	::operator delete(p, page);
	say(20029, "_ZnwmSt11align_val_t", "_ZdlPvSt11align_val_t");
	p = keep(::operator new(20047, page, quiet));
	aligned_ok(p);
	::operator delete(p, page, quiet);
	say(20047, "_ZnwmSt11align_val_tRKSt9nothrow_t", "_ZdlPvSt11align_val_tRKSt9nothrow_t");
	::operator delete(keep(::operator new(20051, page)), 20051, page);
	say(20051, "_ZnwmSt11align_val_t", "_ZdlPvmSt11align_val_t");
}

static void array_forms()
{
	::operator delete[](keep(::operator new[](20063)));
	say(20063, "_Znam", "_ZdaPv");
	::operator delete[](keep(::operator new[](20071)), std::size_t(20071));
	say(20071, "_Znam", "_ZdaPvm");
	::operator delete[](keep(::operator new[](20089, quiet)), quiet);
	say(20089, "_ZnamRKSt9nothrow_t", "_ZdaPvRKSt9nothrow_t");
	void *p = keep(::operator new[](20101, page));
	aligned_ok(p);
	::operator delete[](p, page);
	say(20101, "_ZnamSt11align_val_t", "_ZdaPvSt11align_val_t");
	p = keep(::operator new[](20107, page, quiet));
	aligned_ok(p);
	::operator delete[](p, page, quiet);
	say(20107, "_ZnamSt11align_val_tRKSt9nothrow_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t");
	::operator delete[](keep(::operator new[](20113, page)), 20113, page);
	say(20113, "_ZnamSt11align_val_t", "_ZdaPvmSt11align_val_t");
}

static int handler_calls;
static void *reserve;

// What a handler does is the program's doing: it gives a reserve back, and may allocate.
static void handler()
{
	CHECK(std::get_new_handler() == handler);
	void *p = keep(::operator new(20117));
	::operator delete(p);
	free(reserve);
	reserve = nullptr;
	if (++handler_calls == 3)
		std::set_new_handler(nullptr);
}

static void failures()
{
	const std::size_t huge = SIZE_MAX / 2 - 12345;
	int thrown = 0;
	for (int i = 0; i < 5; i++) {
		try {
			(void)keep(::operator new(huge));
		} catch (const std::bad_alloc &) {
			thrown++;
		}
	}
	CHECK(thrown == 5);
	CHECK(::operator new(huge, quiet) == nullptr);
	CHECK(::operator new[](huge, quiet) == nullptr);
	CHECK(std::set_new_handler(handler) == nullptr);
	CHECK(std::get_new_handler() == handler);
	reserve = keep(malloc(20149));
	CHECK(::operator new(huge, quiet) == nullptr);
	CHECK(handler_calls == 3 && std::get_new_handler() == nullptr);
	expect("size=20117 allocs=3 frees=3 frames=handler,failures,main");
	expect("size=20149 allocs=1 frees=1");
	expect("size=%zu allocs=0 frees=0", huge);
	// Once an exception has passed through a hook, what follows must still be recorded.
	::operator delete(keep(::operator new(20123)));
	say(20123, "_Znwm", "_ZdlPv");
	free(keep(malloc(20129)));
	say(20129, "malloc", "free");
}

int main()
{
	single_forms();
	array_forms();
	failures();
	::operator delete(nullptr);
	::operator delete[](nullptr, std::size_t(4));
	return 0;
}
