//! Reads O*NET's text files.

use std::collections::BTreeMap;
use std::path::Path;

/// One occupation.
#[derive(Debug, Default)]
pub(crate) struct Occupation {
    /// Its O*NET-SOC code.
    pub(crate) code: String,
    /// Its own title, then those that people reported, then others.
    pub(crate) titles: Vec<String>,
    /// Its tasks.
    pub(crate) tasks: Vec<String>,
    /// Software, then tools.
    pub(crate) tools: Vec<String>,
    /// Codes of related occupations, nearest first.
    pub(crate) related: Vec<String>,
    /// Job zone, 1 to 5: how much preparation it takes.
    pub(crate) zone: u32,
}

/// Reads the occupations that have titles, tasks and tools enough.
pub(crate) fn read(folder: &Path) -> Result<Vec<Occupation>, Box<dyn std::error::Error>> {
    let mut all: BTreeMap<String, Occupation> = BTreeMap::new();
    let mut fill = |file: &str, column: usize, put: fn(&mut Occupation, String)| -> std::io::Result<()> {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            if let (Some(code), Some(value)) = (columns.first(), columns.get(column)) {
                let occupation = all.entry((*code).to_owned()).or_default();
                occupation.code = (*code).to_owned();
                put(occupation, (*value).to_owned());
            }
        }
        Ok(())
    };
    fill("Occupation Data.txt", 1, |occupation, title| occupation.titles.push(singular(&title)))?;
    fill("Sample of Reported Titles.txt", 1, |occupation, title| occupation.titles.push(plain(&title)))?;
    fill("Alternate Titles.txt", 1, |occupation, title| occupation.titles.push(plain(&title)))?;
    fill("Task Statements.txt", 2, |occupation, task| occupation.tasks.push(task))?;
    fill("Technology Skills.txt", 1, |occupation, name| occupation.tools.push(name))?;
    fill("Tools Used.txt", 1, |occupation, name| occupation.tools.push(name))?;
    fill("Related Occupations.txt", 1, |occupation, code| occupation.related.push(code))?;
    fill("Job Zones.txt", 1, |occupation, zone| occupation.zone = zone.parse().unwrap_or(3))?;
    let enough = |occupation: &Occupation| {
        occupation.tasks.len() >= 12 && occupation.tools.len() >= 8 && occupation.titles.len() >= 4
    };
    Ok(all.into_values().filter(enough).collect())
}

/// "Registered Nurses" -> "Registered Nurse".
fn singular(title: &str) -> String {
    let first = title.split(", ").next().unwrap_or(title);
    first.strip_suffix('s').unwrap_or(first).to_owned()
}

/// "CEO (Chief Executive Officer)" -> "Chief Executive Officer".
fn plain(title: &str) -> String {
    match title.split_once(" (") {
        Some((short, long)) if short.len() <= 5 => long.trim_end_matches(')').to_owned(),
        Some((title, _)) => title.to_owned(),
        None => title.to_owned(),
    }
}

impl Occupation {
    /// Half of the occupations, by a checksum of the first six characters of the code: kin stay on one side.
    pub(crate) fn is_test(&self) -> bool {
        let kin = self.code.get(..6).unwrap_or(&self.code);
        kin.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 2 == 0
    }

    /// How well a resume of the other occupation fits a job of this one: same 2, related 1, other 0.
    pub(crate) fn grade(&self, other: &Self) -> u32 {
        if self.code == other.code {
            2
        } else {
            u32::from(self.related.contains(&other.code) || other.related.contains(&self.code))
        }
    }

    /// The subject that schools teach for it, by its major group.
    pub(crate) fn subject(&self) -> &'static str {
        match self.code.get(..2).unwrap_or_default() {
            "11" | "13" | "43" => "Business Administration",
            "15" => "Computer Science",
            "17" => "Engineering",
            "19" => "Biology",
            "21" => "Social Work",
            "23" => "Law",
            "25" => "Education",
            "27" => "Fine Arts",
            "29" | "31" => "Health Science",
            "33" => "Criminal Justice",
            "35" => "Hospitality",
            "41" => "Marketing",
            "45" => "Agriculture",
            "47" => "Construction",
            "49" | "51" => "Mechanical Technology",
            _ => "Logistics",
        }
    }
}
