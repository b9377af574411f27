-- Frames: one FITS file each, known by the SHA-256 of its bytes wherever it lies. What its header says, where on the sky it
-- lies, where its bytes are, what was made of it, and the files that became none.

create table frame (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  name text not null check (length(name) <= 250),
  byte_length bigint not null check (byte_length > 0),
  packing text not null check (packing in ('none', 'gzip')),
  -- What is searched by; null where the header does not say.
  kind text check (kind in ('bias', 'dark', 'flat', 'arc', 'object', 'stack', 'difference', 'mask', 'other')),
  telescope text,
  instrument text,
  filter text,
  filter_name text,
  object text,
  exposure float8,
  -- Middle of the exposure, or the time that the header has; UTC.
  mjd float8,
  ra float8,
  dec float8,
  radius_deg float8,
  -- HEALPix NESTED order 29 of the centre.
  hpx bigint,
  -- The part of the sky it shows as order-29 pixels.
  sky int8multirange,
  -- All words that a search by text looks at, small letters.
  words text not null default '',
  facts jsonb not null,
  images jsonb not null,
  main_image int not null default 0,
  footprint jsonb,
  origin text not null,
  owner_id text,
  -- Everybody who brought these very bytes: whoever has them may see them.
  holders text[] not null default '{}',
  groups text[] not null default '{}',
  public_at timestamptz(3),
  note text check (length(note) <= 4000),
  in_storage boolean not null,
  added_at timestamptz(3) not null default now(),
  added_by text not null
);

create index frame_list on frame (added_at desc, sha256 desc);
create index frame_centre on frame (hpx) where hpx is not null;
create index frame_sky on frame using gist (sky) where sky is not null;
create index frame_time on frame (mjd) where mjd is not null;

-- Files in place that hold a frame's bytes; path, size and time of the last change say that they still do.
create table frame_place (
  path text primary key,
  sha256 text not null references frame on delete cascade,
  byte_length bigint not null,
  modified_ms float8 not null,
  checked_at timestamptz(3) not null default now()
);

create index frame_place_frame on frame_place (sha256);

-- What was made of a frame and can be made again: pictures, and levels of fewer pixels for the viewer.
create table frame_product (
  sha256 text not null references frame on delete cascade,
  what text not null check (what in ('thumbnail', 'levels')),
  hdu int not null,
  variant text not null,
  object_sha256 text not null check (length(object_sha256) = 64),
  byte_length bigint not null,
  made_at timestamptz(3) not null default now(),
  primary key (sha256, what, hdu, variant)
);

create index frame_product_bytes on frame_product (object_sha256);

-- Folders of this machine whose files are frames in place.
create table frame_folder (
  id uuid primary key,
  path text not null unique,
  recursive boolean not null default true,
  copied boolean not null default false,
  groups text[] not null default '{}',
  public_at timestamptz(3),
  owner_id text,
  added_by text not null,
  added_at timestamptz(3) not null default now(),
  job_id uuid,
  scanned_at timestamptz(3),
  -- Of the last scan: files seen, new, known, failed.
  counts jsonb
);

-- Files that became no frame, with the reason; one that comes again takes the place of the one before.
create table frame_failure (
  id uuid primary key,
  origin text not null,
  byte_length bigint,
  code text not null,
  reason text not null,
  owner_id text,
  by_name text not null,
  at timestamptz(3) not null default now()
);

create unique index frame_failure_origin on frame_failure (origin, owner_id) nulls not distinct;
create index frame_failure_list on frame_failure (at desc, id desc);

-- Uploads in parts; the bytes lie in a file of the home folder, whose length is the offset.
create table frame_upload (
  id uuid primary key,
  name text not null check (length(name) <= 250),
  byte_length bigint not null check (byte_length > 0),
  groups text[] not null default '{}',
  public_at timestamptz(3),
  note text,
  owner_id text,
  by_name text not null,
  -- Set when all has come and the file was read.
  sha256 text,
  problem jsonb,
  created_at timestamptz(3) not null default now(),
  touched_at timestamptz(3) not null default now()
);

create index frame_upload_touched on frame_upload (touched_at);

-- down
-- loses data: The list of frames, registered folders and unfinished uploads is dropped; files and stored bytes stay.

drop table frame_upload, frame_failure, frame_folder, frame_product, frame_place, frame;
