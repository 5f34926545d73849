/* finding_words.c - see finding_words.h. */
#include "report/finding_words.h"

#include "wire/findings.h"

const char *finding_class_word(unsigned class)
{
	static const char *const words[] = {
#define FINDING(id, word, group, text) word,
#include "wire/findings.def"
#undef FINDING
	};
	return class < FINDING_CLASSES ? words[class] : "unknown_class";
}

const char *finding_class_group(unsigned class)
{
	static const char *const groups[] = {
#define FINDING(id, word, group, text) group,
#include "wire/findings.def"
#undef FINDING
	};
	return class < FINDING_CLASSES ? groups[class] : "invalid";
}

const char *finding_class_text(unsigned class)
{
	static const char *const texts[] = {
#define FINDING(id, word, group, text) text,
#include "wire/findings.def"
#undef FINDING
	};
	return class < FINDING_CLASSES ? texts[class]
				       : "wrong free of a kind unknown to this version";
}
