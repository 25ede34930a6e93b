-- What each access changes of a person, apart from what hardly ever changes: a narrow row, so that many share a page and a
-- commit has few pages to write.

create table person_counts (
  person     blob not null primary key references persons (id),
  accesses   bigint not null default 0,     -- how many accesses to this person's messages there were: numbers them
  staff_acts bigint not null default 0,     -- how often staff looked at this person's things
  salt_key   blob not null                  -- dropped on erasure: then nothing in the log can be tied to the person
) /* clustered */;
insert into person_counts (person, accesses, staff_acts, salt_key) select id, accesses, staff_acts, salt_key from persons;
alter table persons drop column accesses;
alter table persons drop column staff_acts;
alter table persons drop column salt_key;
