/** JSON of somebody else, which may be none. */

/**
 * The value, or undefined for what is no JSON, which no value of JSON is.
 * @param exact names of numbers above 2^53: they become strings of their digits as they stand in the text (JSON.parse source
 *   text access, in Node since 21), because as numbers they would be rounded
 */
export function readJson(text: string | Uint8Array, exact: readonly string[] = []): unknown {
  const keepDigits = (key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && exact.includes(key) ? context?.source : value;
  try {
    const json = typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    return exact.length === 0 ? JSON.parse(json) : JSON.parse(json, keepDigits);
  } catch {
    return undefined;
  }
}
