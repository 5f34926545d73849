/* modules.c - see modules.h. */
#include "lib/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/elf_symbols.h"
#include "lib/load_order.h"
#include "lib/lock.h"
#include "lib/participant.h"
#include "lib/sys.h"
#include "wire/session.h"

uint16_t modules_epoch = MODULES_FIRST_EPOCH;

/* Append-only: readers go up to `known` (acquire), the writer holds the lock. An address is
 * looked up here only when the rule cache (unwind.c) misses. */
struct module modules[MODULES_MAX];
static uint32_t known = MODULE_ANONYMOUS + 1;
static uint8_t modules_lock;
static bool anonymous_announced;

/* Weak: absent before glibc 2.35 and in musl; search_link_map() then stands in. */
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

struct identity {
	const char *path;
	const uint8_t *build_id;
	uint32_t build_id_bytes;
};

/* The main program's are where the kernel says; of a library the file's first page, which holds
 * them, is mapped at its start. */
static const Elf64_Phdr *program_headers(const struct module *m, bool is_main, unsigned *count)
{
	if (is_main) {
		*count = (unsigned)getauxval(AT_PHNUM);
		return (const Elf64_Phdr *)getauxval(AT_PHDR);
	}
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)m->start;
	if (__builtin_memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->e_phentsize != sizeof(Elf64_Phdr) ||
	    elf->e_phoff + (uint64_t)elf->e_phnum * sizeof(Elf64_Phdr) > SESSION_PAGE)
		return NULL;
	*count = elf->e_phnum;
	return (const Elf64_Phdr *)(m->start + elf->e_phoff);
}

/* _dl_find_object knows only the code of a program whose segments leave gaps, but the frame
 * information lies outside. */
static void widen(struct module *m, const Elf64_Phdr *ph, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		uintptr_t low = m->bias + ph[i].p_vaddr, high = low + ph[i].p_memsz;
		m->start = low < m->start ? low : m->start;
		m->end = high > m->end ? high : m->end;
	}
}

static void find_build_id(const uint8_t *note, size_t bytes, struct identity *id)
{
	while (bytes >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *n = (const Elf64_Nhdr *)note;
		size_t name = (n->n_namesz + 3u) & ~3u, desc = (n->n_descsz + 3u) & ~3u;
		size_t all = sizeof(*n) + name + desc;
		if (all > bytes)
			return;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
		    __builtin_memcmp(n + 1, "GNU", 4) == 0) {
			id->build_id = note + sizeof(*n) + name;
			id->build_id_bytes = n->n_descsz;
			return;
		}
		note += all;
		bytes -= all;
	}
}

/* The main program's. */
static const char *own_path(char *room, size_t bytes)
{
	if (sys_is_restricted())
		return session.process->exe;
	long n = sys_call3(SYS_readlink, "/proc/self/exe", room, bytes - 1);
	room[n < 0 ? 0 : n] = '\0';
	return n < 0 ? session.process->exe : room; /* after a chroot */
}

/* The loader has a library's name as the program gave it. One that lies somewhere ("./plugin.so") is
 * told as it is to be found from elsewhere; the vdso has a name alone. */
static const char *full_path(const char *name, char *room, size_t bytes)
{
	size_t name_bytes = __builtin_strlen(name) + 1;
	if (name[0] == '/' || !__builtin_strchr(name, '/') || sys_is_restricted())
		return name;
	long cwd = sys_call2(SYS_getcwd, room, bytes); /* with its terminator */
	if (sys_failed(cwd) || (size_t)cwd + name_bytes > bytes || room[0] != '/')
		return name;
	while (name[0] == '.' && name[1] == '/')
		name += 2, name_bytes -= 2;
	room[cwd - 1] = '/';
	__builtin_memcpy(room + cwd, name, name_bytes);
	return room;
}

