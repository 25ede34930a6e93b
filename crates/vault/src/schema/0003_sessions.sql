-- When she last proved that it is her, and the end that using a session does not put off. Home: person.

alter table sessions add column authed_at bigint not null default 0;
alter table sessions add column ends_last bigint not null default 0;
update sessions set authed_at = created_at, ends_last = ends_at;
create index sessions_ends on sessions (ends_at);
