//! How those who wait share what can be done at once.

/// One of each line after the other, until so many are taken: a long line leaves the others their turn, and what these do
/// not take is the long one's.
pub fn in_turn<T>(lines: Vec<Vec<T>>, most: usize) -> Vec<T> {
    let mut lines: Vec<_> = lines.into_iter().map(Vec::into_iter).collect();
    let mut taken = Vec::new();
    while taken.len() < most {
        let before = taken.len();
        taken.extend(lines.iter_mut().filter_map(Iterator::next).take(most - before));
        if taken.len() == before {
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_leaves_the_others_their_turn_and_takes_what_they_leave() {
        let lines = |lengths: &[usize]| -> Vec<Vec<(usize, usize)>> {
            let line = |(line, length): (usize, &usize)| (0..*length).map(|place| (line, place)).collect();
            lengths.iter().enumerate().map(line).collect()
        };
        let of = |taken: &[(usize, usize)], line| taken.iter().filter(|(of, _)| *of == line).count();
        for (lengths, most, shares) in [
            (&[1000, 3, 1][..], 16, &[12, 3, 1][..]),
            (&[1000, 1000, 1000], 16, &[6, 5, 5]),
            (&[2, 1], 16, &[2, 1]),
            (&[5], 2, &[2]),
            (&[1; 20], 16, &[1; 16]),
            (&[], 16, &[]),
        ] {
            let taken = in_turn(lines(lengths), most);
            for (line, share) in shares.iter().enumerate() {
                assert_eq!(of(&taken, line), *share, "{lengths:?}: {taken:?}");
            }
            assert_eq!(taken.len(), shares.iter().sum::<usize>());
            // Each line keeps its order.
            for line in 0..lengths.len() {
                let places: Vec<usize> = taken.iter().filter(|(of, _)| *of == line).map(|(_, place)| *place).collect();
                assert!(places.is_sorted());
            }
        }
    }
}
