-- Apps that sign what they ask people (RFC 9101): anything else is refused.

alter table apps add column signs_requests bigint not null default 0;
