/* leaks_styles.c - leaks in the words of LeakSanitizer and of Valgrind, for what reads theirs, and
 * as suppressions.
 *
 * Addresses of frames are those in the modules' files: where a module was loaded differs from
 * process to process. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/humane.h"
#include "report/leak_story.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "report/suppressions.h"
#include "wire/roles.h"

/* One section for each process, as the tools themselves have it. */
static void for_each_scan(struct leaks_report *r, FILE *to,
			  void (*print)(struct leaks_report *, uint32_t pid, FILE *))
{
	size_t count = r->chosen.count;
	uint32_t *scans = calloc(count + 1, sizeof(*scans));
	if (!scans)
		return;
	memcpy(scans, r->chosen.scans, count * sizeof(*scans));
	for (size_t i = 0; i < count; i++) {
		const struct trace_leak_scan *s =
			trace_reader_leak_scan(r->names->reader, scans[i]);
		leaks_report_choose(r, scans[i]);
		print(r, trace_reader_process(r->names->reader, s->process)->pid, to);
	}
	free(scans);
}

static uint64_t bytes_with_indirect(const struct leak_place *p)
{
	return p->bytes + p->indirect_bytes;
}

/* ---- LeakSanitizer ---- */

static void lsan_frame(struct strbuf *out, size_t number, const struct story_frame *f)
{
	strbuf_addf(out, "    #%zu 0x%" PRIx64, number, f->offset);
	if (f->function) {
		strbuf_adds(out, " in ");
		strbuf_add_escaped(out, f->function);
	}
	if (f->file) {
		strbuf_addc(out, ' ');
		strbuf_add_escaped(out, f->file);
		if (f->line)
			strbuf_addf(out, ":%" PRIu32, f->line);
	} else {
		strbuf_adds(out, " (");
		strbuf_add_escaped(out, *f->module ? f->module : "<unknown module>");
		strbuf_addf(out, "+0x%" PRIx64 ")", f->offset);
	}
	strbuf_addc(out, '\n');
}

/* Reads the report of direct and indirect leaks; what is possibly lost LeakSanitizer counts as
 * reachable. */
static void lsan_place(struct strbuf *out, struct leaks_report *r, const struct leak_place *place)
{
	struct leak_story s;
	size_t number = 0, depth = r->request->style.depth;
	leak_story_read(&s, r->names, &r->places, place);
	strbuf_addf(
		out, "%s leak of %" PRIu64 " byte(s) in %" PRIu64 " object(s) allocated from:\n",
		place->kind == LEAK_INDIRECT ? "Indirect" : "Direct", place->bytes, place->blocks);
	strbuf_addf(out, "    #%zu 0x0 in %s (alloctrace)\n", number++, s.call);
	for (size_t i = 0; i < s.stack.count && (!depth || i < depth); i++)
		lsan_frame(out, number++, &s.stack.frames[i]);
	strbuf_addc(out, '\n');
	leak_story_release(&s);
}

static void lsan_process(struct leaks_report *r, uint32_t pid, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	const struct leak_total *direct = &r->places.kinds[LEAK_DEFINITE],
				*indirect = &r->places.kinds[LEAK_INDIRECT];
	uint64_t blocks = direct->sum.blocks + indirect->sum.blocks;
	if (!blocks)
		return;
	strbuf_addf(&out,
		    "\n=================================================================\n"
		    "==%" PRIu32 "==ERROR: LeakSanitizer: detected memory leaks\n\n",
		    pid);
	size_t count;
	uint32_t *list = leak_places_list(&r->places, 1 << LEAK_DEFINITE | 1 << LEAK_INDIRECT,
					  r->request->least_bytes, &count);
	size_t shown = leaks_report_shown(r, count);
	for (size_t i = 0; i < shown; i++) {
		lsan_place(&out, r, &r->places.places[list[i]]);
		fwrite(out.text, 1, out.len, to);
		strbuf_clear(&out);
	}
	free(list);
	if (shown < count)
		strbuf_addf(&out, "Omitting %zu more leak(s).\n\n", count - shown);
	strbuf_addf(&out,
		    "SUMMARY: LeakSanitizer: %" PRIu64 " byte(s) leaked in %" PRIu64
		    " allocation(s).\n",
		    direct->sum.bytes + indirect->sum.bytes, blocks);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

void leaks_lsan(struct leaks_report *r, FILE *to)
{
	for_each_scan(r, to, lsan_process);
}

/* ---- Valgrind ---- */

static void valgrind_frame(struct strbuf *out, uint32_t pid, const struct story_frame *f)
{
	strbuf_addf(out, "==%" PRIu32 "==    by 0x%" PRIX64 ": ", pid, f->offset);
	strbuf_add_escaped(out, f->function ? f->function : "???");
	if (f->file) {
		strbuf_adds(out, " (");
		strbuf_add_escaped(out, f->file);
		if (f->line)
			strbuf_addf(out, ":%" PRIu32, f->line);
		strbuf_adds(out, ")");
	} else if (*f->module) {
		strbuf_adds(out, " (in ");
		strbuf_add_escaped(out, f->module);
		strbuf_adds(out, ")");
	}
	strbuf_addc(out, '\n');
}

static void valgrind_place(struct strbuf *out, struct leaks_report *r, uint32_t pid,
			   const struct leak_place *p, size_t number, size_t count)
{
	static const char *const states[] = { "definitely lost", "indirectly lost", "possibly lost",
					      "still reachable", "lost" };
	struct leak_story s;
	char a[HUMANE_BYTES], b[HUMANE_BYTES], c[HUMANE_BYTES], d[HUMANE_BYTES];
	size_t depth = r->request->style.depth;
	leak_story_read(&s, r->names, &r->places, p);
	strbuf_addf(out, "==%" PRIu32 "== %s ", pid, humane_count(a, bytes_with_indirect(p)));
	if (p->indirect_bytes)
		strbuf_addf(out, "(%s direct, %s indirect) ", humane_count(b, p->bytes),
			    humane_count(c, p->indirect_bytes));
	strbuf_addf(out, "bytes in %s blocks are %s in loss record %zu of %zu\n",
		    humane_count(d, p->blocks), states[p->kind], number, count);
	strbuf_addf(out, "==%" PRIu32 "==    at 0x0: %s (alloctrace)\n", pid, s.call);
	for (size_t i = 0; i < s.stack.count && (!depth || i < depth); i++)
		valgrind_frame(out, pid, &s.stack.frames[i]);
	strbuf_addf(out, "==%" PRIu32 "== \n", pid);
	leak_story_release(&s);
}

static void valgrind_sum(struct strbuf *out, uint32_t pid, const char *label,
			 struct trace_leak_sum sum)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	strbuf_addf(out, "==%" PRIu32 "==    %s: %s bytes in %s blocks\n", pid, label,
		    humane_count(a, sum.bytes), humane_count(b, sum.blocks));
}

