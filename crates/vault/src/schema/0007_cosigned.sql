-- home: log ----------------------------------------------------------------------------------------------------------
-- Checkpoints that witnesses cosigned: the newest with as many cosignatures as are asked for, and what is younger.
create table ledger_cosigned (
  size       bigint primary key,
  checkpoint text not null,                 -- the signed note, with the cosignatures gathered for it
  enough     bigint not null                -- whether they are as many as are asked for
);
