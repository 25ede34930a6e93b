// Where oidc-provider keeps its things: one table in PostgreSQL, one statement an operation, each prepared once.
//
// A row is committed when the promise of its operation resolves, as oidc-provider takes for granted; how durable that is, is
// for the server to say (synchronous_commit, asked for here).

import pg from 'pg'

const TABLE = `create table if not exists things (
  kind text not null, id text not null, payload text not null, grant_id text, uid text, user_code text,
  expires_at bigint, consumed_at bigint, primary key (kind, id))`
const INDEXES = [
  'create index if not exists things_grant on things (grant_id) where grant_id is not null',
  'create index if not exists things_uid on things (uid) where uid is not null',
  'create index if not exists things_user_code on things (user_code) where user_code is not null',
]

const now = () => Math.floor(Date.now() / 1000)

/** Opens the pool and makes the table. */
export async function open(folder, database) {
  const pool = new pg.Pool({
    host: folder,
    database,
    user: 'postgres',
    max: 16,
    // Beside the tables of the other, in a schema of its own.
    options: '-c synchronous_commit=on -c search_path=oidc_provider',
  })
  await pool.query('create schema if not exists oidc_provider')
  await pool.query(TABLE)
  for (const index of INDEXES) await pool.query(index)
  return pool
}

/** The adapter that oidc-provider asks for, over this pool. */
export function adapter(pool) {
  const run = (name, text, values) => pool.query({ name, text, values })
  const read = ({ rows: [row] }) => {
    if (!row || (row.expires_at !== null && Number(row.expires_at) <= now())) return undefined
    const payload = JSON.parse(row.payload)
    return row.consumed_at === null ? payload : { ...payload, consumed: Number(row.consumed_at) }
  }
  const columns = 'select payload, expires_at, consumed_at from things where kind = $1'
  return class {
    constructor(kind) {
      this.kind = kind
    }

    async upsert(id, payload, expiresIn) {
      const sql = `insert into things (kind, id, payload, grant_id, uid, user_code, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (kind, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
        uid = excluded.uid, user_code = excluded.user_code, expires_at = excluded.expires_at`
      const ends = expiresIn ? now() + expiresIn : null
      const { grantId = null, uid = null, userCode = null } = payload
      await run('upsert', sql, [this.kind, id, JSON.stringify(payload), grantId, uid, userCode, ends])
    }

    async find(id) {
      return read(await run('find', `${columns} and id = $2`, [this.kind, id]))
    }

    async findByUid(uid) {
      return read(await run('by uid', `${columns} and uid = $2`, [this.kind, uid]))
    }

    async findByUserCode(code) {
      return read(await run('by user code', `${columns} and user_code = $2`, [this.kind, code]))
    }

    async consume(id) {
      const sql = 'update things set consumed_at = $3 where kind = $1 and id = $2'
      await run('consume', sql, [this.kind, id, now()])
    }

    async destroy(id) {
      await run('destroy', 'delete from things where kind = $1 and id = $2', [this.kind, id])
    }

    async revokeByGrantId(grantId) {
      await run('revoke', 'delete from things where grant_id = $1', [grantId])
    }
  }
}
