# collect/ - L3 the collector: session memory, starting the program, draining rings into a trace.
noinst_LIBRARIES += collect/libcollect.a
collect_libcollect_a_SOURCES = \
	collect/allocator_names.c collect/allocator_names.h collect/channel.c collect/channel.h \
	collect/clock.c collect/clock.h \
	collect/collect.c collect/collect.h \
	collect/collector.c collect/collector.h \
	collect/crash_log.c collect/crash_log.h \
	collect/drain.c collect/drain.h \
	collect/embed.c collect/embed.h \
	collect/empty_trace.c collect/empty_trace.h \
	collect/finding_log.c collect/finding_log.h \
	collect/held_variables.c collect/held_variables.h \
	collect/called_names.c collect/called_names.h \
	collect/finding_why.c collect/finding_why.h \
	collect/judge_findings.c collect/judge_findings.h \
	collect/launch.c collect/launch.h collect/life_line.c collect/life_line.h \
	collect/leak_look.c collect/leak_look.h \
	collect/loaded.c collect/loaded.h \
	collect/served.c collect/served.h \
	collect/module_hooks.c collect/module_hooks.h \
	collect/order.c collect/order.h \
	collect/process_bindings.c collect/process_bindings.h \
	collect/proc_files.c collect/proc_files.h \
	collect/processes.c collect/processes.h \
	collect/recording.c collect/recording.h \
	collect/runtime_path.c collect/runtime_path.h \
	collect/ask_scan.c collect/ask_scan.h \
	collect/scan_answer.c collect/scan_answer.h \
	collect/scan_job.c collect/scan_job.h \
	collect/scan_log.c collect/scan_log.h \
	collect/scanner.c collect/scanner.h \
	collect/session_memory.c collect/session_memory.h \
	collect/slots.c collect/slots.h \
	collect/survivors.c collect/survivors.h \
	collect/code_tables.c collect/code_tables.h \
	collect/thread_name.c collect/thread_name.h \
	collect/told_code.c collect/told_code.h \
	collect/told_crash.c collect/told_crash.h \
	collect/told_finding.c collect/told_finding.h \
	collect/watch.c collect/watch.h \
	collect/watch_claim.c collect/watch_claim.h \
	collect/watch_filter.c collect/watch_filter.h \
	collect/why_words.c collect/why_words.h

include $(top_srcdir)/tests/collect/local.mk
