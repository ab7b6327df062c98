/** Cron expressions of EventBridge Scheduler, read into lists of numbers. The service checks them. */

const EXPRESSION = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/;
const ITEM = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/;
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/**
 * Return what an expression says, or null if it cannot be read. `numbers` are days of the month (0 is the last
 * day); `weekdays` count from 1, Sunday, with `nth` of the month (0 is the last). Null months and years mean all.
 * @returns {{minutes: number[], hours: number[], numbers?: number[], weekdays?: number[], nth?: number,
 *   months: number[]|null, years: number[]|null}|null}
 */
export function readCron(expression) {
  const [, minutes, hours, days, months, weekdays, years] = EXPRESSION.exec(expression) ?? [];
  const fields = minutes && {
    minutes: readNumbers(minutes, 0, 59),
    hours: readNumbers(hours, 0, 23),
    months: readNumbers(months, 1, 12, MONTHS),
    years: readNumbers(years, 1970, 2199),
    ...readDays(days, weekdays),
  };
  if (!fields || Object.values(fields).includes(null)) return null;
  const isAll = (numbers, count) => numbers.length === count;
  return {
    ...fields,
    months: isAll(fields.months, 12) ? null : fields.months,
    years: isAll(fields.years, 230) ? null : fields.years,
  };
}

function readDays(days, weekdays) {
  if (days === "L") return { numbers: [0] };
  if (weekdays === "?") return { numbers: readNumbers(days, 1, 31) };
  const [, name, nth] = /^(\w+?)(?:L|#([1-5]))$/.exec(weekdays) ?? [];
  const numbers = readNumbers(name ?? weekdays, 1, 7, WEEKDAYS);
  return { weekdays: numbers, ...(name ? { nth: Number(nth ?? 0) } : {}) };
}

/** Return the numbers in a field such as 1,3-5,10/2 or *, in order, or null if it cannot be read. */
function readNumbers(text, lowest, highest, names = []) {
  const found = new Set();
  for (const item of text.split(",")) {
    const [, first, last, step] = ITEM.exec(item) ?? [null, "?"];
    const low = first ? readNumber(first, lowest, names) : lowest;
    const single = first && !step ? low : highest;
    const high = last ? readNumber(last, lowest, names) : single;
    if (!(low >= lowest && low <= high && high <= highest)) return null;
    for (let number = low; number <= high; number += Number(step ?? 1) || highest) found.add(number);
  }
  return [...found].sort((one, other) => one - other);
}

const readNumber = (text, lowest, names) =>
  names.includes(text) ? names.indexOf(text) + lowest : Number(text);
