/** Which network a request comes from. Forwarded headers are read only from configured proxies (STANDARDS R09). */
import { isIP } from 'node:net';
import type { TrustedProxies } from '../config.ts';

/**
 * @param peer address of the socket
 * @param forwardedFor value of X-Forwarded-For
 * @returns the client's address, or the outermost one that can be believed
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: TrustedProxies): string {
  const hops = [...(forwardedFor ?? '').split(',').map((hop) => bareAddress(hop)), bareAddress(peer)];
  let at = hops.length - 1;
  let believed = 0;
  while (at > 0 && isTrusted(hops[at] as string, believed, trusted) && isIP(hops[at - 1] as string) !== 0) {
    at -= 1;
    believed += 1;
  }
  return hops[at] as string;
}

/**
 * What limits are charged to: an IPv4 address, or the /64 that one household has in IPv6. Undefined for loopback, where
 * one address is the operator, or everybody behind a proxy that was not declared; limiting it would lock out all for one.
 */
export function clientNetwork(address: string): string | undefined {
  const version = isIP(address);
  if (version === 4) return address.startsWith('127.') ? undefined : address;
  if (version === 6) return address === '::1' ? undefined : ipv6Network(address);
  // Unreadable means stricter: all of these share one budget.
  return 'unknown';
}

function isTrusted(address: string, believed: number, trusted: TrustedProxies): boolean {
  if ('hops' in trusted) return believed < trusted.hops;
  const version = isIP(address);
  return version !== 0 && trusted.networks.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** "[::1]:443", "::ffff:10.0.0.1" and "10.0.0.1:80" without port, brackets and mapping. */
function bareAddress(text: string): string {
  const trimmed = text.trim();
  const inBrackets = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1];
  const withoutPort = inBrackets ?? (/^[\d.]+:\d+$/.test(trimmed) ? trimmed.slice(0, trimmed.indexOf(':')) : trimmed);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutPort)?.[1];
  return mapped ?? withoutPort.replace(/%.*$/, '');
}

function ipv6Network(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
