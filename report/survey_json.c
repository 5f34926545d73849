/* survey_json.c - the JSON output of `symbols`. */
#include "report/definitions_report.h"
#include "report/evidence_report.h"
#include "report/json.h"
#include "report/linked_report.h"
#include "report/survey_report.h"

static const char *const kinds[] = { NULL, "program", "library", "object",
				    "archive", "debug_file" };
static const char *const linkages[] = { "shared", "exported", "hidden", "stripped" };

static void put_evidence(struct json *j, const struct allocator *is)
{
	struct strbuf one = STRBUF_INIT;
	const bool strings = allocator_is_by_messages(is);
	const char separator = strings ? '\n' : ' ';
	json_string(j, "known_by", strings ? "strings" : "functions");
	json_array(j, "evidence");
	for (const char *at = is->evidence;; at++) {
		bool end = !*at || (separator == ' ' && *at == '|');
		if (!end && *at != separator) {
			if (one.len || (*at != '=' && *at != '*')) /* marks of wire/families.def */
				strbuf_addc(&one, *at);
			continue;
		}
		if (one.len)
			json_string(j, NULL, one.text);
		strbuf_clear(&one);
		if (end)
			break;
	}
	json_end_array(j);
	strbuf_release(&one);
}

void json_put_allocator(struct json *j, const struct allocator *is, const struct evidence *evidence,
			const struct shown_names *shown, bool functions)
{
	json_object(j, NULL);
	json_string(j, "kind", is->name);
	json_string(j, "version", *is->version ? is->version : NULL);
	json_string(j, "linkage", linkages[is->linkage]);
	json_string(j, "prefix", is->prefix);
	json_bool(j, "layer", is->layer);
	put_evidence(j, is);
	if (evidence)
		evidence_put_json(j, evidence);
	json_array(j, "functions");
	for (size_t i = 0; i < is->function_count && functions; i++) {
		if (!shown_symbol(shown, is->functions[i].name))
			continue;
		json_object(j, NULL);
		json_string(j, "name", is->functions[i].name);
		json_hex(j, "address", is->functions[i].address);
		json_bool(j, "exported", is->functions[i].flags & ALLOCATOR_FUNCTION_EXPORTED);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
}

static void put_file(struct json *j, const struct survey_file *f, const struct shown_names *shown)
{
	struct strbuf id = STRBUF_INIT;
	for (uint32_t i = 0; i < f->build_id.count; i++)
		strbuf_addf(&id, "%02x", f->build_id.bytes[i]);
	json_object(j, NULL);
	json_string(j, "path", f->path);
	json_string(j, "problem", f->problem);
	json_string(j, "type", kinds[f->kind]);
	if (f->kind != SURVEY_OTHER) {
		json_string(j, "format", f->format);
		json_string(j, "machine", survey_machine_name(f->machine));
		json_uint(j, "machine_number", f->machine);
		json_uint(j, "bits", f->bits);
		json_bool(j, "big_endian", f->is_big_endian);
		json_bool(j, "symbol_table", f->has_symbols);
		json_string(j, "build_id", id.len ? id.text : NULL);
		json_array(j, "allocators");
		for (size_t i = 0; i < f->found.count; i++)
			json_put_allocator(j, &f->found.items[i],
					   i < f->evidence.count ? &f->evidence.of[i] : NULL, shown,
					   true);
		json_end_array(j);
		rust_evidence_put_json(j, &f->evidence.rust, &f->found);
	}
	json_end_object(j);
	strbuf_release(&id);
}

static void put_unmet(struct json *j, const struct unmet *u)
{
	struct strbuf option = STRBUF_INIT;
	expectation_add_option(&option, u->expectation);
	json_object(j, NULL);
	json_string(j, "option", option.text);
	json_string(j, "target", u->target);
	json_string(j, "found", u->found);
	json_string(j, "why", u->why);
	json_string(j, "fix", u->fix);
	json_end_object(j);
	strbuf_release(&option);
}

static void put_unmets(struct json *j, const struct unmets *unmets)
{
	json_array(j, "unmet");
	for (size_t i = 0; i < unmets->count; i++)
		put_unmet(j, &unmets->items[i]);
	json_end_array(j);
}

void symbols_json(const struct symbols_answer *a, const struct shown_names *shown, FILE *to)
{
	struct json j;
	json_init(&j, to);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace symbols");
	json_uint(&j, "format_version", 1);
	json_array(&j, "files");
	for (size_t i = 0; i < a->files->count; i++) {
		const struct survey_file *f = &a->files->files[i];
		if ((f->kind != SURVEY_OTHER || f->problem) && shown_module(shown, f->path))
			put_file(&j, f, shown);
	}
	json_end_array(&j);
	json_array(&j, "programs");
	for (size_t i = 0; i < a->program_count; i++)
		linked_put_json(&j, a->programs[i], shown);
	json_end_array(&j);
	if (a->definitions)
		definitions_put_json(&j, a->definitions);
	if (a->unmets)
		put_unmets(&j, a->unmets);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}
