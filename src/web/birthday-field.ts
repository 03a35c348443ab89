/** A birthday typed as day, month and year. */
export interface TypedBirthday {
  day: string;
  month: string;
  year: string;
  /** YYYY-MM-DD as far as it goes; undefined where nothing was typed. Whether such a day exists is judged later. */
  iso: string | undefined;
}

export function birthdayOf(form: Map<string, string>): TypedBirthday {
  const [day, month, year] = ['day', 'month', 'year'].map((part) =>
    (form.get(`birthday_${part}`) ?? '').normalize('NFKC').trim(),
  ) as [string, string, string];
  const iso =
    day || month || year ? `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined;
  return { day, month, year, iso };
}
