/* static_tls_text.c - see diagnosis_report.h. */
#include <inttypes.h>
#include <stdio.h>

#include "report/columns.h"
#include "report/diagnosis_report.h"
#include "report/linked_report.h"

static const char *place_words(enum static_tls_place place)
{
	static const char *const words[] = {
		[STATIC_TLS_NONE] = "a block of its own",
		[STATIC_TLS_START] = "the threads' block",
		[STATIC_TLS_SURPLUS] = "the room behind it",
		[STATIC_TLS_CHANCE] = "the room behind it, but could do without",
		[STATIC_TLS_TOO_LARGE] = "nowhere: too large",
		[STATIC_TLS_TOO_ALIGNED] = "nowhere: alignment too large",
	};
	return words[place];
}

static void add_module(struct columns *t, const struct linked_module *m,
		       const struct static_tls_module *is)
{
	char text[32];
	columns_add(t, linked_module_name(m), COLUMN_PLAIN);
	snprintf(text, sizeof(text), "%" PRIu64, m->tls.bytes);
	columns_add(t, text, COLUMN_PLAIN);
	snprintf(text, sizeof(text), "%" PRIu64, m->tls.alignment);
	columns_add(t, text, COLUMN_PLAIN);
	columns_add(t, m->tls.is_static ? "fixed offsets" : "calls", COLUMN_PLAIN);
	columns_add(t, place_words(is->place),
		    is->place >= STATIC_TLS_TOO_LARGE ? COLUMN_BAD : COLUMN_PLAIN);
}

void static_tls_add_text(struct strbuf *out, const struct linked *l, bool color, size_t limit)
{
	static const struct column columns[] = { { "module", false, true },
						 { "bytes", true, false },
						 { "alignment", true, false },
						 { "reached by", false, false },
						 { "in", false, false } };
	const struct static_tls *tls = l->diagnosed ? &l->diagnosed->static_tls : NULL;
	struct columns t;
	size_t count = 0;
	if (!tls || !tls->is_limited)
		return;
	columns_init(&t, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < tls->count && i < l->count; i++) {
		if (!l->modules[i].tls.bytes)
			continue;
		add_module(&t, &l->modules[i], &tls->modules[i]);
		count++;
	}
	if (count) {
		strbuf_addf(out,
			    "\nThread-local variables: %" PRIu64 " bytes in each thread's block at "
			    "the start, room for %" PRIu64 " behind it, %" PRIu64 " left\n",
			    tls->start_bytes, tls->room, tls->left);
		columns_write(&t, out, limit, color);
	}
	columns_release(&t);
}
