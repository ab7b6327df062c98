"""Run a command and print the kernel's counts of it, as JSON: wall, CPU, peak memory in kB, status.

This is a separate, small process (`python -I -S`), because the kernel never reports a peak memory below the
parent's.
"""

import json
import os
import sys
import time

start = time.monotonic()
silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(process, 0)
wall = time.monotonic() - start
print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status]))
