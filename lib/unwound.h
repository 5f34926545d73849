/* unwound.h - exceptions that the backend throws through a hook.
 *
 * Inside the traced process. There is no landing pad in a hook (that would need libgcc): it names a
 * personality routine of ours, which takes back the guard when the unwinder passes in its cleanup
 * phase and lets it go on. See the Itanium C++ ABI, "Exception Handling", 1.6. */
#ifndef ALLOCTRACE_LIB_UNWOUND_H
#define ALLOCTRACE_LIB_UNWOUND_H

/* Stands in a function that calls what may throw. 0x9b: pc-relative, indirect, 4 bytes signed: the
 * form that needs no text relocation. */
#define MAY_BE_UNWOUND() __asm__ volatile(".cfi_personality 0x9b, alloctrace_personality_pointer")

#endif
