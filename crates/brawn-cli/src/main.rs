//! brawn-cli
fn main() {}
