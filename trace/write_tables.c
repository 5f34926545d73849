/* write_tables.c - the writer's tables: facts, modules, processes, allocators, instances,
 * nodes, findings.
 *
 * They are gathered and go out as chunks before the events that may use them. */
#include "trace/writer_state.h"
#include "wire/roles.h"

static void put_record(struct bytes *out, enum table_record kind, const struct bytes *body)
{
	bytes_add_varint(out, kind);
	bytes_add_varint(out, body->len);
	bytes_add(out, body->data, body->len);
}

static void end_record(struct trace_writer *w, enum table_record kind, const struct bytes *body)
{
	put_record(&w->tables, kind, body);
	w->tables_pending++;
	if (w->tables.len >= WRITER_PENDING_BYTES)
		writer_flush_tables(w);
}

void writer_end_late_record(struct trace_writer *w, enum table_record kind,
			    const struct bytes *body)
{
	put_record(&w->findings, kind, body);
	w->findings_pending++;
	if (w->findings.len >= WRITER_PENDING_BYTES)
		writer_flush_tables(w);
}

void trace_writer_fact(struct trace_writer *w, const char *key, const char *value)
{
	struct bytes body = { 0 };
	bytes_add_text(&body, key);
	bytes_add_text(&body, value);
	end_record(w, RECORD_FACT, &body);
	bytes_release(&body);
}

void trace_writer_module(struct trace_writer *w, const struct trace_module *module)
{
	if (w->module_count >= FORMAT_MAX_MODULES) {
		w->repairs++;
		return;
	}
	struct bytes body = { 0 };
	bytes_add_varint(&body, w->module_count++);
	bytes_add_varint(&body, module->anonymous_process_plus_1);
	bytes_add_text(&body, module->path);
	bytes_add_string(&body, (const char *)module->build_id, module->build_id_bytes);
	end_record(w, RECORD_MODULE, &body);
	bytes_release(&body);
}

uint32_t writer_checked_process(struct trace_writer *w, uint32_t process)
{
	if (process == TRACE_NO_PROCESS || process < w->process_count)
		return process;
	w->repairs++;
	return TRACE_NO_PROCESS;
}

void trace_writer_process(struct trace_writer *w, const struct trace_process *process)
{
	if (w->process_count >= FORMAT_MAX_PROCESSES) {
		w->repairs++;
		return;
	}
	uint32_t parent = writer_checked_process(w, process->parent);
	struct bytes body = { 0 };
	bytes_add_varint(&body, w->process_count++);
	bytes_add_varint(&body, process->pid);
	bytes_add_varint(&body, (uint32_t)(parent + 1));
	bytes_add_varint(&body, process->origin);
	bytes_add_varint(&body, process->start_ns);
	bytes_add_text(&body, process->exe);
	bytes_add_string(&body, process->command, process->command_bytes);
	end_record(w, RECORD_PROCESS, &body);
	bytes_release(&body);
}

uint32_t writer_checked_module_plus_1(struct trace_writer *w, uint32_t module_plus_1)
{
	if (module_plus_1 <= w->module_count)
		return module_plus_1;
	w->repairs++;
	return 0;
}

void trace_writer_allocator(struct trace_writer *w, uint32_t index,
			    const struct trace_allocator *allocator)
{
	if (index >= TRACE_MAX_ALLOCATORS) {
		w->repairs++;
		return;
	}
	struct bytes body = { 0 };
	uint32_t process = writer_checked_process(w, allocator->process);
	bytes_add_varint(&body, index);
	bytes_add_varint(&body, (uint32_t)(process + 1));
	bytes_add_text(&body, allocator->name);
	bytes_add_varint(&body, allocator->kind);
	bytes_add_varint(&body, writer_checked_module_plus_1(w, allocator->module_plus_1));
	end_record(w, RECORD_ALLOCATOR, &body);
	bytes_release(&body);
}

static void put_thread(struct trace_writer *w, uint32_t thread, const struct trace_thread *record)
{
	struct bytes body = { 0 };
	bytes_add_varint(&body, thread);
	bytes_add_varint(&body, (uint32_t)(record->process + 1));
	bytes_add_varint(&body, record->tid);
	bytes_add_text(&body, record->name);
	end_record(w, RECORD_THREAD, &body);
	bytes_release(&body);
}

/* Every thread below `end` gets a record. */
static void fill_threads(struct trace_writer *w, uint32_t end)
{
	static const struct trace_thread unknown = { .process = TRACE_NO_PROCESS };
	while (w->thread_records < end)
		put_thread(w, w->thread_records++, &unknown);
}

void trace_writer_thread(struct trace_writer *w, uint32_t thread, const struct trace_thread *record)
{
	if (thread >= w->thread_count) {
		w->repairs++;
		return;
	}
	struct trace_thread checked = *record;
	checked.process = writer_checked_process(w, record->process);
	fill_threads(w, thread);
	if (w->thread_records == thread)
		w->thread_records++;
	put_thread(w, thread, &checked);
}

