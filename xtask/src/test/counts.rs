//! Counts tests by the lines that cargo's test runner prints.

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Counts {
    /// Adds another's numbers to these.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds what a line of the runner says, when it is one of its closing lines
    /// (`test result: ok. 5 passed; 0 failed; …`).
    pub(crate) fn read(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else { return };
        let number = |what: &str| {
            let before = rest.split(&format!(" {what}")).next()?;
            before.rsplit([' ', ';']).next()?.parse::<u64>().ok()
        };
        if let (Some(passed), Some(failed)) = (number("passed"), number("failed")) {
            self.add(Self { passed, failed });
        }
    }

    /// What the step counts for: its tests; without tests, itself. A step that failed counts at least one failure, so
    /// that a compile error is never lost among passed tests.
    pub(crate) fn of_step(self, failed: bool) -> Self {
        match (failed, self) {
            (true, counts) => Self { passed: counts.passed, failed: counts.failed.max(1) },
            (false, Self { passed: 0, failed: 0 }) => Self { passed: 1, failed: 0 },
            (false, counts) => counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> Counts {
        let mut counts = Counts::default();
        text.lines().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn closing_lines_are_added_up() {
        let text = "running 5 tests\n\
            test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            noise 9 passed\n\
            test result: \u{1b}[31mFAILED\u{1b}[m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(counted(text), Counts { passed: 8, failed: 2 });
    }

    #[test]
    fn a_failed_step_counts_even_without_tests() {
        assert_eq!(Counts::default().of_step(true), Counts { passed: 0, failed: 1 });
        assert_eq!(Counts { passed: 7, failed: 0 }.of_step(true), Counts { passed: 7, failed: 1 });
        assert_eq!(Counts { passed: 7, failed: 2 }.of_step(true), Counts { passed: 7, failed: 2 });
        assert_eq!(Counts::default().of_step(false), Counts { passed: 1, failed: 0 });
    }
}
