/** Bodies, strictly: one type, bounded, every field once and a string. Nothing is guessed and nothing is merged. */
import type { Context as HttpContext } from 'hono';
import { Refusal } from '../rules/errors.ts';
import { BODY_MAX_BYTES } from '../rules/limits.ts';

/**
 * The fields of a form post.
 * @throws Refusal `unsupported_media_type`, `body_too_large`, `invalid_request` for a field given twice
 */
export async function readForm(c: HttpContext): Promise<Map<string, string>> {
  requireType(c, 'application/x-www-form-urlencoded');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(c))) {
    if (fields.has(name)) throw new Refusal('invalid_request', { detail: `a field was given twice` });
    fields.set(name, value);
  }
  return fields;
}

/**
 * A JSON object, parsed. Later schemas check its fields.
 * @throws Refusal `unsupported_media_type`, `body_too_large`, `invalid_request`
 */
export async function readJson(c: HttpContext): Promise<Record<string, unknown>> {
  requireType(c, 'application/json');
  const text = await readText(c);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('invalid_request', { detail: 'the body is not JSON' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal('invalid_request', { detail: 'the body is not a JSON object' });
  if (hasRepeatedKey(text)) throw new Refusal('invalid_request', { detail: 'a field was given twice' });
  return value as Record<string, unknown>;
}

function requireType(c: HttpContext, type: string): void {
  const given = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (given !== type) throw new Refusal('unsupported_media_type', { detail: `send ${type}` });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

async function readText(c: HttpContext): Promise<string> {
  const bytes = await readBytes(c);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal('invalid_request', { detail: 'the body is not UTF-8' });
  }
}

async function readBytes(c: HttpContext): Promise<ArrayBuffer | Uint8Array> {
  refuseAnnounced(c, BODY_MAX_BYTES);
  // No server lets more through than was announced, and without a stream a small request costs a tenth less.
  if (c.req.header('content-length') !== undefined) return whole(() => c.req.arrayBuffer());
  return whole(() => readPieces(c, BODY_MAX_BYTES, () => {}));
}

/** @throws Refusal `body_too_large` for a body that says so itself */
export function refuseAnnounced(c: HttpContext, maxBytes: number): void {
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw new Refusal('body_too_large');
}

/**
 * The body as it came, of whatever type.
 * @param take is asked before more bytes are held, and may throw a Refusal
 * @throws Refusal `body_too_large`, `invalid_request` for one that breaks off
 */
export function readHeldBytes(c: HttpContext, maxBytes: number, take: (bytes: number) => void): Promise<Uint8Array> {
  return whole(() => readPieces(c, maxBytes, take));
}

async function whole<Bytes>(read: () => Promise<Bytes>): Promise<Bytes> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // The connection broke, or the chunks were none: no fault of ours, and nothing to log a stack for.
    throw new Refusal('invalid_request', { detail: 'the body did not arrive whole' });
  }
}

/** Room for a small body; it doubles. */
const FIRST_ROOM_BYTES = 4 * 1024;

/**
 * By hand, because a body without a length is only known to be too long while it comes in. Copied together, because a chunk of
 * one byte, kept by itself, holds a hundred.
 */
async function readPieces(c: HttpContext, maxBytes: number, take: (bytes: number) => void): Promise<Uint8Array> {
  let room = new Uint8Array();
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    const needed = size + chunk.byteLength;
    if (needed > maxBytes) throw new Refusal('body_too_large');
    if (needed > room.length) {
      const more = Math.min(maxBytes, Math.max(needed, 2 * room.length, FIRST_ROOM_BYTES));
      take(more - room.length);
      const grown = new Uint8Array(more);
      grown.set(room.subarray(0, size));
      room = grown;
    }
    room.set(chunk, size);
    size = needed;
  }
  return room.subarray(0, size);
}

/**
 * JSON.parse takes the last of two equal keys, other readers the first; such a body is refused. In text that has parsed,
 * every match of this pattern is a whole string, and one followed by a colon is a key. Nested objects are refused later,
 * so the keys of one level are all there are.
 */
function hasRepeatedKey(json: string): boolean {
  const keys = [...json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)]
    .filter((match) => match[1] !== undefined)
    .map((match) => JSON.parse(match[0].slice(0, match[0].length - (match[1] as string).length)) as string);
  return new Set(keys).size !== keys.length;
}
