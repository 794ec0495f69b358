//! The queue on a real Redis, and the way of a task from the outbox to its end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::time::Duration;

use platform::names::TenantId;
use platform::postgres::tenant_transaction;
use platform::queue::{Consumer, Queue, QueueError};
use platform::relay::{announce_again, announce_due};
use platform::tasks::{self, Claim, Disposition, Lease, Notice, Outcome, SettleError, TaskKind};
use sqlx::PgPool;
use support::{DEADLINE, eventually, migrated_pool, queue, queue_on, sign_up};
use uuid::Uuid;

const SHORT: Duration = Duration::from_millis(50);

async fn enqueue(pool: &PgPool, tenant: TenantId) -> Notice {
    let mut transaction = tenant_transaction(pool, tenant).await.unwrap();
    let task = tasks::enqueue(&mut transaction, tenant, TaskKind::ExtractJob, Uuid::now_v7()).await.unwrap();
    transaction.commit().await.unwrap();
    Notice { task, tenant }
}

async fn lease(pool: &PgPool, notice: Notice, lease: Duration) -> Lease {
    match tasks::claim(pool, notice, "w", lease).await.unwrap() {
        Claim::Leased(lease) => lease,
        other => panic!("{other:?}"),
    }
}

async fn finish(pool: &PgPool, lease: &Lease) -> Result<(), SettleError> {
    let mut transaction = tenant_transaction(pool, lease.tenant).await.unwrap();
    tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    transaction.commit().await.unwrap();
    Ok(())
}

async fn state(pool: &PgPool, notice: Notice) -> String {
    let mut transaction = tenant_transaction(pool, notice.tenant).await.unwrap();
    sqlx::query_scalar("SELECT state FROM tasks WHERE id = $1")
        .bind(notice.task)
        .fetch_one(&mut *transaction)
        .await
        .unwrap()
}

async fn read_all(consumer: &Consumer) -> Vec<Notice> {
    consumer.read(100).await.unwrap().into_iter().filter_map(|delivery| delivery.notice).collect()
}

async fn group(queue: &Queue) -> Consumer {
    queue.ensure_group().await.unwrap();
    queue.consumer("c1", SHORT).unwrap()
}

#[tokio::test]
async fn a_committed_task_is_announced_and_a_rolled_back_one_is_not() {
    let (pool, queue) = (migrated_pool().await, queue());
    let consumer = group(&queue).await;
    let (tenant, _) = sign_up(&pool).await;
    let committed = enqueue(&pool, tenant).await;
    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
    tasks::enqueue(&mut transaction, tenant, TaskKind::ExtractJob, Uuid::now_v7()).await.unwrap();
    transaction.rollback().await.unwrap();

    assert_eq!(announce_due(&pool, &queue).await.unwrap(), 1);
    assert_eq!(read_all(&consumer).await, [committed]);
    assert_eq!(announce_due(&pool, &queue).await.unwrap(), 0, "once announced, a task waits");
}

#[tokio::test]
async fn many_relays_at_once_announce_each_task_once() {
    let (pool, queue) = (migrated_pool().await, queue());
    let consumer = group(&queue).await;
    let (tenant, _) = sign_up(&pool).await;
    let mut expected = Vec::new();
    for _ in 0..30 {
        expected.push(enqueue(&pool, tenant).await.task);
    }
    let relays: Vec<_> = (0..4)
        .map(|_| {
            let (pool, queue) = (pool.clone(), queue.clone());
            tokio::spawn(async move { announce_due(&pool, &queue).await.unwrap() })
        })
        .collect();
    let mut announced = 0;
    for relay in relays {
        announced += relay.await.unwrap();
    }
    let mut seen: Vec<_> = read_all(&consumer).await.into_iter().map(|notice| notice.task).collect();
    seen.sort();
    assert_eq!((announced, seen), (30, expected));
}

#[tokio::test]
async fn of_two_claims_one_gets_the_task() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let claims = futures::future::join_all((0..8).map(|_| tasks::claim(&pool, notice, "w", DEADLINE))).await;
    let leased = claims.into_iter().filter(|claim| matches!(claim, Ok(Claim::Leased(_)))).count();
    assert_eq!(leased, 1);
}

#[tokio::test]
async fn a_task_whose_lease_ran_out_goes_to_another_and_the_first_worker_cannot_settle_it() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let slow = lease(&pool, notice, Duration::ZERO).await;
    let quick = eventually("the lease has run out", async || {
        match tasks::claim(&pool, notice, "w2", DEADLINE).await.unwrap() {
            Claim::Leased(lease) => Some(lease),
            _ => None,
        }
    })
    .await;
    assert_eq!((quick.attempt, quick.failures), (2, 1));
    assert!(matches!(finish(&pool, &slow).await, Err(SettleError::LeaseLost)));
    assert!(!tasks::extend_lease(&pool, &slow, DEADLINE).await.unwrap());
    assert_eq!(state(&pool, notice).await, "running");
    finish(&pool, &quick).await.unwrap();
    assert_eq!(state(&pool, notice).await, "done");
    assert_eq!(tasks::claim(&pool, notice, "w", DEADLINE).await.unwrap(), Claim::NotAvailable);
}

