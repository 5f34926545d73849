/* dlopen_option.h - --dlopen=LIB[:MODE][,LIB...]: what a program opens later. */
#ifndef ALLOCTRACE_CLI_DLOPEN_OPTION_H
#define ALLOCTRACE_CLI_DLOPEN_OPTION_H

#include "cli/options.h"
#include "link/link_files.h"

struct dlopen_option {
	struct option_list texts; /* as given */
	struct link_opening *openings;
	size_t count, cap;
};

#define OPTION_DLOPEN(option)                                                                      \
	{                                                                                          \
		"dlopen", 0, OPTION_LIST, &(option).texts, "LIBRARIES",                            \
			"as if it opened these later, commas between them; behind one :global "    \
			"(RTLD_GLOBAL), :deepbind (RTLD_DEEPBIND) or :namespace (dlmopen)",        \
			NULL, NULL                                                                 \
	}

/* -1, or the exit code after a message. */
int dlopen_option_read(struct dlopen_option *o, const struct usage *usage);
void dlopen_option_release(struct dlopen_option *o);

#endif
