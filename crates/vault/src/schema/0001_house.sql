-- The first schema. One text for both engines: bigint, text, blob; times are microseconds since 1970; flags are 0 or 1.
-- Every table has a home (the column its rows would be distributed by): person, conversation, app, grant or log.

-- home: person -------------------------------------------------------------------------------------------------------
create table persons (
  id         blob not null primary key,
  handle     text unique,                   -- null for a guest, who cannot sign in
  skeleton   text unique,                   -- the handle with look-alikes folded
  name       text not null,
  password   text,                          -- argon2id, PHC string
  guest_of   blob,                          -- whose import brought this guest
  guest_key  text,                          -- the guest's name in that import
  hidden     bigint not null default 0,     -- apps of friends do not see this person among the friends
  words_out  bigint not null default 0,     -- keeps own words out of other people's apps, everywhere
  accesses   bigint not null default 0,     -- how many accesses to this person's messages there were: numbers them
  staff_acts bigint not null default 0,     -- how often staff looked at this person's things
  salt_key   blob not null,                 -- dropped on erasure: then nothing in the log can be tied to the person
  created_at bigint not null,
  unique (guest_of, guest_key)
);

create table staff_events (
  person blob not null references persons (id),
  n      bigint not null,
  record text not null,                     -- the canonical record of docs/ledger.md
  leaf   bigint,
  primary key (person, n)
) /* clustered */;

create table sessions (
  token     blob not null primary key,      -- SHA-256 of the cookie
  id        blob not null unique,
  person    blob not null references persons (id),
  agent     text not null,
  created_at bigint not null,
  seen_at   bigint not null,
  ends_at   bigint not null
);
create index sessions_person on sessions (person);

create table friends (
  person blob not null references persons (id),
  friend blob not null references persons (id),
  since  bigint not null,
  primary key (person, friend)
) /* clustered */;

create table friend_requests (
  sender   blob not null references persons (id),
  receiver blob not null references persons (id),
  at       bigint not null,
  primary key (sender, receiver)
) /* clustered */;
create index friend_requests_receiver on friend_requests (receiver);

-- home: conversation -------------------------------------------------------------------------------------------------
create table conversations (
  id          blob not null primary key,
  title       text,
  direct      text unique,                  -- the two persons of a conversation that people, not apps, opened
  started_by  blob not null references persons (id),
  started_via blob,                         -- the app that started it
  created_at  bigint not null,
  last_seq    bigint not null default 0,
  last_at     bigint not null,
  locks       bigint not null default 0     -- how many participants let no app in
);

create table participants (
  conversation blob not null references conversations (id),
  person       blob not null references persons (id),
  joined_at    bigint not null,
  left_at      bigint,
  read_seq     bigint not null default 0,
  words_out    bigint not null default 0,   -- keeps own words out of other people's apps, here
  locked       bigint not null default 0,   -- lets no app in
  primary key (conversation, person)
) /* clustered */;
create index participants_person on participants (person);

-- sealed: read and written in src/sealed only
create table messages (
  conversation blob not null,
  seq          bigint not null,
  id           blob not null,
  author       blob not null,
  via          blob,                        -- the app that sent it
  kind         bigint not null,
  sent_at      bigint not null,
  deleted_at   bigint,                      -- for everyone
  deleted_via  blob,                        -- the app that did
  body         text not null,               -- ready JSON without author and app: see sealed/body.rs
  primary key (conversation, seq)
) /* clustered */;

create index messages_deleted on messages (author, deleted_at) where deleted_at is not null;
-- what is still to be destroyed: without it every tidying would look at all that ever was
create index messages_to_purge on messages (deleted_at) where deleted_at is not null and body <> '';

-- sealed: deleted by one person for herself
create table hidden_messages (
  person       blob not null,
  conversation blob not null,
  seq          bigint not null,
  at           bigint not null,
  via          blob,
  primary key (conversation, person, seq)
) /* clustered */;
create index hidden_messages_person on hidden_messages (person, at);

create table sends (
  owner        blob not null,               -- the grant or the person
  key          blob not null,               -- SHA-256 of the Idempotency-Key
  request      blob not null,               -- SHA-256 of what was asked
  conversation blob not null,
  seq          bigint not null,
  n            bigint not null,             -- the access record of the send; 0 for the person's own
  at           bigint not null,
  primary key (owner, key)
) /* clustered */;
create index sends_at on sends (at);

-- home: app ----------------------------------------------------------------------------------------------------------
create table apps (
  id            blob not null primary key,
  name          text not null,
  partner       text not null,
  kind          text not null,              -- public, secret
  secret        blob,                       -- SHA-256
  redirect_uris text not null,              -- JSON
  ceiling       text not null,              -- JSON, as the operator wrote it
  state         text not null,              -- live, suspended, retired
  why           text,
  retires_at    bigint,
  version       bigint not null default 1,  -- grows with each change that the gate must see
  events        bigint not null default 0,
  created_at    bigint not null
);

