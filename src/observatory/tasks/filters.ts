// Moved as it was to #science/image/filters.ts (import it from there), because the room of frames needs it and may not
// import this room. Delete this file once nothing of yours looks for it here.
export {}
