//! brawn-edge
