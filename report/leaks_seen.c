/* leaks_seen.c - how the processes were looked at for leaks, and what could not be seen; see
 * leaks_report.h. */
#include <inttypes.h>

#include "report/humane.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "util/path.h"

static void add_process(struct strbuf *out, const struct trace_reader *reader, uint32_t process)
{
	const struct trace_process *p = trace_reader_process(reader, process);
	strbuf_addf(out, "pid %" PRIu32, p->pid);
	if (*p->exe) {
		strbuf_adds(out, " (");
		strbuf_add_escaped(out, path_name(p->exe));
		strbuf_addc(out, ')');
	}
}

static void add_scan(struct strbuf *out, const struct trace_reader *reader, uint32_t number)
{
	const struct trace_leak_scan *s = trace_reader_leak_scan(reader, number);
	char a[HUMANE_BYTES];
	add_process(out, reader, s->process);
	strbuf_addf(out, " was examined %s", scan_reason_words(s->reason));
	if (*s->label) {
		strbuf_adds(out, ", ");
		strbuf_add_escaped(out, s->label);
	}
	if (!leaks_is_at_an_end(s))
		strbuf_addf(out, ", %s after the start", humane_time(a, s->time_ns));
	strbuf_addf(out, ", %s", scan_method_words(s->method));
	if (s->stopped_ns)
		strbuf_addf(out, "; it stood still for %s", humane_time(a, s->stopped_ns));
	if (*s->problem) {
		strbuf_adds(out, "; ");
		strbuf_add_escaped(out, s->problem);
	}
	if (s->unreadable_bytes)
		strbuf_addf(out,
			    "; %s could not be read: what is pointed to from there alone is "
			    "told as lost",
			    humane_bytes(a, s->unreadable_bytes));
	if (s->changing_pages)
		strbuf_addf(out,
			    "; blocks in %s page%s of memory are missing, because their records "
			    "were being changed",
			    humane_count(a, s->changing_pages), s->changing_pages == 1 ? "" : "s");
	if (s->inherited.blocks) {
		strbuf_adds(out, "; beside ");
		leaks_add_amount(out, s->inherited.bytes, s->inherited.blocks);
		strbuf_adds(out, " from before its fork, told of its parent");
	}
	if (s->ignored.blocks) {
		strbuf_adds(out, "; without ");
		leaks_add_amount(out, s->ignored.bytes, s->ignored.blocks);
		strbuf_adds(out, " that the program wants to have ignored");
	}
	if (s->older.blocks) {
		strbuf_adds(out, "; without ");
		leaks_add_amount(out, s->older.bytes, s->older.blocks);
		strbuf_adds(out, " that are older than what was asked for");
	}
}

static void add_unseen(struct strbuf *out, const struct leaks_report *r)
{
	enum { NAMED = 4 };
	size_t count = r->chosen.unseen_count;
	if (!count)
		return;
	strbuf_adds(out, "not examined, so not told of: ");
	for (size_t i = 0; i < count && i < NAMED; i++) {
		strbuf_adds(out, i ? ", " : "");
		add_process(out, r->names->reader, r->chosen.unseen[i]);
	}
	if (count > NAMED)
		strbuf_addf(out, " and %zu more", count - NAMED);
	strbuf_adds(out, "; alloctrace report --by=stack --sort=live lists what was not freed\n");
}

/* ---- many at once ---- */

/* Nothing is to be said of it but when and how. */
static bool is_plain(const struct trace_leak_scan *s)
{
	return s->method == SCAN_BY_PTRACE && !*s->problem && !*s->label && !s->unreadable_bytes &&
	       !s->changing_pages && !s->ignored.blocks && !s->older.blocks;
}

struct plain_scans {
	size_t count, reasons[SCAN_REASONS + 1];
	uint64_t longest_ns;
	bool some_forked;
};

static struct plain_scans count_plain(const struct leaks_report *r)
{
	struct plain_scans plain = { 0 };
	for (size_t i = 0; i < r->chosen.count; i++) {
		const struct trace_leak_scan *s =
			trace_reader_leak_scan(r->names->reader, r->chosen.scans[i]);
		if (!is_plain(s))
			continue;
		plain.count++;
		plain.reasons[s->reason < SCAN_REASONS ? s->reason : SCAN_REASONS]++;
		plain.some_forked |= s->inherited.blocks != 0;
		if (s->stopped_ns > plain.longest_ns)
			plain.longest_ns = s->stopped_ns;
	}
	return plain;
}

static void add_plain(struct strbuf *out, const struct plain_scans *plain)
{
	char a[HUMANE_BYTES];
	bool several = false;
	strbuf_addf(out, "%s processes were examined", humane_count(a, plain->count));
	for (unsigned reason = 0; reason <= SCAN_REASONS; reason++) {
		if (!plain->reasons[reason])
			continue;
		strbuf_adds(out, ", ");
		if (several || plain->reasons[reason] < plain->count)
			strbuf_addf(out, "%s ", humane_count(a, plain->reasons[reason]));
		strbuf_adds(out, scan_reason_words(reason));
		several = true;
	}
	strbuf_addf(out, ", %s; the longest stood still for %s", scan_method_words(SCAN_BY_PTRACE),
		    humane_time(a, plain->longest_ns));
	if (plain->some_forked)
		strbuf_adds(out, "; what they have from before a fork is told of the parent");
	strbuf_addc(out, '\n');
}

void leaks_add_circumstances(struct strbuf *out, const struct leaks_report *r)
{
	enum { FEW = 3, TOLD = 8 };
	struct plain_scans plain = count_plain(r);
	bool together = plain.count > FEW;
	size_t told = 0, rest = r->chosen.count - (together ? plain.count : 0);
	if (together)
		add_plain(out, &plain);
	for (size_t i = 0; i < r->chosen.count && told < TOLD; i++) {
		uint32_t number = r->chosen.scans[i];
		if (together && is_plain(trace_reader_leak_scan(r->names->reader, number)))
			continue;
		add_scan(out, r->names->reader, number);
		strbuf_addc(out, '\n');
		told++;
	}
	if (told < rest)
		strbuf_addf(out, "... and %zu more processes\n", rest - told);
	if (r->places.cut.blocks) {
		leaks_add_amount(out, r->places.cut.bytes, r->places.cut.blocks);
		strbuf_adds(out, " are at places that the trace had no room for\n");
	}
	add_unseen(out, r);
}
