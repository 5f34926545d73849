/* run.c - `alloctrace run`; not written yet. */
#include "cli/command.h"

int cmd_run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	say("this build cannot run programs yet");
	return EXIT_CANNOT_START;
}
