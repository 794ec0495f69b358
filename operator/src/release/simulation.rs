//! Random worlds and interruptions: a small cluster, an application, and an operator that dies, reads late and acts twice.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::crd::{Colour, Promotion, Step, Strategy as ReleaseStrategy};

const DELAY: std::time::Duration = std::time::Duration::from_secs(30);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// What a version is like.
#[derive(Clone, Copy, Debug)]
struct Nature {
    starts: bool,
    migrates: bool,
    passes: bool,
    bakes: bool,
    contracts: bool,
}

fn natures() -> impl Strategy<Value = Nature> {
    any::<(bool, bool, bool, bool, bool)>().prop_map(|(starts, migrates, passes, bakes, contracts)| Nature {
        starts,
        migrates,
        passes,
        bakes,
        contracts,
    })
}

/// What happens between two passes of the operator.
#[derive(Clone, Debug)]
enum Event {
    /// The cluster's controllers work: pods start and stop, Jobs end.
    ClusterWorks,
    /// So many seconds pass.
    Passes(u16),
    /// The spec asks for the version of this number.
    Asks(usize),
    DataDown,
    DataUp,
    /// A pod of this colour is lost.
    Crash(Colour),
    Order(usize),
    Pause(bool),
    /// The autoscaler wants so many pods.
    Grows(i32),
    ServiceDeleted,
    JobsDeleted,
}

fn events() -> impl Strategy<Value = Vec<(Event, Death)>> {
    let event = prop_oneof![
        6 => Just(Event::ClusterWorks),
        4 => (0_u16..700).prop_map(Event::Passes),
        2 => (0_usize..4).prop_map(Event::Asks),
        1 => Just(Event::DataDown),
        1 => Just(Event::DataUp),
        1 => prop_oneof![Just(Colour::Blue), Just(Colour::Green)].prop_map(Event::Crash),
        1 => (0_usize..4).prop_map(Event::Order),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => (1_i32..6).prop_map(Event::Grows),
        1 => Just(Event::ServiceDeleted),
        1 => Just(Event::JobsDeleted),
    ];
    let death = prop_oneof![
        6 => Just(Death::None),
        1 => Just(Death::BeforeRecord),
        1 => Just(Death::AfterRecord),
        1 => Just(Death::InTheMiddle),
    ];
    prop::collection::vec((event, death), 0..120)
}

/// Where the operator dies in a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    None,
    BeforeRecord,
    AfterRecord,
    /// After the Services and Jobs, before the Deployments.
    InTheMiddle,
}

#[derive(Clone, Debug)]
struct Running {
    slot: Slot,
    api_wanted: i32,
    worker_wanted: i32,
    api_ready: i32,
    worker_ready: i32,
}

/// A cluster with the objects that a release is made of.
#[derive(Clone, Debug)]
struct Cluster {
    record: Record,
    hold: Option<Colour>,
    natures: Vec<Nature>,
    clock: i64,
    asked: usize,
    orders: Orders,
    data_up: bool,
    scale: i32,
    service: Option<Option<Colour>>,
    blue: Option<Running>,
    green: Option<Running>,
    plan: Option<bool>,
    migration: Option<JobState>,
    contract: Option<JobState>,
    contract_writers: i32,
    /// Whether the contract migration has run: versions that do not know it cannot work any more.
    has_contracted: bool,
    strategy: ReleaseStrategy,
}

fn version(number: usize) -> String {
    format!("v{number}")
}

impl Cluster {
    fn new(natures: Vec<Nature>, strategy: ReleaseStrategy) -> Self {
        let slot = Slot {
            id: version(0),
            number: 1,
            colour: Colour::Blue,
            version: version(0),
            api_image: "a".into(),
            worker_image: "w".into(),
            contracts: vec![],
            pending: false,
        };
        let candidate = Candidate { slot, api_pods: 2, worker_pods: 1, rollback: false };
        Self {
            record: Record::first(candidate, None, at(0)),
            hold: None,
            natures,
            clock: 0,
            asked: 0,
            orders: Orders::default(),
            data_up: true,
            scale: 2,
            service: None,
            blue: None,
            green: None,
            plan: None,
            migration: None,
            contract: None,
            contract_writers: 0,
            has_contracted: false,
            strategy,
        }
    }

    fn nature(&self, id: &str) -> Nature {
        let first = Nature { starts: true, migrates: true, passes: true, bakes: true, contracts: false };
        match id[1..].parse::<usize>().unwrap() {
            0 => first,
            number => self.natures[number - 1],
        }
    }

