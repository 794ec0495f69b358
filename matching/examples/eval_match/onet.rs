//! Reads O*NET's text files and makes advertisements and resumes of its occupations.

use std::collections::BTreeMap;
use std::path::Path;

/// One occupation.
#[derive(Debug, Default)]
pub(crate) struct Occupation {
    /// Its O*NET-SOC code.
    pub(crate) code: String,
    titles: Vec<String>,
    tasks: Vec<String>,
    technology: Vec<String>,
    /// Codes of related occupations, nearest first.
    pub(crate) related: Vec<String>,
}

/// Reads the occupations that have tasks and technology enough.
pub(crate) fn read(folder: &Path) -> Result<Vec<Occupation>, Box<dyn std::error::Error>> {
    let mut all: BTreeMap<String, Occupation> = BTreeMap::new();
    let mut fill = |file: &str, column: usize, put: fn(&mut Occupation, String)| -> std::io::Result<()> {
        let text = std::fs::read_to_string(folder.join(file))?;
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
    fill("Sample of Reported Titles.txt", 1, |occupation, title| occupation.titles.push(title))?;
    fill("Task Statements.txt", 2, |occupation, task| occupation.tasks.push(task))?;
    fill("Technology Skills.txt", 1, |occupation, name| occupation.technology.push(name))?;
    fill("Related Occupations.txt", 1, |occupation, code| occupation.related.push(code))?;
    let enough = |occupation: &Occupation| {
        occupation.tasks.len() >= 12 && occupation.technology.len() >= 6 && occupation.titles.len() >= 3
    };
    Ok(all.into_values().filter(enough).collect())
}

fn singular(title: &str) -> String {
    title.strip_suffix('s').unwrap_or(title).to_owned()
}

impl Occupation {
    /// Half of the occupations, by a checksum of their code.
    pub(crate) fn is_test(&self) -> bool {
        self.code.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 2 == 0
    }

    /// How well a resume of the other occupation fits a job of this one.
    pub(crate) fn grade(&self, other: &Self) -> u32 {
        if self.code == other.code {
            2
        } else {
            u32::from(self.related.contains(&other.code) || other.related.contains(&self.code))
        }
    }

    /// An advertisement: a reported title, every second task, a part of the technology.
    pub(crate) fn advertisement(&self) -> String {
        let mut text = format!("{}\n\nResponsibilities\n", self.titles.get(1).map_or("", String::as_str));
        for task in self.tasks.iter().step_by(2).take(8) {
            text += &format!("- {task}\n");
        }
        text += "\nRequirements\n";
        for name in self.technology.iter().step_by(2).take(6) {
            text += &format!("- Experience with {name}\n");
        }
        text + "- Good communication skills\n\nWe are an equal opportunity employer.\n"
    }

    /// A resume: another title, the other tasks, another part of the technology; one of three styles.
    pub(crate) fn resume(&self, style: usize) -> String {
        let title = self.titles.get(2).map_or("", String::as_str);
        let tasks: Vec<&str> = self.tasks.iter().skip(1).step_by(2).take(8).map(String::as_str).collect();
        let skills: Vec<&str> =
            self.technology.iter().skip(style % 2).step_by(3).take(6).map(String::as_str).collect();
        let head = "Alex Morgan\nalex.morgan@example.com | +1 555 010 2030\n";
        let skills = skills.join(", ");
        match style % 3 {
            0 => format!(
                "{head}\nExperience\n{title}, Example Ltd, 2015 - 2023\n- {}\n\nSkills\n{skills}\n",
                tasks.join("\n- ")
            ),
            1 => format!(
                "{head}{title}\n\nTechnical Skills: {skills}\n\nEmployment\nExample Ltd 03/2016 - 05/2022\n{}\n",
                tasks.join(" ")
            ),
            _ => format!(
                "{head}\nProfile\n{}\n\nWork History\n2014 - 2021 {title} at Example Ltd\n{}\n\nTools\n- {}\n",
                tasks.first().unwrap_or(&""),
                tasks.get(1..).unwrap_or_default().join("\n"),
                skills.replace(", ", "\n- ")
            ),
        }
    }
}
