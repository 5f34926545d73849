/* library.c - a library that holds a pointer for roots.c: in its data, and in a variable of each
 * thread. */
static void *volatile data;
static __thread void *volatile of_thread;

void library_hold(void *pointer);
void library_hold_in_thread(void *pointer);

void library_hold(void *pointer)
{
	data = pointer;
}

void library_hold_in_thread(void *pointer)
{
	of_thread = pointer;
}
