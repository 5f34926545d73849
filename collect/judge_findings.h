/* judge_findings.h - looks, at the end, which mismatched releases may be right after all.
 *
 * The runtime has left out those by modules that export C++ operators of their own. Hidden ones,
 * and a C++ runtime that was linked in, are known by the modules' files alone. */
#ifndef ALLOCTRACE_COLLECT_JUDGE_FINDINGS_H
#define ALLOCTRACE_COLLECT_JUDGE_FINDINGS_H

#include "collect/collector.h"

/* Writes the findings anew with the flags of enum trace_finding_flag. The modules that processes
 * had must be known, see loaded.h. */
void judge_findings(struct collector *c);

#endif
