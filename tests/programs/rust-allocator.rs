// rust-allocator.rs - Rust with another allocator: --cfg mimalloc, --cfg jemalloc (static, with the
// prefix that Rust's crates give it), or neither. As a cdylib a side of cross-host.c (see
// cross-side.h), as a program (--cfg program) one that says what its trace must hold (see expect.h).
#![allow(dead_code, unused_imports)]
use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_void, CStr, CString};
use std::os::raw::{c_char, c_int};

#[cfg(mimalloc)]
extern "C" {
    fn mi_malloc_aligned(size: usize, align: usize) -> *mut u8;
    fn mi_zalloc_aligned(size: usize, align: usize) -> *mut u8;
    fn mi_realloc_aligned(p: *mut u8, size: usize, align: usize) -> *mut u8;
    fn mi_free(p: *mut u8);
}

#[cfg(jemalloc)]
extern "C" {
    fn _rjem_malloc(size: usize) -> *mut u8;
    fn _rjem_mallocx(size: usize, flags: c_int) -> *mut u8;
    fn _rjem_calloc(count: usize, size: usize) -> *mut u8;
    fn _rjem_rallocx(p: *mut u8, size: usize, flags: c_int) -> *mut u8;
    fn _rjem_sdallocx(p: *mut u8, size: usize, flags: c_int);
}

struct Other;

#[cfg(mimalloc)]
unsafe impl GlobalAlloc for Other {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        mi_malloc_aligned(l.size(), l.align())
    }
    unsafe fn alloc_zeroed(&self, l: Layout) -> *mut u8 {
        mi_zalloc_aligned(l.size(), l.align())
    }
    unsafe fn realloc(&self, p: *mut u8, l: Layout, size: usize) -> *mut u8 {
        mi_realloc_aligned(p, size, l.align())
    }
    unsafe fn dealloc(&self, p: *mut u8, _: Layout) {
        mi_free(p)
    }
}

// jemalloc's flag for an alignment is its logarithm; none for what malloc has anyway.
#[cfg(jemalloc)]
fn flags(l: &Layout) -> c_int {
    if l.align() <= 16 { 0 } else { l.align().trailing_zeros() as c_int }
}

#[cfg(jemalloc)]
unsafe impl GlobalAlloc for Other {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        if flags(&l) == 0 { _rjem_malloc(l.size()) } else { _rjem_mallocx(l.size(), flags(&l)) }
    }
    unsafe fn alloc_zeroed(&self, l: Layout) -> *mut u8 {
        if flags(&l) == 0 {
            return _rjem_calloc(1, l.size());
        }
        let p = _rjem_mallocx(l.size(), flags(&l));
        std::ptr::write_bytes(p, 0, l.size());
        p
    }
    unsafe fn realloc(&self, p: *mut u8, l: Layout, size: usize) -> *mut u8 {
        _rjem_rallocx(p, size, flags(&l))
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        _rjem_sdallocx(p, l.size(), flags(&l))
    }
}

#[cfg(any(mimalloc, jemalloc))]
#[global_allocator]
static OTHER: Other = Other;

// ---- a side of cross-host.c ----

#[repr(C)]
pub struct Side {
    sized: c_int,
    has_usable: c_int,
    make: extern "C" fn(c_int, usize) -> *mut c_char,
    release: unsafe extern "C" fn(c_int, *mut c_char, usize) -> *mut c_void,
}

extern "C" fn make(kind: c_int, bytes: usize) -> *mut c_char {
    if kind != 0 {
        return std::ptr::null_mut();
    }
    let mut text = Vec::with_capacity(bytes);
    text.resize(bytes - 1, b'x');
    CString::new(text).unwrap().into_raw()
}

unsafe extern "C" fn release(way: c_int, p: *mut c_char, bytes: usize) -> *mut c_void {
    if way != 1 {
        drop(CString::from_raw(p));
        return std::ptr::null_mut();
    }
    let before = CStr::from_ptr(p).to_bytes_with_nul().len();
    let q = std::alloc::realloc(p.cast(), Layout::array::<u8>(before).unwrap(), bytes);
    std::ptr::write_bytes(q.add(before - 1), b'x', bytes - before);
    *q.add(bytes - 1) = 0;
    q.cast()
}

#[no_mangle]
pub extern "C" fn cross_side() -> &'static Side {
    static SIDE: Side = Side { sized: 0, has_usable: 0, make, release };
    &SIDE
}

// ---- a program ----

const ROUNDS: usize = 25;
const THREADS: usize = 4;

#[repr(align(128))]
struct Wide([u8; 5120]);

// std::hint::black_box is younger than Debian 12's rustc.
fn keep<T>(value: T) {
    unsafe { std::arch::asm!("/* {} */", in(reg) &value) };
}

fn work() {
    for _ in 0..ROUNDS {
        let mut grown: Vec<u8> = Vec::with_capacity(5003);
        grown.push(1);
        grown.reserve_exact(45000);
        keep((vec![1u8; 5001], vec![0u8; 5002], grown, Box::new(Wide([1; 5120]))));
    }
}

#[cfg(program)]
fn main() {
    let threads: Vec<_> = (1..THREADS).map(|_| std::thread::spawn(work)).collect();
    work();
    threads.into_iter().for_each(|t| t.join().unwrap());
    let all = ROUNDS * THREADS;
    for size in [5001, 5002, 5003, 45001, 5120] {
        println!("expect size={} allocs={} frees={} threads={}", size, all, all, THREADS);
    }
}
