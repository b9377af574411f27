-- Reference catalogues: one row each; the rows of the catalogue are HATS Parquet under the home folder.

create table reference_catalogue (
  name text primary key,
  version int not null check (version > 0),
  title text not null,
  kind text not null check (kind in ('galaxy', 'star', 'generic')),
  rows bigint not null,
  partitions int not null,
  byte_length bigint not null,
  -- Below `catalogues` of the home folder; written whole before this row names it.
  path text not null,
  -- Columns, coverage, source, mapping, licence.
  facts jsonb not null,
  imported_at timestamptz(3) not null default now(),
  imported_by text not null
);

-- down
-- loses data: The list of reference catalogues is dropped; their files stay and can be imported again.

drop table reference_catalogue;
