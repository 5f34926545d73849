/* diagnosis_json.c - see diagnosis_report.h; the keys are in alloctrace-symbols(1). */
#include "report/diagnosis_report.h"

static void put_one(struct json *j, const struct linked *l, const struct diagnosis *is)
{
	json_object(j, NULL);
	json_string(j, "severity", diagnosis_severity_name(is->severity));
	json_string(j, "kind", diagnosis_kind_name(is->kind));
	json_string(j, "text", is->what);
	json_string(j, "fix", is->fix);
	json_array(j, "modules");
	for (size_t i = 0; i < is->module_count; i++)
		json_string(j, NULL,
			    is->modules[i] < l->count ? l->modules[is->modules[i]].path : NULL);
	json_end_array(j);
	json_array(j, "symbols");
	for (size_t i = 0; i < is->symbol_count; i++)
		json_string(j, NULL, is->symbols[i]);
	json_end_array(j);
	if (is->tunable)
		json_uint(j, "optional_static_tls", is->tunable);
	json_end_object(j);
}

static const char *place_key(enum static_tls_place place)
{
	static const char *const keys[] = { "none",   "start",	   "surplus",
					    "chance", "too-large", "too-aligned" };
	return keys[place];
}

static void put_module(struct json *j, const struct linked *l, const struct static_tls *tls,
		       size_t i)
{
	const struct static_tls_module *m = &tls->modules[i];
	json_object(j, NULL);
	json_string(j, "path", l->modules[i].path);
	json_uint(j, "bytes", l->modules[i].tls.bytes);
	json_uint(j, "alignment", l->modules[i].tls.alignment);
	json_bool(j, "static", l->modules[i].tls.is_static);
	json_string(j, "place", place_key(m->place));
	json_uint(j, "offset", m->offset);
	json_uint(j, "used", m->used);
	json_string(j, "fails_for",
		    m->failed_for < l->count ? l->modules[m->failed_for].path : NULL);
	json_end_object(j);
}

static void put_static_tls(struct json *j, const struct linked *l, const struct static_tls *tls)
{
	if (!tls->is_limited) {
		json_string(j, "static_tls", NULL);
		return;
	}
	json_object(j, "static_tls");
	json_uint(j, "surplus", tls->surplus);
	json_uint(j, "start", tls->start_bytes);
	json_uint(j, "alignment", tls->alignment);
	json_uint(j, "room", tls->room);
	json_uint(j, "left", tls->left);
	json_array(j, "modules");
	for (size_t i = 0; i < tls->count && i < l->count; i++)
		if (l->modules[i].tls.bytes || l->modules[i].tls.is_static ||
		    tls->modules[i].failed_for != SIZE_MAX)
			put_module(j, l, tls, i);
	json_end_array(j);
	json_end_object(j);
}

void diagnosis_put_json(struct json *j, const struct linked *l)
{
	if (!l->diagnosed)
		return;
	const struct diagnoses *d = &l->diagnosed->problems;
	json_array(j, "diagnosis");
	for (size_t i = 0; i < d->count; i++)
		put_one(j, l, &d->items[i]);
	json_end_array(j);
	put_static_tls(j, l, &l->diagnosed->static_tls);
}
