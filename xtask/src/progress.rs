//! Shows what is going on: one line a step, alive while it runs, with its time when it is over.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a step that runs long says so where there is no terminal (logs of continuous integration).
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How many last lines of a failed program are shown.
const TAIL: usize = 40;

/// The printer that all steps of a task share; steps may run at the same time.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
    terminal: bool,
}

/// A running step.
pub(crate) struct Step {
    name: String,
    start: Instant,
    bar: ProgressBar,
    terminal: bool,
    spoke: Mutex<Instant>,
}

impl Progress {
    /// A printer to standard error.
    pub(crate) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { bars: MultiProgress::new(), terminal }
    }

    /// Runs `work` as a step of this name.
    ///
    /// # Errors
    /// What `work` returns, with the step's name before it.
    pub(crate) fn step<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Step) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let bar = if self.terminal { self.bars.add(spinner(name)) } else { ProgressBar::hidden() };
        let now = Instant::now();
        let step =
            Step { name: name.to_owned(), start: now, bar, terminal: self.terminal, spoke: Mutex::new(now) };
        if !self.terminal {
            self.print(&format!("  ...  {name}"));
        }
        let result = work(&step);
        let took = step.start.elapsed();
        step.bar.finish_and_clear();
        let mark = if result.is_ok() { "ok" } else { "FAIL" };
        self.print(&format!("{mark:>6} {name} ({:.1} s)", took.as_secs_f64()));
        result.with_context(|| name.to_owned())
    }

    /// Prints a line above whatever is live.
    pub(crate) fn print(&self, line: &str) {
        self.bars.suspend(|| {
            // Nobody to tell when standard error is gone.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

impl Step {
    /// Says what the step is doing right now: on a terminal at once, in a log at most every 20 seconds.
    pub(crate) fn say(&self, message: &str) {
        if self.terminal {
            self.bar.set_message(message.chars().take(100).collect::<String>());
            return;
        }
        let mut spoke = self.spoke.lock().unwrap_or_else(PoisonError::into_inner);
        if spoke.elapsed() >= HEARTBEAT {
            *spoke = Instant::now();
            // Nobody to tell when standard error is gone.
            let _ = writeln!(
                std::io::stderr(),
                "  ...  {} ({:.0} s): {message}",
                self.name,
                self.start.elapsed().as_secs_f64()
            );
        }
    }

    /// Runs a program to its end, showing its last line.
    ///
    /// # Errors
    /// When it cannot be started or ends with a status other than 0: the error has its last lines.
    pub(crate) fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        let (reader, writer) = std::io::pipe().context("make a pipe")?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let shown = format!("{command:?}");
        let mut child = command.spawn().with_context(|| format!("start {shown}"))?;
        // The command keeps our ends of the pipe open; without this the reading below would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut tail = std::collections::VecDeque::with_capacity(TAIL);
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
            self.say(&line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line);
        }
        let status = child.wait()?;
        if !status.success() {
            let lines: Vec<String> = tail.into();
            bail!("{shown} ended with {status}; its last lines:\n{}", lines.join("\n"));
        }
        Ok(())
    }
}

/// A line with a turning mark, the step's name, its time and what it does.
fn spinner(name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner:>6} {prefix} ({elapsed}) {msg:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_program_shows_its_last_lines() {
        let progress = Progress::new();
        let error = progress
            .step("try", |step| {
                step.run(Command::new("sh").args(["-c", "seq 100; echo to-stderr >&2; exit 3"]))
            })
            .unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("exit status: 3"), "{text}");
        assert!(text.contains("\n100\nto-stderr"), "{text}");
        assert!(!text.contains("\n50\n"), "{text}");
    }
}
