/* order.h - takes from all rings, merged by time.
 *
 * Each ring is in order by itself. Between rings, events are taken in the order of their time
 * stamps, but in runs: a run goes on until it is a quantum (some us) ahead of the next ring, so
 * that threads that allocate side by side cost few changes of thread in the trace. */
#ifndef ALLOCTRACE_COLLECT_ORDER_H
#define ALLOCTRACE_COLLECT_ORDER_H

#include "collect/collector.h"

/* Takes what was written before the last reading of the clock. */
void order_drain(struct collector *c);
/* Takes all there is, to the last word of every ring. */
void order_drain_all(struct collector *c);

#endif
