/* finding_judge.h - which mismatched releases may be right after all.
 *
 * A program may have operators new and delete of its own that the runtime does not see: hidden,
 * inlined, linked in with the C++ runtime. Then malloc may have been called by its operator new,
 * and operator delete is what belongs to it. What may be right is not told. */
#ifndef ALLOCTRACE_REPORT_FINDING_JUDGE_H
#define ALLOCTRACE_REPORT_FINDING_JUDGE_H

#include <stdbool.h>

#include "report/finding_story.h"

struct finding_judge;

struct finding_judge *finding_judge_new(void);
void finding_judge_free(struct finding_judge *j);

/* By what the trace says, the names of the functions, and where the trace does not say it, the
 * files of the modules. */
bool finding_is_doubtful(struct finding_judge *j, const struct finding_story *s);

#endif
