-- What befell grants and apps, to be told to their webhooks: written with it. Home: app.

create table webhook_signals (
  id         blob not null primary key,     -- the id of its delivery
  webhook    blob not null,
  app        blob not null,
  grant_id   blob,                          -- null: it is about the app
  person     blob,
  what       text not null,
  event      text not null,                 -- JSON: the event, without what is looked up when it is sent
  created_at bigint not null,
  tries      bigint not null default 0,
  next_at    bigint not null default 0
);
create index webhook_signals_of on webhook_signals (webhook, created_at);
create index webhook_signals_grant on webhook_signals (grant_id);
