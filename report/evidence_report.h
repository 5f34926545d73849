/* evidence_report.h - what tells of an allocator in a file, and how sure it is, in words and JSON.
 * Part of survey_report.h. */
#ifndef ALLOCTRACE_REPORT_EVIDENCE_REPORT_H
#define ALLOCTRACE_REPORT_EVIDENCE_REPORT_H

#include "report/json.h"
#include "symbol/evidence.h"
#include "util/strbuf.h"

/* Lines of the list in detail. */
void evidence_add_text(struct strbuf *out, const struct evidence *e);
void rust_evidence_add_text(struct strbuf *out, const struct rust_evidence *rust,
			    const struct allocators *found);

/* Members of the allocator's object. */
void evidence_put_json(struct json *j, const struct evidence *e);
/* The member "rust" of the file's object, if there is Rust in it. */
void rust_evidence_put_json(struct json *j, const struct rust_evidence *rust,
			    const struct allocators *found);

#endif
