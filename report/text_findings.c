/* text_findings.c - wrong releases in the reports about memory: how many, and the worst in a line
 * each. `alloctrace errors` tells all of it. */
#include <inttypes.h>

#include "report/finding_list.h"
#include "report/finding_words.h"
#include "report/humane.h"
#include "report/text_parts.h"

enum { COLUMN_TIMES = 12, COLUMN_CLASS = 14, COLUMN_PLACE = 40 };

void text_findings_count(struct sheet *s)
{
	struct finding_list list;
	char a[HUMANE_BYTES];
	finding_list_init(&list, s->data->names);
	sheet_text(s, STYLE_PLAIN, humane_count(a, list.count));
	if (list.count)
		sheet_format(s, STYLE_PLAIN, ", %s time%s in all",
			     humane_count(a, list.occurrences), list.occurrences == 1 ? "" : "s");
	if (list.not_judged)
		sheet_format(s, STYLE_PLAIN, "; %s not judged", humane_count(a, list.not_judged));
	finding_list_release(&list);
}

static void row(struct sheet *s, uint32_t number)
{
	struct finding_story story;
	struct strbuf place = STRBUF_INIT;
	char a[HUMANE_BYTES];
	finding_story_read(&story, s->data->names, number);
	sheet_right(s, STYLE_WARN, COLUMN_TIMES, humane_count(a, story.finding.count));
	sheet_to_column(s, COLUMN_CLASS);
	sheet_text(s, STYLE_WARN, finding_title(story.finding.class, story.finding.role));
	sheet_to_column(s, COLUMN_PLACE);
	finding_add_place(&place, &story, s->request->width - COLUMN_PLACE);
	sheet_text(s, STYLE_PLAIN, place.text);
	sheet_end_line(s);
	strbuf_release(&place);
	finding_story_release(&story);
}

void text_findings(struct sheet *s, uint64_t top)
{
	static const struct sheet_title titles[] = { { COLUMN_TIMES, "times" }, { 0, NULL } };
	struct finding_list list;
	finding_list_init(&list, s->data->names);
	if (list.count) {
		sheet_heading(s, "Wrong frees", "in full: alloctrace errors");
		sheet_titles(s, titles, COLUMN_CLASS, "what, and by which code");
		for (size_t i = 0; i < list.count && i < top; i++)
			row(s, list.numbers[i]);
		if (top < list.count) {
			sheet_format(s, STYLE_DIM, "              ... %zu more",
				     list.count - (size_t)top);
			sheet_end_line(s);
		}
	}
	finding_list_release(&list);
}
