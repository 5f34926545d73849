/* diagnose_static_tls.c - openings that find no room for thread-local variables. */
#include <stdlib.h>
#include <string.h>

#include "link/diagnose.h"
#include "util/mem.h"
#include "util/path.h"

/* Openings, in a program or in one that is made up. */
struct view {
	const struct linked *linked;
	const struct static_tls *tls;
	const char *program; /* NULL: any */
	uint64_t tunable;    /* 0: none helps */
};

static const char *name_in(const struct view *v, size_t module)
{
	return path_name(v->linked->modules[module].path);
}

static char *say_what(const struct view *v, size_t opened, size_t module)
{
	const struct thread_storage *t = &v->linked->modules[module].tls;
	struct strbuf what = STRBUF_INIT;
	strbuf_addf(&what,
		    "dlopen() of %s %sfails, \"cannot allocate memory in static TLS block\": ",
		    name_in(v, opened), v->program ? "" : "by a program that has only libc ");
	strbuf_addf(&what,
		    "%s has %llu bytes of thread-local variables at fixed offsets "
		    "(initial-exec)",
		    opened == module ? "it" : name_in(v, module), (unsigned long long)t->bytes);
	if (v->tls->modules[module].place == STATIC_TLS_TOO_ALIGNED)
		strbuf_addf(
			&what, ", aligned to %llu; no more than %llu is possible after the start",
			(unsigned long long)t->alignment, (unsigned long long)v->tls->alignment);
	else
		strbuf_addf(&what, ", and %llu are left of those that threads have in reserve",
			    (unsigned long long)v->tls->modules[module].room);
	return strbuf_detach(&what);
}

static char *say_fix(const struct view *v, size_t module)
{
	const char *library = name_in(v, module);
	const char *program = v->program ? v->program : "the program";
	if (v->tunable)
		return mem_printf("set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=%llu, or have "
				  "%s there at the start (link %s with it, or LD_PRELOAD)",
				  (unsigned long long)v->tunable, library, program);
	return mem_printf("no tunable helps: have %s there at the start (link %s with it, or "
			  "LD_PRELOAD), or compile it with -ftls-model=global-dynamic",
			  library, program);
}

/* places: where each module of the view is in d->linked; NULL: at the same place. */
static void add_failures(struct diagnosing *d, const struct view *v, const size_t *places,
			 enum diagnosis_severity severity)
{
	for (size_t i = 0; i < v->tls->count; i++) {
		const size_t failed_for = v->tls->modules[i].failed_for;
		if (failed_for == SIZE_MAX)
			continue;
		struct diagnosis *is =
			diagnose_add(d, DIAGNOSIS_STATIC_TLS, severity, say_what(v, i, failed_for),
				     say_fix(v, failed_for));
		is->tunable = v->tunable;
		diagnosis_add_module(is, places ? places[i] : i);
		diagnosis_add_module(is, places ? places[failed_for] : failed_for);
	}
}

static uint64_t tunable_for(const struct diagnosing *d, const struct linked *l,
			    const struct static_tls *tls)
{
	uint64_t tunable = 0;
	if (!tls->failures || !static_tls_sufficient(l, d->tunables, &tunable))
		return 0;
	return tunable;
}

static bool is_always_there(const struct linked_module *m)
{
	return path_is_libc(m->path) || strncmp(path_name(m->path), "ld-", 3) == 0;
}

/* A library is looked at as if a program that has only the C library opened it. */
static void open_library(struct diagnosing *d)
{
	const struct linked *l = d->linked;
	struct linked made_up = *l;
	struct static_tls tls;
	size_t *places = mem_zalloc(l->count, sizeof(*places));
	made_up.modules = mem_zalloc(l->count, sizeof(*made_up.modules));
	made_up.count = 0;
	for (unsigned at_start = 2; at_start-- > 0;)
		for (size_t i = 0; i < l->count; i++) {
			if (is_always_there(&l->modules[i]) != (at_start == 1))
				continue;
			struct linked_module *m = &made_up.modules[made_up.count];
			*m = l->modules[i];
			m->flags = at_start ? BINDING_STARTUP : i == 0 ? BINDING_OPENED : 0;
			places[made_up.count++] = i;
		}
	static_tls_lay_out(&tls, &made_up, d->tunables);
	const struct view view = { &made_up, &tls, NULL, tunable_for(d, &made_up, &tls) };
	add_failures(d, &view, places, DIAGNOSIS_WARNING);
	static_tls_release(&tls);
	free(made_up.modules);
	free(places);
}

void diagnose_static_tls(struct diagnosing *d)
{
	/* What a process has opened fitted. */
	if (d->linked->origin == LINKED_PROCESS || !d->linked->count)
		return;
	const struct view view = { d->linked, d->static_tls, diagnose_name(d, 0),
				   tunable_for(d, d->linked, d->static_tls) };
	add_failures(d, &view, NULL, DIAGNOSIS_ERROR);
	if (!linked_is_program(d->linked) && !is_always_there(&d->linked->modules[0]))
		open_library(d);
}
