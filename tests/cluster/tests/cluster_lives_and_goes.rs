//! The whole cluster: two at once, what pods get from it, recovery from kills, and nothing left at the end.
//!
//! It needs root and some minutes, so it runs when `RM_CLUSTER_TESTS=1` asks for it, as `cargo xtask test` does; a machine that
//! then cannot do it fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use test_cluster::{Cluster, ClusterOptions, Tools};

fn say(line: &str) {
    eprintln!("{line}");
}

/// The routes in the cluster's network namespace that lead beyond its pods and Services: default ones, on a real link.
fn ways_out(cluster: &Cluster) -> Vec<String> {
    let table = |name: &str| {
        let argv = ["/bin/cat".to_owned(), format!("/proc/self/net/{name}")];
        cluster.run(&argv).unwrap().output
    };
    let (four, six) = (table("route"), table("ipv6_route"));
    assert!(four.contains("Destination") && four.lines().count() > 1, "{four}");
    let default_four = four.lines().filter(|line| line.split_whitespace().nth(1) == Some("00000000"));
    let unspecified = "0".repeat(32);
    // The kernel itself keeps entries on `lo` that refuse everything.
    let default_six =
        six.lines().filter(|line| line.starts_with(&format!("{unspecified} 00")) && !line.ends_with("lo"));
    default_four.chain(default_six).map(str::to_owned).collect()
}

/// Waits until there is an answer; panics with the name when there is none within two minutes.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within two minutes: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Everything on this machine that bears the cluster's name: processes, mounts, control groups, files.
fn traces(identity: &str, state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let state_text = state.display().to_string();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(&state_text) {
            found.push(format!("process {command}"));
        }
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    found
        .extend(mounts.lines().filter(|line| line.contains(&state_text)).map(|line| format!("mount {line}")));
    let groups =
        Command::new("find").args(["/sys/fs/cgroup", "-name", &format!("*{identity}*")]).output().unwrap();
    found.extend(String::from_utf8_lossy(&groups.stdout).lines().map(|line| format!("control group {line}")));
    if state.exists() {
        found.push(format!("folder {state_text}"));
    }
    found
}

/// What the machine itself has of networks: links, addresses, rules.
fn host_network() -> String {
    let text = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    text("ip", &["-brief", "link"]) + &text("ip", &["netns"]) + &text("nft", &["list", "tables"])
}

/// Ends the cluster also when the test fails.
struct Ended(&'static str);

impl Drop for Ended {
    fn drop(&mut self) {
        if let Err(error) = Cluster::down(self.0, &say) {
            eprintln!("{} is left: {error}", self.0);
        }
    }
}

fn up(tools: &Tools, identity: &str) -> (Cluster, Duration) {
    let start = Instant::now();
    let cluster = Cluster::up(tools, &ClusterOptions { identity: identity.to_owned() }, &say);
    (cluster.unwrap_or_else(|error| panic!("{error}")), start.elapsed())
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// This machine's number of the process whose command line has these words in this order at its beginning.
fn process_of(words: &[&str], state: &Path) -> Option<i32> {
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let command: Vec<String> = String::from_utf8_lossy(&command).split('\0').map(str::to_owned).collect();
        let program = Path::new(command.first()?).file_name()?.to_str()?.to_owned();
        let fits = program == words[0] && command.get(1).map(String::as_str) == words.get(1).copied();
        let ours = command.iter().any(|word| word.contains(&state.display().to_string()));
        (fits && ours).then(|| entry.file_name().to_str()?.parse().ok())?
    })
}

/// A web server that is not root, with a volume, a Service and an Ingress.
const WEB: &str = r#"
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: data}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec:
        securityContext:
          runAsUser: 65532
          runAsGroup: 65532
          fsGroup: 65532
          runAsNonRoot: true
          seccompProfile: {type: RuntimeDefault}
        containers:
        - name: web
          image: resumematcher.local/probe:1
          args: [serve, ":7070", /data]
          ports: [{containerPort: 7070}]
          readinessProbe: {httpGet: {path: /, port: 7070}, periodSeconds: 1}
          resources: {requests: {cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: data, mountPath: /data}]
        volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
- apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec: {selector: {app: web}, ports: [{port: 80, targetPort: 7070}]}
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: web}
  spec:
    rules:
    - host: web.localhost
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: web}
  spec:
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    minReplicas: 1
    maxReplicas: 2
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 90}}}]
"#;

/// The ingress controller's answer to a request for this host, head and body.
fn ask_ingress(cluster: &Cluster, method: &str, host: &str, body: &str) -> String {
    let address = cluster.ingress_url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_default();
    answer
}

fn serves_pods(tools: &Tools, cluster: &Cluster) {
    let said = cluster.load_image(&tools.probe_image).unwrap();
    assert!(said.contains(test_cluster::PROBE_IMAGE_NAME), "{said}");
    let access = cluster.access();
    access.apply(WEB).unwrap();
    access.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]).unwrap();

    // A pod finds the Service by name, and itself behind it; exec goes by the API server to kubelet.
    let exec = |url: &str| access.kubectl(&["exec", "deployment/web", "--", "/program", "get", url]);
    let answer = exec("http://web.default.svc.cluster.local").unwrap();
    assert!(answer.starts_with("200\nweb-"), "{answer}");
    assert!(exec("http://192.0.2.1").is_err());
    assert_eq!(ways_out(cluster), Vec::<String>::new());
    assert!(access.kubectl(&["logs", "deployment/web"]).unwrap().contains("listening on :7070"));

    serves_by_ingress(cluster);
    keeps_volumes(cluster);
    measures(cluster);

    // Deleting the claim deletes the data.
    access
        .kubectl(&["delete", "hpa/web", "deployment/web", "pvc/data", "--wait=true", "--timeout=60s"])
        .unwrap();
    eventually("the volume's folder to go", || {
        std::fs::read_dir(cluster.state().join("volumes")).unwrap().next().is_none().then_some(())
    });
}

/// The ingress controller leads to the pod from this machine, tells it who asks, and says where it is in the Ingress.
fn serves_by_ingress(cluster: &Cluster) {
    let is_200 = |answer: &String| answer.starts_with("HTTP/1.1 200");
    let answer =
        eventually("the ingress", || Some(ask_ingress(cluster, "GET", "web.localhost", "")).filter(is_200));
    assert!(answer.contains("\n127.0.0.1\n"), "{answer}");
    assert!(ask_ingress(cluster, "GET", "other.localhost", "").starts_with("HTTP/1.1 404"));
    let published = "--output=jsonpath={.status.loadBalancer.ingress[0].ip}";
    eventually("the Ingress's address", || {
        (cluster.access().kubectl(&["get", "ingress", "web", published]).unwrap() == "10.244.0.1")
            .then_some(())
    });
}

/// The claim got a folder of the pod's group, and what the pod writes is there.
fn keeps_volumes(cluster: &Cluster) {
    assert!(ask_ingress(cluster, "POST", "web.localhost", "kept").starts_with("HTTP/1.1 200"));
    let folders: Vec<_> = std::fs::read_dir(cluster.state().join("volumes")).unwrap().flatten().collect();
    assert_eq!(folders.len(), 1);
    let folder = folders[0].path();
    assert_eq!(std::fs::metadata(&folder).unwrap().gid(), 65532);
    assert_eq!(std::fs::read_to_string(folder.join("data")).unwrap(), "kept");
}

/// metrics-server measures, and the autoscaler reads it.
fn measures(cluster: &Cluster) {
    let access = cluster.access();
    let top = eventually("kubectl top", || access.kubectl(&["top", "pods", "--no-headers"]).ok());
    assert!(top.starts_with("web-"), "{top}");
    let current = "--output=jsonpath={.status.currentMetrics[0].resource.current.averageUtilization}";
    eventually("the autoscaler's reading", || {
        (!access.kubectl(&["get", "hpa", "web", current]).unwrap().is_empty()).then_some(())
    });
}

