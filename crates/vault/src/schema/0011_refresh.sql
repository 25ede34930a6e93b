-- A used refresh token is worth its successor once more for a while: the seed and the token itself make that again.

alter table refresh_tokens add column used_at bigint;
alter table refresh_tokens add column seed blob;
alter table refresh_tokens add column next blob;   -- the hash of the successor
