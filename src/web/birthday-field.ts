import { normalForm } from '../rules/normal-form.ts';

/** A birthday typed as day, month and year. */
export interface TypedBirthday {
  day: string;
  month: string;
  year: string;
  /** YYYY-MM-DD as far as it goes; undefined where nothing was typed. Whether such a day exists is judged later. */
  iso: string | undefined;
}

/** UTF-16 units of one part; a year has four digits, in whichever script. */
const PART_MAX_UNITS = 32;

export function birthdayOf(form: Map<string, string>): TypedBirthday {
  const [day, month, year] = ['day', 'month', 'year'].map((part) => {
    const typed = (form.get(`birthday_${part}`) ?? '').trim();
    return normalForm(typed, 'NFKC', PART_MAX_UNITS)?.trim() ?? typed;
  }) as [string, string, string];
  const iso =
    day || month || year ? `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined;
  return { day, month, year, iso };
}
