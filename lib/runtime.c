/* runtime.c - placeholder until the runtime lands. */
int alloctrace_runtime_placeholder(void);
int alloctrace_runtime_placeholder(void) { return 0; }