#[tokio::test]
async fn a_task_that_fails_too_often_is_a_dead_letter() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let mut dispositions = Vec::new();
    for _ in 0..5 {
        let held = lease(&pool, notice, DEADLINE).await;
        let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
        let told = "storage is away";
        dispositions.push(tasks::retry_or_bury(&mut transaction, &held, told, Duration::ZERO).await.unwrap());
        transaction.commit().await.unwrap();
    }
    assert_eq!(dispositions[..4], [Disposition::Retry; 4]);
    assert_eq!(dispositions[4], Disposition::Dead);
    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
    let letter: (i32, String) = sqlx::query_as("SELECT failures, error FROM dead_letters")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(letter, (5, "storage is away".to_owned()));
    let waiting: i64 =
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(waiting, 0);
}

#[tokio::test]
async fn workers_lost_again_and_again_exhaust_a_task() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let exhausted = eventually("the task is exhausted", async || {
        match tasks::claim(&pool, notice, "doomed", Duration::ZERO).await.unwrap() {
            Claim::Exhausted(lease) => Some(lease),
            _ => None,
        }
    })
    .await;
    assert_eq!((exhausted.attempt, exhausted.failures), (6, 5));
}

#[tokio::test]
async fn a_delayed_task_waits_even_when_a_notice_comes_early() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let held = lease(&pool, notice, DEADLINE).await;
    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
    tasks::postpone(&mut transaction, &held, Duration::from_secs(3600)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(tasks::claim(&pool, notice, "w", DEADLINE).await.unwrap(), Claim::NotAvailable);

    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
    assert_eq!(tasks::wake(&mut transaction, &[held.subject]).await.unwrap(), 1);
    transaction.commit().await.unwrap();
    let held = lease(&pool, notice, DEADLINE).await;
    assert_eq!((held.attempt, held.failures), (2, 0), "waiting is no failure");
}

#[tokio::test]
async fn messages_of_a_dead_consumer_are_taken_over() {
    let (pool, queue) = (migrated_pool().await, queue());
    let dead = group(&queue).await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    announce_due(&pool, &queue).await.unwrap();
    assert_eq!(read_all(&dead).await, [notice]);

    let living = queue.consumer("c2", SHORT).unwrap();
    assert!(living.read(1).await.unwrap().is_empty());
    assert!(living.take_over(DEADLINE, 10).await.unwrap().is_empty(), "not idle for long enough");
    let taken =
        eventually("the message is idle", async || living.take_over(SHORT, 10).await.unwrap().pop()).await;
    assert_eq!(taken.notice, Some(notice));
    assert_eq!(queue.backlog().await.unwrap(), 1, "in flight still counts");
    living.touch(&taken.id).await.unwrap();
    living.acknowledge(&taken.id).await.unwrap();
    assert_eq!(queue.backlog().await.unwrap(), 0);
    assert_eq!(living.leave().await.unwrap(), 0);
    assert_eq!(queue.forget_consumers(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(queue.forget_consumers(Duration::ZERO).await.unwrap(), 1, "the dead one has no message left");
}

#[tokio::test]
async fn a_consumer_that_leaves_gives_its_messages_back() {
    let queue = queue();
    let leaving = group(&queue).await;
    let notice = Notice { task: platform::names::TaskId::new(), tenant: TenantId::new() };
    queue.announce(&[notice]).await.unwrap();
    assert_eq!(read_all(&leaving).await, [notice]);
    assert_eq!(leaving.leave().await.unwrap(), 1);
    assert_eq!(queue.backlog().await.unwrap(), 1);
    let staying = queue.consumer("c2", SHORT).unwrap();
    assert_eq!(read_all(&staying).await, [notice]);
}

#[tokio::test]
async fn a_redis_that_lost_everything_is_filled_again() {
    let redis = test_services::Redis::start().unwrap();
    let (pool, queue) = (migrated_pool().await, queue_on(&redis.url()));
    let consumer = group(&queue).await;
    let (tenant, _) = sign_up(&pool).await;
    let (working, waiting) = (enqueue(&pool, tenant).await, enqueue(&pool, tenant).await);
    announce_due(&pool, &queue).await.unwrap();
    lease(&pool, working, DEADLINE).await;

    redis.stop();
    assert!(matches!(queue.check().await, Err(QueueError::Command(_))));
    redis.resume().unwrap();
    eventually("the group is known to be lost", async || {
        matches!(consumer.read(10).await, Err(QueueError::GroupLost)).then_some(())
    })
    .await;
    assert!(queue.ensure_group().await.unwrap());
    assert_eq!(announce_again(&pool).await.unwrap(), 1, "the one with a worker is left alone");
    announce_due(&pool, &queue).await.unwrap();
    assert_eq!(read_all(&consumer).await, [waiting]);
}

#[tokio::test]
async fn a_notice_of_an_unknown_task_gives_nothing_to_do() {
    let queue = queue();
    let consumer = group(&queue).await;
    let stranger = Notice { task: platform::names::TaskId::new(), tenant: TenantId::new() };
    queue.announce(&[stranger]).await.unwrap();
    let delivery = consumer.read(1).await.unwrap().pop().unwrap();
    assert_eq!(delivery.notice, Some(stranger));
    let pool = migrated_pool().await;
    assert_eq!(tasks::claim(&pool, stranger, "w", DEADLINE).await.unwrap(), Claim::NotAvailable);
}

#[tokio::test]
async fn a_task_of_a_newer_version_is_left_to_it() {
    let pool = migrated_pool().await;
    let (tenant, _) = sign_up(&pool).await;
    let notice = enqueue(&pool, tenant).await;
    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
    sqlx::query("UPDATE tasks SET kind = 'from_the_future'").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(tasks::claim(&pool, notice, "w", DEADLINE).await.unwrap(), Claim::OtherVersion);
    assert_eq!(state(&pool, notice).await, "queued");
}
