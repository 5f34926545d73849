/* module_hooks.h - answers to processes that ask which functions of a module to hook, and how.
 *
 * The first process of a session that loads a module asks, by its entry in the session's table of
 * modules; the answer stays for all others. Only the collector's thread. */
#ifndef ALLOCTRACE_COLLECT_MODULE_HOOKS_H
#define ALLOCTRACE_COLLECT_MODULE_HOOKS_H

#include <stdbool.h>

#include "collect/code_tables.h"
#include "collect/session_memory.h"

/* What the collector itself knows of an entry of the session's hooks: programs can overwrite those. */
struct planned_hook {
	uint64_t address;
	uint32_t module; /* of the session */
	uint8_t reason;	 /* enum plan_reason */
};

struct module_hooks {
	struct session *session;
	struct tables *tables;
	struct user_families *families; /* NULL: none */
	struct scanner *scanner; /* is told of libraries that are nothing but an allocator; NULL:
				    nobody is */
	uint32_t count; /* entries of the session's hooks that are in use */
	bool refuses;	/* every answer is: none */
	struct planned_hook *planned;
	size_t planned_cap;
};

/* Answers what is asked for now. Takes some ms for a large file. */
void module_hooks_answer(struct module_hooks *m);

/* What became of hooking the function at an address of a session's module: hook_outcome(). */
uint64_t module_hooks_outcomes(const struct module_hooks *m, uint32_t module, uint64_t address);

void module_hooks_release(struct module_hooks *m);

#endif
