//! Security contexts: stricter than the operator's, or as strict, by the restricted Pod Security Standard
//! (kubernetes.io/docs/concepts/security/pod-security-standards).

use serde_json::json;

use super::node::Node;
use crate::resume_matcher::validate::Invalid;

/// The standard's types of SELinux.
const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
/// Profiles of seccomp and AppArmor.
const PROFILES: [&str; 2] = ["RuntimeDefault", "Localhost"];
/// The standard's kernel parameters.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];
const WEAKER: &str = "it would make the pods weaker than the restricted Pod Security Standard; remove it";

/// That of a pod.
pub(super) fn pod(context: &Node<'_>) -> Result<(), Invalid> {
    common(context)?;
    for sysctl in context.items("sysctls") {
        sysctl.one_of("name", &SYSCTLS)?;
    }
    Ok(())
}

/// That of a container.
pub(super) fn container(context: &Node<'_>, is_own: bool) -> Result<(), Invalid> {
    common(context)?;
    context.never("privileged", &json!(true), WEAKER)?;
    context.never("allowPrivilegeEscalation", &json!(true), WEAKER)?;
    context.one_of("procMount", &["Default"])?;
    if is_own {
        let problem = "the application needs no file system that it can write; mount a volume where it does";
        context.never("readOnlyRootFilesystem", &json!(false), problem)?;
    }
    let Some(capabilities) = context.get("capabilities") else { return Ok(()) };
    for added in capabilities.value.get("add").and_then(|add| add.as_array()).into_iter().flatten() {
        if is_own || added != "NET_BIND_SERVICE" {
            return Err(capabilities.below("add", added).refused(WEAKER));
        }
    }
    if let Some(dropped) = capabilities.get("drop") {
        let all = dropped.value.as_array().is_some_and(|list| list.contains(&json!("ALL")));
        if !all {
            return Err(dropped.refused("must contain ALL; remove it, or add ALL"));
        }
    }
    Ok(())
}

fn common(context: &Node<'_>) -> Result<(), Invalid> {
    context.never("runAsNonRoot", &json!(false), WEAKER)?;
    context.never("runAsUser", &json!(0), WEAKER)?;
    if let Some(windows) = context.get("windowsOptions") {
        return Err(windows.refused("the images are for Linux; remove it"));
    }
    for profile in ["seccompProfile", "appArmorProfile"] {
        if let Some(profile) = context.get(profile) {
            profile.one_of("type", &PROFILES)?;
        }
    }
    if let Some(selinux) = context.get("seLinuxOptions") {
        selinux.one_of("type", &SELINUX_TYPES)?;
        for name in ["user", "role"] {
            selinux.one_of(name, &[""])?;
        }
    }
    Ok(())
}
