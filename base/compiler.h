/* compiler.h - attributes and small macros, named once for gcc and clang.
 *
 * No code, no dependencies; safe to include anywhere, also inside the traced process. */
#ifndef ALLOCTRACE_BASE_COMPILER_H
#define ALLOCTRACE_BASE_COMPILER_H

#define AT_LIKELY(x) __builtin_expect(!!(x), 1)
#define AT_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define AT_NOINLINE __attribute__((noinline))
#define AT_ALWAYS_INLINE static inline __attribute__((always_inline))
#define AT_COLD __attribute__((cold, noinline))
#define AT_UNUSED __attribute__((unused))
#define AT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define AT_MUST_CHECK __attribute__((warn_unused_result))
/* The only symbols that leave the runtime; everything else is built hidden. */
#define AT_EXPORT __attribute__((visibility("default")))
/* Of a declaration: the variable is in the same library, no table of addresses is needed. */
#define AT_HIDDEN __attribute__((visibility("hidden")))

#define AT_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
