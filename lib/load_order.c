/* load_order.c - see load_order.h.
 *
 * A process's list in the session memory is written by the walks alone, which do not overlap: they
 * have the loader's lock, or the lock that says so in the child of a fork. */
#include "lib/load_order.h"

#include <dlfcn.h>
#include <link.h>

#include "base/atomics.h"
#include "base/hash.h"
#include "lib/elf_symbols.h"
#include "lib/modules.h"
#include "lib/participant.h"

/* What the thread opens, until the loader tells of something new. The name tells whether that is
 * it: libc opens files without dlopen(), too. */
static __thread struct {
	uint32_t mode;
	uint32_t name; /* hash of the last part; 0: nothing is being opened */
} opening __attribute__((tls_model("initial-exec")));

static uint16_t positions[MODULES_MAX]; /* + 1 in the list, by index in `modules` */
static bool started;			/* what comes now was not there at the start */
static bool opened;			/* the opening's first module has been met in this walk */
static uint32_t lists;			/* of link maps, that this walk has begun */

static uint32_t name_hash(const char *path)
{
	const char *name = path;
	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	return (uint32_t)hash_bytes(name, __builtin_strlen(name)) | 1;
}

void load_order_opening(const char *file, uint32_t mode)
{
	opening.mode = mode;
	opening.name = file && *file ? name_hash(file) : 0;
}

void load_order_begin(void)
{
	lists = 0;
	opened = false;
}

static uint32_t opening_flags(const struct link_map *map)
{
	uint32_t flags = SESSION_LOAD_OPENED;
	if (!opening.name || opening.name != name_hash(map->l_name))
		return flags;
	opening.name = 0;
	flags |= SESSION_LOAD_MODE_KNOWN;
	if (opening.mode & RTLD_GLOBAL)
		flags |= SESSION_LOAD_GLOBAL;
	if (opening.mode & RTLD_DEEPBIND)
		flags |= SESSION_LOAD_DEEPBIND;
	return flags;
}

static uint32_t flags_of(const struct link_map *map)
{
	uint32_t flags = started ? 0 : SESSION_LOAD_STARTUP;
	if (map == elf_own_module())
		flags |= SESSION_LOAD_RUNTIME;
	if (started && !opened)
		flags |= opening_flags(map);
	opened = true;
	return flags;
}

void load_order_note(const struct link_map *map, uint32_t index, uint32_t id)
{
	struct session_loaded *loaded = &session.loaded[session.process_index];
	lists += !map->l_prev;
	if (positions[index]) {
		at_and_relaxed(&loaded->order[positions[index] - 1].flags,
			       (uint8_t)~SESSION_LOAD_GONE);
		return;
	}
	uint32_t count = at_load_relaxed(&loaded->order_count), flags = flags_of(map);
	if (count >= SESSION_MAX_ORDER)
		return;
	loaded->order[count] =
		(struct session_load){ .module = (uint16_t)id,
				       .space = lists <= UINT8_MAX ? (uint8_t)(lists - 1)
								   : UINT8_MAX,
				       .flags = (uint8_t)flags };
	positions[index] = (uint16_t)(count + 1);
	at_store_release(&loaded->order_count, count + 1);
}

void load_order_gone(uint32_t index)
{
	struct session_loaded *loaded = &session.loaded[session.process_index];
	if (positions[index])
		at_or_relaxed(&loaded->order[positions[index] - 1].flags,
			      (uint8_t)SESSION_LOAD_GONE);
}

void load_order_end(void)
{
	started = true;
}

void load_order_forked(void)
{
	uint32_t parent = session.process->parent;
	if (parent >= SESSION_MAX_PROCESSES)
		return;
	const struct session_loaded *from = &session.loaded[parent];
	struct session_loaded *to = &session.loaded[session.process_index];
	uint32_t count = at_load_acquire(&from->order_count);
	if (count > SESSION_MAX_ORDER)
		return;
	__builtin_memcpy(to->order, from->order, count * sizeof(to->order[0]));
	at_store_release(&to->order_count, count);
}
