//! What a worker takes next: by priority, fair between tenants; and scheduled work, done once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::names::{TaskId, TenantId};
use platform::postgres::tenant_transaction;
use platform::relay::announce_due;
use platform::schedule::{self, Chore};
use platform::tasks::{self, Claim, Notice, Outcome, Preference, Priority, TaskKind};
use sqlx::PgPool;
use support::{DEADLINE, migrated_pool, queue, sign_up};
use uuid::Uuid;

async fn enqueue(pool: &PgPool, tenant: TenantId, priority: Priority, count: usize) -> Vec<TaskId> {
    let mut transaction = tenant_transaction(pool, tenant).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..count {
        let kind = TaskKind::ExtractJob;
        let task = tasks::enqueue_with(&mut transaction, tenant, kind, Uuid::now_v7(), priority);
        tasks.push(task.await.unwrap());
    }
    transaction.commit().await.unwrap();
    tasks
}

/// Takes and finishes, in the order of the choice, as one worker does; gives the tenants of what it took.
async fn work_through(pool: &PgPool, preference: Preference, most: usize) -> Vec<TenantId> {
    let mut order = Vec::new();
    while order.len() < most {
        let Some(&notice) = tasks::pick(pool, preference).await.unwrap().first() else { break };
        finish(pool, notice).await;
        order.push(notice.tenant);
    }
    order
}

async fn finish(pool: &PgPool, notice: Notice) {
    let Claim::Leased(lease) = tasks::claim(pool, notice, "w", DEADLINE).await.unwrap() else {
        panic!("what was chosen is free");
    };
    let mut transaction = tenant_transaction(pool, notice.tenant).await.unwrap();
    tasks::finish(&mut transaction, &lease, Outcome::Done).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn what_a_person_waits_for_passes_a_batch() {
    let (pool, queue) = (migrated_pool().await, queue());
    queue.ensure_group().await.unwrap();
    let ((batch, _), (person, _)) = (sign_up(&pool).await, sign_up(&pool).await);
    enqueue(&pool, batch, Priority::Batch, 50).await;
    enqueue(&pool, person, Priority::Interactive, 2).await;
    assert!(tasks::pick(&pool, Preference::Interactive).await.unwrap().is_empty(), "not announced yet");
    assert_eq!(announce_due(&pool, &queue).await.unwrap(), 52);
    assert_eq!(work_through(&pool, Preference::Batch, 1).await, [batch]);
    let order = work_through(&pool, Preference::Interactive, 100).await;
    assert_eq!(order[..3], [person, person, batch]);
    assert_eq!(order.len(), 51);
}

#[tokio::test]
async fn a_tenant_with_many_tasks_does_not_keep_out_one_with_few() {
    let (pool, queue) = (migrated_pool().await, queue());
    queue.ensure_group().await.unwrap();
    let ((many, _), (few, _)) = (sign_up(&pool).await, sign_up(&pool).await);
    enqueue(&pool, many, Priority::Interactive, 100).await;
    enqueue(&pool, few, Priority::Interactive, 3).await;
    announce_due(&pool, &queue).await.unwrap();
    // Eight workers take one each and hold it: the tenants share them.
    let mut held = Vec::new();
    for _ in 0..6 {
        let notice = tasks::pick(&pool, Preference::Interactive).await.unwrap()[0];
        let Claim::Leased(_) = tasks::claim(&pool, notice, "w", DEADLINE).await.unwrap() else {
            panic!("what was chosen is free");
        };
        held.push(notice.tenant);
    }
    assert_eq!(held.iter().filter(|tenant| **tenant == few).count(), 3, "{held:?}");
}

#[tokio::test]
async fn several_workers_at_once_do_each_task_once() {
    let (pool, queue) = (migrated_pool().await, queue());
    queue.ensure_group().await.unwrap();
    let (tenant, _) = sign_up(&pool).await;
    enqueue(&pool, tenant, Priority::Interactive, 40).await;
    announce_due(&pool, &queue).await.unwrap();
    let worker = async || {
        let mut done = 0;
        loop {
            let candidates = tasks::pick(&pool, Preference::Interactive).await.unwrap();
            if candidates.is_empty() {
                return done;
            }
            for notice in candidates {
                if let Claim::Leased(lease) = tasks::claim(&pool, notice, "w", DEADLINE).await.unwrap() {
                    let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
                    tasks::finish(&mut transaction, &lease, Outcome::Done).await.unwrap();
                    transaction.commit().await.unwrap();
                    done += 1;
                }
            }
        }
    };
    let (a, b, c) = tokio::join!(worker(), worker(), worker());
    assert_eq!(a + b + c, 40);
}

#[tokio::test]
async fn scheduled_work_is_done_once_by_many_workers() {
    let pool = migrated_pool().await;
    let (tenant, account) = sign_up(&pool).await;
    let (other, _) = sign_up(&pool).await;
    for (id, ended) in [(Uuid::now_v7(), "31 days"), (Uuid::now_v7(), "1 day")] {
        let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
        sqlx::query(
            "INSERT INTO sessions (id, tenant_id, account_id, refresh_hash, expires_at)
             VALUES ($1, $2, $3, sha256($1::text::bytea), now() - $4::interval)",
        )
        .bind(id)
        .bind(tenant)
        .bind(account)
        .bind(ended)
        .execute(&mut *transaction)
        .await
        .unwrap();
        transaction.commit().await.unwrap();
    }
    enqueue(&pool, other, Priority::Interactive, 1).await;
    let runs = futures::future::join_all((0..5).map(|_| schedule::run_due(&pool))).await;
    let done: Vec<_> = runs.into_iter().flat_map(Result::unwrap).collect();
    for chore in Chore::ALL {
        assert_eq!(done.iter().filter(|one| one.chore == chore).count(), 1, "{chore:?}: {done:?}");
    }
    let removed = |chore| done.iter().find(|one| one.chore == chore).unwrap().removed;
    assert_eq!((removed(Chore::PurgeSessions), removed(Chore::PurgeTasks)), (1, 0));
    assert!(schedule::run_due(&pool).await.unwrap().is_empty(), "not due again yet");
}
