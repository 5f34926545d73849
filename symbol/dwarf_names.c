/* dwarf_names.c - see dwarf_names.h. */
#include "symbol/dwarf_names.h"

#include <dwarf.h>
#include <string.h>

#include "util/strbuf.h"

enum {
	MAX_ORIGINS = 16, /* libdw's own bound for abstract origins and specifications */
	MAX_CONTEXTS = 32,
	MAX_LAMBDA_CHILDREN = 1024, /* a damaged tree can lead back into itself */
	MAX_BYTES = 4096,
};

/* What a name is put together from. */
struct qualifying {
	struct dwarf_index *index;
	struct dwarf_unit *unit; /* the one of the scope: its DIEs may be in a .dwo file */
	struct strbuf *out;
};

static const char *inherited_string(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	const char *text = dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
	return text && text[0] ? text : NULL;
}

/* The DIE that stands where the function is declared: its context is the function's. */
static Dwarf_Die declaration_of(const Dwarf_Die *die)
{
	Dwarf_Die at = *die;
	for (int i = 0; i < MAX_ORIGINS; i++) {
		Dwarf_Attribute attribute;
		Dwarf_Die next;
		if (!dwarf_attr(&at, DW_AT_abstract_origin, &attribute) &&
		    !dwarf_attr(&at, DW_AT_specification, &attribute))
			break;
		if (!dwarf_formref_die(&attribute, &next))
			break;
		at = next;
	}
	return at;
}

/* A class without a name whose operator() the compiler made, not the programmer. */
static bool is_lambda(Dwarf_Die *class)
{
	Dwarf_Die child;
	if (dwarf_child(class, &child) != 0)
		return false;
	for (int i = 0; i < MAX_LAMBDA_CHILDREN; i++) {
		const char *name =
			dwarf_tag(&child) == DW_TAG_subprogram ? dwarf_diename(&child) : NULL;
		if (name && strncmp(name, "operator()", 10) == 0)
			return dwarf_hasattr_integrate(&child, DW_AT_artificial) != 0;
		if (dwarf_siblingof(&child, &child) != 0)
			break;
	}
	return false;
}

static void add_context_name(struct strbuf *out, Dwarf_Die *die)
{
	const char *name = inherited_string(die, DW_AT_name);
	int line;
	if (name)
		strbuf_adds(out, name);
	else if (dwarf_tag(die) == DW_TAG_namespace)
		strbuf_adds(out, "(anonymous namespace)");
	else if (!is_lambda(die))
		strbuf_adds(out, "(anonymous)");
	else if (dwarf_decl_line(die, &line) == 0)
		strbuf_addf(out, "{lambda:%d}", line);
	else
		strbuf_adds(out, "{lambda}");
}

/* Collects what is around the declaration, innermost first; returns how many. */
static size_t contexts_of(const struct qualifying *q, Dwarf_Die declaration, Dwarf_Die *found)
{
	size_t count = 0;
	while (count < MAX_CONTEXTS) {
		struct dwarf_unit *unit = declaration.cu == q->unit->full.cu
						  ? q->unit
						  : dwarf_index_unit_of(q->index, &declaration);
		const struct dwarf_context *context =
			unit ? dwarf_unit_context(unit, dwarf_dieoffset(&declaration)) : NULL;
		Dwarf_Die die;
		if (!context ||
		    !dwarf_offdie(dwarf_cu_getdwarf(declaration.cu), context->first, &die))
			break;
		found[count++] = die;
		/* A class inside a member function whose body stands elsewhere. */
		declaration = dwarf_tag(&die) == DW_TAG_subprogram ? declaration_of(&die) : die;
	}
	return count;
}

static void add_qualified(const struct qualifying *q, const Dwarf_Die *die, const char *name)
{
	Dwarf_Die contexts[MAX_CONTEXTS];
	size_t count = contexts_of(q, declaration_of(die), contexts);
	while (count-- > 0 && q->out->len < MAX_BYTES) {
		add_context_name(q->out, &contexts[count]);
		strbuf_adds(q->out, "::");
	}
	strbuf_adds(q->out, name);
}

static const char *linkage_name(Dwarf_Die *die)
{
	const char *name = inherited_string(die, DW_AT_linkage_name);
	return name ? name : inherited_string(die, DW_AT_MIPS_linkage_name);
}

void dwarf_name_scope(struct dwarf_index *index, struct dwarf_unit *unit, struct dwarf_scope *scope,
		      struct names *names)
{
	if (scope->named)
		return;
	scope->named = true;
	const char *name = linkage_name(&scope->die);
	if (name) {
		scope->has_linkage_name = true;
		scope->function = names_function(names, name, strlen(name));
		return;
	}
	name = inherited_string(&scope->die, DW_AT_name);
	if (!name)
		return;
	struct strbuf text = STRBUF_INIT;
	struct qualifying q = { .index = index, .unit = unit, .out = &text };
	if (unit->has_contexts)
		add_qualified(&q, &scope->die, name);
	else
		strbuf_adds(&text, name);
	scope->function = names_plain(names, text.text, text.len);
	strbuf_release(&text);
}