/* Who m is; also corrects its bounds. `room` is for a path. */
static void identify(struct module *m, const char *name, char *room, size_t room_bytes,
		     struct identity *id)
{
	bool is_main = !name[0];
	*id = (struct identity){ .path = is_main ? own_path(room, room_bytes)
						 : full_path(name, room, room_bytes) };
	unsigned count = 0;
	const Elf64_Phdr *ph = program_headers(m, is_main, &count);
	if (!ph)
		return;
	widen(m, ph, count);
	for (unsigned i = 0; i < count; i++)
		if (ph[i].p_type == PT_NOTE && m->bias + ph[i].p_vaddr + ph[i].p_filesz <= m->end)
			find_build_id((const uint8_t *)(m->bias + ph[i].p_vaddr), ph[i].p_filesz, id);
	if (id->build_id_bytes > SESSION_BUILD_ID_BYTES)
		id->build_id_bytes = SESSION_BUILD_ID_BYTES;
}

static uint64_t identity_key(const struct identity *id, uint32_t process_plus_1)
{
	size_t len = __builtin_strlen(id->path);
	return hash_pair(hash_bytes(id->path, len),
			 hash_bytes(id->build_id, id->build_id_bytes) + process_plus_1) | 1;
}

/* Finds or adds the module in the session's table. Processes may add the same module at the same
 * time; the reader of the trace does not mind seeing it twice. */
static uint32_t session_module_id(const struct identity *id, uint32_t process_plus_1)
{
	struct session_header *header = session.header;
	uint64_t key = identity_key(id, process_plus_1);
	uint32_t count = at_load_acquire(&header->module_count);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_MODULES; i++)
		if (at_load_acquire(&session.modules[i].ready) && session.modules[i].key == key)
			return i;
	uint32_t index = at_add_relaxed(&header->module_count, 1u);
	if (index >= SESSION_MAX_MODULES)
		return SESSION_MAX_MODULES - 1;
	struct session_module *sm = &session.modules[index];
	sm->key = key;
	sm->process_plus_1 = process_plus_1;
	sm->build_id_bytes = id->build_id_bytes;
	__builtin_memcpy(sm->build_id, id->build_id, id->build_id_bytes);
	size_t len = __builtin_strlen(id->path);
	if (len >= SESSION_MODULE_PATH_BYTES)
		len = SESSION_MODULE_PATH_BYTES - 1;
	__builtin_memcpy(sm->path, id->path, len);
	at_store_release(&sm->ready, 1u);
	return index;
}

static void note_loaded(uint32_t id)
{
	if (id < SESSION_MAX_MODULES)
		at_or_relaxed(&session.loaded[session.process_index].once[id / 64],
			      UINT64_C(1) << id % 64);
}

static uint32_t search_known(uintptr_t pc)
{
	uint32_t count = at_load_acquire(&known);
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < count; i++)
		if (pc >= modules[i].start && pc < modules[i].end && !at_load_relaxed(&modules[i].gone))
			return i;
	return MODULE_ANONYMOUS;
}

static uint32_t anonymous(bool *is_new)
{
	lock_acquire(&modules_lock);
	if (!anonymous_announced) {
		struct identity id = { .path = "[anonymous]" };
		modules[MODULE_ANONYMOUS].id = session_module_id(&id, session.process_index + 1);
		anonymous_announced = true;
		*is_new = true;
	}
	lock_release(&modules_lock);
	return MODULE_ANONYMOUS;
}

static bool same_module(const struct module *a, const struct module *b)
{
	return a->start == b->start && a->end == b->end && a->bias == b->bias && a->id == b->id;
}