    fn target(&self) -> Target {
        Target {
            id: version(self.asked),
            version: version(self.asked),
            api_image: "a".into(),
            worker_image: "w".into(),
            migration: format!("m{}", self.asked),
            api_pods: 2,
            worker_pods: 1,
            settings: Settings {
                strategy: self.strategy,
                promotion: Promotion::Automatic,
                bake: std::time::Duration::from_secs(60),
                scale_down_delay: DELAY,
                rollback_window: std::time::Duration::from_secs(600),
                progress_deadline: std::time::Duration::from_secs(600),
            },
        }
    }

    fn place(&mut self, colour: Colour) -> &mut Option<Running> {
        match colour {
            Colour::Blue => &mut self.blue,
            Colour::Green => &mut self.green,
        }
    }

    fn tiers(running: &Option<Running>) -> Tiers {
        let Some(running) = running else { return Tiers::default() };
        let tier = |wanted: i32, ready: i32| Tier {
            id: Some(running.slot.id.clone()),
            wanted,
            replicas: ready,
            ready,
            rolled_out: ready > 0 || wanted == 0,
            problem: None,
        };
        Tiers {
            api: tier(running.api_wanted, running.api_ready),
            worker: tier(running.worker_wanted, running.worker_ready),
        }
    }

    fn candidate_nature(&self) -> Option<Nature> {
        self.record.flow.candidate().map(|candidate| self.nature(&candidate.slot.id))
    }

    fn seen(&self) -> World {
        let serving = self.record.active.as_ref().map(|slot| self.nature(&slot.id));
        let known = self.candidate_nature().map(|nature| if nature.contracts { vec![7] } else { vec![] });
        World {
            data_problem: (!self.data_up).then(|| "the database is away".to_owned()),
            blue: Self::tiers(&self.blue),
            green: Self::tiers(&self.green),
            service: self.service.flatten(),
            plan: match (self.plan, known) {
                (Some(true), Some(contracts)) => {
                    let pending = !contracts.is_empty() && !self.has_contracted;
                    Plan::Known { contracts, pending }
                }
                _ => Plan::Unknown { problem: None },
            },
            migration: self.migration.clone(),
            contract: self.contract.clone(),
            analysis: match self.candidate_nature() {
                Some(nature) if nature.passes => Analysis::Passed,
                Some(_) => Analysis::Failed { message: "GET /health/detailed answered 503".into() },
                None => Analysis::Running { doing: "nothing".into() },
            },
            health: match serving {
                Some(nature) if !nature.bakes => {
                    Health::Bad { message: "20 % of the answers are errors".into() }
                }
                _ => Health::Good,
            },
        }
    }

    /// One pass of the operator.
    fn pass(&mut self, death: Death) -> bool {
        let decision = decide(&self.target(), &self.record, &self.seen(), self.orders, at(self.clock));
        if death == Death::BeforeRecord {
            return false;
        }
        assert!(decision.record.flow.allows(decision.record.step), "{:?}", decision.record);
        let (status, schema) = to_status(&decision.record, None);
        assert_eq!(from_status(Some(&status), schema.as_ref()).as_ref(), Some(&decision.record));
        let changed = decision.record != self.record;
        self.record = decision.record;
        if death == Death::AfterRecord {
            return changed;
        }
        self.hold = decision.hold;
        self.carry_out(decision.renew_job, death);
        changed
    }

