/* leaks_words.c - see leaks_words.h. */
#include "report/leaks_words.h"

#include "base/compiler.h"
#include "wire/scans.h"

const char *leak_kind_words(unsigned kind)
{
	static const char *const words[LEAK_KINDS] = {
		"definitely lost",
		"indirectly lost",
		"possibly lost",
		"still reachable",
	};
	return kind < LEAK_KINDS ? words[kind] : "lost in a way that this version does not know";
}

const char *leak_kind_key(unsigned kind)
{
	static const char *const keys[LEAK_KINDS] = {
		"definite",
		"indirect",
		"possible",
		"reachable",
	};
	return kind < LEAK_KINDS ? keys[kind] : "?";
}

const char *scan_reason_words(unsigned reason)
{
	static const char *const words[SCAN_REASONS] = {
		[SCAN_AT_EXIT] = "at exit",	  [SCAN_BEFORE_EXIT] = "before the exit handlers",
		[SCAN_AT_EXEC] = "at exec",	  [SCAN_AT_CRASH] = "when a signal ended it",
		[SCAN_AT_MARK] = "at a mark",	  [SCAN_BY_API] = "when the program asked",
		[SCAN_ON_SIGNAL] = "on a signal", [SCAN_PERIODIC] = "by the clock",
		[SCAN_ASKED] = "while it ran",
	};
	return reason < SCAN_REASONS ? words[reason] : "for a reason unknown to this version";
}

const char *scan_reason_key(unsigned reason)
{
	static const char *const keys[SCAN_REASONS] = {
		[SCAN_AT_EXIT] = "exit",     [SCAN_BEFORE_EXIT] = "before-exit",
		[SCAN_AT_EXEC] = "exec",     [SCAN_AT_CRASH] = "crash",
		[SCAN_AT_MARK] = "mark",     [SCAN_BY_API] = "api",
		[SCAN_ON_SIGNAL] = "signal", [SCAN_PERIODIC] = "periodic",
		[SCAN_ASKED] = "asked",
	};
	return reason < SCAN_REASONS ? keys[reason] : "?";
}

const char *scan_method_words(unsigned method)
{
	static const char *const words[SCAN_METHODS] = {
		[SCAN_BY_PTRACE] = "from outside with all threads stopped (ptrace)",
		[SCAN_BY_SNAPSHOT] = "in a copy of it (a snapshot by fork)",
		[SCAN_INSIDE] = "from inside, because ptrace was refused",
		[SCAN_IMPOSSIBLE] = "not at all",
	};
	return method < SCAN_METHODS ? words[method] : "in a way unknown to this version";
}

const char *scan_method_key(unsigned method)
{
	static const char *const keys[SCAN_METHODS] = {
		[SCAN_BY_PTRACE] = "ptrace",
		[SCAN_BY_SNAPSHOT] = "snapshot",
		[SCAN_INSIDE] = "inside",
		[SCAN_IMPOSSIBLE] = "none",
	};
	return method < SCAN_METHODS ? keys[method] : "?";
}

const char *leak_holder_key(unsigned holder)
{
	static const char *const keys[HOLDER_KINDS] = {
		[HOLDER_NONE] = "none",	    [HOLDER_REGISTER] = "register",
		[HOLDER_STACK] = "stack",   [HOLDER_TLS] = "thread-local",
		[HOLDER_MODULE] = "global", [HOLDER_MAPPING] = "mapping",
		[HOLDER_ROOT] = "root",	    [HOLDER_BLOCK] = "block",
	};
	return holder < HOLDER_KINDS ? keys[holder] : "?";
}
