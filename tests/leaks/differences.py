"""differences.py - where Valgrind or LeakSanitizer say something else than alloctrace about a program of this folder.

One line each: PROGRAM CASE FORM PEER | what the peer says is lost | heading in doc/leaks.md that explains it. FORM is
lost or right. tests/leaks-compare.tap fails where a difference is not listed, and where one is that is none any more.
"""

TABLE = """
kinds ring lost lsan               | indirect make_ring 3 96 | Rings
holders map lost lsan              | indirect make_map 10 408 | Rings
holders list lost lsan             | indirect make_list 6 144 | Rings
holders table lost lsan            | indirect make_table 12 320 | Rings
holders shared-cycle lost lsan     | indirect make_shared_one 2 144 | Rings
holders counted-cycle lost lsan    | indirect make_counted 2 80 | Rings

kinds interior lost lsan           | | Pointers into the middle
kinds interior-list lost lsan      | | Pointers into the middle
kinds tagged lost lsan             | | Pointers into the middle
kinds aligned-by-hand right valgrind | possible make_aligned_by_hand 1 300 | Pointers into the middle

kinds nothing-in-it lost lsan      | definite make_plain 1 1 | Blocks without bytes
libc pattern lost lsan             | definite make_pattern 2 480, indirect make_pattern 79 3682 | Blocks without bytes

kinds below-stack lost lsan        | | Ends
ends _exit lost lsan               | | Ends
ends quick_exit lost lsan          | | Ends
ends abort lost lsan               | | Ends
ends segv lost lsan                | | Ends
ends term lost lsan                | | Ends
ends last-thread lost lsan         | | Ends
ends exec lost lsan                | definite make_after_exec 1 72 | Ends
ends exec lost valgrind            | | Ends

ends fork-later lost valgrind      | definite make_lost 2 200 | Copies of a process
ends fork-later lost lsan          | definite make_lost 2 200 | Copies of a process
ends forget-in-child lost valgrind | definite make_held 1 60 | Copies of a process
ends forget-in-child lost lsan     | definite make_held 1 60 | Copies of a process
ends vfork lost valgrind           | definite make_lost 2 200 | Copies of a process

roots private-mapping right lsan   | definite make_block 1 120 | Mapped memory
roots shared-mapping right lsan    | definite make_block 1 120 | Mapped memory
roots file-mapping right lsan      | definite make_block 1 120 | Mapped memory
roots unmapped right lsan          | definite make_block 1 120 | Mapped memory
roots coroutine-stack right lsan   | definite make_block 1 120 | Mapped memory
roots signal-stack right lsan      | definite make_block 1 120 | Stacks of signal handlers
roots signal-stack lost valgrind   | definite malloc 1 120, definite make_other 1 136 | Stacks of signal handlers
roots library-thread-tls right valgrind | possible make_block 1 120 | Thread-local storage
holders thread-local-text lost valgrind | | Stacks of ended threads
roots ended-thread lost valgrind   | definite make_block 1 120 | Stacks of ended threads

heaps mimalloc lost lsan           | definite make_mine 12 384 | Several allocators
heaps mimalloc right lsan          | definite make_mine 11 352 | Several allocators
heaps tcmalloc lost lsan           | definite make_mine 12 384 | Several allocators
heaps tcmalloc right lsan          | definite make_mine 11 352 | Several allocators
heaps jemalloc lost lsan           | definite make_mine 12 384 | Several allocators
heaps jemalloc right lsan          | definite make_mine 11 352 | Several allocators
heaps jemalloc lost valgrind       | definite make_mine 1 32 | Several allocators
heaps hidden-heap lost lsan        | definite make_mine 12 384 | Several allocators
heaps hidden-heap right lsan       | definite make_mine 11 352 | Several allocators
heaps hidden-heap lost valgrind    | definite make_mine 1 32 | Several allocators
"""

# Blocks of these functions are libc's or an allocator's own; what the peers say of them is explained below these headings.
OF_OTHERS = {
    "pthread_create": "Thread-local storage",
    "tls_get_addr_tail": "Thread-local storage",
    "_dlfo_mappings_segment_allocate": "The dynamic linker's tables",
    "MallocExtension::Register": "Several allocators",
}