/* Adds a module, or brings back an entry that is the same file at the same place. */
static uint32_t add(struct module *found, const char *name, bool *is_new)
{
	char room[SESSION_MODULE_PATH_BYTES];
	struct identity id;
	identify(found, name, room, sizeof(room), &id);
	lock_acquire(&modules_lock);
	found->id = session_module_id(&id, 0);
	note_loaded(found->id);
	uint32_t index = MODULE_ANONYMOUS + 1;
	while (index < known && !same_module(&modules[index], found))
		index++;
	if (index < known) {
		at_store_relaxed(&modules[index].gone, false);
	} else if (index < MODULES_MAX) {
		modules[index] = *found;
		*is_new = true;
		at_store_release(&known, index + 1);
	} else {
		index = MODULE_ANONYMOUS;
	}
	lock_release(&modules_lock);
	return index;
}

static bool covers(const struct link_map *map, uintptr_t pc, struct module *found)
{
	*found = (struct module){ .start = map->l_addr, .bias = map->l_addr };
	unsigned count = 0;
	const Elf64_Phdr *ph = program_headers(found, !map->l_name[0], &count);
	bool covered = false;
	for (unsigned i = 0; ph && i < count; i++) {
		uintptr_t low = map->l_addr + ph[i].p_vaddr;
		if (ph[i].p_type == PT_LOAD)
			covered |= pc >= low && pc < low + ph[i].p_memsz;
		else if (ph[i].p_type == PT_GNU_EH_FRAME)
			found->eh_frame_hdr = (const uint8_t *)low;
	}
	return covered;
}

/* Walks the loader's list without its lock, which must not be waited for here. Right in musl,
 * which never unloads; before glibc 2.35 a dlclose at the same moment could trip it. */
static const struct link_map *search_link_map(uintptr_t pc, struct module *found)
{
	const struct link_map *map = elf_first_module();
	while (map && !covers(map, pc, found))
		map = map->l_next;
	return map;
}

static const struct link_map *find_object(uintptr_t pc, struct module *found)
{
	struct dl_find_object object;
	if (!_dl_find_object)
		return search_link_map(pc, found);
	if (_dl_find_object((void *)pc, &object) != 0)
		return NULL;
	*found = (struct module){
		.start = (uintptr_t)object.dlfo_map_start,
		.end = (uintptr_t)object.dlfo_map_end,
		.bias = object.dlfo_link_map->l_addr,
		.eh_frame_hdr = object.dlfo_eh_frame,
	};
	return object.dlfo_link_map;
}

static bool is_main_program(const struct module *m)
{
	const struct link_map *first = elf_first_module();
	return first && !first->l_name[0] && first->l_addr == m->bias;
}

/* What libc itself unloads is told by a hook that the tool plans. Without it: is pc's module still the
 * one that it was? */
static bool is_still(const struct module *m, uintptr_t pc)
{
	struct module found;
	return find_object(pc, &found) ? found.bias == m->bias && found.eh_frame_hdr == m->eh_frame_hdr
				       : is_main_program(m);
}

uint32_t modules_find(uintptr_t pc, bool *is_new)
{
	*is_new = false;
	uint32_t index = search_known(pc);
	if (index != MODULE_ANONYMOUS && session.company == SESSION_ALONE &&
	    !is_still(&modules[index], pc)) {
		modules_unloaded();
		index = MODULE_ANONYMOUS;
	}
	if (index != MODULE_ANONYMOUS)
		return index;
	struct module found;
	const struct link_map *map = find_object(pc, &found);
	return map ? add(&found, map->l_name, is_new) : anonymous(is_new);
}

uint32_t modules_at(uintptr_t pc, uint16_t epoch)
{
	bool ignored;
	uint32_t count = modules_count(), found = MODULE_ANONYMOUS;
	if (epoch == at_load_relaxed(&modules_epoch))
		return modules_find(pc, &ignored);
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < count; i++) {
		if (pc < modules[i].start || pc >= modules[i].end)
			continue;
		if (found != MODULE_ANONYMOUS)
			return MODULE_ANONYMOUS;
		found = i;
	}
	return found;
}

