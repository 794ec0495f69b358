//! Volumes: those of the restricted Pod Security Standard, and none of the operator's.

use super::node::Node;
use crate::names::Component;
use crate::resume_matcher::validate::Invalid;

/// The standard's types.
const TYPES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
/// The folder for what is in hand, which every container of ours has.
pub(super) const OURS: &str = "tmp";

pub(super) fn check(pod: &Node<'_>, installation: &str) -> Result<(), Invalid> {
    let mut names = Vec::new();
    for volume in pod.items("volumes") {
        let Some(name) = volume.text("name") else {
            return Err(volume.refused("has no name; name it, so that it can be mounted"));
        };
        if names.contains(&name) {
            return Err(volume.refused(&format!("{name:?} is there twice; choose another name")));
        }
        names.push(name);
        let kinds: Vec<_> = volume.fields().filter(|(kind, _)| *kind != "name").collect();
        let Some((kind, source)) = kinds.first() else {
            return Err(volume.refused(&format!("says not what it is; add one of {}", TYPES.join(", "))));
        };
        if let Some((other, _)) = kinds.get(1) {
            return Err(volume.refused(&format!("is {kind} and {other}; remove one of them")));
        }
        if !TYPES.contains(kind) {
            let problem =
                format!("the restricted Pod Security Standard forbids it; use one of {}", TYPES.join(", "));
            return Err(source.refused(&problem));
        }
        if name == OURS && *kind != "emptyDir" {
            return Err(
                source.refused("the volume \"tmp\" is the operator's; only its emptyDir may be changed")
            );
        }
        not_the_data(source, installation)?;
    }
    Ok(())
}

/// Two programs on the files of one database would destroy it.
fn not_the_data(source: &Node<'_>, installation: &str) -> Result<(), Invalid> {
    let Some(claim) = source.text("claimName") else { return Ok(()) };
    let data = [Component::Postgres, Component::Redis, Component::Storage];
    if data.iter().any(|component| claim == format!("{installation}-{}", component.as_str())) {
        return Err(source.refused("that volume holds the data of an embedded service; use another claim"));
    }
    Ok(())
}
