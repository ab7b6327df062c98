"""Estimate the cost of an export on AWS from the measurements. The prices are assumptions: change them here.

A worker of 1,769 MB has one CPU, while the measured client and PostgreSQL shared two. Therefore an export is
charged the longer of its wall time and its CPU time, plus START_SECONDS.
"""

from dataclasses import dataclass

MEMORY_MB = 1_769
START_SECONDS = 2.0
PART = 8 * 1024 * 1024

# US dollars: eu-west-2, on demand, arm64, without free tiers. Those of Lambda are as published for US East.
# The others are from memory, not from a price list.
GB_SECOND = 0.0000133334
MILLION_LAMBDA_REQUESTS = 0.20
MILLION_HTTP_REQUESTS = 1.16
MILLION_SQS_REQUESTS = 0.40
THOUSAND_PUTS = 0.0053
GB_MONTH = 0.024
GB_TO_THE_INTERNET = 0.09
MILLION_WRITE_UNITS = 0.74
MILLION_READ_UNITS = 0.15

# The request, polls every two seconds for at most a minute, and the download.
HTTP_REQUESTS = 35
HTTP_SECONDS, HTTP_MB = 0.1, 512
# The new row and the owner's slot (a transaction counts twice), three indexes, the sent mark, the claim, the
# upload, the completion with the released slot, and the cleanup index at each change of state. One heartbeat
# per second is added.
WRITE_UNITS = 24


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an export: the worker's GB-seconds, parts of the file, DynamoDB write units, dollars."""

    gb_seconds: float
    parts: int
    writes: int
    dollars: dict[str, float]

    @property
    def total(self) -> float:
        """Return the total in dollars, without the storage and the download of the file."""
        return sum(self.dollars.values())


def calculate(wall: float, cpu: float, size: int) -> Cost:
    """Return the cost of an export that takes these seconds and writes this number of bytes."""
    seconds = max(wall, cpu) + START_SECONDS
    gb_seconds = seconds * MEMORY_MB / 1024
    parts = size // PART + 1
    writes = WRITE_UNITS + int(seconds)
    dollars = {
        "worker": gb_seconds * GB_SECOND + MILLION_LAMBDA_REQUESTS / 1e6,
        "API": HTTP_REQUESTS * (MILLION_HTTP_REQUESTS + MILLION_LAMBDA_REQUESTS) / 1e6
        + HTTP_REQUESTS * HTTP_SECONDS * HTTP_MB / 1024 * GB_SECOND,
        "S3": (parts + 2) * THOUSAND_PUTS / 1e3,
        "DynamoDB": (writes * MILLION_WRITE_UNITS + HTTP_REQUESTS * MILLION_READ_UNITS) / 1e6,
        "SQS": 3 * MILLION_SQS_REQUESTS / 1e6,
    }
    return Cost(gb_seconds, parts, writes, dollars)
