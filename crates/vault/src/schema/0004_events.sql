-- What happened in conversations, for whoever follows along: an outbox, written with what it tells of, purged after a time.

-- home: conversation -------------------------------------------------------------------------------------------------
alter table conversations add column events bigint not null default 0;    -- numbers what happens in it
alter table conversations add column events_at bigint not null default 0; -- when something last did

create table events (
  conversation blob not null,
  n            bigint not null,             -- its number in the conversation
  what         bigint not null,             -- see tables/events.rs
  seq          bigint,                      -- the message that it is about, or up to which was read
  person       blob,                        -- who read; for whom alone a message went or came back
  at           bigint not null,
  primary key (conversation, n)
) /* clustered */;
create index events_at on events (at);

-- home: grant --------------------------------------------------------------------------------------------------------
-- Whose standing changed a short while ago: nodes that were not told look here.
create table standings (
  at    bigint not null,
  about blob not null,                      -- a grant or an app
  kind  bigint not null,                    -- 1 grant, 2 app
  primary key (at, about)
) /* clustered */;
