-- Tasks: one frame, or a stack, through the steps of imaging. Products are bytes in the storage, by hash; files of a task
-- have plain names.

create table task (
  id uuid primary key,
  title text not null default '' check (length(title) <= 250),
  original_name text not null default '' check (length(original_name) <= 250),
  state text not null default 'initial',
  owner_id text,
  owner_name text not null,
  groups text[] not null default '{}',
  -- The same request sent twice makes one task.
  request_key text,
  frame_sha256 text check (length(frame_sha256) = 64),
  parent uuid references task on delete set null,
  -- Keys that differ from the defaults.
  config jsonb not null default '{}',
  -- What the steps found, by step.
  findings jsonb not null default '{}',
  -- What is done to the pixels before anything else, in order.
  preparations jsonb not null default '[]',
  ra float8,
  dec float8,
  radius_deg float8,
  -- HEALPix NESTED order 29 of the centre.
  hpx bigint,
  moc text check (length(moc) <= 65536),
  mjd float8,
  filter text,
  job_id uuid,
  revision bigint not null default 0,
  created_at timestamptz(3) not null default now(),
  modified_at timestamptz(3) not null default now(),
  completed_at timestamptz(3),
  unique nulls distinct (owner_id, request_key)
);

create index task_list on task (created_at desc, id desc);
create index task_place on task (hpx) where hpx is not null;
create index task_frame on task (frame_sha256) where frame_sha256 is not null;

-- Steps of the last run that had them.
create table task_step (
  task_id uuid not null references task on delete cascade,
  step text not null check (step in ('stack', 'inspect', 'photometry', 'transients', 'subtraction')),
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  job_id uuid,
  started_at timestamptz(3),
  finished_at timestamptz(3),
  problem jsonb,
  primary key (task_id, step)
);

-- What was brought (step is null) and what the steps made.
create table task_file (
  task_id uuid not null references task on delete cascade,
  name text not null check (length(name) <= 250),
  step text,
  sha256 text not null check (length(sha256) = 64),
  byte_length bigint not null,
  made_at timestamptz(3) not null default now(),
  primary key (task_id, name)
);

create index task_file_bytes on task_file (sha256);

create table task_preset (
  id uuid primary key,
  name text not null check (length(name) <= 250),
  owner_id text,
  owner_name text not null,
  groups text[] not null default '{}',
  config jsonb not null default '{}',
  -- { name, sha256, bytes }: copied into a task as what was brought to it.
  files jsonb not null default '[]',
  created_at timestamptz(3) not null default now(),
  unique nulls not distinct (owner_id, name)
);

-- down
-- loses data: Tasks, presets and the lists of their products are dropped; the bytes stay in the storage.

drop table task_preset, task_file, task_step, task;
