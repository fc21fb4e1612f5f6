//! brawn-function
fn main() {}