static void put_functions(struct bytes *body, const struct trace_instance *instance)
{
	bytes_add_varint(body, instance->function_count);
	for (uint32_t i = 0; i < instance->function_count; i++) {
		const struct trace_function *f = &instance->functions[i];
		bytes_add_varint(body, f->flags);
		bytes_add_text(body, f->name);
		bytes_add_varint(body, f->address);
	}
}

/* Those that are not known, or not in order, are left out. */
static void put_users(struct trace_writer *w, struct bytes *body,
		      const struct trace_instance *instance)
{
	struct bytes list = { 0 };
	uint32_t count = 0, next = 0;
	for (uint32_t i = 0; i < instance->user_count; i++) {
		const struct trace_user *user = &instance->users[i];
		if (user->process < next || user->process >= w->process_count) {
			w->repairs++;
			continue;
		}
		bytes_add_varint(&list, user->process - next);
		bytes_add_varint(&list, user->flags);
		next = user->process + 1;
		count++;
	}
	bytes_add_varint(body, count);
	bytes_add(body, list.data, list.len);
	bytes_release(&list);
}

void trace_writer_instance(struct trace_writer *w, const struct trace_instance *instance)
{
	if (instance->module >= w->module_count || w->instance_count >= FORMAT_MAX_INSTANCES) {
		w->repairs++;
		return;
	}
	struct bytes body = { 0 };
	bytes_add_varint(&body, w->instance_count++);
	bytes_add_varint(&body, instance->module);
	bytes_add_varint(&body, instance->linkage);
	bytes_add_varint(&body, instance->flags);
	bytes_add_text(&body, instance->family);
	bytes_add_text(&body, instance->version);
	bytes_add_text(&body, instance->prefix);
	put_functions(&body, instance);
	put_users(w, &body, instance);
	for (uint32_t i = 0; i < instance->function_count; i++)
		bytes_add_varint(&body, instance->functions[i].hooks);
	end_record(w, RECORD_INSTANCE, &body);
	bytes_release(&body);
}

void writer_put_thread_index(struct trace_writer *w, struct bytes *body, uint32_t thread)
{
	if (thread != TRACE_NO_THREAD && thread >= w->thread_count) {
		w->repairs++;
		thread = TRACE_NO_THREAD;
	}
	fill_threads(w, (uint32_t)(thread + 1));
	bytes_add_varint(body, (uint32_t)(thread + 1));
}

void writer_put_node_index(struct trace_writer *w, struct bytes *body, uint32_t node)
{
	if (node >= w->node_count) {
		w->repairs++;
		node = NODE_UNKNOWN;
	}
	bytes_add_varint(body, node);
}

static void put_finding(struct trace_writer *w, struct bytes *body, const struct trace_finding *f)
{
	bytes_add_varint(body, f->class);
	bytes_add_varint(body, f->role);
	bytes_add_varint(body, f->outcome);
	bytes_add_varint(body, f->flags);
	bytes_add_varint(body, f->made_role);
	bytes_add_varint(body, (uint32_t)(writer_checked_process(w, f->process) + 1));
	writer_put_thread_index(w, body, f->thread);
	writer_put_thread_index(w, body, f->made_thread);
	writer_put_thread_index(w, body, f->first_thread);
	bytes_add_varint(body, f->allocator);
	writer_put_node_index(w, body, f->stack);
	writer_put_node_index(w, body, f->made_stack);
	writer_put_node_index(w, body, f->first_site);
	bytes_add_varint(body, f->address);
	bytes_add_varint(body, f->argument);
	bytes_add_varint(body, f->size);
	bytes_add_varint(body, f->age_ns);
	bytes_add_varint(body, f->time_ns);
	bytes_add_varint(body, f->count);
	bool is_explained = f->why || f->fix, is_named = f->call || f->made_call;
	if (!is_explained && !is_named)
		return;
	bytes_add_varint(body, is_explained ? f->why_kind : 0);
	bytes_add_varint(body, is_explained ? f->made_why_kind : 0);
	bytes_add_text(body, f->why ? f->why : "");
	bytes_add_text(body, f->fix ? f->fix : "");
	if (!is_named)
		return;
	bytes_add_text(body, f->call ? f->call : "");
	bytes_add_text(body, f->made_call ? f->made_call : "");
}

void trace_writer_finding(struct trace_writer *w, uint32_t number,
			  const struct trace_finding *finding)
{
	if (number > w->finding_count || number >= FORMAT_MAX_FINDINGS ||
	    finding->role >= ROLE_COUNT || finding->made_role >= ROLE_COUNT ||
	    finding->allocator >= TRACE_MAX_ALLOCATORS) {
		w->repairs++;
		return;
	}
	if (number == w->finding_count)
		w->finding_count++;
	struct bytes body = { 0 };
	bytes_add_varint(&body, number);
	put_finding(w, &body, finding);
	writer_end_late_record(w, RECORD_FINDING, &body);
	bytes_release(&body);
}

static bool pointer_is_sound(const struct trace_crash_pointer *p)
{
	return p->made_role < ROLE_COUNT && p->allocator < TRACE_MAX_ALLOCATORS;
}

