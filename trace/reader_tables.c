/* reader_tables.c - the reader's tables as callers see them: every index is checked. */
#include <string.h>

#include "trace/reader_state.h"

const char *trace_reader_fact(const struct trace_reader *r, const char *key)
{
	const struct tables *t = &r->tables;
	for (size_t i = 0; i < t->fact_count; i++)
		if (strcmp(t->facts[i].key, key) == 0)
			return t->facts[i].value;
	return NULL;
}

size_t trace_reader_node_count(const struct trace_reader *r)
{
	return r->tables.node_count;
}

size_t trace_reader_module_count(const struct trace_reader *r)
{
	return r->tables.module_count;
}

size_t trace_reader_process_count(const struct trace_reader *r)
{
	return r->tables.process_count;
}

size_t trace_reader_allocator_count(const struct trace_reader *r)
{
	return r->tables.allocator_count;
}

size_t trace_reader_thread_count(const struct trace_reader *r)
{
	size_t started = r->decoder.thread_count;
	return started > r->tables.thread_count ? started : r->tables.thread_count;
}

const struct trace_node *trace_reader_node(const struct trace_reader *r, uint32_t node)
{
	static const struct trace_node none = { .module = TRACE_NO_MODULE };
	return node < r->tables.node_count ? &r->tables.nodes[node] : &none;
}

const struct trace_module *trace_reader_module(const struct trace_reader *r, uint32_t module)
{
	static const struct trace_module none = { .path = "", .build_id = (const uint8_t *)"" };
	return module < r->tables.module_count ? &r->tables.modules[module] : &none;
}

const struct trace_process *trace_reader_process(const struct trace_reader *r, uint32_t process)
{
	static const struct trace_process none = { .parent = TRACE_NO_PROCESS,
						   .exe = "",
						   .command = "" };
	return process < r->tables.process_count ? &r->tables.processes[process] : &none;
}

const struct trace_allocator *trace_reader_allocator(const struct trace_reader *r,
						     uint32_t allocator)
{
	static const struct trace_allocator none = { .name = "", .process = TRACE_NO_PROCESS };
	return allocator < r->tables.allocator_count ? &r->tables.allocators[allocator] : &none;
}

const struct trace_thread *trace_reader_thread(const struct trace_reader *r, uint32_t thread)
{
	static const struct trace_thread none = { .process = TRACE_NO_PROCESS, .name = "" };
	return thread < r->tables.thread_count ? &r->tables.threads[thread] : &none;
}

size_t trace_reader_instance_count(const struct trace_reader *r)
{
	return r->tables.instance_count;
}

const struct trace_instance *trace_reader_instance(const struct trace_reader *r, uint32_t instance)
{
	static const struct trace_instance none = {
		.module = TRACE_NO_MODULE,
		.family = "",
		.version = "",
		.prefix = "",
	};
	return instance < r->tables.instance_count ? &r->tables.instances[instance] : &none;
}

size_t trace_reader_finding_count(const struct trace_reader *r)
{
	return r->tables.finding_count;
}

const struct trace_finding *trace_reader_finding(const struct trace_reader *r, uint32_t finding)
{
	static const struct trace_finding none = {
		.class = UINT8_MAX,
		.outcome = UINT8_MAX,
		.process = TRACE_NO_PROCESS,
		.thread = TRACE_NO_THREAD,
		.made_thread = TRACE_NO_THREAD,
		.first_thread = TRACE_NO_THREAD,
	};
	return finding < r->tables.finding_count ? &r->tables.findings[finding] : &none;
}

size_t trace_reader_crash_count(const struct trace_reader *r)
{
	return r->tables.crash_count;
}

const struct trace_crash *trace_reader_crash(const struct trace_reader *r, uint32_t crash)
{
	static const struct trace_crash none = {
		.process = TRACE_NO_PROCESS,
		.thread = TRACE_NO_THREAD,
		.message = "",
	};
	return crash < r->tables.crash_count ? &r->tables.crashes[crash] : &none;
}

size_t trace_reader_leak_scan_count(const struct trace_reader *r)
{
	return r->tables.leak_scan_count;
}

const struct trace_leak_scan *trace_reader_leak_scan(const struct trace_reader *r, uint32_t scan)
{
	static const struct trace_leak_scan none = {
		.process = TRACE_NO_PROCESS,
		.thread = TRACE_NO_THREAD,
		.label = "",
		.problem = "",
	};
	return scan < r->tables.leak_scan_count ? &r->tables.leak_scans[scan] : &none;
}

const struct trace_symbol *trace_reader_symbols(const struct trace_reader *r, uint32_t module,
						uint64_t offset, size_t *count)
{
	return embedded_symbols_find(&r->symbols, module, offset, count);
}
