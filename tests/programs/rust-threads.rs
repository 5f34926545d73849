// rust-threads.rs - Rust code for the unwinder test: threads, generics, inlining, a caught panic.
use std::collections::BTreeMap;

#[inline(never)]
fn build(count: usize) -> BTreeMap<String, Vec<u64>> {
    let mut map = BTreeMap::new();
    for i in 0..count {
        map.entry(format!("key{}", i % 97)).or_insert_with(Vec::new).push(i as u64);
    }
    map
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| build(5000))).collect();
    let sum: u64 = threads.into_iter().map(|t| t.join().unwrap().values().flatten().sum::<u64>()).sum();
    let caught = std::panic::catch_unwind(|| {
        let words = vec![String::from("x")];
        let beyond = words.len();
        words[beyond].len()
    });
    println!("{} {}", sum, caught.is_err());
}
