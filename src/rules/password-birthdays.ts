/** A birthday in a password, in the many ways that people write dates. */
import { isHalf, placesOf, placesOfNumber, type Reading } from './password-readings.ts';

/** Two digits for month and day, four for the year. */
interface CalendarDate {
  year: string;
  month: string;
  day: string;
}

export function readDate(birthday: string | null): CalendarDate | undefined {
  const [, year, month, day] = /^(\d{4})-(0[1-9]|1[0-2])-(\d\d)$/.exec(birthday ?? '') ?? [];
  return year && month && day ? { year, month, day } : undefined;
}

/**
 * The whole date in any order, with or without separators, leading zeros, century and month names. A part of it (the
 * year; day and month) is too little to refuse for, since every number of four digits is a part of somebody's; it
 * counts when year and day both are there, or when it makes up half of the password.
 */
export function containsBirthday(readings: Reading[], birthday: string | null): boolean {
  const date = readDate(birthday);
  if (!date) return false;
  const spelled = spellingsOf(date);
  const parts = [date.year, ...spelled.days, ...spelled.monthsOfYear];
  return readings.some(
    (reading) =>
      spelled.whole.some((spelling) => placesOfNumber(reading, spelling, 2).length > 0) ||
      spelled.separated.some((spelling) => hasNumberAlone(reading.lower, spelling)) ||
      hasYearAndDayApart(reading, date.year, spelled.days) ||
      parts.some((part) => isHalf(placesOfNumber(reading, part, 1).length, part, reading)),
  );
}

interface Spellings {
  /** Six characters or more, without separators. */
  whole: string[];
  /** Too short to be told from other numbers without their separators: "1/5/90". */
  separated: string[];
  /** Day and month. */
  days: string[];
  /** Month and year. */
  monthsOfYear: string[];
}

// biome-ignore format: one list
const MONTH_NAMES = [
  ['january', 'jan'], ['february', 'feb'], ['march', 'mar'], ['april', 'apr'], ['may'], ['june', 'jun'], ['july', 'jul'],
  ['august', 'aug'], ['september', 'sept', 'sep'], ['october', 'oct'], ['november', 'nov'], ['december', 'dec'],
];
const SHORTEST_WHOLE = 6;

function spellingsOf({ year, month, day }: CalendarDate): Spellings {
  const years = [year, year.slice(2)];
  const months = [...new Set([month, String(Number(month))])];
  const plainDays = [...new Set([day, String(Number(day))])];
  const names = MONTH_NAMES[Number(month) - 1] as string[];
  const namedDays = [...plainDays, ...['st', 'nd', 'rd', 'th'].map((ending) => Number(day) + ending)];

  const numeric = years.flatMap((y) =>
    months.flatMap((m) =>
      plainDays.flatMap((d) => [
        [d, m, y],
        [m, d, y],
        [y, m, d],
        [y, d, m],
      ]),
    ),
  );
  const named = names.flatMap((name) => namedDays.flatMap((d) => [d + name, `${d}of${name}`, name + d]));
  const joined = numeric.map((parts) => parts.join(''));
  return {
    whole: [
      ...joined.filter((spelling) => spelling.length >= SHORTEST_WHOLE),
      ...named.flatMap((dayAndMonth) => years.flatMap((y) => [dayAndMonth + y, y + dayAndMonth])),
    ],
    separated: numeric
      .filter((parts) => parts.join('').length < SHORTEST_WHOLE)
      .flatMap((parts) => ['-', '.', '/', ' ', '_', ','].map((separator) => parts.join(separator))),
    days: [day + month, month + day, ...named],
    monthsOfYear: [month + year, year + month, ...names.flatMap((name) => years.flatMap((y) => [name + y, y + name]))],
  };
}

/** "1990" here and "2105" or "21may" there. */
function hasYearAndDayApart(reading: Reading, year: string, days: string[]): boolean {
  return [reading.lower, reading.joined].some((text) => {
    const rest = text.replace(year, ' ');
    return hasNumberAlone(text, year) && days.some((day) => hasNumberAlone(rest, day));
  });
}

/** Written in digits as it stands, and not part of a longer number. */
function hasNumberAlone(text: string, number: string): boolean {
  return placesOf(text, number).some(
    (at) => !/\d$/.test(text.slice(0, at)) && !/^\d/.test(text.slice(at + number.length)),
  );
}
