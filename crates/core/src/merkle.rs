//! The Merkle tree over a bundle's operations, which lets one operation be checked without the others.
//!
//! The shape is that of RFC 6962 section 2.1: leaves and nodes are hashed under different prefixes, and a tree
//! of `n` leaves splits at the largest power of two below `n`. The hash is BLAKE3.

use crate::hash::OperationHash;

/// The root of an empty tree: no bundle has one, but the function is total.
const EMPTY: [u8; 32] = [0; 32];

/// Hashes the bytes of an operation's frame into a leaf.
#[must_use]
pub fn leaf(frame: &[u8]) -> OperationHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[0]);
    hasher.update(frame);
    OperationHash::from_bytes(*hasher.finalize().as_bytes())
}

/// The root of the tree over `leaves`.
#[must_use]
pub fn root(leaves: &[OperationHash]) -> [u8; 32] {
    match leaves {
        [] => EMPTY,
        [leaf] => *leaf.as_bytes(),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The siblings on the way from leaf `index` up to the root, nearest first; `None` when there is no such leaf.
#[must_use]
pub fn path(leaves: &[OperationHash], index: usize) -> Option<Vec<[u8; 32]>> {
    match leaves {
        [] => None,
        [_] => (index == 0).then(Vec::new),
        _ => {
            let at = split(leaves.len());
            let (left, right) = leaves.split_at(at);
            let (mut below, sibling) = if index < at {
                (path(left, index)?, root(right))
            } else {
                (path(right, index - at)?, root(left))
            };
            below.push(sibling);
            Some(below)
        }
    }
}

/// Recomputes the root from leaf `index` of `count` and its `path`; `None` when the path does not fit the shape.
#[must_use]
pub fn root_from_path(
    leaf: &OperationHash,
    index: usize,
    count: usize,
    path: &[[u8; 32]],
) -> Option<[u8; 32]> {
    if count <= 1 {
        return (index == 0 && count == 1 && path.is_empty()).then_some(*leaf.as_bytes());
    }
    let (sibling, below) = path.split_last()?;
    let at = split(count);
    if index < at {
        Some(node(&root_from_path(leaf, index, at, below)?, sibling))
    } else {
        Some(node(
            sibling,
            &root_from_path(leaf, index - at, count - at, below)?,
        ))
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[1]);
    hasher.update(left);
    hasher.update(right);
    *hasher.finalize().as_bytes()
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_leaf_proves_itself_and_no_other(count in 1usize..70, index in 0usize..70, other in 0usize..70) {
            let leaves: Vec<_> = (0..count).map(|i| leaf(&i.to_le_bytes())).collect();
            let Some(path) = path(&leaves, index) else {
                prop_assert!(index >= count);
                return Ok(());
            };
            prop_assert_eq!(root_from_path(&leaves[index], index, count, &path), Some(root(&leaves)));
            if other < count && other != index {
                prop_assert_ne!(root_from_path(&leaves[other], index, count, &path), Some(root(&leaves)));
                prop_assert_ne!(root_from_path(&leaves[index], other, count, &path), Some(root(&leaves)));
            }
        }
    }

    #[test]
    fn a_node_is_not_a_leaf() {
        let leaves = [leaf(b"a"), leaf(b"b")];
        let mut joined = leaves[0].as_bytes().to_vec();
        joined.extend(leaves[1].as_bytes());
        assert_ne!(*leaf(&joined).as_bytes(), root(&leaves));
    }
}
