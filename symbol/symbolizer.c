/* symbolizer.c - see symbol.h: modules by identity, and a cache of answers for each. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "symbol/code_module.h"
#include "symbol/names.h"
#include "symbol/pool.h"
#include "symbol/symbol.h"
#include "util/mem.h"

enum {
	FRAMES_MAX = 256, /* inlined calls at one address; rustc and clang reach some 50 */
	FIRST_MODULES = 64,
	FIRST_ANSWERS = 64,
};

struct answer {
	uint64_t offset;
	const struct trace_symbol *symbols; /* NULL with used set: nothing is known */
	uint32_t count;
	bool used;
};

/* A module and its answers; open addressing, room is a power of two. */
struct known_module {
	struct trace_module key; /* strings in the pool */
	uint32_t pid;		 /* of anonymous code; 0 otherwise */
	uint64_t hash;
	bool open;
	struct code_module code;
	struct answer *answers;
	size_t answer_count, answer_room;
};

struct symbolizer {
	struct pool pool;
	struct names names;
	struct debug_roots roots;
	struct known_module **modules; /* open addressing by hash */
	size_t module_count, module_room;
	struct known_module *last; /* asked for: most often the next one, too */
};

struct symbolizer *symbolizer_new(void)
{
	struct symbolizer *s = mem_zalloc(1, sizeof(*s));
	names_init(&s->names, &s->pool);
	debug_roots_init(&s->roots);
	s->module_room = FIRST_MODULES;
	s->modules = mem_zalloc(s->module_room, sizeof(struct known_module *));
	return s;
}

void symbolizer_add_debug_root(struct symbolizer *s, const char *path)
{
	debug_roots_add(&s->roots, path);
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->module_room; i++) {
		struct known_module *m = s->modules[i];
		if (!m)
			continue;
		if (m->open)
			code_module_close(&m->code);
		free(m->answers);
		free(m);
	}
	free(s->modules);
	debug_roots_release(&s->roots);
	names_release(&s->names);
	pool_release(&s->pool);
	free(s);
}

static bool same_module(const struct known_module *m, const struct trace_module *module,
			uint32_t pid)
{
	return m->pid == pid &&
	       (m->key.anonymous_process_plus_1 != 0) == (module->anonymous_process_plus_1 != 0) &&
	       m->key.build_id_bytes == module->build_id_bytes &&
	       (module->build_id_bytes == 0 ||
		memcmp(m->key.build_id, module->build_id, module->build_id_bytes) == 0) &&
	       strcmp(m->key.path, module->path) == 0;
}

static struct known_module **module_slot(struct symbolizer *s, uint64_t hash,
					 const struct trace_module *module, uint32_t pid)
{
	size_t mask = s->module_room - 1;
	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		struct known_module *m = s->modules[at];
		if (!m || (m->hash == hash && same_module(m, module, pid)))
			return &s->modules[at];
	}
}

static void grow_modules(struct symbolizer *s)
{
	struct known_module **old = s->modules;
	size_t old_room = s->module_room;
	s->module_room *= 2;
	s->modules = mem_zalloc(s->module_room, sizeof(struct known_module *));
	for (size_t i = 0; i < old_room; i++)
		if (old[i])
			*module_slot(s, old[i]->hash, &old[i]->key, old[i]->pid) = old[i];
	free(old);
}

static struct known_module *new_module(struct symbolizer *s, uint64_t hash,
				       const struct trace_module *module, uint32_t pid)
{
	struct known_module *m = mem_zalloc(1, sizeof(*m));
	m->key = *module;
	m->key.path = pool_text(&s->pool, module->path, strlen(module->path));
	if (module->build_id_bytes > 0)
		m->key.build_id = (const uint8_t *)pool_text(
			&s->pool, (const char *)module->build_id, module->build_id_bytes);
	m->pid = pid;
	m->hash = hash;
	m->answer_room = FIRST_ANSWERS;
	m->answers = mem_zalloc(m->answer_room, sizeof(*m->answers));
	return m;
}

