-- Containments: one row ends every token and grant of an app, of a span of time, or of all. Home: the server; a few rows.

create table containments (
  n            bigint not null primary key,  -- counts from 1
  app          blob,                         -- null: of every app
  whole        bigint not null,              -- 1: whatever was given before; 0: what was given or issued in the span
  issued_from  bigint not null,
  issued_until bigint not null,              -- inclusive
  at           bigint not null,
  why          text not null
);

-- how many containments there were when it was given: those end nothing of it. Clocks have no say in this
alter table grants add column era bigint not null default 0;
-- up to which containment she was told
alter table persons add column containments_told bigint not null default 0;

-- issued when
alter table codes add column at bigint not null default 0;
alter table access_tokens add column at bigint not null default 0;
alter table refresh_tokens add column at bigint not null default 0;
