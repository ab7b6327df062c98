"""The rules of requests, exports, rights, presets and schedules, independent of AWS and HTTP."""
