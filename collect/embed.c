/* embed.c - see embed.h. */
#include "config.h"

#include "collect/embed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "symbol/module_allocators.h"
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

/* What is in the modules, by their index in the trace. */
struct instances {
	struct tables *tables;
	const struct module_hooks *hooks;
	struct trace_writer *writer;
	struct allocators *found;
	bool *has_own; /* [process]: its program exports a malloc of its own */
};

static void write_instance(const struct instances *all, const struct allocator *a, uint32_t module,
			   const struct trace_user *users, size_t user_count)
{
	uint32_t id = all->tables->modules[module];
	struct trace_function *functions = mem_alloc(a->function_count * sizeof(*functions));
	for (size_t i = 0; i < a->function_count; i++)
		functions[i] = (struct trace_function){
			.name = a->functions[i].name,
			.address = a->functions[i].address,
			.flags = a->functions[i].flags,
			.hooks = module_hooks_outcomes(all->hooks, id, a->functions[i].address),
		};
	const struct trace_instance instance = {
		.module = module,
		.family = a->name,
		.version = a->version,
		.prefix = a->prefix,
		.linkage = a->linkage,
		.flags = a->layer ? TRACE_INSTANCE_LAYER : 0,
		.functions = functions,
		.users = users,
		.function_count = (uint32_t)a->function_count,
		.user_count = (uint32_t)user_count,
	};
	trace_writer_instance(all->writer, &instance);
	free(functions);
}

enum { SERVES = TRACE_USER_SERVED | TRACE_USER_RECORDED };

static bool exports_malloc(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < found->items[i].function_count; k++)
			if (found->items[i].functions[k].flags & ALLOCATOR_FUNCTION_EXPORTED &&
			    strcmp(found->items[i].functions[k].name, "malloc") == 0)
				return true;
	return false;
}

static void find_in_module(struct instances *all, struct allocator_finder *finder,
			   const struct loaded_module *in, size_t count)
{
	struct session_module copy;
	struct trace_module module;
	struct allocators *found = &all->found[in->module];
	if (!tables_read_module(all->tables, all->tables->modules[in->module], &copy, &module))
		return;
	module_allocators_find(finder, &module, found);
	for (size_t i = 0; i < count && exports_malloc(found); i++)
		if (in[i].is_program)
			all->has_own[in[i].process] = true;
}

/* The program comes before the preloaded runtime: what it exports serves all of the process, and
 * the backend that the runtime found serves nobody. */
static uint32_t user_flags(const struct instances *all, const struct loaded_module *in)
{
	if (!all->has_own[in->process])
		return in->flags;
	uint32_t flags = in->flags & ~(uint32_t)SERVES;
	if (in->is_program && exports_malloc(&all->found[in->module]))
		flags |= TRACE_USER_SERVED;
	return flags;
}

/* Where symbols are gone, operators new and delete are known by what they throw alone: they may
 * well be those that an allocator in the same file has by name. */
static bool are_anothers(const struct allocators *found, const struct allocator *operators)
{
	for (size_t i = 0; i < found->count && operators->function_count == 0; i++)
		for (size_t k = 0; k < found->items[i].function_count; k++)
			if (strcmp(found->items[i].functions[k].name, "_Znwm") == 0)
				return true;
	return false;
}

/* Operators new and delete are no malloc. */
static void write_operators(const struct instances *all, const struct allocator *a, uint32_t module,
			    const struct trace_user *users, size_t count)
{
	struct trace_user *own = mem_alloc(count * sizeof(*own));
	for (size_t i = 0; i < count; i++)
		own[i] =
			(struct trace_user){ users[i].process, users[i].flags & ~(uint32_t)SERVES };
	if (!are_anothers(&all->found[module], a))
		write_instance(all, a, module, own, count);
	free(own);
}

static void write_module(const struct instances *all, const struct loaded_module *in, size_t count)
{
	const struct allocators *found = &all->found[in->module];
	struct trace_user *users = mem_alloc(count * sizeof(*users));
	for (size_t i = 0; i < count; i++)
		users[i] = (struct trace_user){ in[i].process, user_flags(all, &in[i]) };
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].family == FAMILY_OPERATORS)
			write_operators(all, &found->items[i], in->module, users, count);
		else
			write_instance(all, &found->items[i], in->module, users, count);
	free(users);
}

/* How many entries from this one on are of its module. */
static size_t same_module(const struct loaded *loaded, size_t at)
{
	size_t count = 1;
	while (at + count < loaded->count &&
	       loaded->items[at + count].module == loaded->items[at].module)
		count++;
	return count;
}

