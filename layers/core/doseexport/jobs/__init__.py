"""What the service does automatically: run exports, sweep, run schedules, map groups."""
