# analysis/ - L3 replay, live set, peak, sums. Never prints.
noinst_LIBRARIES += analysis/libanalysis.a
analysis_libanalysis_a_SOURCES = \
	analysis/allocator_name.c analysis/allocator_name.h \
	analysis/callstacks.c analysis/callstacks.h \
	analysis/calltree.c analysis/calltree.h \
	analysis/cost.h \
	analysis/filter.c analysis/filter.h \
	analysis/frames.c analysis/frames.h \
	analysis/growth.c analysis/growth.h analysis/growth_state.h analysis/growth_finish.c \
	analysis/growth_rows.c analysis/growth_rows.h analysis/growth_judge.c analysis/growth_judge.h analysis/growth_series.c analysis/growth_series.h \
	analysis/leaks.c analysis/leaks.h analysis/leak_places.c \
	analysis/lineage.c analysis/lineage.h \
	analysis/live_map.c analysis/live_map.h \
	analysis/map_sums.c analysis/map_sums.h \
	analysis/mappings.c analysis/mappings.h \
	analysis/pair_map.c analysis/pair_map.h \
	analysis/plumbing.c analysis/plumbing.h \
	analysis/profile.c analysis/profile.h \
	analysis/replay.c analysis/replay.h analysis/replay_state.h \
	analysis/replay_finish.c analysis/replay_other.c \
	analysis/rollup.c analysis/rollup.h \
	analysis/scopes.c analysis/scopes.h

include $(top_srcdir)/tests/analysis/local.mk
