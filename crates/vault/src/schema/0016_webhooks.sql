-- Webhooks: where apps are told of what happens, and how far they were told. Home: app.

-- tokens that an app has for itself (client_credentials)
create table app_tokens (
  hash    blob not null primary key,
  app     blob not null,
  era     bigint not null,                  -- how many containments there were when it was issued
  at      bigint not null,
  ends_at bigint not null,
  jkt     blob,                             -- what it is bound to, like tokens of grants
  x5t     blob
) /* clustered */;
create index app_tokens_ends on app_tokens (ends_at);

create table webhooks (
  id            blob not null primary key,
  app           blob not null references apps (id),
  url           text not null,
  wants         bigint not null,            -- what it is told of: see sealed/follow.rs
  signing       text not null,              -- hmac, ed25519
  turn          bigint not null default 1,  -- which of its keys: they are derived, none is stored
  turned_at     bigint not null default 0,  -- the key before this one signs too for a while
  state         text not null,              -- active, paused
  why           text,                       -- why it is paused
  created_at    bigint not null,            -- what happened before is not told
  era           bigint not null,            -- how many containments there were when it was made or resumed
  failures      bigint not null default 0,  -- exchanges in a row that failed
  failing_since bigint,
  next_at       bigint not null default 0   -- while it fails: nothing is tried before
);
create index webhooks_app on webhooks (app);

-- how far a webhook was told of a conversation for a grant; what lies between told and head is its queue
create table webhook_lanes (
  webhook      blob not null,
  grant_id     blob not null,
  conversation blob not null,
  told         bigint not null,             -- numbers of events
  head         bigint not null,
  tries        bigint not null default 0,   -- of what comes next
  next_at      bigint not null default 0,   -- not before; in the future while somebody is at it
  primary key (webhook, grant_id, conversation)
) /* clustered */;
create index webhook_lanes_grant on webhook_lanes (grant_id);
create index webhook_lanes_due on webhook_lanes (webhook, next_at) where told < head;

-- up to when it was looked for what happened
create table webhook_scan (
  one bigint primary key,                   -- always 1
  at  bigint not null
);
insert into webhook_scan (one, at) values (1, 0);

create table webhook_deliveries (
  id           blob not null primary key,
  webhook      blob not null,
  grant_id     blob,
  conversation blob,
  n            bigint,                      -- the number of the event
  what         text not null,
  state        text not null,               -- delivered, waiting, failed
  tries        bigint not null,
  tried_at     bigint not null,
  next_at      bigint,                      -- of one that waits
  status       bigint,                      -- of the answer, if there was one
  why          text,                        -- what was wrong
  ms           bigint not null              -- how long the last try took
);
create index webhook_deliveries_of on webhook_deliveries (webhook, tried_at, id);
create index webhook_deliveries_grant on webhook_deliveries (grant_id);
create index webhook_deliveries_at on webhook_deliveries (tried_at);
