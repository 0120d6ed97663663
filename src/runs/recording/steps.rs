//! Step times as CSV, one line a mark, for whoever wants to look at them with other tools.

use std::io;
use std::io::Write;

use crate::data::sample::StepMarks;

/// Writes step times up to a number of bytes.
#[derive(Debug)]
pub struct StepWriter<W: Write> {
    out: W,
    started_ns: u64,
    left: u64,
    /// Marks that there was no room for.
    left_out: u64,
}

impl<W: Write> StepWriter<W> {
    /// Begins with the names of the columns. Seconds count from `started_ns`, nanoseconds since boot.
    pub fn new(mut out: W, started_ns: u64, limit: u64) -> io::Result<Self> {
        out.write_all(b"pid,source,stream,first,at_s,duration_us\n")?;
        Ok(Self { out, started_ns, left: limit, left_out: 0 })
    }

    /// One line a mark: the number of the mark in its stream, from 0, and the second at which it came.
    pub fn write(&mut self, marks: &[StepMarks]) -> io::Result<()> {
        let mut lines = Vec::new();
        for marks in marks {
            if self.left == 0 {
                self.left_out += marks.durations_us.len() as u64;
                continue;
            }
            let before = lines.len();
            self.put(marks, &mut lines)?;
            self.left = self.left.saturating_sub((lines.len() - before) as u64);
        }
        self.out.write_all(&lines)
    }

    /// Marks that there was no room for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn put(&self, marks: &StepMarks, lines: &mut Vec<u8>) -> io::Result<()> {
        let mut rest_us: u64 = marks.durations_us.iter().map(|&us| u64::from(us)).sum();
        for (number, &duration_us) in (marks.first..=u64::MAX).zip(&marks.durations_us) {
            // The record says when its last mark came; each one before it came a duration earlier.
            rest_us -= u64::from(duration_us);
            let at_ns = marks.at_ns.saturating_sub(rest_us.saturating_mul(1_000)).saturating_sub(self.started_ns);
            let (pid, stream, at_s) = (marks.pid, marks.stream, at_ns as f64 / 1e9);
            writeln!(lines, "{pid},{},{stream},{number},{at_s:.6},{duration_us}", marks.source.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::StepSource;

    fn marks(first: u64, durations_us: &[u32]) -> StepMarks {
        StepMarks {
            pid: 7,
            source: StepSource::Iterator,
            stream: 1,
            first,
            steps: 2,
            at_ns: 5_000_000_000,
            durations_us: durations_us.to_vec(),
            ..StepMarks::default()
        }
    }

    fn written(limit: u64, marks: &[StepMarks]) -> (String, u64) {
        let mut out = Vec::new();
        let mut steps = StepWriter::new(&mut out, 1_000_000_000, limit).unwrap();
        marks.iter().for_each(|one| steps.write(std::slice::from_ref(one)).unwrap());
        let left_out = steps.left_out();
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn each_mark_has_its_number_and_its_time() {
        let expected = "\
pid,source,stream,first,at_s,duration_us
7,iterator,1,4,3.500000,1000000
7,iterator,1,5,4.000000,500000
";
        assert_eq!(written(1000, &[marks(4, &[1_000_000, 500_000])]), (expected.to_owned(), 0));
    }

    #[test]
    fn no_number_is_too_large_and_the_file_is_bounded() {
        let huge = marks(u64::MAX - 1, &[u32::MAX; 512]);
        let (text, left_out) = written(10, &[huge.clone(), huge]);
        assert_eq!((text.lines().count(), left_out), (3, 512));
    }
}
