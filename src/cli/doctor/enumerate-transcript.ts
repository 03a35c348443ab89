/** An answer as comparable lines: everything a stranger can see, with what is random or his own masked. */

/** An answer of either world. Header names are in lower case, in the order in which they came. */
export interface Reply {
  status: number;
  headers: [name: string, value: string][];
  body: string;
}

export interface Masking {
  identifier: string;
  /** The clock stood still between the kinds, so moments and waiting times must agree to the millisecond. */
  exactTimes: boolean;
}

/** Of the connection, or told in another way: the length of the body counts after masking. */
const LEFT_OUT = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']);
const RETRY_AFTER = 'header retry-after: ';
/** Two kinds that are asked one after the other on a real clock. */
const RETRY_AFTER_TOLERANCE_SECONDS = 5;

export function transcribe({ status, headers, body }: Reply, masking: Masking): string[] {
  const shown = headers.filter(([name]) => !LEFT_OUT.has(name));
  const text = masked(body, masking);
  return [
    `status ${status}`,
    `header names ${shown.map(([name]) => name).join(', ')}`,
    ...shown.map(([name, value]) =>
      name === 'set-cookie' ? `cookie ${cookieShape(value)}` : `header ${name}: ${masked(value, masking)}`,
    ),
    `body of ${text.length} characters`,
    ...bodyLines(text).map((line) => `body ${line}`),
  ];
}

/** What one side has and the other lacks, "+" for `lines` and "-" for `reference`; empty where they are alike. */
export function differenceOf(
  lines: readonly string[],
  reference: readonly string[],
  { exactTimes }: Pick<Masking, 'exactTimes'>,
): string[] {
  const [ours, theirs] = exactTimes ? [lines, reference] : withSameRetryAfter(lines, reference);
  if (ours.join('\n') === theirs.join('\n')) return [];
  const changed = [
    ...without(theirs, ours).map((line) => `- ${line}`),
    ...without(ours, theirs).map((line) => `+ ${line}`),
  ];
  changed.sort((a, b) => Number(isStatus(b)) - Number(isStatus(a)));
  return changed.length > 0 ? changed : ['  the same lines in another order'];
}

/** Shown first: the rest mostly follows from it. */
function isStatus(line: string): boolean {
  return /^[-+] status /.test(line);
}

/** Name, length of the value and attributes: the value is a secret handle. */
function cookieShape(line: string): string {
  const [pair = '', ...attributes] = line.split(';');
  const at = pair.indexOf('=');
  return `${pair.slice(0, at)}=<${pair.length - at - 1} characters>;${attributes.join(';')}`;
}

function masked(text: string, { identifier, exactTimes }: Masking): string {
  let rest = text;
  for (const form of formsOf(identifier)) rest = rest.replaceAll(form, '<identifier>');
  // Tokens and nonces: long, of two kinds of characters at least (one token in 1,500 has no digit). Their length stays.
  rest = rest.replace(/[\w+/-]{22,}={0,2}/g, (word) => {
    const kinds = [/\d/, /[a-z]/, /[A-Z]/].filter((kind) => kind.test(word)).length;
    return kinds >= 2 ? `<${word.length} random characters>` : word;
  });
  if (exactTimes) return rest;
  return rest
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>')
    .replace(/\b\d+(?=(?:&nbsp;|\s)(?:second|minute|hour)s?\b)/g, '<n>')
    .replace(/("?data-[\w-]*(?:wait|seconds|until|at)"?=")\d+/g, '$1<n>');
}

/** As pages, links and JSON spell it. */
function formsOf(identifier: string): string[] {
  const html = identifier.replaceAll('&', '&amp;').replaceAll('+', '&#43;');
  return [...new Set([identifier, html, encodeURIComponent(identifier)])];
}

/** One line for each field or element, so that a difference is short. */
function bodyLines(text: string): string[] {
  const lines = text.startsWith('{') ? text.split(/,(?=")/) : text.split(/\n|(?<=>)(?=<)/);
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

function withSameRetryAfter(a: readonly string[], b: readonly string[]): [readonly string[], readonly string[]] {
  const [ours, theirs] = [a, b].map((lines) => lines.find((line) => line.startsWith(RETRY_AFTER)));
  if (ours === undefined || theirs === undefined || ours === theirs) return [a, b];
  const apart = Math.abs(Number(ours.slice(RETRY_AFTER.length)) - Number(theirs.slice(RETRY_AFTER.length)));
  if (!(apart <= RETRY_AFTER_TOLERANCE_SECONDS)) return [a, b];
  return [a.map((line) => (line === ours ? theirs : line)), b];
}

/** The lines of `left` beyond those of `right`, each as often as it stands there. */
function without(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of right) counts.set(line, (counts.get(line) ?? 0) + 1);
  return left.filter((line) => {
    const many = counts.get(line) ?? 0;
    if (many > 0) counts.set(line, many - 1);
    return many === 0;
  });
}
