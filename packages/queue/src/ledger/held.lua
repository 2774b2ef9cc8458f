-- A count that no process goes on with is over after so many milliseconds.
local HELD_MS = 10000
