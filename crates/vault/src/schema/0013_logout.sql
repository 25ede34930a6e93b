-- Signing out that an app asks for, and telling apps of it.

alter table apps add column post_logout_redirect_uris text not null default '[]';
alter table apps add column backchannel_logout_uri text;

-- home: person. That a session ended, to be told to an app; gone once it was told, or could not be.
create table logouts (
  session  blob not null,
  app      blob not null references apps (id),
  person   blob not null,
  tries    bigint not null default 0,
  at       bigint not null,
  due_at   bigint not null,
  primary key (session, app)
);
create index logouts_due on logouts (due_at);