static const char unknown[] = "unknown";

/* What is known by its messages alone was not looked for in large files while the program ran. */
static bool is_name_of(const struct allocator *a, const char *name, size_t kind_bytes)
{
	if (strlen(a->name) == kind_bytes && memcmp(name, a->name, kind_bytes) == 0)
		return *a->version != '\0';
	return !a->layer && kind_bytes == strlen(unknown) && memcmp(name, unknown, kind_bytes) == 0;
}

static bool has_unknown(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->items[i].name, unknown) == 0)
			return true;
	return false;
}

/* "glibc in libc.so.6" becomes "glibc 2.36 in libc.so.6", and "unknown in chromium" "PartitionAlloc
 * in chromium". */
static void complete_name(const struct instances *all, uint32_t number,
			  const struct trace_allocator *is)
{
	if (!is->name || is->kind != TRACE_ALLOCATOR_INSTANCE || !is->module_plus_1)
		return;
	const struct allocators *found = &all->found[is->module_plus_1 - 1];
	const char *in = strstr(is->name, " in ");
	if (!in || (has_unknown(found) && strncmp(is->name, unknown, strlen(unknown)) == 0))
		return;
	for (size_t i = 0; i < found->count; i++) {
		const struct allocator *a = &found->items[i];
		if (!is_name_of(a, is->name, (size_t)(in - is->name)))
			continue;
		struct trace_allocator complete = *is;
		char *name =
			mem_printf("%s%s%s%s", a->name, *a->version ? " " : "", a->version, in);
		complete.name = name;
		trace_writer_allocator(all->writer, number, &complete);
		free(name);
		return;
	}
}

void embed_instances(struct tables *t, struct loaded *loaded, const struct module_hooks *hooks,
		     const struct allocator_names *names, struct trace_writer *w)
{
	struct instances all = { t, hooks, w, mem_zalloc(t->module_count, sizeof(*all.found)),
				 mem_zalloc(t->processes->id_count, sizeof(*all.has_own)) };
	struct allocator_finder *finder = allocator_finder_new();
	allocator_finder_add_users(finder, hooks->families);
	loaded_sort(loaded);
	for (size_t at = 0; at < loaded->count; at += same_module(loaded, at))
		find_in_module(&all, finder, &loaded->items[at], same_module(loaded, at));
	for (size_t at = 0; at < loaded->count; at += same_module(loaded, at))
		write_module(&all, &loaded->items[at], same_module(loaded, at));
	for (uint32_t i = 0; i < names->count; i++)
		complete_name(&all, i, &names->items[i]);
	allocator_finder_free(finder);
	for (uint32_t i = 0; i < t->module_count; i++)
		allocators_release(&all.found[i]);
	free(all.found);
	free(all.has_own);
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

static int compare_variables(const void *a, const void *b)
{
	const struct held_variable *x = a, *y = b;
	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static void embed_variable(const struct held_variable *v, struct tables *t,
			   struct symbolizer *symbolizer, struct trace_writer *w)
{
	struct session_module copy;
	struct trace_module module;
	struct strbuf text = STRBUF_INIT;
	uint64_t start;
	if (!tables_read_module(t, t->modules[v->module], &copy, &module))
		return;
	const char *name = symbolizer_variable(symbolizer, &module, v->address, &start);
	if (!name)
		return;
	strbuf_adds(&text, name);
	if (v->address > start)
		strbuf_addf(&text, "+0x%" PRIx64, v->address - start);
	const struct trace_symbol symbol = { .function = text.text };
	trace_writer_symbols(w, v->module, v->address, &symbol, 1);
	strbuf_release(&text);
}

/* The names that are known, each once. */
static void embed_variables(struct held_variables *h, struct tables *t,
			    struct symbolizer *symbolizer, struct trace_writer *w)
{
	if (h->count)
		qsort(h->items, h->count, sizeof(*h->items), compare_variables);
	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].module < t->module_count &&
		    (i == 0 || compare_variables(&h->items[i - 1], &h->items[i]) != 0))
			embed_variable(&h->items[i], t, symbolizer, w);
}

size_t embed_symbols(struct tables *t, struct held_variables *held, struct trace_writer *w,
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
	if (at == count)
		embed_variables(held, t, symbolizer, w);
	free(all);
	symbolizer_free(symbolizer);
	return count - at;
}