    fn carry_out(&mut self, renew_job: bool, death: Death) {
        let wanted = wanted(&self.record, self.hold, DELAY, false, at(self.clock));
        let ready = |colour: Option<Colour>, cluster: &Self| -> i32 {
            Colour::ALL
                .iter()
                .filter(|one| colour.is_none_or(|colour| colour == **one))
                .map(|one| if *one == Colour::Blue { &cluster.blue } else { &cluster.green })
                .map(|running| running.as_ref().map_or(0, |running| running.api_ready))
                .sum()
        };
        let before = self.service.map(|colour| ready(colour, self));
        if self.service != Some(wanted.service) {
            if before.is_some_and(|before| before > 0) {
                assert!(
                    ready(wanted.service, self) > 0,
                    "the Service lost its last endpoint: {:?}",
                    self.record
                );
            }
            self.service = Some(wanted.service);
        }
        self.jobs(&wanted, renew_job);
        if death == Death::InTheMiddle {
            return;
        }
        let scale = self.scale;
        for colour in Colour::ALL {
            let slot = wanted.slots.iter().find(|slot| slot.slot.colour == colour).cloned();
            let selected = self.service.flatten() == Some(colour);
            let place = self.place(colour);
            match slot {
                None => {
                    assert!(!selected || place.is_none(), "what serves was deleted");
                    *place = None;
                }
                Some(slot) => {
                    let size = |pods: Pods, now: i32, scaled: i32| match pods {
                        Pods::Exactly(pods) => pods,
                        Pods::Scaled => scaled,
                        Pods::Kept => now,
                    };
                    let was = place.clone();
                    let (api, worker) =
                        was.as_ref().map_or((1, 1), |was| (was.api_wanted, was.worker_wanted));
                    let running = Running {
                        api_wanted: size(slot.api, api, scale.max(wanted.floor)),
                        worker_wanted: size(slot.worker, worker, 1),
                        // A changed template is rolled pod after pod, so what is ready stays until there is better.
                        api_ready: was.as_ref().map_or(0, |was| was.api_ready),
                        worker_ready: was.as_ref().map_or(0, |was| was.worker_ready),
                        slot: slot.slot,
                    };
                    assert!(!selected || running.api_wanted > 0, "what serves was scaled to nothing");
                    if was.is_some_and(|was| was.slot.id != running.slot.id) && !selected {
                        *place = Some(Running { api_ready: 0, worker_ready: 0, ..running });
                    } else {
                        *place = Some(running);
                    }
                }
            }
        }
    }

    fn jobs(&mut self, wanted: &Wanted, renew: bool) {
        let running = || Some(JobState::Running { problem: None });
        self.plan = if wanted.jobs.plan { self.plan.or(Some(false)) } else { None };
        match (&self.migration, wanted.jobs.migrate) {
            (Some(_), true) if renew => self.migration = None,
            (None, true) if self.data_up => self.migration = running(),
            (_, false) => self.migration = None,
            _ => {}
        }
        match (&self.contract, wanted.jobs.contract) {
            (Some(_), true) if renew => self.contract = None,
            (None, true) if self.data_up => {
                self.contract = running();
                self.contract_writers += 1;
                assert!(self.contract_writers <= 1, "two writers of a contract migration");
            }
            (Some(JobState::Running { .. }), false) => {
                panic!("a contract migration was taken away while it wrote")
            }
            (_, false) => self.contract = None,
            _ => {}
        }
    }

    fn cluster_works(&mut self) {
        let natures = self.natures.clone();
        let data_up = self.data_up;
        for colour in Colour::ALL {
            let place = self.place(colour);
            if let Some(running) = place {
                let number = running.slot.id[1..].parse::<usize>().unwrap();
                let starts = number == 0 || natures[number - 1].starts;
                running.api_ready =
                    if starts { running.api_wanted } else { running.api_ready.min(running.api_wanted) };
                running.worker_ready = if starts { running.worker_wanted } else { 0 };
            }
        }
        if self.plan == Some(false) && data_up {
            self.plan = Some(true);
        }
        let id = self.record.flow.candidate().map(|candidate| candidate.slot.id.clone());
        if matches!(self.migration, Some(JobState::Running { .. })) {
            let well = id.is_some_and(|id| self.nature(&id).migrates) && data_up;
            self.migration = Some(ended(well, self.clock));
        }
        if matches!(self.contract, Some(JobState::Running { .. })) {
            self.contract_writers -= 1;
            self.contract = Some(ended(data_up, self.clock));
            self.has_contracted |= data_up;
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::ClusterWorks => self.cluster_works(),
            Event::Passes(seconds) => self.clock += i64::from(*seconds),
            Event::Asks(number) => self.asked = *number,
            Event::DataDown => self.data_up = false,
            Event::DataUp => self.data_up = true,
            Event::Crash(colour) => {
                if let Some(running) = self.place(*colour) {
                    running.api_ready = 0;
                }
            }
            Event::Order(which) => {
                let number = Some(self.record.counter);
                match which {
                    0 => self.orders.rollback = number,
                    1 => self.orders.abort = number,
                    2 => self.orders.retry = self.record.rejected.as_ref().map(|rejected| rejected.number),
                    _ => self.orders.promote = number,
                }
            }
            Event::Pause(pause) => self.orders.pause = *pause,
            Event::Grows(pods) => self.scale = *pods,
            Event::ServiceDeleted => self.service = None,
            Event::JobsDeleted => {
                self.plan = None;
                self.migration = None;
                if matches!(self.contract, Some(JobState::Running { .. })) {
                    self.contract_writers -= 1;
                    // It may have got as far as its last statement.
                    self.has_contracted = true;
                }
                self.contract = None;
            }
        }
    }

