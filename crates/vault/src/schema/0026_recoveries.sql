-- Links that set a new password. Home: person.
create table recoveries (
  person   blob not null primary key references persons (id),
  token    blob not null,                     -- SHA-256 of what stands in the link
  opens_at bigint not null,
  ends_at  bigint not null
);
create unique index recoveries_token on recoveries (token);
create index recoveries_ends on recoveries (ends_at);
