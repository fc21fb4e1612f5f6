//! BLAKE3 of one object on all cores: each hashes blocks of its own, and their chaining values become the root.
//!
//! "BLAKE3: one function, fast everywhere", section 2.1: the left child of a parent is the largest whole tree whose number of
//! chunks is a power of two. Blocks of a power of two of chunks are such trees.

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{Budget, Result, Source};

/// A power of two of chunks (1 KiB), that fits in the cache of a core: some 0.3 ms.
pub(super) const BLOCK: usize = 1 << 20;

/// The memory that it takes: the blocks that are read ahead.
pub(super) fn memory(workers: usize, size: Option<u64>) -> u64 {
    let ahead = blocks::ahead(workers) as u64 * BLOCK as u64;
    size.map_or(ahead, |size| size.min(ahead))
}

/// The hash of all of `source`, and how long it is.
///
/// # Errors
/// Of reading, and of the budget.
pub(super) fn hash(
    source: &mut Source<'_>,
    ahead: usize,
    budget: &Budget,
) -> Result<(blake3::Hash, u64)> {
    let (spare, mut tree) = (Spare::default(), Tree::default());
    let (mut first, mut len) = (None, 0_u64);
    let mut next = 0_u64;
    let nobody_waits = source.left().is_some();
    let read = || {
        let block = source.block(BLOCK, &spare)?;
        next += BLOCK as u64;
        Ok(block.map(|block| (next - BLOCK as u64, block)))
    };
    let compute = |(offset, block): (u64, Block<'_>)| {
        budget.check()?;
        let len = block.len();
        let hasher = block.with(&spare, |bytes| {
            let mut hasher = Hasher::new();
            hasher.set_input_offset(offset);
            hasher.update(bytes);
            Ok(hasher)
        })?;
        budget.advance(len as u64);
        Ok((hasher, len))
    };
    let write = |(hasher, size): (Hasher, usize)| {
        tree.push(hasher.finalize_non_root());
        if len == 0 {
            first = Some(hasher);
        }
        len += size as u64;
        Ok(())
    };
    blocks::in_order_by_workers(nobody_waits, budget, ahead, read, compute, write)?;
    let hash = match (tree.root(), first) {
        (Some(root), _) => root,
        (None, Some(only)) => only.finalize(),
        (None, None) => Hasher::new().finalize(),
    };
    Ok((hash, len))
}

/// Chaining values of whole trees, the larger before the smaller.
#[derive(Default)]
struct Tree {
    trees: Vec<ChainingValue>,
    blocks: u64,
}

impl Tree {
    /// The next block. Those before it are whole now: they have one tree for each bit of their number.
    fn push(&mut self, value: ChainingValue) {
        while self.trees.len() > self.blocks.count_ones() as usize {
            self.merge();
        }
        self.trees.push(value);
        self.blocks += 1;
    }

    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.trees.pop(), self.trees.pop()) {
            self.trees.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
    }

    /// Of two blocks and more.
    fn root(mut self) -> Option<blake3::Hash> {
        while self.trees.len() > 2 {
            self.merge();
        }
        match self.trees.as_slice() {
            [left, right] => Some(merge_subtrees_root(left, right, Mode::Hash)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_the_hash_of_the_whole() {
        let bytes: Vec<u8> = (0..9 * BLOCK).map(|n| (n % 251) as u8).collect();
        let pool = brawn_core::Pool::new(std::num::NonZero::new(3).expect("three"));
        let budget = Budget::unlimited().on(&pool.expect("threads"));
        let edges = (0..=9).flat_map(|blocks: usize| {
            [blocks * BLOCK, blocks * BLOCK + 1, (blocks * BLOCK).saturating_sub(1)]
        });
        for len in edges.filter(|len| *len <= bytes.len()) {
            let content = &bytes[..len];
            let mut source = Source::bytes("a", content);
            let (found, size) = hash(&mut source, 6, &budget).expect("nothing can fail");
            assert_eq!((found, size), (blake3::hash(content), len as u64), "{len} bytes");
        }
    }
}
