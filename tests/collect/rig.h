/* rig.h - a session with a collector and a checking writer, without a program. */
#ifndef ALLOCTRACE_TESTS_COLLECT_RIG_H
#define ALLOCTRACE_TESTS_COLLECT_RIG_H

#include <unistd.h>

#include "collect/collector.h"
#include "tests/collect/fake_writer.h"
#include "tests/collect/producer.h"
#include "tests/trace/check.h"

struct rig {
	struct session session;
	struct trace_writer *writer;
	struct collector collector;
};

static inline void rig_open(struct rig *r)
{
	const struct session_settings settings = { .max_depth = 128, .state = SESSION_RECORDING };
	struct err err;
	CHECK(session_create(&r->session, &settings, &err) == 0, "%s", err.text);
	r->writer = fake_writer_new();
	collector_init(&r->collector, &r->session, r->writer);
}

static inline void rig_close(struct rig *r)
{
	collector_release(&r->collector);
	fake_writer_free(r->writer);
	session_release(&r->session);
}

/* A process record for this process, and a ring for this thread. */
static inline struct producer rig_producer(struct rig *r, uint32_t process)
{
	struct producer p;
	CHECK(producer_claim(&p, &r->session, process), "no ring is free");
	return p;
}

static inline uint32_t rig_process(struct rig *r)
{
	return producer_process(&r->session, (uint32_t)getpid(), PROCESS_FROM_EXEC, UINT32_MAX);
}

#endif
