/* loader.c - see loader.h. */
#include "lib/loader.h"

#include <link.h>

#include "lib/elf_symbols.h"
#include "lib/modules.h"
#include "lib/points.h"
#include "lib/record.h"
#include "lib/sys.h"

void loader_changed(void)
{
	const struct r_debug *debug = elf_debug();
	struct hook h;
	if (!debug || debug->r_state != RT_CONSISTENT || !hook_enter(&h))
		return;
	hook_busy(&h);
	struct sys_signals before = sys_block_signals();
	modules_note_loaded();
	points_hook_new();
	sys_restore_signals(&before);
	hook_leave(&h);
}