    /// Everything works from here on; gives whether the operator came to rest.
    fn comes_to_rest(&mut self) -> bool {
        self.data_up = true;
        self.orders.pause = false;
        let mut quiet = 0;
        for _ in 0..200 {
            self.cluster_works();
            self.clock += 40;
            quiet = if self.pass(Death::None) { 0 } else { quiet + 1 };
            // Longer than any time that a step may take.
            if quiet > 30 {
                return true;
            }
        }
        false
    }
}

fn ended(well: bool, clock: i64) -> JobState {
    if well {
        return JobState::Succeeded;
    }
    JobState::Failed { at: at(clock), permanent: false, message: "Job x: it failed".into() }
}

fn strategies() -> impl Strategy<Value = ReleaseStrategy> {
    prop_oneof![3 => Just(ReleaseStrategy::BlueGreen), 1 => Just(ReleaseStrategy::RollingUpdate)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_history_ends_in_the_release_or_in_a_failure_with_the_old_one_serving(
        natures in prop::collection::vec(natures(), 3),
        events in events(),
        strategy in strategies(),
    ) {
        let mut cluster = Cluster::new(natures, strategy);
        for (event, death) in &events {
            cluster.happen(event);
            cluster.pass(*death);
        }
        prop_assert!(cluster.comes_to_rest(), "never rests: {:?}", cluster.record);
        let record = &cluster.record;
        if record.active.is_none() {
            // A first version that does not start, or does not migrate, is waited for.
            let id = version(cluster.asked);
            let nature = cluster.nature(&id);
            prop_assert!(!nature.starts || !nature.migrates, "{record:?}");
            return Ok(());
        }
        let active = record.active.clone().unwrap();
        let settled = record.flow == Flow::Settled;
        prop_assert!(settled, "{record:?}");
        let given_up = record.rejects(&version(cluster.asked)).is_some();
        prop_assert!(active.id == version(cluster.asked) || given_up, "{record:?}");
        let knows = cluster.nature(&active.id).contracts;
        prop_assert!(knows || !cluster.has_contracted, "serves on a schema that is gone: {record:?}");
        prop_assert!(!knows || given_up || active.number == 1 || cluster.has_contracted || !active.pending, "{record:?}");
        prop_assert_eq!(cluster.service, Some(Some(active.colour)));
        let serving = if active.colour == Colour::Blue { &cluster.blue } else { &cluster.green };
        prop_assert!(serving.as_ref().is_some_and(|serving| serving.slot.id == active.id));
        let beside = if active.colour == Colour::Blue { &cluster.green } else { &cluster.blue };
        prop_assert!(beside.is_none(), "leaks {beside:?}");
        prop_assert!(cluster.plan.is_none() && cluster.migration.is_none() && cluster.contract.is_none());
    }

    #[test]
    fn acting_twice_on_one_record_changes_nothing(
        natures in prop::collection::vec(natures(), 3),
        events in events(),
    ) {
        let mut cluster = Cluster::new(natures, ReleaseStrategy::BlueGreen);
        for (event, death) in &events {
            cluster.happen(event);
            cluster.pass(*death);
            cluster.hold = fall::hold(&cluster.record, &cluster.seen());
            cluster.carry_out(false, Death::None);
            let once = format!("{cluster:?}");
            cluster.carry_out(false, Death::None);
            prop_assert_eq!(once, format!("{cluster:?}"));
        }
    }
}

#[test]
fn the_steps_of_a_good_release_are_these() {
    let good = Nature { starts: true, migrates: true, passes: true, bakes: true, contracts: true };
    let mut cluster = Cluster::new(vec![good; 3], ReleaseStrategy::BlueGreen);
    assert!(cluster.comes_to_rest());
    cluster.asked = 1;
    let mut steps = vec![cluster.record.step];
    for _ in 0..100 {
        cluster.cluster_works();
        cluster.clock += 20;
        cluster.pass(Death::None);
        if steps.last() != Some(&cluster.record.step) {
            steps.push(cluster.record.step);
        }
    }
    let expected = [
        Step::Done,
        Step::Plan,
        Step::Preview,
        Step::Migrate,
        Step::Warm,
        Step::Analyse,
        Step::Switch,
        Step::Bake,
        Step::Drain,
        Step::Window,
        Step::Done,
        Step::Contract,
        Step::Done,
    ];
    assert_eq!(steps, expected);
    assert_eq!(cluster.record.contracted, [7]);
}
