/* text_report.c - the text output: which parts in which order. */
#include "report/report.h"
#include "report/text_parts.h"

enum { OVERVIEW_ROWS = 5 };

static void overview(struct sheet *s)
{
	const struct report_request *request = s->request;
	text_summary(s);
	text_findings(s, OVERVIEW_ROWS);
	text_processes(s);
	text_pools(s);
	text_scopes(s);
	text_marks(s);
	text_mapped(s, OVERVIEW_ROWS);
	text_rows(s, ROLLUP_STACK, SORT_PEAK, request->top);
	text_rows(s, ROLLUP_FUNCTION, SORT_COUNT, OVERVIEW_ROWS);
	text_rows(s, ROLLUP_FUNCTION, SORT_TEMPORARY, OVERVIEW_ROWS);
	text_rows(s, ROLLUP_FUNCTION, SORT_LIVE, OVERVIEW_ROWS);
	text_rows(s, ROLLUP_MODULE, SORT_PEAK, OVERVIEW_ROWS);
}

static void make_report(const struct trace_data *d, const struct report_request *request, FILE *to)
{
	struct sheet s;
	sheet_init(&s, d, request, to);
	switch (request->part) {
	case REPORT_OVERVIEW:
		overview(&s);
		break;
	case REPORT_SUMMARY:
		text_summary(&s);
		text_rows(&s, ROLLUP_FUNCTION, SORT_PEAK, OVERVIEW_ROWS);
		break;
	case REPORT_ROWS:
		text_summary(&s);
		text_rows(&s, request->by, request->sort, request->top);
		break;
	case REPORT_TREE:
		text_summary(&s);
		text_tree(&s, request->tree, request->sort);
		break;
	}
	text_nameless(&s);
	text_warnings(&s);
	sheet_release(&s);
}

const struct report_ops report_text = { make_report, text_info };
