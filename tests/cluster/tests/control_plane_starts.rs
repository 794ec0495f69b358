//! A control plane starts, answers, and goes without a trace.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::time::{Duration, Instant};

use test_cluster::{ControlPlane, ControlPlaneOptions, ControlPlaneTools};

fn tools() -> ControlPlaneTools {
    test_cluster::control_plane_tools(&|line| eprintln!("{line}")).unwrap()
}

/// Waits until the condition holds; panics with its name when it does not within a minute.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn it_serves_and_collects_garbage_and_leaves_nothing() {
    let tools = tools();
    let start = Instant::now();
    let options = ControlPlaneOptions { controller_manager: true, ..Default::default() };
    let control_plane = ControlPlane::start(&tools, &options).unwrap();
    eprintln!("control plane ready after {:.1} s", start.elapsed().as_secs_f64());

    let version = control_plane.kubectl(&["version", "--output=json"]).unwrap();
    assert!(version.contains(r#""gitVersion": "v1.34.4""#), "{version}");

    // The controller manager works: a namespace gets its default service account.
    control_plane.kubectl(&["create", "namespace", "one"]).unwrap();
    eventually("the service account", || {
        control_plane.kubectl(&["--namespace=one", "get", "serviceaccount", "default"]).is_ok()
    });

    let error = control_plane.kubectl(&["get", "pod", "absent"]).unwrap_err();
    assert!(error.to_string().contains(r#"pods "absent" not found"#), "{error}");

    let folder = control_plane.kubeconfig().parent().unwrap().to_path_buf();
    let pid = control_plane.supervisor().pid();
    control_plane.stop().unwrap();
    assert!(!folder.exists());
    eventually("its processes to end", || running_below(&folder).is_empty());
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists() || running_below(&folder).is_empty()
    );
}

#[test]
fn killed_components_come_back() {
    let control_plane = ControlPlane::start(&tools(), &ControlPlaneOptions::default()).unwrap();
    let server = || {
        let units = control_plane.supervisor().units().unwrap();
        units.into_iter().find(|unit| unit.name == "kube-apiserver").unwrap()
    };
    let before = server();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(before.pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    eventually("the API server's second process", || {
        let now = server();
        now.exits == 1 && now.state == "running" && now.pid != before.pid
    });
    eventually("the API server to answer", || control_plane.kubectl(&["get", "--raw=/readyz"]).is_ok());
}

#[test]
fn a_component_that_fails_is_named_with_its_last_lines() {
    let folder = tempfile::tempdir().unwrap();
    // etcd cannot use a file as its data folder.
    std::fs::write(folder.path().join("etcd"), "in the way").unwrap();
    let options = ControlPlaneOptions { state: Some(folder.path().to_path_buf()), ..Default::default() };
    let error = ControlPlane::start(&tools(), &options).unwrap_err().to_string();
    assert!(
        error.starts_with("etcd exited with status 1 instead of getting ready; its last lines:"),
        "{error}"
    );
    assert!(error.contains("not a directory"), "{error}");
    eventually("its processes to end", || running_below(folder.path()).is_empty());
}

/// The command lines of processes that name the folder.
fn running_below(folder: &std::path::Path) -> Vec<String> {
    let name = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&name)).collect()
}
