"""From an OpenREM database to a finished file, without AWS."""
