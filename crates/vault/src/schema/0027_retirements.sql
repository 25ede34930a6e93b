-- What ends on a date: an app, or a part of its ceiling. The gate looks at the date; `told` says that everyone was told after it. Home: app.

create table app_retirements (
  app  blob not null references apps (id),
  part text not null,                       -- app, action:read, kind:card, …
  at   bigint not null,
  told bigint not null default 0,
  primary key (app, part)
) /* clustered */;
create index app_retirements_due on app_retirements (at) where told = 0;

insert into app_retirements (app, part, at) select id, 'app', retires_at from apps where retires_at is not null;
