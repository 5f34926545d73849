"""expected.py - what the programs of this folder lose: for each case the lost blocks, and what is to be reachable in
its right twin, which loses nothing.

One line a case: PROGRAM CASE | lost | reachable in the twin. A group is KIND FUNCTION BLOCKS BYTES, all blocks of one
kind that this function made; blocks of functions that do not begin with make_ are never lost.
"""
import collections

Case = collections.namedtuple("Case", "program name lost right unwritten")

# Several blocks of one kind into which the program writes nothing.
UNWRITTEN = {("kinds", "several"), ("kinds", "in-caches"), ("roots", "deep-stack"), ("roots", "ended-thread"),
             ("kinds", "family"), ("roots", "program-data"), ("holders", "operators"), ("roots", "signal-stack")}

TABLE = """
kinds plain            | definite make_plain 1 100 |
kinds several          | definite make_plain 7 280 |
kinds list             | definite make_list 1 32, indirect make_list 9 288 | make_list 10 320
kinds long-list        | definite make_list 1 32, indirect make_list 199999 6399968 | make_list 200000 6400000
kinds tree             | definite make_tree 1 32, indirect make_tree 30 960 | make_tree 31 992
kinds ring             | definite make_ring 1 32, indirect make_ring 2 64 | make_ring 3 96
kinds to-itself        | definite make_ring 1 32 | make_ring 1 32
kinds ring-below       | definite make_holder 1 64, indirect make_ring 3 96, indirect make_plain 1 24 | make_holder 1 64, make_ring 3 96, make_plain 1 24
kinds two-roots        | definite make_holder 2 128, indirect make_list 2 64 | make_holder 1 64, make_list 2 64
kinds interior         | possible make_plain 1 200 | make_plain 1 200
kinds interior-list    | possible make_list 3 96 | make_list 3 96
kinds tagged           | possible make_plain 1 200 | make_plain 1 200
kinds aligned-by-hand  | definite make_aligned_by_hand 1 300 | make_aligned_by_hand 1 300
kinds past-the-end     | definite make_plain 1 64 | make_plain 1 64
kinds unaligned        | definite make_plain 1 80 | make_plain 1 80
kinds hidden-pointer   | definite make_plain 1 88 | make_plain 1 88
kinds xor-list         | definite make_xor_list 3 96, indirect make_xor_list 1 32 |
kinds in-freed         | definite make_plain 1 96 |
kinds in-caches        | definite make_plain 200 9600 |
kinds below-stack      | definite make_plain 1 56 |
kinds reallocated      | definite make_again 1 5000 |
kinds family           | definite make_zeroed 1 150, definite make_aligned 1 512, definite make_posix 1 300, definite make_memalign 1 72, definite make_valloc 1 1000, definite make_string 1 31, definite make_text 1 15 |
kinds nothing-in-it    | definite make_plain 1 0 | make_plain 1 0
kinds huge             | definite make_huge 1 8388608, indirect make_plain 1 152 | make_huge 1 8388608, make_plain 1 152
kinds held-in-part     | definite make_list 1 32, indirect make_list 2 64 | make_list 8 256

roots exit-caller        | definite make_block 1 120 | make_block 1 120
roots deep-stack         | definite make_block 10 1200 | make_block 10 1200
roots thread-stack       | definite make_block 1 120 | make_block 1 120
roots mapped-stack       | definite make_block 1 120 | make_block 1 120
roots malloced-stack     | definite make_block 1 120 | make_block 1 120
roots thread-register    | definite make_block 1 120 | make_block 1 120
roots signal-stack       | definite make_block 1 120, definite make_other 1 136 | make_block 1 120, make_other 1 136
roots coroutine-stack    | definite make_block 1 120 | make_block 1 120
roots main-tls           | definite make_block 1 120 | make_block 1 120
roots thread-tls         | definite make_block 1 120 | make_block 1 120
roots library-data       | definite make_block 1 120 | make_block 1 120
roots closed-library     | definite make_block 1 120 | make_block 1 120
roots library-tls        | definite make_block 1 120 | make_block 1 120
roots library-thread-tls | definite make_block 1 120 | make_block 1 120
roots specific           | definite make_block 1 120 | make_block 1 120
roots specific-far       | definite make_block 1 120 | make_block 1 120
roots thread-specific    | definite make_block 1 120 | make_block 1 120
roots program-data       | definite make_block 1 120, definite make_other 1 136 | make_block 1 120, make_other 1 136
roots private-mapping    | definite make_block 1 120 | make_block 1 120
roots shared-mapping     | definite make_block 1 120 | make_block 1 120
roots file-mapping       | definite make_block 1 120 | make_block 1 120
roots unmapped           | definite make_block 1 120 | make_block 1 120
roots ended-thread       | definite make_block 1 120, definite make_other 1 136 |

holders string            | definite make_string 1 32, indirect make_string 1 101 | make_string 2 133
holders short-string      | definite make_short_string 1 32 | make_short_string 1 32
holders vector            | definite make_vector 1 24, indirect make_vector 1 160 | make_vector 2 184
holders map               | definite make_map 1 48, indirect make_map 9 360 | make_map 10 408
holders list              | definite make_list 1 24, indirect make_list 5 120 | make_list 6 144
holders table             | definite make_table 1 56, indirect make_table 11 264 | make_table 12 320
holders function          | definite make_function 1 32, indirect make_function 1 200 | make_function 2 232
holders shared-cycle      | definite make_shared_one 1 72, indirect make_shared_one 1 72 |
holders counted-cycle     | definite make_counted 1 56, indirect make_counted 1 24 |
holders array             | definite make_array 1 48 | make_array 1 48
holders array-freed       | definite make_array 1 48 |
holders second-base       | definite make_both 1 96 | make_both 1 96
holders old-string        | definite make_counted_text 1 65 | make_counted_text 1 65
holders aligned           | definite make_wide 1 128 | make_wide 1 128
holders operators         | definite make_int 1 4, definite make_chars 1 77, definite make_nothrow 1 33 |
holders exception         | definite make_and_throw 1 4 |
holders kept-exception    | definite make_exception 1 144, indirect make_exception 1 63 |
holders statics           | definite make_string 1 32, indirect make_string 1 101 |
holders thread-local-text | definite make_string 1 32, indirect make_string 1 101 |

libc output        | | make_output 1 4096
libc stream        | |
libc lines         | definite make_line 1 120 |
libc directory     | definite make_directory 1 32816 |
libc variables     | definite make_variable 1 28 | make_variable 1 28, make_variables 4 122
libc handlers      | |
libc locales       | | make_locale 138 12400
libc pattern       | definite make_pattern 2 480, indirect make_pattern 79 3680 |
libc memory-stream | definite make_memory_stream 1 10 |

ends return          | definite make_lost 1 100 | make_held 1 60
ends exit            | definite make_lost 1 100 | make_held 1 60
ends _exit           | definite make_lost 1 100 | make_held 1 60
ends quick_exit      | definite make_lost 1 100 |
ends abort           | definite make_lost 1 100 | make_held 1 60
ends segv            | definite make_lost 1 100 | make_held 1 60
ends term            | definite make_lost 1 100 | make_held 1 60
ends handler         | definite make_lost 1 100 | make_held 1 60
ends last-thread     | definite make_lost 1 100 | make_held 1 60
ends other-thread    | definite make_lost 1 100 | make_held 1 60
ends exec            | definite make_lost 1 100, definite make_after_exec 1 72 | make_held 1 60
ends fork-later      | definite make_lost 1 100 | make_held 1 60
ends fork-first      | definite make_in_child 1 44 | make_held 1 60
ends forget-in-child | | make_held 1 60
ends vfork           | definite make_lost 1 100 | make_held 1 60
ends daemon          | definite make_in_child 1 44 | make_held 1 60
ends in-exit-handler | definite make_in_handler 1 52 |
ends before-main     | definite make_early 1 28 | make_early 1 28

heaps mimalloc    | definite make_mine 1 32, indirect make_mine 11 352, definite make_others 1 32, indirect make_others 11 352 | make_mine 12 384, make_others 12 384
heaps tcmalloc    | definite make_mine 1 32, indirect make_mine 11 352, definite make_others 1 32, indirect make_others 11 352 | make_mine 12 384, make_others 12 384
heaps jemalloc    | definite make_mine 1 32, indirect make_mine 11 352, definite make_others 1 32, indirect make_others 11 352 | make_mine 12 384, make_others 12 384
heaps hidden-heap | definite make_mine 1 32, indirect make_mine 11 352, definite make_others 1 32, indirect make_others 11 352 | make_mine 12 384, make_others 12 384

rust box    | definite make_box 1 200 | make_box 1 200
rust forget | definite make_vector 1 300 |
rust cycle  | definite make_node 1 88, indirect make_node 1 88 |
rust thread | definite make_vector 1 300 |
"""


def groups(text, kind=None):
    """{(kind, function): (blocks, bytes)}"""
    found = {}
    for group in filter(None, (part.split() for part in text.split(","))):
        of, function, blocks, size = ([kind] if kind else []) + group
        found[of, function] = (int(blocks), int(size))
    return found


def cases():
    for line in filter(None, TABLE.splitlines()):
        name, lost, right = line.split("|")
        program, case = name.split()
        yield Case(program, case, groups(lost), groups(right, "reachable"), (program, case) in UNWRITTEN)
