/** Which network a request comes from. Forwarded headers are read only from configured proxies (STANDARDS R09). */
import { isIP } from 'node:net';
import type { TrustedProxies } from '../config.ts';

/** No address: all requests without a readable one share one budget. */
const UNKNOWN = 'unknown';

/**
 * @param peer address of the socket
 * @param forwardedFor value of X-Forwarded-For; several of them joined by commas, as HTTP joins them
 * @returns the client's address, or the outermost one that can be believed
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: TrustedProxies): string {
  const forwarded = (forwardedFor ?? '').split(',');
  let address = plainAddress(peer) ?? UNKNOWN;
  let believed = 0;
  while (forwarded.length > 0 && isTrusted(address, believed, trusted)) {
    const next = plainAddress(forwarded.pop() as string);
    if (next === undefined) break;
    address = next;
    believed += 1;
  }
  // Loopback is not limited, so a header must not lead there: not by naming it, and not by naming nothing readable.
  const isNamed = (forwardedFor ?? '').trim() !== '' && isTrusted(plainAddress(peer) ?? UNKNOWN, 0, trusted);
  return isNamed && isLoopback(address) ? UNKNOWN : address;
}

/**
 * What limits are charged to: an IPv4 address, or the /64 that one household has in IPv6. Undefined for loopback, where
 * one address is the operator, or everybody behind a proxy that was not declared; limiting it would lock out all for one.
 */
export function clientNetwork(address: string): string | undefined {
  const plain = plainAddress(address);
  // Unreadable means stricter.
  if (plain === undefined) return UNKNOWN;
  if (isLoopback(plain)) return undefined;
  if (isIP(plain) === 4) return plain;
  const groups = groupsOf(plain);
  return (
    embeddedIpv4(groups) ??
    `${groups
      .slice(0, 4)
      .map((group) => group.toString(16))
      .join(':')}::/64`
  );
}

function isTrusted(address: string, believed: number, trusted: TrustedProxies): boolean {
  if ('hops' in trusted) return believed < trusted.hops;
  const version = isIP(address);
  return version !== 0 && trusted.networks.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : isIP(address) === 6 && isOne(groupsOf(address));
}

function isOne(groups: number[]): boolean {
  return groups.every((group, at) => group === (at === 7 ? 1 : 0));
}

/** "[::1]:443", "::ffff:10.0.0.1", "fe80::1%eth0" and "10.0.0.1:80" without port, brackets, zone and mapping. */
function plainAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const inBrackets = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(trimmed)?.[1];
  const withoutPort = inBrackets ?? /^([\d.]+):\d{1,5}$/.exec(trimmed)?.[1] ?? trimmed;
  const address = withoutPort.replace(/%[\w.-]+$/, '').toLowerCase();
  const version = isIP(address);
  // Only an IPv6 address has brackets or a zone.
  if (version === 0 || (version === 4 && address !== withoutPort)) return undefined;
  if (version === 4) return inBrackets === undefined ? address : undefined;
  const groups = groupsOf(address);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? dotted(groups[6], groups[7]) : address;
}

/**
 * The IPv4 address that 6to4 (RFC 3056: 2002::/16, which has 65,536 /64 networks for one address) or NAT64 (RFC 6052:
 * 64:ff9b::/96, where one /64 is everybody) carries.
 */
function embeddedIpv4(groups: number[]): string | undefined {
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  const isNat64 = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  return isNat64 ? dotted(groups[6], groups[7]) : undefined;
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail = ''] = hexadecimal.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const left = read(head);
  const right = read(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}
