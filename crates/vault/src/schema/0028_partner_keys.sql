-- What opens the page of an app to the people who run it: a link that opens once, then a session. Home: app.

create table partner_keys (
  hash    blob not null primary key,
  app     blob not null references apps (id),
  kind    text not null,                    -- link, session
  era     bigint not null,                  -- how many containments there were when it was made
  at      bigint not null,
  ends_at bigint not null
) /* clustered */;
create index partner_keys_ends on partner_keys (ends_at);
