"""The way from an OpenREM database to a finished file, without AWS."""
