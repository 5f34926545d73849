// sample.rs - Rust code for tests/symbol.tap: generics, closures, traits, methods of enums. Never run.
use std::collections::BTreeMap;

trait Shape {
    fn area(&self) -> f64;
}

struct Square(f64);

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Short,
    Long,
}

impl Kind {
    #[inline(never)]
    fn of(text: &str) -> Kind {
        if text.chars().filter(|c| c.is_alphabetic()).count() < 3 { Kind::Short } else { Kind::Long }
    }
}

fn longest<T: AsRef<str>>(texts: &[T]) -> Option<String> {
    texts.iter().map(|t| t.as_ref().to_string()).max_by_key(|t| t.len())
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let shapes: Vec<Box<dyn Shape>> =
        words.iter().map(|w| Box::new(Square(w.len() as f64)) as Box<dyn Shape>).collect();
    let mut kinds: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
    for word in &words {
        kinds.entry(word.clone()).or_default().push(Kind::of(word));
    }
    let total: f64 = shapes.iter().map(|s| s.area()).sum();
    println!("{} {:?} {:?}", total, kinds, longest(&words));
}
