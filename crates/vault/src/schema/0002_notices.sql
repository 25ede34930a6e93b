-- What a person was told. Home: person.

create table notices (
  person      blob not null references persons (id),
  id          blob not null,
  kind        text not null,
  particulars text not null,                -- JSON: what this kind has to say besides
  count       bigint not null default 1,    -- how often, where the same is told once a day
  at          bigint not null,              -- the last time
  read        bigint not null default 0,
  primary key (person, id)
) /* clustered */;
create index notices_person on notices (person, at);
create index notices_unread on notices (person) where read = 0;
create index notices_at on notices (at);
