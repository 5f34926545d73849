/* alloctrace-lsan.h - LeakSanitizer's interface for programs that run under alloctrace.
 *
 * Include it instead of <sanitizer/lsan_interface.h>, or behind it. The names of that header come
 *to alloctrace, and where the program is built with LeakSanitizer or AddressSanitizer to these as
 *well. In one file of the program, where it has __lsan_default_suppressions():
 *
 *	#define ALLOCTRACE_LSAN_DEFAULT_SUPPRESSIONS
 *	#include <alloctrace-lsan.h>
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_LSAN_H
#define ALLOCTRACE_LSAN_H

#include "alloctrace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The sanitizer's own, where it is there. */
extern void __lsan_ignore_object(const void *p) __attribute__((weak));
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));
extern void __lsan_register_root_region(const void *p, size_t size) __attribute__((weak));
extern void __lsan_unregister_root_region(const void *p, size_t size) __attribute__((weak));
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
extern void __lsan_do_leak_check(void) __attribute__((weak));

static inline void alloctrace_lsan_ignore_object(const void *p)
{
	alloctrace_ignore_block(p);
	if (__lsan_ignore_object)
		__lsan_ignore_object(p);
}

static inline void alloctrace_lsan_disable(void)
{
	alloctrace_leaks_disable();
	if (__lsan_disable)
		__lsan_disable();
}

static inline void alloctrace_lsan_enable(void)
{
	alloctrace_leaks_enable();
	if (__lsan_enable)
		__lsan_enable();
}

static inline void alloctrace_lsan_register_root_region(const void *p, size_t size)
{
	alloctrace_root_region(p, size);
	if (__lsan_register_root_region)
		__lsan_register_root_region(p, size);
}

static inline void alloctrace_lsan_unregister_root_region(const void *p, size_t size)
{
	alloctrace_root_region_unregister(p, size);
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(p, size);
}

/* 1 if there are leaks. */
static inline int alloctrace_lsan_do_recoverable_leak_check(void)
{
	struct alloctrace_leaks leaks;
	if (alloctrace_leak_check(&leaks))
		return leaks.definite_blocks + leaks.indirect_blocks != 0;
	return __lsan_do_recoverable_leak_check ? __lsan_do_recoverable_leak_check() : 0;
}

/* Of LeakSanitizer it ends the program when there are leaks; alloctrace has a gate for that. */
static inline void alloctrace_lsan_do_leak_check(void)
{
	struct alloctrace_leaks leaks;
	if (!alloctrace_leak_check(&leaks) && __lsan_do_leak_check)
		__lsan_do_leak_check();
}

#ifdef ALLOCTRACE_LSAN_DEFAULT_SUPPRESSIONS
extern const char *__lsan_default_suppressions(void) __attribute__((weak));

static void __attribute__((constructor)) alloctrace_lsan_take_suppressions(void)
{
	if (alloctrace_is_present() && __lsan_default_suppressions)
		alloctrace_suppressions(__lsan_default_suppressions());
}
#endif

#ifdef __cplusplus
}

namespace alloctrace
{

/* As __lsan::ScopedDisabler. */
struct LeaksDisabled {
	LeaksDisabled()
	{
		alloctrace_lsan_disable();
	}
	~LeaksDisabled()
	{
		alloctrace_lsan_enable();
	}
	LeaksDisabled(const LeaksDisabled &) = delete;
	LeaksDisabled &operator=(const LeaksDisabled &) = delete;
};

} // namespace alloctrace
#endif

#define __lsan_ignore_object		 alloctrace_lsan_ignore_object
#define __lsan_disable			 alloctrace_lsan_disable
#define __lsan_enable			 alloctrace_lsan_enable
#define __lsan_register_root_region	 alloctrace_lsan_register_root_region
#define __lsan_unregister_root_region	 alloctrace_lsan_unregister_root_region
#define __lsan_do_recoverable_leak_check alloctrace_lsan_do_recoverable_leak_check
#define __lsan_do_leak_check		 alloctrace_lsan_do_leak_check

#endif
