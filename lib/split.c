/* split.c - see split.h. */
#include "lib/split.h"

#include <stddef.h>
#include <sys/auxv.h>

#include "lib/modules.h"
#include "lib/real.h"
#include "lib/record.h"

uint8_t split_roles[ROLE_COUNT];

/* What the C library does by itself. Not reallocarray and operator new: those call realloc and
 * malloc by name. */
static const uint8_t served[] = { ROLE_CALLOC,	   ROLE_POSIX_MEMALIGN, ROLE_ALIGNED_ALLOC,
				  ROLE_MEMALIGN,   ROLE_VALLOC,		ROLE_PVALLOC,
				  ROLE_USABLE_SIZE };

static uint32_t module_of(enum role role)
{
	bool ignored;
	uintptr_t function = (uintptr_t)at_load_relaxed(&real_addresses[role]);
	return function ? modules_find(function, &ignored) : (uint32_t)MODULE_ANONYMOUS;
}

void split_find(void)
{
	bool ignored;
	uint32_t libc = modules_find((uintptr_t)getauxval, &ignored),
		 backend = module_of(ROLE_FREE);
	if (backend == libc || backend != module_of(ROLE_MALLOC) || !points_serve_malloc(backend))
		return;
	for (unsigned i = 0; i < AT_COUNT_OF(served); i++)
		split_roles[served[i]] = module_of((enum role)served[i]) == libc;
}

struct instance *split_take(const struct hook *h, enum role role)
{
	hook_busy(h);
	points_hook_libc();
	struct instance *owner = points_instance_of((uintptr_t)real_addresses[role]);
	hook_to_backend(h);
	return owner;
}
