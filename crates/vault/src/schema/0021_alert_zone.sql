-- Her hours: minutes east of UTC, by which the night and the day of her alerts are reckoned.
alter table alerts add column east_min bigint not null default 0;
