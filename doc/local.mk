# doc/ - documents, and the program that ./bootstrap demo traces.
EXTRA_DIST += doc/ARCHITECTURE.md doc/demo.py doc/real-bugs.md doc/leaks.md
