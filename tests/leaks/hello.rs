// hello.rs - loses nothing.
fn main() {
    println!("hello, world");
}