fn recovers(tools: &Tools, cluster: &Cluster, identity: &'static str) {
    // A component that is killed is started again; `up` waits for that and finds the same cluster.
    for component in ["kube-apiserver", "etcd", "kubelet", "kube-proxy"] {
        let pid = process_of(&["node", component], cluster.state()).unwrap();
        kill(pid);
        let (again, _) = up(tools, identity);
        assert_eq!(again.supervisor().pid(), cluster.supervisor().pid());
    }
    eventually("the API server after its kill", || cluster.access().kubectl(&["get", "--raw=/readyz"]).ok());

    // The supervisor itself: everything ends with it, and `up` clears what is left and starts anew.
    let old = cluster.supervisor().pid();
    kill(old);
    let (anew, took) = up(tools, identity);
    eprintln!("after the supervisor's kill, up took {:.1} s", took.as_secs_f64());
    assert_ne!(anew.supervisor().pid(), old);
    assert!(took < Duration::from_secs(120), "{took:?}");
}

fn recovers_from_a_killed_start(tools: &Tools, identity: &'static str) {
    // This very test, asked by a variable, is the process that starts a cluster and is killed in the middle.
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_clusters_live_side_by_side_recover_and_leave_nothing"])
        .env("RM_CLUSTER_START_ONLY", identity)
        .spawn()
        .unwrap();
    let state = test_cluster::state_path(identity).unwrap();
    eventually("the half-started cluster", || process_of(&["node", "kube-apiserver"], &state));
    child.kill().unwrap();
    child.wait().unwrap();
    let (cluster, _) = up(tools, identity);
    assert!(cluster.units().unwrap().iter().all(|unit| unit.exits == 0));
}

#[test]
fn two_clusters_live_side_by_side_recover_and_leave_nothing() {
    if std::env::var("RM_CLUSTER_TESTS").as_deref() != Ok("1") {
        eprintln!("not asked for: set RM_CLUSTER_TESTS=1");
        return;
    }
    let tools = test_cluster::tools(&say).unwrap();
    // A cluster installs what it runs by itself, but the machine is looked at before there is one.
    test_cluster::ensure_packages(&["iproute2", "nftables"], &say).unwrap();
    if let Ok(identity) = std::env::var("RM_CLUSTER_START_ONLY") {
        up(&tools, &identity);
        return;
    }
    let (one, two) = ("test-one", "test-two");
    let (_end_one, _end_two) = (Ended(one), Ended(two));
    let network = host_network();

    let (first, cold) = up(&tools, one);
    let (second, _) = up(&tools, two);
    let (_, again) = up(&tools, one);
    eprintln!("up took {:.1} s, a second up {:.2} s", cold.as_secs_f64(), again.as_secs_f64());
    assert_ne!(first.ingress_url(), second.ingress_url());
    eprintln!("{}", first.status().unwrap());

    // What happens in one does not show in the other.
    first.access().kubectl(&["create", "namespace", "only-here"]).unwrap();
    assert!(second.access().kubectl(&["get", "namespace", "only-here"]).is_err());

    serves_pods(&tools, &first);
    recovers(&tools, &first, one);
    assert!(second.units().unwrap().iter().all(|unit| unit.exits == 0), "the second cluster was touched");

    let states = [one, two].map(|identity| test_cluster::state_path(identity).unwrap());
    for identity in [one, two] {
        assert!(Cluster::down(identity, &say).unwrap());
        assert!(!Cluster::down(identity, &say).unwrap());
    }
    recovers_from_a_killed_start(&tools, two);
    assert!(Cluster::down(two, &say).unwrap());
    for (identity, state) in [one, two].iter().zip(&states) {
        assert_eq!(traces(identity, state), Vec::<String>::new());
    }
    assert_eq!(host_network(), network);
}
