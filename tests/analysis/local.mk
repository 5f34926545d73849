# tests/analysis/ - unit tests of analysis/
check_PROGRAMS += tests/analysis/test_replay
TESTS += tests/analysis/test_replay
tests_analysis_test_replay_SOURCES = tests/analysis/test_replay.c \
	tests/analysis/test_stream.c tests/analysis/test_stream.h
tests_analysis_test_replay_LDADD = analysis/libanalysis.a util/libutil.a

check_PROGRAMS += tests/analysis/test_growth
TESTS += tests/analysis/test_growth
tests_analysis_test_growth_SOURCES = tests/analysis/test_growth.c \
	tests/analysis/growth_shapes.c tests/analysis/growth_shapes.h
tests_analysis_test_growth_LDADD = analysis/libanalysis.a util/libutil.a -lm
