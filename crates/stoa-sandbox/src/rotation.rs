//! Signing keys in a ring: the one in use, and those that are published beside it.

/// Keys in the order in which they are used; after the last comes the first.
#[derive(Debug)]
pub(crate) struct Ring<K>(Vec<K>);

/// Where in its ring a provider signs, and which keys on either side it publishes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rotation {
    current: usize,
    next_announced: bool,
    previous_shown: bool,
}

impl<K> Ring<K> {
    /// A ring of at least one key.
    pub(crate) fn new(keys: Vec<K>) -> Self {
        Self(keys)
    }

    /// The key that signs.
    pub(crate) fn current(&self, rotation: Rotation) -> &K {
        self.at(rotation.current)
    }

    /// The key that will sign next, published or not.
    pub(crate) fn next(&self, rotation: Rotation) -> &K {
        self.at(rotation.current + 1)
    }

    /// What is published, the current one first.
    pub(crate) fn published(&self, rotation: Rotation) -> Vec<&K> {
        let mut shown = vec![self.current(rotation)];
        if rotation.next_announced {
            shown.push(self.next(rotation));
        }
        if rotation.previous_shown {
            shown.push(self.at(rotation.current + self.0.len() - 1));
        }
        shown
    }

    fn at(&self, index: usize) -> &K {
        &self.0[index % self.0.len()]
    }
}

impl Rotation {
    pub(crate) fn announce(&mut self) {
        self.next_announced = true;
    }

    pub(crate) fn rotate(&mut self) {
        *self = Self { current: self.current + 1, next_announced: false, previous_shown: true };
    }

    pub(crate) fn retire(&mut self) {
        self.previous_shown = false;
    }
}
