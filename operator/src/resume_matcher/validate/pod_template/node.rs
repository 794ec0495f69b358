//! A place in a part of a pod template: its value, and its path for people.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::resume_matcher::validate::Invalid;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    path: String,
    pub(super) value: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) const fn new(path: String, value: &'a Value) -> Self {
        Self { path, value }
    }

    /// Refuses it, for this reason.
    pub(super) fn refused(&self, problem: &str) -> Invalid {
        Invalid::PodTemplate { field: self.path.clone(), problem: problem.to_owned() }
    }

    /// A field of it that has this value.
    pub(super) fn below(&self, name: &str, value: &'a Value) -> Self {
        Self { path: format!("{}.{name}", self.path), value }
    }

    /// A field, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.below(name, value))
    }

    /// A text in it.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// Its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let fields = self.value.as_object().into_iter().flatten();
        fields.map(|(name, value)| (name.as_str(), self.below(name, value)))
    }

    /// The items of a list in it; none: there is no such list.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let items = self.value.get(name).and_then(Value::as_array).into_iter().flatten();
        items
            .enumerate()
            .map(|(index, value)| Self { path: format!("{}.{name}[{index}]", self.path), value })
            .collect()
    }

    /// Refuses a field that is none of these.
    pub(super) fn only(
        &self,
        allowed: &[&str],
        instead: &[(&str, &str)],
        otherwise: &str,
    ) -> Result<(), Invalid> {
        let Some((name, field)) = self.fields().find(|(name, _)| !allowed.contains(name)) else {
            return Ok(());
        };
        let known = instead.iter().find(|(of, _)| *of == name).map(|(_, problem)| *problem);
        Err(field.refused(known.unwrap_or(otherwise)))
    }

    /// Refuses a field that has one of these values.
    pub(super) fn never(&self, name: &str, value: &Value, problem: &str) -> Result<(), Invalid> {
        match self.get(name).filter(|field| field.value == value) {
            Some(field) => Err(field.refused(problem)),
            None => Ok(()),
        }
    }

    /// Refuses a text that is none of these.
    pub(super) fn one_of(&self, name: &str, allowed: &[&str]) -> Result<(), Invalid> {
        let Some(field) = self.get(name) else { return Ok(()) };
        if field.value.as_str().is_some_and(|text| allowed.contains(&text)) {
            return Ok(());
        }
        Err(field.refused(&format!("must be {}", allowed.join(" or "))))
    }

    /// Reads it, with all that is in it: a field that the type does not know, and one that says nothing, is refused.
    pub(super) fn read<T: DeserializeOwned + Serialize>(&self) -> Result<T, Invalid> {
        let read: T = serde_path_to_error::deserialize(self.value).map_err(|error| {
            let (path, problem) = (error.path().to_string(), error.into_inner().to_string());
            let path = if path == "." { String::new() } else { format!(".{path}") };
            Invalid::PodTemplate { field: format!("{}{path}", self.path), problem }
        })?;
        let known = serde_json::to_value(&read).map_err(|error| self.refused(&error.to_string()))?;
        self.is_known(&known)?;
        Ok(read)
    }

    fn is_known(&self, known: &Value) -> Result<(), Invalid> {
        for (name, field) in self.fields() {
            if field.value.is_null() {
                return Err(field.refused("null changes nothing; remove it, or set a value"));
            }
            match known.get(name) {
                Some(known) => field.is_known(known)?,
                None => return Err(field.refused("there is no such field; mend its name or remove it")),
            }
        }
        let items = self.value.as_array().into_iter().flatten().zip(known.as_array().into_iter().flatten());
        for (index, (value, known)) in items.enumerate() {
            let item = Self { path: format!("{}[{index}]", self.path), value };
            if value.is_null() {
                return Err(item.refused("null changes nothing; remove it"));
            }
            item.is_known(known)?;
        }
        Ok(())
    }
}
