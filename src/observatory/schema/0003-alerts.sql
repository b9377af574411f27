-- Alerts: events collect notices by their names; every localization is a probability map; assessments are what
-- versioned rules made of them. Bytes are in the storage, by hash.

create table alert_event (
  id uuid primary key,
  name text not null,
  kind text not null,
  role text not null check (role in ('observation', 'test', 'mock', 'simulated')),
  status text not null default 'active' check (status in ('active', 'retracted')),
  kept boolean not null default false,
  expires_at timestamptz,
  -- As the notices print it, to the microsecond; `event_at` is the same for sorting.
  event_time text,
  event_at timestamptz,
  first_notice_at timestamptz not null,
  last_notice_at timestamptz not null,
  notice_count int not null default 0,
  latest_type text not null,
  mission text,
  significant boolean,
  far_hz float8,
  classification jsonb not null default '{}',
  -- Where it is, as lists show it (EventPlace), and the last assessment by the default rules (EventVerdict).
  place jsonb not null default '{}',
  verdict jsonb,
  revision bigint not null default 0,
  -- Set when a merge took everything away from it; its id goes on working.
  merged_into uuid references alert_event on delete cascade,
  created_at timestamptz not null default now()
);

create index alert_event_last on alert_event (last_notice_at desc, id desc) where merged_into is null;
create index alert_event_kind on alert_event (kind, last_notice_at desc, id desc) where merged_into is null;
create index alert_event_expiry on alert_event (expires_at) where expires_at is not null;
create index alert_event_merged on alert_event (merged_into) where merged_into is not null;

-- `lookup` is the name without case and blanks, after `test:` or `simulated:` for what is not the sky.
create table alert_alias (
  lookup text not null,
  event_id uuid not null references alert_event on delete cascade,
  name text not null,
  source text not null,
  joins boolean not null,
  since timestamptz not null default now(),
  primary key (lookup, event_id)
);

create unique index alert_alias_joins on alert_alias (lookup) where joins;
create index alert_alias_event on alert_alias (event_id);

create table alert_notice (
  id uuid primary key,
  sha256 text not null unique check (length(sha256) = 64),
  byte_length bigint not null,
  topic text not null,
  partition int,
  stream_offset bigint,
  received_at timestamptz not null default now(),
  receptions int not null default 1,
  state text not null default 'received' check (state in ('received', 'parsed', 'other', 'dead')),
  format text,
  type text,
  kind text,
  role text not null default 'observation',
  mission text,
  instrument text,
  title text not null default 'Notice',
  sent_at timestamptz,
  event_id uuid references alert_event on delete set null,
  -- A person put it where it is; rules leave it there.
  pinned boolean not null default false,
  parsed jsonb,
  problem jsonb
);

create index alert_notice_event on alert_notice (event_id, sent_at);
create index alert_notice_list on alert_notice (received_at desc, id desc);
create index alert_notice_state on alert_notice (state, received_at desc, id desc);

-- Where on the stream a message was seen. The same place may hold another message after a cluster lost its memory.
create table alert_reception (
  topic text not null,
  partition int not null,
  stream_offset bigint not null,
  notice_id uuid not null references alert_notice on delete cascade,
  received_at timestamptz not null default now(),
  primary key (topic, partition, stream_offset, notice_id)
);

create index alert_reception_notice on alert_reception (notice_id);

-- Names by which a notice without an event waits for one: circulars, searches, retractions that came first.
create table alert_orphan (
  lookup text not null,
  notice_id uuid not null references alert_notice on delete cascade,
  primary key (lookup, notice_id)
);

create index alert_orphan_notice on alert_orphan (notice_id);

-- Summary of each map once, whichever notices carry it.
create table alert_map (
  sha256 text primary key check (length(sha256) = 64),
  byte_length bigint not null,
  summary jsonb,
  problem jsonb,
  made_at timestamptz not null default now()
);

create table alert_localization (
  id uuid primary key,
  notice_id uuid not null references alert_notice on delete cascade,
  event_id uuid references alert_event on delete set null,
  kind text not null,
  state text not null check (state in ('ready', 'waiting', 'failed')),
  preferred boolean not null default false,
  -- Error region as stated; its map is made when asked for.
  region jsonb,
  map_sha256 text,
  map_byte_length bigint,
  source_url text,
  containment float8,
  containment_stated boolean not null default false,
  note text,
  summary jsonb,
  problem jsonb,
  created_at timestamptz not null default now()
);

create index alert_localization_notice on alert_localization (notice_id);
create index alert_localization_event on alert_localization (event_id);
create index alert_localization_map on alert_localization (map_sha256) where map_sha256 is not null;

create table alert_assessment (
  id uuid primary key,
  event_id uuid not null references alert_event on delete cascade,
  notice_id uuid not null references alert_notice on delete cascade,
  localization_id uuid references alert_localization on delete set null,
  rules text not null,
  version text not null,
  rules_sha256 text not null,
  score float8 not null,
  decision text not null,
  rule text not null,
  inputs jsonb not null,
  reasons jsonb not null,
  at timestamptz not null default now(),
  unique (notice_id, rules, version)
);

create index alert_assessment_event on alert_assessment (event_id, at);

create table alert_history (
  id bigint generated always as identity primary key,
  event_id uuid not null references alert_event on delete cascade,
  at timestamptz not null default clock_timestamp(),
  by text not null,
  what text not null,
  text text not null,
  data jsonb not null default '{}'
);

create index alert_history_event on alert_history (event_id, id);

-- State of each stream as the process that reads it last wrote it, for pages of other processes.
create table alert_stream (
  name text primary key,
  status jsonb not null,
  updated_at timestamptz not null default now()
);

-- down
-- loses data: Events, notices, localizations, assessments and their history are dropped; the bytes stay in the storage.

drop table alert_stream, alert_history, alert_assessment, alert_localization, alert_map, alert_orphan, alert_reception, alert_notice,
  alert_alias, alert_event;
