-- What of a grant is not used ends by itself: since when each is counted, and what it lost. Home: grant.

create table grant_lapses (
  grant_id  blob not null primary key,
  said_yes  bigint not null,           -- when the person last said yes to it: what is unused is counted from here
  signed_in bigint not null,           -- when she last signed in with it
  look_at   bigint not null,           -- nothing of it lapses before
  lapsed    bigint not null default 0, -- actions that it lost by disuse, until she lets it have them again
  lapsed_at bigint not null default 0
) /* clustered */;
create index grant_lapses_due on grant_lapses (look_at);

insert into grant_lapses (grant_id, said_yes, signed_in, look_at)
  select id, changed_at, changed_at, changed_at + 2592000000000 from grants where state in ('active', 'paused');
