/** What the URLs of providers have in common: how a bad one is refused, and parts that each of them reads. */

/** The message says what is wrong, after the name of the setting, and never repeats the URL: it holds secrets. */
export class UrlRefused extends Error {
  readonly example: string;
  constructor(problem: string, example: string) {
    super(problem);
    this.name = 'UrlRefused';
    this.example = example;
  }
}

export type Refuse = (problem: string) => never;

export function refuser(example: string): Refuse {
  return (problem) => {
    throw new UrlRefused(problem, example);
  };
}

export function requireKnown(url: URL, known: readonly string[], refuse: Refuse): void {
  for (const name of url.searchParams.keys())
    if (!known.includes(name)) refuse(`has an unknown parameter '${name.slice(0, 30)}'; known are ${known.join(', ')}`);
  if (url.pathname !== '' && url.pathname !== '/') refuse('must not have a path');
}

export function decoded(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(
      'has a % in the user or the password that is not followed by two hexadecimal digits; write it as %25',
    );
  }
}

export function wholeNumber(
  url: URL,
  name: string,
  otherwise: number,
  from: number,
  to: number,
  refuse: Refuse,
): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  return /^\d{1,4}$/.test(text) && value >= from && value <= to
    ? value
    : refuse(`'${name}' must be a whole number from ${from} to ${to}`);
}