create table app_events (
  app   blob not null references apps (id),
  n     bigint not null,
  what  text not null,                      -- registered, ceiling, suspended, resumed, retired
  at    bigint not null,
  entry text not null,                      -- the JSON that stands in the log
  leaf  bigint,
  primary key (app, n)
) /* clustered */;

create table authorizations (
  id      blob not null primary key,
  app     blob not null references apps (id),
  request text not null,
  at      bigint not null,
  ends_at bigint not null
);
create index authorizations_ends on authorizations (ends_at);

-- home: grant --------------------------------------------------------------------------------------------------------
create table grants (
  id           blob not null primary key,
  person       blob not null references persons (id),
  app          blob not null references apps (id),
  scopes       bigint not null,
  actions      bigint not null,
  started_only bigint not null,
  chosen_only  bigint not null,
  since_kind   text not null,               -- grant, at, last, all
  since_value  bigint not null,             -- microseconds (at) or seconds (last)
  kinds        bigint not null,
  ends_at      bigint not null,
  uses         bigint,
  used         bigint not null default 0,   -- numbers the accesses
  state        text not null,               -- active, paused, ended, spent
  version      bigint not null default 1,   -- grows with each change of terms or state
  purpose      text not null,
  given_at     bigint not null,
  changed_at   bigint not null,
  used_at      bigint,
  events       bigint not null default 0,   -- numbers the grant events
  salt_key     blob not null
);
create index grants_person on grants (person);
create index grants_app on grants (app);

create table grant_conversations (
  grant_id     blob not null references grants (id),
  conversation blob not null,
  primary key (grant_id, conversation)
) /* clustered */;

create table grant_events (
  grant_id blob not null references grants (id),
  n        bigint not null,
  record   text not null,                   -- the canonical record of docs/ledger.md
  leaf     bigint,
  primary key (grant_id, n)
) /* clustered */;

-- sealed: written in src/sealed only
create table access (
  grant_id     blob not null,
  n            bigint not null,             -- number in the grant
  person_n     bigint not null,             -- number in the person
  action       bigint not null,
  conversation blob,
  first_seq    bigint,
  last_seq     bigint,
  count        bigint not null,
  withheld     bigint not null,
  at           bigint not null,
  outcome      text not null,
  leaf         bigint,                      -- its index in the log, once sequenced
  primary key (grant_id, n)
) /* clustered */;

create table token_families (
  id        blob not null primary key,
  grant_id  blob not null references grants (id),
  session   blob,                           -- ends with this session, unless the grant may go on offline
  ended     bigint not null default 0
);
create index token_families_grant on token_families (grant_id);
create index token_families_session on token_families (session);

create table codes (
  hash         blob not null primary key,
  family       blob not null references token_families (id),
  app          blob not null,
  redirect_uri text not null,
  challenge    text not null,
  nonce        text,
  authed_at    bigint not null,
  ends_at      bigint not null,
  used         bigint not null default 0
);
create index codes_family on codes (family);

create table access_tokens (
  hash     blob not null primary key,
  family   blob not null,
  scopes   bigint not null,
  actions  bigint not null,                 -- a token may carry fewer actions than its grant
  ends_at  bigint not null
) /* clustered */;
create index access_tokens_ends on access_tokens (ends_at);

create table refresh_tokens (
  hash    blob not null primary key,
  family  blob not null,
  used    bigint not null default 0,
  ends_at bigint not null
) /* clustered */;
create index refresh_tokens_ends on refresh_tokens (ends_at);

-- home: log ----------------------------------------------------------------------------------------------------------
create table ledger_queue (
  id    blob not null primary key,          -- UUIDv7: roughly the order in which it happened
  kind  bigint not null,
  home  blob not null,                      -- the grant or app whose record this is
  n     bigint not null,
  entry blob not null
) /* clustered */;

create table ledger_entries (
  idx   bigint primary key,
  entry blob not null
);

create table ledger_tiles (
  level  bigint not null,
  n      bigint not null,
  hashes blob not null,                     -- 1 to 256 hashes of 32 bytes; grows until it is full
  primary key (level, n)
) /* clustered */;

create table ledger_head (
  one        bigint primary key,            -- always 1
  origin     text not null,
  size       bigint not null,
  checkpoint text not null                  -- the signed note
);

create table keys (
  id          text not null primary key,
  purpose     text not null,                -- log, receipt, id_token, form
  secret      blob not null,
  created_at  bigint not null,
  active_from bigint not null,
  retired_at  bigint
);

-- imports: what has been taken, so that twice is once ----------------------------------------------------------------
create table import_threads (
  person       blob not null,
  thread       text not null,
  conversation blob not null,
  primary key (person, thread)
);

create table import_messages (
  conversation blob not null,
  key          blob not null,
  primary key (conversation, key)
) /* clustered */;
