/* whys.h - why a call came to an allocator. The list is whys.def. */
#ifndef ALLOCTRACE_WIRE_WHYS_H
#define ALLOCTRACE_WIRE_WHYS_H

enum why_kind {
#define WHY(id, word) WHY_##id,
#include "wire/whys.def"
#undef WHY
	WHY_KINDS
};

#endif