bool modules_segment_flags(const struct module *m, uintptr_t address, uint32_t *flags)
{
	unsigned count = 0;
	const Elf64_Phdr *ph = program_headers(m, is_main_program(m), &count);
	for (unsigned i = 0; ph && i < count; i++) {
		if (ph[i].p_type != PT_LOAD || address - m->bias < ph[i].p_vaddr ||
		    address - m->bias >= ph[i].p_vaddr + ph[i].p_memsz)
			continue;
		*flags = ph[i].p_flags;
		return true;
	}
	return false;
}

const struct link_map *modules_map(uintptr_t address, struct module_range *range)
{
	struct module found;
	const struct link_map *map = find_object(address, &found);
	if (map)
		*range = (struct module_range){ found.start, found.end };
	return map;
}

bool modules_read_only(const struct link_map *map, unsigned i, const uint8_t **low,
		       const uint8_t **high)
{
	struct module found;
	unsigned count = 0;
	const Elf64_Phdr *ph = NULL;
	*low = NULL;
	if (find_object((uintptr_t)map->l_ld, &found) == map)
		ph = program_headers(&found, is_main_program(&found), &count);
	if (!ph || i >= count)
		return false;
	if (ph[i].p_type == PT_LOAD && !(ph[i].p_flags & PF_W) && ph[i].p_flags & PF_R) {
		*low = (const uint8_t *)(map->l_addr + ph[i].p_vaddr);
		*high = *low + ph[i].p_filesz;
	}
	return true;
}

uint32_t modules_count(void)
{
	return at_load_acquire(&known);
}

static void begin_epoch(void)
{
	uint16_t next = (uint16_t)(modules_epoch + 1);
	at_store_release(&modules_epoch, next ? next : (uint16_t)1);
}

void modules_unloaded(void)
{
	lock_acquire(&modules_lock);
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < known; i++)
		at_store_relaxed(&modules[i].gone, true);
	begin_epoch();
	lock_release(&modules_lock);
}

void modules_forked(void)
{
	anonymous_announced = false;
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < known; i++)
		if (!modules[i].gone)
			note_loaded(modules[i].id);
	load_order_forked();
}

/* ---- all that is loaded ---- */

/* glibc 2.35: the lists of the namespaces, if there is more than one. Older ones do not tell of the
 * others. */
struct debug_list {
	struct r_debug base;
	const struct debug_list *next;
};

/* The module of which map tells. _dl_find_object does not know one that is just being loaded, nor the
 * dynamic section of a program with gaps; MODULE_ANONYMOUS for that, but its code is in every
 * stack. */
static uint32_t note_map(const struct link_map *map)
{
	struct module found;
	bool is_new = false;
	uint32_t index = search_known((uintptr_t)map->l_ld);
	if (index != MODULE_ANONYMOUS)
		return index;
	const struct link_map *same = find_object((uintptr_t)map->l_ld, &found);
	if (!same && map->l_name[0] && covers(map, (uintptr_t)map->l_ld, &found))
		same = map;
	return same ? add(&found, same->l_name, &is_new) : MODULE_ANONYMOUS;
}

/* Another copy of the same file: dlmopen() made it. */
static void note_copies(uint32_t index)
{
	uint32_t id = modules[index].id, count = modules_count();
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < count; i++)
		if (i != index && modules[i].id == id && !at_load_relaxed(&modules[i].gone) &&
		    modules[i].start != modules[index].start && id < SESSION_MAX_MODULES)
			at_or_relaxed(&session.loaded[session.process_index].several[id / 64],
				      UINT64_C(1) << id % 64);
}

struct walk_modules {
	void (*tell)(const struct link_map *map, void *context);
	void *context;
};

/* Called once for a reason of its own: the loader's lists stand still meanwhile. */
static int walk_modules(struct dl_phdr_info *info, size_t bytes, void *context)
{
	(void)info, (void)bytes;
	const struct walk_modules *walk = context;
	const struct r_debug *debug = elf_debug();
	if (!debug)
		return 1;
	for (const struct link_map *map = debug->r_map; map; map = map->l_next)
		walk->tell(map, walk->context);
	if (debug->r_version < 2)
		return 1;
	for (const struct debug_list *list = ((const struct debug_list *)debug)->next; list;
	     list = list->next)
		for (const struct link_map *map = list->base.r_map; map; map = map->l_next)
			walk->tell(map, walk->context);
	return 1;
}

