/* entry_tables.c - see entry_tables.h. */
#include "trace/entry_tables.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/roles.h"
#include "wire/session.h"

void trace_tables_init(struct tables *t)
{
	memset(t, 0, sizeof(*t));
	t->nodes = mem_grow(NULL, &t->node_cap, NODE_FIRST, sizeof(*t->nodes));
	for (unsigned i = 0; i < NODE_FIRST; i++)
		t->nodes[i] = (struct trace_node){ .module = TRACE_NO_MODULE };
	t->node_count = NODE_FIRST;
}

static void release_instance(struct trace_instance *instance)
{
	free((void *)(uintptr_t)instance->functions);
	free((void *)(uintptr_t)instance->users);
}

void trace_tables_release(struct tables *t)
{
	for (size_t i = 0; i < t->instance_count; i++)
		release_instance(&t->instances[i]);
	for (size_t i = 0; i < t->crash_count; i++)
		free((void *)(uintptr_t)t->crashes[i].pointers);
	tables_release_leak_scans(t);
	free(t->crashes);
	free(t->instances);
	free(t->nodes);
	free(t->modules);
	free(t->processes);
	free(t->allocators);
	free(t->threads);
	free(t->findings);
	free(t->facts);
}

static const char *read_fact(struct tables *t, struct cursor *in)
{
	struct fact fact = { 0 };
	fact.key = cursor_text(in);
	fact.value = cursor_text(in);
	if (in->bad)
		return "a fact is malformed";
	for (size_t i = 0; i < t->fact_count; i++) {
		if (strcmp(t->facts[i].key, fact.key) == 0) {
			t->facts[i].value = fact.value;
			return NULL;
		}
	}
	if (t->fact_count >= FORMAT_MAX_FACTS)
		return "too many facts";
	t->facts = mem_grow(t->facts, &t->fact_cap, t->fact_count + 1, sizeof(*t->facts));
	t->facts[t->fact_count++] = fact;
	return NULL;
}

static const char *read_module(struct tables *t, struct cursor *in)
{
	struct trace_module m = { 0 };
	uint64_t index = cursor_below(in, FORMAT_MAX_MODULES);
	size_t id_bytes;
	m.anonymous_process_plus_1 = (uint32_t)cursor_below(in, FORMAT_MAX_PROCESSES + 1);
	m.path = cursor_text(in);
	m.build_id = (const uint8_t *)cursor_string(in, &id_bytes);
	m.build_id_bytes = (uint32_t)id_bytes;
	if (in->bad || index > t->module_count)
		return "a module is malformed";
	if (index < t->module_count)
		return NULL;
	t->modules = mem_grow(t->modules, &t->module_cap, index + 1, sizeof(*t->modules));
	t->modules[t->module_count++] = m;
	return NULL;
}

static const char *read_process(struct tables *t, struct cursor *in)
{
	struct trace_process p = { 0 };
	size_t command_bytes;
	uint64_t index = cursor_below(in, FORMAT_MAX_PROCESSES);
	p.pid = (uint32_t)cursor_below(in, UINT32_MAX);
	p.parent = tables_process_index(t, in);
	p.origin = (uint32_t)cursor_below(in, UINT32_MAX);
	p.start_ns = cursor_varint(in);
	p.exe = cursor_text(in);
	p.command = cursor_string(in, &command_bytes);
	p.command_bytes = (uint32_t)command_bytes;
	if (in->bad || index > t->process_count)
		return "a process is malformed";
	if (index < t->process_count)
		return NULL;
	t->processes = mem_grow(t->processes, &t->process_cap, index + 1, sizeof(*t->processes));
	t->processes[t->process_count++] = p;
	return NULL;
}

