"""What holds, whoever asks: requests, exports, rights, presets, schedules and their rules."""
