-- Events are stored by their key: one tree less to write for each. Home: conversation.

create table lean_events (
  conversation blob not null,
  n            bigint not null,             -- its number in the conversation
  what         bigint not null,             -- see tables/events.rs
  seq          bigint,                      -- the message that it is about, or up to which was read
  person       blob,                        -- who read; for whom alone a message went or came back
  at           bigint not null,
  primary key (conversation, n)
) /* clustered */;
insert into lean_events select conversation, n, what, seq, person, at from events;
drop table events;
alter table lean_events rename to events;
create index events_at on events (at);
