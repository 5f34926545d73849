# cli/ - L5 the command-line tool.
bin_PROGRAMS += alloctrace
alloctrace_SOURCES = cli/main.c cli/command.h cli/commands.c \
	cli/options.c cli/options.h cli/option_value.c cli/option_value.h cli/usage.c \
	cli/suggest.c cli/suggest.h \
	cli/filter_option.c cli/filter_option.h \
	cli/suppressions_option.c cli/suppressions_option.h \
	cli/family_option.c cli/family_option.h \
	cli/dlopen_option.c cli/dlopen_option.h \
	cli/output.c cli/output.h cli/pager.c \
	cli/report_summary.c cli/report_summary.h \
	cli/error_policy.c cli/error_policy.h cli/live_errors.c cli/live_errors.h \
	cli/cmd_leaks.c cli/leaks_asking.c cli/leaks_asking.h cli/leaks_options.h cli/leaks_growth.c cli/leaks_growth.h \
	cli/run_leaks.c cli/run_leaks.h cli/signal_option.c cli/signal_option.h \
	cli/run.c cli/run_report.c cli/run_report.h \
	cli/cmd_dump.c cli/cmd_errors.c cli/cmd_help.c cli/cmd_info.c cli/cmd_report.c cli/cmd_symbols.c cli/cmd_version.c \
	cli/symbols_gate.c cli/symbols_gate.h cli/symbols_show.c cli/symbols_show.h cli/symbols_trace.c cli/symbols_trace.h cli/symbols_live.c cli/symbols_live.h cli/symbols_targets.c cli/symbols_targets.h
alloctrace_LDADD = collect/libcollect.a scan/libscan.a $(REPORT_LIBS) $(HOOK_PLAN_LIBS)

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = cli/completions/_alloctrace
dist_fishcompletion_DATA = cli/completions/alloctrace.fish
dist_bashcompletion_DATA = cli/completions/alloctrace

TESTS += tests/cli.tap tests/symbols.tap tests/link-files.tap
EXTRA_DIST += tests/cli.tap tests/symbols.tap tests/link-files.tap
TESTS += tests/real-files.tap
EXTRA_DIST += tests/real-files.tap tests/symbols/real-files.tsv
TESTS += tests/symbols-show.tap
EXTRA_DIST += tests/symbols-show.tap
TESTS += tests/static-tls.tap tests/diagnosis.tap
EXTRA_DIST += tests/static-tls.tap tests/diagnosis.tap
