-- Frames by what their headers call telescope, instrument and object, in any case: a name that few frames or none carry
-- is found without walking through all of them.

create index frame_telescope on frame (lower(telescope)) where telescope is not null;
create index frame_instrument on frame (lower(instrument)) where instrument is not null;
create index frame_object on frame (lower(object)) where object is not null;

-- down

drop index frame_object, frame_instrument, frame_telescope;
