//! What parallel work can go over.

use std::ops::Range;

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for &[T] {}
    impl<T> Sealed for super::Chunks<'_, T> {}
    impl Sealed for std::ops::Range<usize> {}
}

/// Items that can be reached by their number, from any thread. Implemented here only.
pub trait Items: sealed::Sealed + Sync {
    /// One of them.
    type Item;
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The item of that number, counted from 0.
    fn at(&self, index: usize) -> Self::Item;
}

impl<'a, T: Sync> Items for &'a [T] {
    type Item = &'a T;

    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn at(&self, index: usize) -> &'a T {
        &self[index]
    }
}

impl Items for Range<usize> {
    type Item = usize;

    fn len(&self) -> usize {
        ExactSizeIterator::len(self)
    }

    fn at(&self, index: usize) -> usize {
        self.start + index
    }
}

/// Pieces of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Chunks<'a, T> {
    items: &'a [T],
    size: usize,
}

impl<'a, T> Chunks<'a, T> {
    pub(super) fn new(items: &'a [T], size: usize) -> Chunks<'a, T> {
        assert!(size > 0, "chunks have at least one item");
        Chunks { items, size }
    }
}

impl<'a, T: Sync> Items for Chunks<'a, T> {
    type Item = &'a [T];

    fn len(&self) -> usize {
        self.items.len().div_ceil(self.size)
    }

    fn at(&self, index: usize) -> &'a [T] {
        let start = index * self.size;
        &self.items[start..start.saturating_add(self.size).min(self.items.len())]
    }
}
