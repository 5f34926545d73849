/* linked_instances.c - the allocators of a program and its libraries, and who uses each; see
 * linked_report.h. */
#include <stdlib.h>
#include <string.h>

#include "link/uses.h"
#include "report/columns.h"
#include "report/humane.h"
#include "report/instance_words.h"
#include "report/linked_report.h"
#include "util/mem.h"
#include "util/path.h"

struct instance {
	const struct linked_module *module;
	const struct allocator *is;
	size_t at; /* the module's place */
	size_t users;
	size_t user;  /* one of them */
	bool perhaps; /* inside, and not seen whether it is called */
	bool serves_program;
};

struct instances {
	struct instance *items;
	size_t count, cap;
};

static void count_users(struct instance *in, const struct linked *l, const struct uses *uses,
			size_t allocator)
{
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < uses->count; i++) {
		const struct use *u = &uses->items[i];
		if (u->module != in->at || u->allocator != allocator || u->user == last)
			continue;
		if (u->kind == USE_INSIDE) {
			in->perhaps = true;
			continue;
		}
		/* What an allocator's own library calls of itself is no use of it. */
		if (u->user == in->at && use_allocator(l, u)->linkage == ALLOCATOR_SHARED)
			continue;
		last = u->user;
		in->user = u->user;
		in->users++;
	}
}

static void collect(struct instances *all, const struct linked *l, const struct linked_style *style)
{
	struct uses uses;
	struct use program;
	uses_find(&uses, l);
	use_of_program(&program, l);
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].found.count; k++) {
			const struct allocator *is = &l->modules[i].found.items[k];
			if (is->layer && !style->layers && !style->details)
				continue;
			all->items = mem_grow(all->items, &all->cap, all->count + 1,
					      sizeof(*all->items));
			struct instance *in = &all->items[all->count++];
			*in = (struct instance){ .module = &l->modules[i],
						 .is = is,
						 .at = i,
						 .serves_program = program.symbol_count &&
								   program.module == i &&
								   program.allocator == k };
			count_users(in, l, &uses, k);
		}
	use_release(&program);
	uses_release(&uses);
}

/* What nobody would look for stands first: hidden inside a module, then others beside the
 * program's, then that, then what is always there. */
static int rank_of(const struct instance *in)
{
	if (in->is->layer)
		return 4;
	if (in->serves_program)
		return 2;
	if (in->is->linkage != ALLOCATOR_SHARED)
		return 0;
	return path_is_libc(in->module->path) && !in->users ? 3 : 1;
}

static int compare(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;
	const int order = rank_of(x) - rank_of(y);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static void add_users(struct columns *t, const struct linked *l, const struct instance *in)
{
	char text[2 * HUMANE_BYTES], number[HUMANE_BYTES];
	if (in->is->layer)
		columns_add(t, NULL, COLUMN_DIM);
	else if (in->users == 1 && in->user == in->at)
		columns_add(t, "itself", COLUMN_PLAIN);
	else if (in->users == 1)
		columns_add(t, linked_module_name(&l->modules[in->user]), COLUMN_PLAIN);
	else if (in->users) {
		snprintf(text, sizeof(text), "%s modules", humane_count(number, in->users));
		columns_add(t, text, COLUMN_PLAIN);
	} else
		columns_add(t, in->perhaps ? "itself, perhaps" : "nobody", COLUMN_DIM);
}

void linked_add_instances(struct strbuf *out, const struct linked *l,
			  const struct linked_style *style)
{
	static const struct column columns[] = {
		{ "allocator", false, false }, { "version", false, false },
		{ "linked", false, false },    { "prefix", false, true },
		{ "used by", false, true },    { "module", false, true }
	};
	struct instances all = { 0 };
	struct columns t;
	collect(&all, l, style);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), compare);
	columns_init(&t, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < all.count; i++) {
		const struct instance *in = &all.items[i];
		const bool is_odd = rank_of(in) == 0;
		columns_add(&t, strcmp(in->is->name, "unknown") ? in->is->name : "unknown kind",
			    in->is->layer ? COLUMN_DIM : COLUMN_BOLD);
		columns_add(&t, in->is->version, COLUMN_PLAIN);
		columns_add(&t, linkage_words(in->is->linkage), is_odd ? COLUMN_ODD : COLUMN_PLAIN);
		columns_add(&t, in->is->prefix, COLUMN_PLAIN);
		add_users(&t, l, in);
		columns_add(&t, in->module->path, COLUMN_PLAIN);
	}
	if (all.count) {
		strbuf_addc(out, '\n');
		columns_write(&t, out, style->limit, style->color);
	}
	columns_release(&t);
	free(all.items);
}
