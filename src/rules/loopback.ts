/** Hosts that lead to this machine. What goes there crosses no network, so it needs no TLS and no certificate. */

/**
 * 127/8, ::1, localhost and names below it (RFC 6761 6.3): by the address, not by its beginning, because `127.shop.example`
 * is somebody's host.
 *
 * @param host as URLs write it, with IPv6 in brackets, or without them
 */
export function isLoopbackHost(host: string): boolean {
  return /^(?:127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[?::1\]?|(?:.+\.)?localhost)$/i.test(host);
}
