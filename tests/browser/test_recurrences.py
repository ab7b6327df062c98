"""Recurrences in words on the page, and as expressions that EventBridge Scheduler reads."""

import pytest

from doseexport.domain.recurrence import parse_expression
from tests.browser.conftest import Visits

RECURRENCES = [
    ("day", "07:00", "cron(0 7 * * ? *)", "every day at 07:00"),
    ("week", "23:59", "cron(59 23 ? * SUN *)", "every week on Sunday at 23:59"),
    ("month", "00:05", "cron(5 0 L * ? *)", "every month on the last day at 00:05"),
    ("other", "", "rate(7 days)", "every 7 days"),
]


@pytest.mark.parametrize(("every", "time", "expression", "words"), RECURRENCES)
def test_recurrence_is_written_and_described(
    visit: Visits, every: str, time: str, expression: str, words: str
) -> None:
    window = visit()
    window.open()
    recurrence = {"every": every, "weekday": "SUN", "day": "L", "time": time, "other": " rate(7 days) "}
    written = window.page.evaluate(
        "async (recurrence) => (await import('./recurrence.js')).writeExpression(recurrence)", recurrence
    )
    described = window.page.evaluate(
        "async (text) => (await import('./recurrence.js')).describeExpression(text)", expression
    )
    assert (written, described) == (expression, words)


IN_WORDS = {
    "cron(0 7 ? * 2#1 *)": "every month on the first Monday at 07:00",
    "cron(0 7 ? 1,4,7,10 6L *)": "every quarter on the last Friday at 07:00",
    "cron(0 7 1 JAN/3 ? *)": "every quarter on the 1st at 07:00",
    "cron(0 7 1 1,2,7 ? *)": "every year in January, February and July on the 1st at 07:00",
    "cron(0 7 1,15 * ? *)": "every month on the 1st and 15th at 07:00",
    "cron(0 7 31 * ? *)": "every month on the 31st, where it exists, at 07:00",
    "cron(0 7 ? * MON-FRI *)": "every week on Monday to Friday at 07:00",
    "cron(30 7,19 ? * 1,4 *)": "every week on Wednesday and Sunday at 07:30 and 19:30",
    "cron(5 * * * ? *)": "every day every hour at 5 minutes past",
    "cron(0 7 L 4 ? 2027)": "every year in April on the last day at 07:00 in 2027",
    "rate(1 day)": "every day",
    "rate(36 hours)": "every 36 hours",
    # These have no words.
    "cron(0/5 7 * * ? *)": "cron(0/5 7 * * ? *)",
    "cron(0 7 ? * MON#1,TUE#2 *)": "cron(0 7 ? * MON#1,TUE#2 *)",
    "cron(0 7 15W * ? *)": "cron(0 7 15W * ? *)",
}


def test_recurrence_is_described_in_words(visit: Visits) -> None:
    window = visit()
    window.open()
    described = window.page.evaluate(
        """async (expressions) => {
          const { describeExpression } = await import('./recurrence.js');
          return expressions.map(describeExpression);
        }""",
        list(IN_WORDS),
    )
    assert dict(zip(IN_WORDS, described, strict=True)) == IN_WORDS


def test_every_choice_of_recurrence_is_written_read_and_described(visit: Visits) -> None:
    window = visit()
    window.open()
    written: list[tuple[str, str, str]] = window.page.evaluate(
        """async () => {
          const known = await import('./recurrence.js');
          const { describeExpression, readExpression, writeExpression } = known;
          const choices = [];
          for (const weekday of Object.keys(known.WEEKLY_DAYS)) choices.push({ every: 'week', weekday });
          for (const day of Object.keys(known.MONTH_DAYS))
            for (const every of ['month', 'quarter', 'year'])
              for (const weekday of day.startsWith('nth') ? Object.keys(known.WEEKDAYS) : ['MON'])
                choices.push({ every, day, weekday, month: '4' });
          return [{ every: 'day' }, ...choices].map((choice) => {
            const expression = writeExpression({ time: '06:30', ...choice });
            const read = { weekday: 'MON', month: '4', ...readExpression(expression) };
            return [expression, describeExpression(expression), writeExpression(read)];
          });
        }"""
    )
    assert len(written) == 1 + 8 + 3 * (29 + 5 * 7)
    for expression, words, again in written:
        parse_expression(expression)
        assert "cron" not in words
        assert again == expression
    assert len({words for _, words, _ in written}) == len(written)
