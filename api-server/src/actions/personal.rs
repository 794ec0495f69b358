//! A person's own data: all of it given out, or all of it erased (GDPR, articles 15, 17 and 20).

use platform::{names::AccountId, postgres, timestamp::Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{billing::refuse_paying, resume_versions::TENANT_TAG};
use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemKind},
    state::AppState,
    store::{
        accounts,
        members::{self, Organisation},
        objects,
        personal::{self, Erased},
    },
};

/// Everything of the caller, in all organisations, as one JSON object.
pub async fn export(state: &AppState, identity: Identity) -> Result<Value, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, _tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    let mut spaces = Vec::new();
    for one in members::organisations_of(&state.pool, entered.account).await? {
        let mut tx = postgres::tenant_transaction(&state.pool, one.id).await?;
        let data = personal::collect(&mut tx, entered.account).await?;
        tx.commit().await?;
        spaces.push(json!({"organisation": one, "data": data}));
    }
    Ok(json!({"exported_at": Timestamp::now(), "account": account, "organisations": spaces}))
}

/// What was erased of a person.
#[derive(Debug)]
pub struct Receipt {
    /// When.
    pub at: Timestamp,
    /// Organisations that went with the person, having no other member.
    pub organisations: u64,
    /// What else went.
    pub erased: Erased,
}

/// Erases the caller: what the person has added, memberships, organisations without other members, and the account. It can
/// be repeated when it fails half way; the account goes last.
pub async fn erase(state: &AppState, identity: Identity, password: SecretString) -> Result<Receipt, Problem> {
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let account = entered.account;
    let stored = accounts::password_of(&state.pool, account).await?.map(|(_, hash)| hash);
    if !state.passwords.verify(password, stored).await? {
        return Err(Problem::new(ProblemKind::InvalidCredentials, "The password is wrong."));
    }
    let organisations = members::organisations_of(&state.pool, account).await?;
    refuse_orphans(state, account, &organisations).await?;
    let mut receipt = Receipt { at: Timestamp::now(), organisations: 0, erased: Erased::default() };
    // The space of this session last: until then the call can be repeated.
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        organisations.into_iter().partition(|one| one.id == identity.tenant);
    for one in elsewhere.iter().chain(&here) {
        erase_in(state, account, one, &mut receipt).await?;
    }
    accounts::delete(&state.pool, account).await?;
    Ok(receipt)
}

/// An organisation whose other members would have no owner must be handed over first.
async fn refuse_orphans(state: &AppState, account: AccountId, all: &[Organisation]) -> Result<(), Problem> {
    for one in all {
        let mut tx = postgres::tenant_transaction(&state.pool, one.id).await?;
        let (others, owners) = personal::others(&mut tx, account).await?;
        if others == 0 {
            refuse_paying(&mut tx).await?;
        }
        tx.commit().await?;
        if others > 0 && owners == 0 {
            let detail =
                format!("You are the only owner of {:?}; make another member an owner first.", one.name);
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
    }
    Ok(())
}

async fn erase_in(
    state: &AppState,
    account: AccountId,
    organisation: &Organisation,
    receipt: &mut Receipt,
) -> Result<(), Problem> {
    let mut tx = postgres::tenant_transaction(&state.pool, organisation.id).await?;
    let alone = personal::others(&mut tx, account).await?.0 == 0;
    let (erased, keys) = if alone {
        personal::everything(&mut tx).await?
    } else {
        personal::erase_rows(&mut tx, account).await?
    };
    for key in &keys {
        objects::lock(&mut tx, key).await?;
        // Files before rows: when the storage is away, the rows stay and the call can be repeated.
        if alone || !objects::is_used(&mut tx, key).await? {
            state.storage.delete(key).await?;
            receipt.erased.files += 1;
        }
    }
    if alone {
        personal::erase_tenant(&mut tx).await?;
        receipt.organisations += 1;
    } else {
        personal::leave(&mut tx, account).await?;
    }
    tx.commit().await?;
    state.cache.invalidate(organisation.id, &[TENANT_TAG]).await;
    receipt.erased.resumes += erased.resumes;
    receipt.erased.jobs += erased.jobs;
    Ok(())
}