static void put_pointer(struct trace_writer *w, struct bytes *body,
			const struct trace_crash_pointer *p)
{
	bytes_add_varint(body, p->place);
	bytes_add_varint(body, p->flags);
	bytes_add_varint(body, p->made_role);
	bytes_add_varint(body, p->allocator);
	writer_put_thread_index(w, body, p->made_thread);
	writer_put_thread_index(w, body, p->freed_thread);
	writer_put_node_index(w, body, p->made_stack);
	writer_put_node_index(w, body, p->freed_site);
	bytes_add_varint(body, p->value);
	bytes_add_varint(body, p->block);
	bytes_add_varint(body, p->size);
	bytes_add_varint(body, p->age_ns);
}

static void put_pointers(struct trace_writer *w, struct bytes *body, const struct trace_crash *c)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < c->pointer_count; i++)
		count += pointer_is_sound(&c->pointers[i]);
	w->repairs += c->pointer_count - count;
	bytes_add_varint(body, count);
	for (uint32_t i = 0; i < c->pointer_count; i++)
		if (pointer_is_sound(&c->pointers[i]))
			put_pointer(w, body, &c->pointers[i]);
}

void trace_writer_crash(struct trace_writer *w, const struct trace_crash *c)
{
	struct bytes body = { 0 };
	if (w->crash_count >= FORMAT_MAX_CRASHES) {
		w->repairs++;
		return;
	}
	bytes_add_varint(&body, w->crash_count++);
	bytes_add_varint(&body, (uint32_t)(writer_checked_process(w, c->process) + 1));
	writer_put_thread_index(w, &body, c->thread);
	bytes_add_varint(&body, c->pid);
	bytes_add_varint(&body, c->tid);
	bytes_add_varint(&body, c->signal);
	bytes_add_varint(&body, (uint32_t)c->code);
	bytes_add_varint(&body, c->sender);
	bytes_add_varint(&body, c->flags);
	writer_put_node_index(w, &body, c->stack);
	bytes_add_varint(&body, c->address);
	bytes_add_varint(&body, c->time_ns);
	bytes_add_varint(&body, c->failed_bytes);
	bytes_add_varint(&body, c->failed_ns);
	for (unsigned i = 0; i < TRACE_CRASH_REGISTERS; i++)
		bytes_add_varint(&body, c->registers[i]);
	bytes_add_text(&body, c->message);
	put_pointers(w, &body, c);
	writer_end_late_record(w, RECORD_CRASH, &body);
	bytes_release(&body);
}

static int flush_nodes(struct trace_writer *w)
{
	struct bytes payload = { 0 };
	bytes_add_varint(&payload, w->node_count - w->nodes_pending);
	for (unsigned i = 0; i < 3; i++)
		bytes_add_varint(&payload, w->nodes[i].len);
	for (unsigned i = 0; i < 3; i++) {
		bytes_add(&payload, w->nodes[i].data, w->nodes[i].len);
		w->nodes[i].len = 0;
	}
	int result = writer_chunk(w, CHUNK_NODES, w->nodes_pending, payload.data, payload.len);
	w->nodes_pending = 0;
	bytes_release(&payload);
	return result;
}

void trace_writer_node(struct trace_writer *w, const struct trace_node *node)
{
	if (w->node_count >= FORMAT_MAX_NODES) {
		w->repairs++;
		return;
	}
	uint32_t parent = node->parent;
	uint32_t module = node->module;
	if (parent >= w->node_count) {
		w->repairs++;
		parent = NODE_UNKNOWN;
	}
	if (module != TRACE_NO_MODULE && module >= w->module_count) {
		w->repairs++;
		module = TRACE_NO_MODULE;
	}
	bytes_add_varint(&w->nodes[0], w->node_count - parent);
	bytes_add_varint(&w->nodes[1], (uint32_t)(module + 1));
	bytes_add_varint(&w->nodes[2], node->offset);
	w->numbers = mem_grow(w->numbers, &w->numbers_cap, w->node_count + 1, sizeof(*w->numbers));
	w->numbers[w->node_count++] = (struct node_numbers){ 0, 0 };
	w->nodes_pending++;
	/* The nodes may name modules that are still pending: those go first. */
	if (w->nodes[2].len >= WRITER_PENDING_BYTES)
		writer_flush_tables(w);
}

int writer_flush_tables(struct trace_writer *w)
{
	int result = 0;
	if (w->tables_pending) {
		result = writer_chunk(w, CHUNK_TABLES, w->tables_pending, w->tables.data,
				      w->tables.len);
		w->tables_pending = 0;
		w->tables.len = 0;
	}
	if (w->nodes_pending && flush_nodes(w) < 0)
		result = -1;
	if (w->findings_pending) {
		if (writer_chunk(w, CHUNK_TABLES, w->findings_pending, w->findings.data,
				 w->findings.len) < 0)
			result = -1;
		w->findings_pending = 0;
		w->findings.len = 0;
	}
	return result;
}
