/* real.c - see real.h. */
#include "lib/real.h"

#include "lib/elf_symbols.h"

void *real_functions[ROLE_COUNT];
void *real_addresses[ROLE_COUNT];

char real_bootstrap_memory[REAL_BOOTSTRAP_BYTES] __attribute__((aligned(64)));
static size_t bootstrap_used;

void real_resolve(void)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		real_find((enum role)role);
}

void *real_find(enum role role)
{
	void *function = elf_symbol_next(role_symbol(role));
	if (function) {
		at_store_relaxed(&real_addresses[role], function);
		at_store_relaxed(&real_functions[role], function);
	}
	return function;
}

void real_pass_hook(uintptr_t function, void *original)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if ((uintptr_t)at_load_relaxed(&real_addresses[role]) == function)
			at_store_relaxed(&real_functions[role], original);
}

bool real_serves(uintptr_t start, uintptr_t end)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		uintptr_t f = (uintptr_t)at_load_relaxed(&real_addresses[role]);
		if (f >= start && f < end)
			return true;
	}
	return false;
}

int real_dlclose(void *handle)
{
	static int (*function)(void *);
	if (!function)
		function = (int (*)(void *))elf_symbol_next("dlclose");
	return function ? function(handle) : -1;
}

void *real_bootstrap(size_t size, size_t align)
{
	if (size > REAL_BOOTSTRAP_BYTES || align > 64)
		return NULL;
	size_t room = (size + 63) & ~(size_t)63;
	size_t at = at_add_relaxed(&bootstrap_used, room);
	return at + room <= REAL_BOOTSTRAP_BYTES ? real_bootstrap_memory + at : NULL;
}
