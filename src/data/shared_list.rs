//! A list in pieces that its copies share: a copy costs a pointer a piece, and whoever changes an element copies one piece. Threads
//! of one sample and of one scene are such lists, so a tick costs what changed and not what there is. It knows nothing of what it
//! holds, and its text form is that of a plain list.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Elements of a piece, at most: small enough that one that changes makes few others be copied.
const PIECE: usize = 32;

/// A list whose copies share what is equal in them.
#[derive(Clone, Debug)]
pub struct SharedList<T> {
    pieces: Vec<Arc<[T]>>,
    /// For each piece, how many elements there are up to its end.
    ends: Vec<usize>,
}

/// The elements in their order.
pub type SharedIter<'a, T> = std::iter::FlatMap<
    std::slice::Iter<'a, Arc<[T]>>,
    std::slice::Iter<'a, T>,
    fn(&'a Arc<[T]>) -> std::slice::Iter<'a, T>,
>;

impl<T> SharedList<T> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The element at this place.
    pub fn get(&self, at: usize) -> Option<&T> {
        let (piece, inside) = self.place(at);
        self.pieces.get(piece)?.get(inside)
    }

    /// The first place whose element does not fit, where those that fit come first: what slices call the partition point.
    pub fn partition_point(&self, fits: impl Fn(&T) -> bool) -> usize {
        let piece = self.pieces.partition_point(|piece| piece.last().is_some_and(&fits));
        let before = piece.checked_sub(1).map_or(0, |before| self.ends[before]);
        before + self.pieces.get(piece).map_or(0, |piece| piece.partition_point(&fits))
    }

    /// All elements.
    pub fn iter(&self) -> SharedIter<'_, T> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// The pieces, none of them empty. Two lists have the same piece (`Arc::ptr_eq`) only where their elements are the same.
    pub fn pieces(&self) -> &[Arc<[T]>] {
        &self.pieces
    }

    /// Puts another list behind this one; they share its pieces.
    pub fn append(&mut self, other: &Self) {
        other.pieces.iter().for_each(|piece| self.push_piece(Arc::clone(piece)));
    }

    fn push_piece(&mut self, piece: Arc<[T]>) {
        self.ends.push(self.len() + piece.len());
        self.pieces.push(piece);
    }

    /// Which piece an element is in, and where in it.
    fn place(&self, at: usize) -> (usize, usize) {
        let piece = self.ends.partition_point(|&end| end <= at);
        (piece, at - piece.checked_sub(1).map_or(0, |before| self.ends[before]))
    }
}

impl<T: Clone> SharedList<T> {
    /// The elements, to be changed: nothing is shared any more.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flat_map(|piece| Arc::make_mut(piece).iter_mut())
    }
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), ends: Vec::new() }
    }
}

impl<T: PartialEq> PartialEq for SharedList<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T> Index<usize> for SharedList<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        let (piece, inside) = self.place(at);
        &self.pieces[piece][inside]
    }
}

impl<T: Clone> IndexMut<usize> for SharedList<T> {
    /// The element, to be changed: its piece is copied if somebody shares it.
    fn index_mut(&mut self, at: usize) -> &mut T {
        let (piece, inside) = self.place(at);
        &mut Arc::make_mut(&mut self.pieces[piece])[inside]
    }
}

impl<'a, T> IntoIterator for &'a SharedList<T> {
    type Item = &'a T;
    type IntoIter = SharedIter<'a, T>;

    fn into_iter(self) -> SharedIter<'a, T> {
        self.iter()
    }
}

impl<T> From<Vec<T>> for SharedList<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T> FromIterator<T> for SharedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let mut list = Self::default();
        loop {
            let piece: Vec<T> = items.by_ref().take(PIECE).collect();
            if piece.is_empty() {
                return list;
            }
            list.push_piece(piece.into());
        }
    }
}

impl<T: Serialize> Serialize for SharedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for SharedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changes_an_element_copies_its_piece_and_no_other() {
        let before: SharedList<usize> = (0..100).collect();
        let mut after = before.clone();
        after[40] = 7;
        let same: Vec<bool> = before.pieces().iter().zip(after.pieces()).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(same, [true, false, true, true]);
        assert_eq!((before[40], after[40], after.len()), (40, 7, 100));
        assert_ne!(before, after);
        after[40] = 40;
        assert_eq!(before, after);
    }

    #[test]
    fn a_list_of_lists_counts_through() {
        let mut list: SharedList<usize> = (0..33).collect();
        list.append(&SharedList::default());
        list.append(&(33..40).collect());
        list.append(&(40..90).collect());
        assert_eq!(list.len(), 90);
        assert!(list.iter().copied().eq(0..90));
        assert!((0..90).all(|at| list[at] == at && list.get(at) == Some(&at)));
        assert_eq!(list.get(90), None);
        assert!((0..=90).all(|at| list.partition_point(|&item| item < at) == at));
        list.iter_mut().for_each(|item| *item += 1);
        assert!(list.iter().copied().eq(1..91));
    }

    #[test]
    fn its_text_form_is_that_of_a_plain_list() {
        let plain: Vec<u32> = (0..70).collect();
        let text = serde_json::to_string(&plain).unwrap();
        let list: SharedList<u32> = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&list).unwrap(), text);
        assert_eq!(list, SharedList::from(plain));
    }
}
