//! Other tools on the same files: installed at pinned versions into the user's cache folder, run one after the other.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// The tools, the first one being what we want to be no worse than.
pub(crate) const TOOLS: [&str; 3] = ["pymupdf", "pdfminer.six", "markitdown"];

const REQUIREMENTS: &str = include_str!("requirements.txt");
const PROGRAM: &str = include_str!("baselines.py");

/// What a tool made of a list of files.
pub(crate) struct Run {
    /// The texts, in the order of the files.
    pub(crate) texts: Vec<String>,
    /// Processor seconds of each file.
    pub(crate) seconds: Vec<f64>,
}

#[derive(Deserialize)]
struct Answer {
    seconds: Vec<f64>,
}

/// The Python environment that has the tools.
pub(crate) struct Baselines {
    folder: PathBuf,
}

impl Baselines {
    /// Makes the environment unless it is there.
    ///
    /// # Errors
    /// When Python or a package cannot be had.
    pub(crate) fn install() -> Result<Self, String> {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .ok_or("neither XDG_CACHE_HOME nor HOME is set: there is no folder for the other tools")?;
        // Other versions go to another folder.
        let version = REQUIREMENTS.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let folder = cache.join(format!("resume-matcher/baselines/extraction-{version:016x}"));
        let complete = folder.join("complete");
        if !complete.is_file() {
            eprintln!("installing the tools to measure beside into {}", folder.display());
            let file_error = |error: std::io::Error| format!("{}: {error}", folder.display());
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            let list = folder.join("requirements.txt");
            std::fs::write(&list, REQUIREMENTS).map_err(file_error)?;
            let python = folder.join("bin/python");
            run(Command::new(python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&list))?;
            std::fs::write(&complete, "").map_err(file_error)?;
        }
        std::fs::write(folder.join("baselines.py"), PROGRAM)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder })
    }

    /// Reads files with a tool, `rounds` times over.
    ///
    /// # Errors
    /// When the tool cannot be run at all; a file that it cannot read gives an empty text.
    pub(crate) fn run(&self, tool: &str, rounds: usize, files: &[PathBuf]) -> Result<Run, String> {
        let texts = self.folder.join("texts").join(tool);
        std::fs::create_dir_all(&texts).map_err(|error| format!("{}: {error}", texts.display()))?;
        let mut child = Command::new(self.folder.join("bin/python"))
            .arg(self.folder.join("baselines.py"))
            .args([tool, &rounds.to_string()])
            .arg(&texts)
            // One thread, as ours has.
            .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{tool}: {error}"))?;
        let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        let mut stdin = child.stdin.take().ok_or("the child has no standard input")?;
        stdin.write_all(list.as_bytes()).map_err(|error| format!("{tool}: {error}"))?;
        drop(stdin);
        let output = child.wait_with_output().map_err(|error| format!("{tool}: {error}"))?;
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{tool} ended with {}: {error}", output.status))?;
        let read = |index| std::fs::read_to_string(texts.join(format!("{index}.txt")));
        let texts = (0..files.len())
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{tool}: {error}"))?;
        Ok(Run { texts, seconds: answer.seconds })
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("{}: {error}", Path::new(command.get_program()).display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}
