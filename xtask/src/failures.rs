//! The failures in the output of `cargo test`, kept to be printed once more at the end of a long run.

/// The most lines that are kept of one test program.
const MOST_LINES: usize = 60;

/// The failures found so far, and the output of the test program that runs.
#[derive(Default)]
pub(crate) struct Failures {
    program: Vec<String>,
    found: Vec<String>,
}

impl Failures {
    /// Takes in the next line of the output.
    pub(crate) fn add(&mut self, line: &str) {
        let words = line.trim_start();
        if words.starts_with("Running ") || words.starts_with("Doc-tests ") {
            self.program.clear();
        }
        self.program.push(line.to_owned());
        if words.starts_with("error: test failed") || words.starts_with("error: doctest failed") {
            self.program_failed();
        }
    }

    /// The failures, or nothing when no test failed.
    pub(crate) fn summary(&self) -> Option<String> {
        (!self.found.is_empty()).then(|| self.found.join("\n"))
    }

    /// Keeps what the program printed of its failures; without such a part, the end of its output.
    fn program_failed(&mut self) {
        let lines = std::mem::take(&mut self.program);
        let Some((header, rest)) = lines.split_first() else { return };
        let start = rest.iter().position(|line| line == "failures:");
        let rest = &rest[start.unwrap_or(rest.len().saturating_sub(MOST_LINES))..];
        self.found.push(header.clone());
        match rest.len().checked_sub(MOST_LINES) {
            None | Some(0) => self.found.extend_from_slice(rest),
            Some(more) => {
                let (first, last) = (&rest[..MOST_LINES / 2], &rest[MOST_LINES / 2 + more..]);
                self.found.extend_from_slice(first);
                self.found.push(format!("  … {more} lines left out, they are further up"));
                self.found.extend_from_slice(last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(output: &str) -> Option<String> {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.add(line));
        failures.summary()
    }

    #[test]
    fn a_green_run_has_none() {
        assert_eq!(summary("     Running unittests\ntest a ... ok\ntest result: ok. 1 passed"), None);
    }

    #[test]
    fn each_failed_program_is_named_with_its_failures() {
        let green = "     Running unittests src/a.rs\ntest a ... ok\ntest result: ok. 1 passed";
        let red = "     Running tests/b.rs\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nno\n";
        let end = "test result: FAILED.\nerror: test failed, to rerun pass `--test b`";
        let found = summary(&format!("{green}\n{red}\n{end}\n{green}")).expect("a failure");
        assert!(found.starts_with("     Running tests/b.rs\nfailures:"), "{found}");
        assert!(found.ends_with("to rerun pass `--test b`"), "{found}");
    }

    #[test]
    fn long_output_is_cut_in_the_middle() {
        let middle: String = (0..500).map(|line| format!("{line}\n")).collect();
        let found = summary(&format!("   Doc-tests a\n{middle}error: doctest failed")).expect("a failure");
        assert_eq!(found.lines().count(), MOST_LINES + 1);
        let long = format!("  Running c\nfailures:\n{middle}error: test failed");
        let found = summary(&long).expect("a failure");
        assert_eq!(found.lines().count(), MOST_LINES + 2);
        assert!(found.contains("failures:\n0\n") && found.ends_with("499\nerror: test failed"), "{found}");
    }
}
