-- Telescopes of this observatory's own: every edit of a definition and of a field grid is a new row, old ones stay. What
-- comes with the program are files; a row of the same slug takes their place, and one that says `shipped` gives it back.

create table telescope_version (
  slug text not null,
  version int not null,
  what text not null check (what in ('defined', 'shipped', 'removed')),
  -- TOML as it was given; null where it was taken back or removed.
  source text,
  at timestamptz(3) not null default now(),
  by_id text,
  by_name text not null,
  primary key (slug, version)
);

-- Fields as bytes in the storage, `id,ra,dec` by line; without a hash: the grid was taken away.
create table telescope_grid (
  slug text not null,
  number int not null,
  name text not null,
  sha256 text,
  byte_length bigint not null default 0,
  fields int not null default 0,
  at timestamptz(3) not null default now(),
  by_id text,
  by_name text not null,
  primary key (slug, number)
);

-- down
-- loses data: Own telescopes, their versions and their field grids are dropped.

drop table telescope_grid, telescope_version;
