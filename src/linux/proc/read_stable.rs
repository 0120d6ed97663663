//! Reading what a running program may be changing: believed when two readings in a row agree.

use std::io;

/// Readings at most.
const READINGS: usize = 4;

/// Reads until two readings in a row agree. What is freed and overwritten while it is read can look like an answer once;
/// it does not look the same when it is looked up anew. Fails with the last error, or when no two readings agreed.
pub fn read_stable<T: PartialEq>(mut read: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut last = read();
    for _ in 1..READINGS {
        let now = read();
        match (&last, &now) {
            (Ok(before), Ok(after)) if before == after => return now,
            _ => last = now,
        }
    }
    last.and(Err(io::Error::other("the program kept changing what was read")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(readings: &[Result<u32, ()>]) -> Result<u32, String> {
        let mut readings = readings.iter();
        read_stable(|| readings.next().unwrap().map_err(|()| io::Error::other("gone")))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_reading_that_is_torn_once_is_not_believed() {
        assert_eq!(of(&[Ok(9), Ok(3), Ok(3)]), Ok(3));
        assert_eq!(of(&[Err(()), Ok(3), Ok(3)]), Ok(3));
        assert_eq!(of(&[Ok(3), Err(()), Ok(4), Ok(4)]), Ok(4));
    }

    #[test]
    fn what_never_settles_says_so() {
        assert_eq!(of(&[Ok(1), Ok(2), Ok(3), Ok(4)]).unwrap_err(), "the program kept changing what was read");
        assert_eq!(of(&[Ok(1), Ok(2), Ok(3), Err(())]).unwrap_err(), "gone");
    }
}