static const char *read_allocator(struct tables *t, struct cursor *in)
{
	struct trace_allocator a = { 0 };
	uint64_t index = cursor_below(in, TRACE_MAX_ALLOCATORS);
	a.process = tables_process_index(t, in);
	a.name = cursor_text(in);
	/* Those of older traces end here, and are pools. */
	if (cursor_left(in)) {
		a.kind = (uint32_t)cursor_below(in, UINT32_MAX);
		a.module_plus_1 = (uint32_t)cursor_below(in, t->module_count + 1);
	}
	if (in->bad)
		return "an allocator is malformed";
	t->allocators =
		mem_grow(t->allocators, &t->allocator_cap, index + 1, sizeof(*t->allocators));
	while (t->allocator_count <= index)
		t->allocators[t->allocator_count++] =
			(struct trace_allocator){ .name = "", .process = TRACE_NO_PROCESS };
	t->allocators[index] = a;
	return NULL;
}

static const char *read_thread(struct tables *t, struct cursor *in)
{
	struct trace_thread thread = { 0 };
	uint64_t index = cursor_below(in, t->thread_count + 1);
	thread.process = tables_process_index(t, in);
	thread.tid = (uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	thread.name = cursor_text(in);
	if (in->bad || index >= FORMAT_MAX_THREADS)
		return "a thread is malformed";
	t->threads = mem_grow(t->threads, &t->thread_cap, index + 1, sizeof(*t->threads));
	if (index == t->thread_count)
		t->thread_count++;
	t->threads[index] = thread;
	return NULL;
}

/* Each takes at least that many bytes, which bounds the room asked for. */
enum { FUNCTION_LEAST_BYTES = 4, USER_LEAST_BYTES = 2 };

static void read_functions(struct trace_instance *instance, struct trace_function **out,
			   struct cursor *in)
{
	uint64_t count = cursor_below(in, cursor_left(in) / FUNCTION_LEAST_BYTES + 1);
	struct trace_function *functions = mem_zalloc(count, sizeof(*functions));
	for (uint64_t i = 0; i < count; i++) {
		functions[i].flags = (uint32_t)cursor_below(in, UINT32_MAX);
		functions[i].name = cursor_text(in);
		functions[i].address = cursor_varint(in);
	}
	*out = functions;
	instance->functions = functions;
	instance->function_count = (uint32_t)count;
}

static void read_users(const struct tables *t, struct trace_instance *instance, struct cursor *in)
{
	uint64_t count = cursor_below(in, cursor_left(in) / USER_LEAST_BYTES + 1);
	struct trace_user *users = mem_zalloc(count, sizeof(*users));
	uint32_t next = 0;
	for (uint64_t i = 0; i < count && !in->bad; i++) {
		users[i].process = next + (uint32_t)cursor_below(in, t->process_count - next);
		users[i].flags = (uint32_t)cursor_below(in, UINT32_MAX);
		next = users[i].process + 1;
	}
	instance->users = users;
	instance->user_count = (uint32_t)count;
}

static const char *read_instance(struct tables *t, struct cursor *in)
{
	struct trace_instance instance = { 0 };
	uint64_t index = cursor_below(in, FORMAT_MAX_INSTANCES);
	instance.module = (uint32_t)cursor_below(in, t->module_count);
	instance.linkage = (uint32_t)cursor_below(in, UINT32_MAX);
	instance.flags = (uint32_t)cursor_below(in, UINT32_MAX);
	instance.family = cursor_text(in);
	instance.version = cursor_text(in);
	instance.prefix = cursor_text(in);
	struct trace_function *functions;
	read_functions(&instance, &functions, in);
	read_users(t, &instance, in);
	/* Those of older traces end here. */
	if (cursor_left(in))
		for (uint32_t i = 0; i < instance.function_count; i++)
			functions[i].hooks = cursor_varint(in);
	bool is_wrong = in->bad || index > t->instance_count;
	if (is_wrong || index < t->instance_count) {
		release_instance(&instance);
		return is_wrong ? "an instance is malformed" : NULL;
	}
	t->instances = mem_grow(t->instances, &t->instance_cap, index + 1, sizeof(*t->instances));
	t->instances[t->instance_count++] = instance;
	return NULL;
}

/* NULL for none. */
static const char *read_optional(struct cursor *in)
{
	const char *text = cursor_text(in);
	return text && *text ? text : NULL;
}

/* A later record of a finding replaces an earlier one. */
static const char *read_finding(struct tables *t, struct cursor *in)
{
	struct trace_finding f = { 0 };
	uint64_t number = cursor_below(in, t->finding_count + 1);
	f.class = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	f.role = (uint8_t)cursor_below(in, ROLE_COUNT);
	f.outcome = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	f.flags = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	f.made_role = (uint8_t)cursor_below(in, ROLE_COUNT);
	f.process = tables_process_index(t, in);
	f.thread = tables_thread_index(t, in);
	f.made_thread = tables_thread_index(t, in);
	f.first_thread = tables_thread_index(t, in);
	f.allocator = (uint32_t)cursor_below(in, TRACE_MAX_ALLOCATORS);
	f.stack = (uint32_t)cursor_below(in, t->node_count);
	f.made_stack = (uint32_t)cursor_below(in, t->node_count);
	f.first_site = (uint32_t)cursor_below(in, t->node_count);
	f.address = cursor_varint(in);
	f.argument = cursor_varint(in);
	f.size = cursor_varint(in);
	f.age_ns = cursor_varint(in);
	f.time_ns = cursor_varint(in);
	f.count = cursor_varint(in);
	if (cursor_left(in)) { /* those of older versions end here */
		f.why_kind = (uint8_t)cursor_below(in, UINT8_MAX + 1);
		f.made_why_kind = (uint8_t)cursor_below(in, UINT8_MAX + 1);
		f.why = read_optional(in);
		f.fix = read_optional(in);
	}
	if (cursor_left(in)) {
		f.call = read_optional(in);
		f.made_call = read_optional(in);
	}
	if (in->bad || number >= FORMAT_MAX_FINDINGS)
		return "a finding is malformed";
	t->findings = mem_grow(t->findings, &t->finding_cap, number + 1, sizeof(*t->findings));
	if (number == t->finding_count)
		t->finding_count++;
	t->findings[number] = f;
	return NULL;
}

enum { POINTER_LEAST_BYTES = 12 };

static void read_pointer(const struct tables *t, struct trace_crash_pointer *p, struct cursor *in)
{
	p->place = (uint32_t)cursor_below(in, UINT32_MAX);
	p->flags = (uint32_t)cursor_below(in, UINT32_MAX);
	p->made_role = (uint32_t)cursor_below(in, ROLE_COUNT);
	p->allocator = (uint32_t)cursor_below(in, TRACE_MAX_ALLOCATORS);
	p->made_thread = tables_thread_index(t, in);
	p->freed_thread = tables_thread_index(t, in);
	p->made_stack = (uint32_t)cursor_below(in, t->node_count);
	p->freed_site = (uint32_t)cursor_below(in, t->node_count);
	p->value = cursor_varint(in);
	p->block = cursor_varint(in);
	p->size = cursor_varint(in);
	p->age_ns = cursor_varint(in);
}

static void read_pointers(const struct tables *t, struct trace_crash *c, struct cursor *in)
{
	uint64_t count = cursor_below(in, cursor_left(in) / POINTER_LEAST_BYTES + 1);
	struct trace_crash_pointer *pointers = mem_zalloc(count + 1, sizeof(*pointers));
	for (uint64_t i = 0; i < count && !in->bad; i++)
		read_pointer(t, &pointers[i], in);
	c->pointers = pointers;
	c->pointer_count = (uint32_t)count;
}

static const char *read_crash(struct tables *t, struct cursor *in)
{
	struct trace_crash c = { 0 };
	uint64_t number = cursor_below(in, t->crash_count + 1);
	c.process = tables_process_index(t, in);
	c.thread = tables_thread_index(t, in);
	c.pid = (uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	c.tid = (uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	c.signal = (uint32_t)cursor_below(in, UINT32_MAX);
	c.code = (int32_t)(uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	c.sender = (uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	c.flags = (uint32_t)cursor_below(in, UINT32_MAX);
	c.stack = (uint32_t)cursor_below(in, t->node_count);
	c.address = cursor_varint(in);
	c.time_ns = cursor_varint(in);
	c.failed_bytes = cursor_varint(in);
	c.failed_ns = cursor_varint(in);
	for (unsigned i = 0; i < TRACE_CRASH_REGISTERS; i++)
		c.registers[i] = cursor_varint(in);
	c.message = cursor_text(in);
	read_pointers(t, &c, in);
	bool is_wrong = in->bad || number >= FORMAT_MAX_CRASHES;
	if (is_wrong || number < t->crash_count) {
		free((void *)(uintptr_t)c.pointers);
		return is_wrong ? "a crash is malformed" : NULL;
	}
	t->crashes = mem_grow(t->crashes, &t->crash_cap, number + 1, sizeof(*t->crashes));
	t->crashes[t->crash_count++] = c;
	return NULL;
}

static const char *read_record(struct tables *t, uint64_t kind, struct cursor *in)
{
	switch (kind) {
	case RECORD_FACT:
		return read_fact(t, in);
	case RECORD_MODULE:
		return read_module(t, in);
	case RECORD_PROCESS:
		return read_process(t, in);
	case RECORD_ALLOCATOR:
		return read_allocator(t, in);
	case RECORD_THREAD:
		return read_thread(t, in);
	case RECORD_INSTANCE:
		return read_instance(t, in);
	case RECORD_FINDING:
		return read_finding(t, in);
	case RECORD_CRASH:
		return read_crash(t, in);
	case RECORD_LEAK_SCAN:
		return tables_read_leak_scan(t, in);
	default:
		return NULL; /* of a later alloctrace; its length says where the next begins */
	}
}

const char *tables_read(struct tables *t, struct cursor in, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t kind = cursor_varint(&in);
		struct cursor body = cursor_part(&in, cursor_varint(&in));
		if (in.bad)
			return "a table record is cut off";
		const char *wrong = read_record(t, kind, &body);
		if (wrong)
			return wrong;
	}
	return in.at == in.end ? NULL : "bytes after the last table record";
}

static const char *read_node(const struct tables *t, uint64_t index, struct cursor part[3],
			     struct trace_node *node)
{
	uint64_t distance = cursor_varint(&part[0]);
	uint64_t module = cursor_below(&part[1], t->module_count + 1);
	node->offset = cursor_varint(&part[2]);
	if (part[0].bad || part[1].bad || part[2].bad || distance == 0 || distance > index)
		return "a node is malformed";
	node->parent = (uint32_t)(index - distance);
	node->module = (uint32_t)module - 1;
	return NULL;
}

const char *tables_read_nodes(struct tables *t, struct cursor in, uint32_t count)
{
	uint64_t first = cursor_varint(&in);
	uint64_t len[3];
	struct cursor part[3];
	for (unsigned i = 0; i < 3; i++)
		len[i] = cursor_varint(&in);
	for (unsigned i = 0; i < 3; i++)
		part[i] = cursor_part(&in, len[i]);
	/* Each node takes at least a byte of each part, which bounds the room asked for. */
	if (in.bad || in.at != in.end || count > len[0] || first > t->node_count ||
	    first < NODE_FIRST || first + count > FORMAT_MAX_NODES)
		return "a chunk of nodes is malformed";
	t->nodes = mem_grow(t->nodes, &t->node_cap, first + count, sizeof(*t->nodes));
	for (uint64_t i = first; i < first + count; i++) {
		struct trace_node node;
		const char *wrong = read_node(t, i, part, &node);
		if (wrong)
			return wrong;
		if (i == t->node_count)
			t->nodes[t->node_count++] = node;
	}
	return NULL;
}
