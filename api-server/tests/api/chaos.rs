//! API servers, workers and Redis are killed again and again while people upload: every resume is read, exactly once as
//! Postgres sees it, and nothing is lost.
//!
//! `RM_CHAOS_JOBS=10000 cargo test --workspace --test api chaos` runs it at full size.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use platform::{env_vars as var, postgres};
use reqwest::{
    Client, StatusCode,
    multipart::{Form, Part},
};

use crate::support::{Process, TestApp, User, free_address};

/// Uploads at the same time.
const CLIENTS: usize = 6;
/// Longest time in which not a single resume may be read.
const STALLED: Duration = Duration::from_secs(120);

fn jobs() -> usize {
    std::env::var("RM_CHAOS_JOBS").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

/// A sequence of numbers that looks random and is the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// What a process is started with.
type Variables = Vec<(&'static str, String)>;

/// Everything that can be killed.
struct Installation {
    redis: test_services::Redis,
    apis: Vec<(Variables, Option<Process>)>,
    worker_variables: Variables,
    workers: Vec<Option<Process>>,
    kills: [usize; 3],
}

impl Installation {
    fn start(app: &TestApp, redis: test_services::Redis, apis: &[SocketAddr]) -> Self {
        let common = |listen: SocketAddr| {
            app.variables_with(&[
                (var::REDIS_URL, redis.url()),
                (var::RM_LISTEN, listen.to_string()),
                (var::RM_LOG, "error".to_owned()),
                (var::RM_WORKER_LEASE_SECONDS, "3".to_owned()),
                (var::RM_WORKER_CONCURRENCY, "3".to_owned()),
            ])
        };
        let worker_variables = common(free_address());
        Self {
            apis: apis
                .iter()
                .map(|address| (common(*address), Some(Process::api(&common(*address)))))
                .collect(),
            workers: (0..2).map(|_| Some(Process::worker(&worker_variables))).collect(),
            worker_variables,
            redis,
            kills: [0; 3],
        }
    }

    /// Kills one part, as a lost node does, and starts it anew. Redis forgets everything.
    fn strike(&mut self, dice: &mut Dice) {
        match dice.below(5) {
            0 => {
                self.redis.stop();
                self.redis.resume().unwrap();
                self.kills[0] += 1;
            }
            1 | 2 => {
                let victim = dice.below(self.apis.len());
                let (variables, process) = &mut self.apis[victim];
                drop(process.take());
                *process = Some(Process::api(variables));
                self.kills[1] += 1;
            }
            _ => {
                let victim = dice.below(self.workers.len());
                drop(self.workers[victim].take());
                self.workers[victim] = Some(Process::worker(&self.worker_variables));
                self.kills[2] += 1;
            }
        }
    }
}

/// Uploads until nothing is left; what a dying server did not answer is sent again, to the other one.
async fn upload_all(
    left: Arc<Mutex<VecDeque<usize>>>,
    apis: Vec<SocketAddr>,
    token: String,
    again: Arc<AtomicUsize>,
) {
    let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    loop {
        let Some(number) = left.lock().unwrap().pop_front() else { return };
        let text =
            format!("Person number {number}\nperson{number}@example.org\n\nSkills\nRust, Kubernetes\n");
        let mut turn = number;
        let started = Instant::now();
        loop {
            let part = Part::bytes(text.clone().into_bytes()).file_name("cv.txt");
            let request = client
                .post(format!("http://{}/api/v1/resumes", apis[turn % apis.len()]))
                .bearer_auth(&token)
                .multipart(Form::new().part("file", part));
            match request.send().await.map(|answer| answer.status()) {
                Ok(StatusCode::ACCEPTED | StatusCode::OK) => break,
                Ok(status) if !status.is_server_error() => panic!("upload {number}: {status}"),
                _ => {}
            }
            assert!(started.elapsed() < STALLED, "upload {number} is not taken");
            again.fetch_add(1, Ordering::Relaxed);
            turn += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn read_so_far(app: &TestApp, user: &User) -> usize {
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let ready: i64 = sqlx::query_scalar("SELECT count(*) FROM resumes WHERE status = 'ready'")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    usize::try_from(ready).unwrap()
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_is_done_twice_while_everything_is_killed() {
    let jobs = jobs();
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let addresses = [free_address(), free_address()];
    let redis = test_services::Redis::start().unwrap();
    let mut installation = Installation::start(&app, redis, &addresses);
    let left = Arc::new(Mutex::new((0..jobs).collect::<VecDeque<_>>()));
    let again = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (left, again) = (Arc::clone(&left), Arc::clone(&again));
            tokio::spawn(upload_all(left, addresses.to_vec(), user.token.clone(), again))
        })
        .collect();

    // It strikes whenever some more are read, so there is progress between the blows whatever the machine.
    let mut dice = Dice(20_261_123);
    let (mut ready, mut next_blow, mut moved) = (0, 5, Instant::now());
    while ready < jobs {
        let now = read_so_far(&app, &user).await;
        if now > ready {
            (ready, moved) = (now, Instant::now());
        }
        if ready >= next_blow {
            installation.strike(&mut dice);
            next_blow = ready + 5 + dice.below((jobs / 10).clamp(10, 200));
        }
        assert!(
            moved.elapsed() < STALLED,
            "{ready} of {jobs} are read, and no more; kills {:?}",
            installation.kills
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for client in clients {
        client.await.unwrap();
    }
    println!(
        "{jobs} resumes in {:.1} s; Redis, API, worker killed {:?} times; {} uploads sent again",
        began.elapsed().as_secs_f64(),
        installation.kills,
        again.load(Ordering::Relaxed)
    );
    assert!(installation.kills.iter().sum::<usize>() > 0);
    let total = i64::try_from(jobs).unwrap();
    app.wait_until("every task is settled", async || {
        accounts_of(&app, &user).await == [total, total, total, total, 0, 0]
    })
    .await;
}

/// Resumes, tasks, tasks that are done, attempts that ended as done; what is left in the outbox, dead letters. The mail of
/// sign-up is not counted.
async fn accounts_of(app: &TestApp, user: &User) -> [i64; 6] {
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let (resumes, tasks, done, attempts, outbox, dead): (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
        "WITH counted AS (SELECT id, state FROM tasks WHERE kind <> 'send_mail')
         SELECT (SELECT count(*) FROM resumes), (SELECT count(*) FROM counted),
                (SELECT count(*) FROM counted WHERE state = 'done'),
                (SELECT count(*) FROM task_attempts JOIN counted ON counted.id = task_id WHERE outcome = 'done'),
                (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letters)",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    [resumes, tasks, done, attempts, outbox, dead]
}
