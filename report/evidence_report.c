/* evidence_report.c - see evidence_report.h. */
#include "report/evidence_report.h"

#include <stdlib.h>
#include <string.h>

static const char *const sureness_words[] = { "possible", "probable", "certain" };

/* key: for programs; before: what stands before the proof's text. */
static const struct {
	const char *key, *before;
} proof_words[PROOF_KINDS] = {
	[PROOF_EXPORTED] = { "dynsym", "exported functions: " },
	[PROOF_SYMBOL_TABLE] = { "symtab", "functions in the symbol table: " },
	[PROOF_MINI_SYMBOLS] = { "gnu_debugdata", "functions in .gnu_debugdata: " },
	[PROOF_DEBUG_BY_ID] = { "debug_file_build_id",
				"functions in its debug file, found by build-id: " },
	[PROOF_DEBUG_BY_LINK] = { "debug_file_link",
				  "functions in its debug file, found by .gnu_debuglink: " },
	[PROOF_DEBUGINFOD] = { "debuginfod", "functions in its debug file, from debuginfod: " },
	[PROOF_UNIT] = { "compile_unit", "compile unit: " },
	[PROOF_MEMBER] = { "archive_member", "member of the archive: " },
	[PROOF_SOURCES] = { "source_file", "a source file called " },
	[PROOF_MESSAGES] = { "messages", "messages: " },
	[PROOF_VARIABLE] = { "environment_variable", "an environment variable's name: " },
	[PROOF_OPTIONS] = { "option_names", "names of its options: " },
	[PROOF_CRATE] = { "rust_crate", "the path of a Rust crate: " },
	[PROOF_SECTION] = { "section", "a section called " },
};

/* ---- text ---- */

void evidence_add_text(struct strbuf *out, const struct evidence *e)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct proof *p = &e->proofs[i];
		strbuf_addf(out, "    %s: %s", sureness_words[p->sure],
			    proof_words[p->kind].before);
		strbuf_add_escaped(out, p->what);
		if (p->kind == PROOF_UNIT && e->directory) {
			strbuf_adds(out, " (in ");
			strbuf_add_escaped(out, e->directory);
			strbuf_addc(out, ')');
		}
		if (p->kind == PROOF_UNIT && e->producer) {
			strbuf_adds(out, ", by ");
			strbuf_add_escaped(out, e->producer);
		}
		strbuf_addc(out, '\n');
	}
}

/* "mimalloc 2.5.1", or what else serves Rust. */
static void add_allocator(struct strbuf *out, const struct rust_evidence *rust,
			  const struct allocators *found)
{
	const struct allocator *a = rust->allocator != RUST_UNKNOWN && rust->instance < found->count
					    ? &found->items[rust->instance]
					    : NULL;
	if (rust->allocator == RUST_SYSTEM)
		strbuf_adds(out, a ? "System, whose malloc is in this file: "
				   : "System (libc, or what stands in for it)");
	if (rust->allocator == RUST_ELSEWHERE)
		strbuf_adds(out, "in another file");
	if (a)
		strbuf_addf(out, "%s%s%s", a->name, *a->version ? " " : "", a->version);
}

void rust_evidence_add_text(struct strbuf *out, const struct rust_evidence *rust,
			    const struct allocators *found)
{
	if (!rust->there)
		return;
	strbuf_adds(out, "  Rust");
	if (*rust->version) {
		strbuf_addc(out, ' ');
		strbuf_add_escaped(out, rust->version);
	} else if (*rust->commit) {
		strbuf_addf(out, ", compiler's commit %.12s", rust->commit);
	}
	if (rust->allocator == RUST_UNKNOWN) {
		strbuf_adds(out, ", its global allocator is not known\n");
		return;
	}
	strbuf_adds(out, ", its global allocator: ");
	add_allocator(out, rust, found);
	strbuf_addf(out, "\n    %s: ", sureness_words[rust->sure]);
	if (*rust->through)
		strbuf_add_escaped(out, rust->through);
	else
		strbuf_adds(out,
			    rust->allocator == RUST_SYSTEM && rust->instance >= found->count
				    ? "there is no allocator in the file, and malloc is imported"
				    : "there is no other allocator in the file");
	strbuf_addc(out, '\n');
}

/* ---- JSON ---- */

void evidence_put_json(struct json *j, const struct evidence *e)
{
	json_string(j, "sure", sureness_words[e->sure]);
	json_array(j, "proofs");
	for (size_t i = 0; i < e->count; i++) {
		json_object(j, NULL);
		json_string(j, "by", proof_words[e->proofs[i].kind].key);
		json_string(j, "what", e->proofs[i].what);
		json_string(j, "sure", sureness_words[e->proofs[i].sure]);
		json_end_object(j);
	}
	json_end_array(j);
	json_string(j, "compile_unit", e->unit);
	json_string(j, "compile_directory", e->directory);
	json_string(j, "producer", e->producer);
	json_string(j, "archive_member", e->member);
}

void rust_evidence_put_json(struct json *j, const struct rust_evidence *rust,
			    const struct allocators *found)
{
	static const char *const to[] = { NULL, "instance", "system", "elsewhere" };
	bool is_here = rust->allocator != RUST_UNKNOWN && rust->instance < found->count;
	if (!rust->there)
		return;
	json_object(j, "rust");
	json_string(j, "version", *rust->version ? rust->version : NULL);
	json_string(j, "commit", *rust->commit ? rust->commit : NULL);
	json_string(j, "global_allocator", to[rust->allocator]);
	json_string(j, "kind", is_here ? found->items[rust->instance].name : NULL);
	json_string(j, "through", *rust->through ? rust->through : NULL);
	json_string(j, "sure", rust->allocator == RUST_UNKNOWN ? NULL : sureness_words[rust->sure]);
	json_end_object(j);
}
