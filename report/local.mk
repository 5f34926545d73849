# report/ - L4 one ops struct per output. Formats; computes nothing.
noinst_LIBRARIES += report/libreport.a
report_libreport_a_SOURCES = \
	report/definitions_report.c report/definitions_report.h \
	report/columns.c report/columns.h \
	report/crash_json.c report/crash_json.h report/crash_story.c report/crash_story.h \
	report/crash_text.c report/crash_text.h report/crash_words.c report/crash_words.h \
	report/diagnosis_json.c report/diagnosis_report.h report/diagnosis_text.c \
	report/event_dump.c report/event_dump.h report/event_json.c report/event_line.h \
	report/event_text.c \
	report/finding_judge.c report/finding_judge.h \
	report/finding_json.c report/finding_json.h report/finding_list.c report/finding_list.h \
	report/finding_story.c report/finding_story.h report/finding_text.c report/finding_text.h \
	report/finding_words.c report/finding_words.h \
	report/growth_json.c report/growth_report.h report/growth_text.c \
	report/humane.c report/humane.h \
	report/instance_words.c report/instance_words.h \
	report/leak_story.c report/leak_story.h report/leaks_json.c report/leaks_report.c report/leaks_report.h report/leaks_rows.c report/leaks_seen.c \
	report/leaks_styles.c report/leaks_text.c \
	report/leaks_words.c report/leaks_words.h \
	report/json.c report/json.h report/json_parts.c report/json_parts.h report/json_info.c report/json_report.c \
	report/linked_report.h report/linked_bindings.c report/linked_instances.c report/linked_json.c \
	report/linked_process.c report/linked_process.h report/linked_text.c report/linked_words.c \
	report/linked_dot.c report/linked_graph.h report/linked_tree.c report/shown_names.c report/shown_names.h \
	report/report.h report/report_words.c \
	report/sheet.c report/sheet.h \
	report/shorten.c report/shorten.h \
	report/static_tls_text.c \
	report/text_findings.c report/text_info.c report/text_instances.c report/text_parts.h report/text_report.c report/text_rows.c report/text_summary.c \
	report/text_tables.c report/text_tree.c \
	report/suppressions.c report/suppressions.h \
	report/evidence_report.c report/evidence_report.h \
	report/survey_report.h report/survey_json.c report/survey_text.c \
	report/trace_data.c report/trace_data.h \
	report/trace_names.c report/trace_names.h

include $(top_srcdir)/tests/report/local.mk
include $(top_srcdir)/tests/growth/local.mk
include $(top_srcdir)/tests/leaks/local.mk

# What a program that makes reports links with.
REPORT_LIBS = report/libreport.a link/liblink.a inject/libinject.a analysis/libanalysis.a $(SYMBOL_LIBS) -lm
