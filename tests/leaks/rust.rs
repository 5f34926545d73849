// rust.rs - what Rust programs lose: memory is safe, not freed.
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};

static HELD: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

#[inline(never)]
fn make_box() -> &'static mut [u8; 200] {
    Box::leak(Box::new([7; 200]))
}

#[inline(never)]
fn make_vector() -> Vec<u8> {
    vec![1; 300]
}

struct Node {
    next: RefCell<Option<Rc<Node>>>,
    _load: [u8; 50],
}

#[inline(never)]
fn make_node() -> Rc<Node> {
    Rc::new(Node { next: RefCell::new(None), _load: [0; 50] })
}

#[inline(never)]
fn leak(case: &str, right: bool) {
    match case {
        "box" => {
            let held = make_box().as_mut_ptr();
            unsafe { std::ptr::write_volatile(held, 1) };
            HELD.store(if right { held } else { std::ptr::null_mut() }, Ordering::SeqCst);
        }
        "forget" => {
            let vector = make_vector();
            if !right {
                std::mem::forget(vector);
            }
        }
        "cycle" => {
            let (first, second) = (make_node(), make_node());
            *first.next.borrow_mut() = Some(second.clone());
            if !right {
                *second.next.borrow_mut() = Some(first.clone());
            }
        }
        "thread" => {
            std::thread::spawn(move || leak("forget", right)).join().unwrap();
        }
        _ => std::process::exit(98),
    }
}

#[inline(never)]
fn scrub() -> usize {
    let mut words = [0usize; 4096];
    for word in words.iter_mut() {
        unsafe { std::ptr::write_volatile(word, 0) };
    }
    words[7]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    leak(&arguments[1], arguments.len() > 2);
    drop(arguments);
    scrub();
    // Else it need not be kept at all.
    if HELD.load(Ordering::SeqCst) as usize == 1 {
        std::process::exit(98);
    }
}
