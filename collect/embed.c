/* embed.c - see embed.h. */
#include "config.h"

#include "collect/embed.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "symbol/symbol.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum { STEP = 64 };

struct address {
	uint32_t module; /* index in the trace */
	uint64_t offset;
};

static void add_quoted(struct strbuf *s, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@%+=:,./_-";
	if (*word && word[strspn(word, plain)] == '\0') {
		strbuf_adds(s, word);
		return;
	}
	strbuf_addc(s, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_adds(s, "'\\''");
		else
			strbuf_addc(s, *word);
	}
	strbuf_addc(s, '\'');
}

static void command_fact(struct trace_writer *w, char *const *argv)
{
	struct strbuf command = STRBUF_INIT;
	for (; *argv; argv++) {
		if (command.len)
			strbuf_addc(&command, ' ');
		add_quoted(&command, *argv);
	}
	trace_writer_fact(w, "command", command.text);
	strbuf_release(&command);
}

void embed_start_facts(struct trace_writer *w, char *const *argv, const char *options)
{
	struct utsname system;
	struct tm parts;
	char text[64], cwd[PATH_MAX];
	time_t now = time(NULL);
	if (uname(&system) == 0) {
		trace_writer_fact(w, "host", system.nodename);
		char *kernel = mem_printf("%s %s %s", system.sysname, system.release,
					  system.machine);
		trace_writer_fact(w, "kernel", kernel);
		free(kernel);
	}
	if (getcwd(cwd, sizeof(cwd)))
		trace_writer_fact(w, "cwd", cwd);
	if (gmtime_r(&now, &parts) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
		trace_writer_fact(w, "started", text);
	trace_writer_fact(w, "tool", "alloctrace " PACKAGE_VERSION);
	command_fact(w, argv);
	if (options && *options)
		trace_writer_fact(w, "options", options);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The addresses of all nodes, sorted, each once: neighbours come from the same unit of DWARF. */
static struct address *collect_addresses(struct tables *t, size_t *count)
{
	struct address *all = mem_alloc(t->node_count * sizeof(*all));
	size_t found = 0;
	for (uint32_t i = NODE_FIRST; i < t->node_count; i++) {
		struct trace_node node;
		if (tables_read_node(t, i, &node) && node.module != TRACE_NO_MODULE)
			all[found++] = (struct address){ node.module, node.offset };
	}
	qsort(all, found, sizeof(*all), compare_addresses);
	*count = 0;
	for (size_t i = 0; i < found; i++)
		if (i == 0 || compare_addresses(&all[i - 1], &all[i]) != 0)
			all[(*count)++] = all[i];
	return all;
}

static uint32_t pid_of_anonymous(const struct tables *t, uint32_t module)
{
	uint32_t index_plus_1 = t->session->modules[t->modules[module]].process_plus_1;
	if (index_plus_1 == 0 || index_plus_1 > SESSION_MAX_PROCESSES)
		return 0;
	return t->processes->notes[index_plus_1 - 1].pid;
}

size_t embed_symbols(struct tables *t, struct trace_writer *w,
		     bool (*step)(void *context, uint64_t done, uint64_t all), void *context)
{
	struct symbolizer *symbolizer = symbolizer_new();
	size_t count, at;
	struct address *all = collect_addresses(t, &count);
	for (at = 0; at < count && (at % STEP || step(context, at, count)); at++) {
		const struct trace_symbol *symbols;
		struct session_module copy;
		struct trace_module module;
		if (!tables_read_module(t, t->modules[all[at].module], &copy, &module))
			continue;
		size_t n = symbolizer_resolve(symbolizer, &module,
					      pid_of_anonymous(t, all[at].module), all[at].offset,
					      &symbols);
		if (n)
			trace_writer_symbols(w, all[at].module, all[at].offset, symbols, n);
	}
	free(all);
	symbolizer_free(symbolizer);
	return count - at;
}
