/* finding_json.h - a wrong release as a JSON object; keys as in alloctrace-errors(1). */
#ifndef ALLOCTRACE_REPORT_FINDING_JSON_H
#define ALLOCTRACE_REPORT_FINDING_JSON_H

#include "report/finding_story.h"
#include "report/json.h"

void finding_json(struct json *j, const struct finding_story *s);

/* A stack under a key. */
void story_json_stack(struct json *j, const char *key, const struct story_stack *s);

#endif
