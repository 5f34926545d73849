# cli/ - L5 the command-line tool.
bin_PROGRAMS += alloctrace
alloctrace_SOURCES = cli/main.c cli/command.h cli/commands.c \
	cli/options.c cli/options.h cli/option_value.c cli/option_value.h cli/usage.c \
	cli/suggest.c cli/suggest.h \
	cli/run.c cli/cmd_help.c cli/cmd_version.c
alloctrace_LDADD = util/libutil.a -lm
