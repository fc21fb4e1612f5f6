//! brawn
