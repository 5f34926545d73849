/* crash_json.h - crashes as JSON. */
#ifndef ALLOCTRACE_REPORT_CRASH_JSON_H
#define ALLOCTRACE_REPORT_CRASH_JSON_H

#include "report/crash_story.h"
#include "report/json.h"

void crash_json(struct json *j, const struct crash_story *s);

#endif