static struct trace_leak_sum all_blocks(const struct leaks_report *r)
{
	struct trace_leak_sum all = r->places.suppressed.sum;
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++) {
		all.blocks += r->places.kinds[kind].sum.blocks;
		all.bytes += r->places.kinds[kind].sum.bytes;
	}
	return all;
}

/* What is definitely or possibly lost is an error, as Valgrind's --errors-for-leak-kinds has it. */
static void valgrind_errors(struct strbuf *out, const struct leaks_report *r, uint32_t pid)
{
	const struct leak_total *kinds = r->places.kinds;
	uint64_t errors = kinds[LEAK_DEFINITE].places + kinds[LEAK_POSSIBLE].places;
	strbuf_addf(out,
		    "==%" PRIu32 "== \n==%" PRIu32 "== ERROR SUMMARY: %" PRIu64
		    " errors from %" PRIu64 " contexts (suppressed: %" PRIu64 " from %" PRIu64 ")\n",
		    pid, pid, errors, errors, r->places.suppressed.places,
		    r->places.suppressed.places);
}

static void valgrind_summary(struct strbuf *out, const struct leaks_report *r, uint32_t pid)
{
	const struct leak_total *kinds = r->places.kinds;
	if (!all_blocks(r).blocks) {
		strbuf_addf(out,
			    "==%" PRIu32 "== All heap blocks were freed -- no leaks are possible\n",
			    pid);
	} else {
		strbuf_addf(out, "==%" PRIu32 "== LEAK SUMMARY:\n", pid);
		valgrind_sum(out, pid, "definitely lost", kinds[LEAK_DEFINITE].sum);
		valgrind_sum(out, pid, "indirectly lost", kinds[LEAK_INDIRECT].sum);
		valgrind_sum(out, pid, "  possibly lost", kinds[LEAK_POSSIBLE].sum);
		valgrind_sum(out, pid, "still reachable", kinds[LEAK_REACHABLE].sum);
		valgrind_sum(out, pid, "     suppressed", r->places.suppressed.sum);
	}
	valgrind_errors(out, r, pid);
}

static void valgrind_heap(struct strbuf *out, const struct leaks_report *r, uint32_t pid)
{
	strbuf_addf(out, "==%" PRIu32 "== \n==%" PRIu32 "== HEAP SUMMARY:\n", pid, pid);
	valgrind_sum(out, pid, " in use at exit", all_blocks(r));
	strbuf_addf(out, "==%" PRIu32 "== \n", pid);
}

/* The worst comes last, as Valgrind has it, so that it is the one above the prompt. */
static void valgrind_process(struct leaks_report *r, uint32_t pid, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	size_t shown = leaks_report_shown(r, r->count);
	valgrind_heap(&out, r, pid);
	for (size_t i = shown; i-- > 0;) {
		valgrind_place(&out, r, pid, &r->places.places[r->list[i]], r->count - i, r->count);
		fwrite(out.text, 1, out.len, to);
		strbuf_clear(&out);
	}
	valgrind_summary(&out, r, pid);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

void leaks_valgrind(struct leaks_report *r, FILE *to)
{
	for_each_scan(r, to, valgrind_process);
}

/* ---- suppressions ---- */

/* One for each pattern: a second one would match nothing. */
void leaks_suppressions(struct leaks_report *r, FILE *to)
{
	struct strbuf all = STRBUF_INIT, one = STRBUF_INIT;
	for (size_t i = 0; i < r->count; i++) {
		struct leak_story s;
		const struct leak_place *p = &r->places.places[r->list[i]];
		leak_story_read(&s, r->names, &r->places, p);
		strbuf_clear(&one);
		suppression_add_for_leak(&one, leak_kind_words(p->kind), s.fingerprint, &s.stack);
		const char *pattern = strchr(one.text, '\n');
		bool repeated = all.len && strstr(all.text, pattern);
		strbuf_addf(&all, "%.*s\n%s%s", (int)(pattern - one.text), one.text,
			    repeated ? "# " : "", pattern + 1);
		leak_story_release(&s);
	}
	fwrite(all.text, 1, all.len, to);
	strbuf_release(&all);
	strbuf_release(&one);
}
