/* loader.h - what the dynamic linker has loaded meanwhile.
 *
 * Inside the traced process. The dynamic linker calls an empty function of its own, for debuggers,
 * after each change of its lists (r_debug.r_brk); that is hooked like an allocator's function. */
#ifndef ALLOCTRACE_LIB_LOADER_H
#define ALLOCTRACE_LIB_LOADER_H

/* From the hook: the calling thread has the loader's lock. */
void loader_changed(void);

#endif
