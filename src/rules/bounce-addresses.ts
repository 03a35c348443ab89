/**
 * Where a mail that can't be delivered goes back to, and how its message is known again: `bounces+<token>@shop.example`
 * (variable envelope return path). The token is the message's id and a MAC of it, in an alphabet that survives servers
 * which fold local parts to lower case.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Keys } from '../ports.ts';

/** RFC 4648 section 6, in lower case. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const ID_BYTES = 16;
/** 80 bits: whoever guesses one learns whether a mail bounced, and has to ask us for every guess. */
const MAC_BYTES = 10;
const TOKEN_CHARACTERS = 26 + 16;
/** RFC 5321 4.5.3.1.1, in octets. */
const LOCAL_PART_MAX = 64;

/** How long the local part of the setting may be, so that a token fits behind it. */
export const BOUNCE_LOCAL_MAX = LOCAL_PART_MAX - TOKEN_CHARACTERS - 1;

/** The return path of a message, or undefined where its id is none of ours. */
export function bounceAddress(setting: string, id: string, keys: Pick<Keys, 'macs'>): string | undefined {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length !== ID_BYTES || bytes.toString('base64url') !== id) return undefined;
  const mac = keys.macs('bounce', id)[0] as Buffer;
  const at = setting.lastIndexOf('@');
  return `${setting.slice(0, at)}+${toBase32(bytes)}${toBase32(mac.subarray(0, MAC_BYTES))}${setting.slice(at)}`;
}

/** The id of the message that this return path was made for; undefined for a forgery and for any other address. */
export function messageOfBounceAddress(setting: string, address: string, keys: Pick<Keys, 'macs'>): string | undefined {
  const at = setting.lastIndexOf('@');
  const [head, tail] = [`${setting.slice(0, at)}+`.toLowerCase(), setting.slice(at).toLowerCase()];
  const given = address.trim().toLowerCase();
  if (!given.startsWith(head) || !given.endsWith(tail)) return undefined;
  const token = given.slice(head.length, given.length - tail.length);
  if (token.length !== TOKEN_CHARACTERS) return undefined;
  const [bytes, mac] = [fromBase32(token.slice(0, 26), ID_BYTES), fromBase32(token.slice(26), MAC_BYTES)];
  if (!bytes || !mac) return undefined;
  const id = bytes.toString('base64url');
  const isOurs = keys.macs('bounce', id).some((expected) => timingSafeEqual(expected.subarray(0, MAC_BYTES), mac));
  return isOurs ? id : undefined;
}

/** A Message-ID of ours, with the brackets, and the message's id in it; undefined where this can't be one. */
export function readMessageId(value: string): { providerId: string; messageId: string } | undefined {
  const found = /^\s*<?(([\w.-]{1,64})@[^\s<>@]{1,255})>?\s*$/.exec(value);
  return found ? { providerId: `<${found[1]}>`, messageId: found[2] as string } : undefined;
}

function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function fromBase32(text: string, length: number): Buffer | undefined {
  const fives = [...text].map((letter) => ALPHABET.indexOf(letter));
  if (fives.includes(-1)) return undefined;
  const bits = fives.map((five) => five.toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  // The bits that fill up the last letter are zero: no two tokens for one message.
  return bytes.length === length && toBase32(bytes) === text ? bytes : undefined;
}
