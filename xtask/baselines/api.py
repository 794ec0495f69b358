"""The four routes that `cargo xtask bench api` measures, as a FastAPI service with the usual libraries: the same
statements on the same Postgres, the same requests to the same object storage, the same check of who asks.

It does less than the API beside it: no rate limit, no metrics, no request ids, no log of requests.
"""

import base64
import hashlib
import os
import secrets
import time
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from uuid import UUID

import asyncpg
import jwt
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError
from fastapi import Depends, FastAPI, Header, HTTPException, UploadFile
from pydantic import BaseModel

KEY = base64.b64decode(os.environ["RM_TOKEN_KEY"])
BUCKET = os.environ["S3_BUCKET"]
COLUMNS = "id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at"


class Resume(BaseModel):
    id: UUID
    status: str
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    version: int
    error: str | None
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    items: list[Resume]
    next_cursor: str | None


class MatchRequest(BaseModel):
    resume_id: UUID
    job_id: UUID


class Match(BaseModel):
    id: UUID
    status: str
    resume_id: UUID
    resume_name: str
    resume_version: int | None
    job_id: UUID
    job_title: str | None
    score: float | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    result: dict | None


class Identity(BaseModel):
    account: UUID
    tenant: UUID
    session: UUID


@asynccontextmanager
async def lifespan(app: FastAPI):
    storage = get_session().create_client(
        "s3",
        endpoint_url=os.environ["S3_ENDPOINT"],
        region_name=os.environ["S3_REGION"],
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=50),
    )
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=10) as pool, storage as client:
        app.state.pool = pool
        app.state.storage = client
        yield


app = FastAPI(lifespan=lifespan)


async def identity(authorization: str = Header()) -> Identity:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="resume-matcher-api",
                            issuer=os.environ["RM_INSTALLATION"])
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    return Identity(account=claims["sub"], tenant=claims["tenant"], session=claims["sid"])


@asynccontextmanager
async def entered(who: Identity):
    async with app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(who.tenant))
        role, live, _, _ = await connection.fetchrow(
            "SELECT (SELECT role FROM memberships WHERE account_id = $1 AND tenant_id = app_tenant_id()) AS role, "
            "$2::uuid IS NULL OR EXISTS (SELECT FROM sessions "
            "WHERE id = $2 AND account_id = $1 AND revoked_at IS NULL AND expires_at > now()) AS live, "
            "set_config('app.actor', $3, true), set_config('app.request_id', $4, true)",
            who.account, who.session, f"account:{who.account}", "")
        if not live or role is None:
            raise HTTPException(401)
        yield connection


def resume_of(row) -> Resume:
    return Resume(**{**row, "sha256": row["sha256"].hex()})


def uuid7() -> UUID:
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


async def put(tenant: UUID, sha256: bytes, content: bytes) -> str:
    digits = sha256.hex()
    key = f"tenants/{tenant}/sha256/{digits[:2]}/{digits[2:]}"
    try:
        found = await app.state.storage.head_object(Bucket=BUCKET, Key=key)
        there = found["ContentLength"] == len(content)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        there = False
    if not there:
        await app.state.storage.put_object(Bucket=BUCKET, Key=key, Body=content)
    return key


async def enqueue(connection, tenant: UUID, kind: str, subject: UUID, failures: int):
    task = uuid7()
    await connection.execute(
        "INSERT INTO tasks (id, tenant_id, kind, subject_id, priority, max_failures) "
        "SELECT id, $1, $2, subject_id, $3, $6 FROM unnest($4::uuid[], $5::uuid[]) AS t (id, subject_id)",
        tenant, kind, 0, [task], [subject], failures)
    await connection.execute(
        "INSERT INTO outbox (task_id, tenant_id, kind, priority) SELECT id, $1, $2, $3 FROM unnest($4::uuid[]) AS t (id)",
        tenant, kind, 0, [task])
    await connection.execute("SELECT pg_notify('outbox', '')")


@app.get("/health")
async def health():
    return {"status": "healthy", "timestamp": datetime.now(timezone.utc)}


@app.get("/api/v1/resumes", response_model=Page)
async def list_resumes(limit: int = 50, who: Identity = Depends(identity)):
    async with entered(who) as connection:
        rows = await connection.fetch(
            f"SELECT {COLUMNS} FROM resumes WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR status = $2) "
            "ORDER BY id DESC LIMIT $3", None, None, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(items=[resume_of(row) for row in rows], next_cursor=str(rows[-1]["id"]) if more else None)


@app.post("/api/v1/resumes", status_code=202, response_model=Resume)
async def create_resume(file: UploadFile, who: Identity = Depends(identity)):
    content = await file.read()
    sha256 = hashlib.sha256(content).digest()
    async with entered(who) as connection:
        known = await connection.fetchrow(f"SELECT {COLUMNS} FROM resumes WHERE sha256 = $1", sha256)
    if known is not None:
        return resume_of(known)
    key = await put(who.tenant, sha256, content)
    async with entered(who) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        row = await connection.fetchrow(
            "INSERT INTO resumes (id, tenant_id, account_id, file_name, media_type, size_bytes, sha256, object_key) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, sha256) DO NOTHING "
            f"RETURNING {COLUMNS}",
            uuid7(), who.tenant, who.account, file.filename, "text/plain", len(content), sha256, key)
        await enqueue(connection, who.tenant, "extract_resume", row["id"], 5)
        await put(who.tenant, sha256, content)
    return resume_of(row)


@app.post("/api/v1/matches", status_code=202, response_model=Match)
async def create_match(body: MatchRequest, who: Identity = Depends(identity)):
    async with entered(who) as connection:
        resume = await connection.fetchrow(
            f"SELECT {COLUMNS}, text, document, extraction->>'source' AS text_source FROM resumes WHERE id = $1",
            body.resume_id)
        job = await connection.fetchrow(
            "SELECT id, status, title, source_url, file_name, error, created_at, updated_at, text FROM jobs WHERE id = $1",
            body.job_id)
        if resume is None or job is None:
            raise HTTPException(404)
        made = await connection.fetchval(
            "INSERT INTO matches (id, tenant_id, account_id, resume_id, job_id) VALUES ($1, $2, $3, $4, $5) RETURNING id",
            uuid7(), who.tenant, who.account, resume["id"], job["id"])
        await connection.fetchrow(
            "INSERT INTO usage_months AS used (tenant_id, month, matches) "
            "SELECT $1, date_trunc('month', now() AT TIME ZONE 'utc')::date, $2::integer WHERE $3::bigint IS NULL OR $2::integer <= $3 "
            "ON CONFLICT (tenant_id, month) DO UPDATE SET matches = used.matches + $2::integer "
            "WHERE $3::bigint IS NULL OR used.matches + $2::integer <= $3 RETURNING matches",
            who.tenant, 1, None)
        await connection.execute(
            "UPDATE matches SET counted_month = date_trunc('month', now() AT TIME ZONE 'utc')::date WHERE id = ANY($1)",
            [made])
        await enqueue(connection, who.tenant, "match_resume", made, 5)
        row = await connection.fetchrow(
            "SELECT m.id, m.status, m.resume_id, r.file_name AS resume_name, m.resume_version, m.job_id, "
            "j.title AS job_title, m.score::float8 AS score, m.error, m.created_at, m.updated_at, m.result "
            "FROM matches m JOIN resumes r ON (r.tenant_id, r.id) = (m.tenant_id, m.resume_id) "
            "JOIN jobs j ON (j.tenant_id, j.id) = (m.tenant_id, m.job_id) WHERE m.id = $1", made)
    return Match(**row)