static struct known_module *find_module(struct symbolizer *s, const struct trace_module *module,
					uint32_t pid)
{
	if (module->anonymous_process_plus_1 == 0)
		pid = 0;
	if (s->last && same_module(s->last, module, pid))
		return s->last;
	uint64_t hash = hash_pair(hash_bytes(module->path, strlen(module->path)), pid);
	struct known_module **slot = module_slot(s, hash, module, pid);
	if (!*slot) {
		if (s->module_count * 2 >= s->module_room) {
			grow_modules(s);
			slot = module_slot(s, hash, module, pid);
		}
		*slot = new_module(s, hash, module, pid);
		s->module_count++;
	}
	s->last = *slot;
	return *slot;
}

static void open_module(struct symbolizer *s, struct known_module *m)
{
	if (m->open)
		return;
	m->open = true;
	code_module_open(&m->code, &m->key, m->pid, &s->roots);
}

static struct answer *answer_slot(const struct known_module *m, uint64_t offset)
{
	size_t mask = m->answer_room - 1;
	for (size_t at = hash_u64(offset) & mask;; at = (at + 1) & mask) {
		struct answer *answer = &m->answers[at];
		if (!answer->used || answer->offset == offset)
			return answer;
	}
}

static struct answer *new_answer(struct known_module *m, uint64_t offset)
{
	if (m->answer_count * 2 >= m->answer_room) {
		struct answer *old = m->answers;
		size_t old_room = m->answer_room;
		m->answer_room *= 2;
		m->answers = mem_zalloc(m->answer_room, sizeof(*m->answers));
		for (size_t i = 0; i < old_room; i++)
			if (old[i].used)
				*answer_slot(m, old[i].offset) = old[i];
		free(old);
	}
	m->answer_count++;
	struct answer *answer = answer_slot(m, offset);
	*answer = (struct answer){ .offset = offset, .used = true };
	return answer;
}

static const struct trace_module *checked(const struct trace_module *module,
					  struct trace_module *copy)
{
	if (module->path && (module->build_id || module->build_id_bytes == 0))
		return module;
	*copy = *module;
	if (!copy->path)
		copy->path = "";
	if (!copy->build_id)
		copy->build_id_bytes = 0;
	return copy;
}

size_t symbolizer_resolve(struct symbolizer *s, const struct trace_module *module, uint32_t pid,
			  uint64_t offset, const struct trace_symbol **out)
{
	struct trace_module copy;
	struct known_module *m = find_module(s, checked(module, &copy), pid);
	struct answer *answer = answer_slot(m, offset);
	if (!answer->used) {
		struct trace_symbol frames[FRAMES_MAX];
		open_module(s, m);
		size_t count = code_module_frames(&m->code, &s->names, offset, frames, FRAMES_MAX);
		answer = new_answer(m, offset);
		if (count > 0) {
			struct trace_symbol *kept = pool_take(&s->pool, count * sizeof(*kept));
			memcpy(kept, frames, count * sizeof(*kept));
			answer->symbols = kept;
			answer->count = (uint32_t)count;
		}
	}
	*out = answer->symbols;
	return answer->count;
}

const char *symbolizer_variable(struct symbolizer *s, const struct trace_module *module,
				uint64_t address, uint64_t *start)
{
	struct trace_module copy;
	module = checked(module, &copy);
	if (module->anonymous_process_plus_1 != 0)
		return NULL;
	struct known_module *m = find_module(s, module, 0);
	open_module(s, m);
	return code_module_variable(&m->code, &s->names, address, start);
}

const char *symbolizer_problem(struct symbolizer *s, const struct trace_module *module)
{
	struct trace_module copy;
	module = checked(module, &copy);
	if (module->anonymous_process_plus_1 != 0)
		return NULL;
	struct known_module *m = find_module(s, module, 0);
	open_module(s, m);
	return m->code.problem;
}