/* In the child of a fork the lock may be one that a thread of the parent had: then it is never given
 * back. The lists are the child's own, and it has one thread to begin with. */
static bool loader_lock_may_be_lost(void)
{
	return lock_generation != 1;
}

typedef int (*iterate_callback)(struct dl_phdr_info *info, size_t bytes, void *context);

/* dl_iterate_phdr(), and not a sanitizer's in its stead. */
static void iterate(iterate_callback callback, void *context)
{
	static int (*function)(iterate_callback, void *);
	if (!function)
		function = (int (*)(iterate_callback, void *))elf_symbol_in_libc("dl_iterate_phdr");
	if (function)
		function(callback, context);
}

void modules_each(void (*tell)(const struct link_map *map, void *context), void *context)
{
	struct walk_modules walk = { tell, context };
	if (loader_lock_may_be_lost())
		walk_modules(NULL, 0, &walk);
	else
		iterate(walk_modules, &walk);
}

struct held_work {
	void (*work)(void *context);
	void *context;
};

static int do_work(struct dl_phdr_info *info, size_t bytes, void *context)
{
	(void)info, (void)bytes;
	const struct held_work *held = context;
	held->work(held->context);
	return 1;
}

void modules_hold(void (*work)(void *context), void *context)
{
	struct held_work held = { work, context };
	if (loader_lock_may_be_lost())
		work(context);
	else
		iterate(do_work, &held);
}

const struct link_map *modules_record(const struct module *m)
{
	struct module found;
	const struct link_map *map = NULL;
	if (at_load_relaxed(&m->gone))
		return NULL;
	map = find_object(m->start, &found);
	if (!map && is_main_program(m)) /* one with gaps: only its code is found */
		map = elf_first_module();
	return map && map->l_addr == m->bias ? map : NULL;
}

static void count_module(const struct link_map *map, void *context)
{
	(void)map;
	(*(uint64_t *)context)++;
}

static int read_loads(struct dl_phdr_info *info, size_t bytes, void *context)
{
	(void)bytes;
	*(uint64_t *)context = info->dlpi_adds;
	return 1;
}

uint64_t modules_loads(void)
{
	uint64_t loads = 0;
	if (loader_lock_may_be_lost())
		modules_each(count_module, &loads);
	else
		iterate(read_loads, &loads);
	return loads;
}

/* Which modules were met in a walk. */
struct met {
	uint64_t bits[MODULES_MAX / 64];
};

static void note_each(const struct link_map *map, void *context)
{
	struct met *met = context;
	uint32_t index = note_map(map);
	if (index == MODULE_ANONYMOUS)
		return;
	met->bits[index / 64] |= UINT64_C(1) << index % 64;
	load_order_note(map, index, modules[index].id);
	note_copies(index);
}

/* The others are gone, whoever unloaded them. Of a program with gaps it is not true; it comes back as
 * soon as one of its addresses is looked up. */
static void forget_others(const struct met *met)
{
	bool any = false;
	lock_acquire(&modules_lock);
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < known; i++) {
		if (met->bits[i / 64] >> i % 64 & 1)
			continue;
		load_order_gone(i);
		if (at_load_relaxed(&modules[i].gone))
			continue;
		at_store_relaxed(&modules[i].gone, true);
		any = true;
	}
	if (any)
		begin_epoch();
	lock_release(&modules_lock);
}

void modules_note_loaded(void)
{
	struct met met = { .bits = { 0 } };
	load_order_begin();
	modules_each(note_each, &met);
	forget_others(&met);
	load_order_end();
}
