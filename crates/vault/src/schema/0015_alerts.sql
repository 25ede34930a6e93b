-- What a person wants to be told of. home: person.
create table alerts (
  person       blob not null primary key references persons (id),
  first_read   bigint not null,
  first_delete bigint not null,
  per_day      bigint,                      -- more accesses under one grant than this in a day; null: no matter how many
  night_from   bigint,                      -- an hour, in UTC; null: no matter when
  night_to     bigint
) /* clustered */;

-- up to which entry of the log accesses were looked at. home: log.
create table alert_head (
  one bigint primary key,                   -- always 1
  idx bigint not null
);
