/** The development inbox shows everybody's codes: to this machine, unless the network is let in on request. */
import type { Context as HttpContext, MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { isLoopbackHost } from '../rules/loopback.ts';
import { clientNetwork } from './client-address.ts';
import type { Peer } from './request.ts';

const REFUSED =
  'The development inbox is shown to this machine only, because it has the codes of everybody. ' +
  'To show it to whoever reaches it, start with REGAIN_DEV_ON_NETWORK=yes. For a real shop start with NODE_ENV=production.\n';

/** In which a tunnel or a proxy on this machine names who called it. */
const CALLER_HEADERS = ['x-forwarded-for', 'x-real-ip', 'true-client-ip', 'cf-connecting-ip', 'fly-client-ip'];

/** Without a peer whoever embeds us decides. */
export function thisMachineOnly({ devOnNetwork, origin }: Pick<Config, 'devOnNetwork' | 'origin'>): MiddlewareHandler {
  return async (c, next) => {
    if (!devOnNetwork && (isFromElsewhere(c) || isUnderAnotherName(c, origin))) return c.text(REFUSED, 403);
    await next();
  };
}

function isFromElsewhere(c: HttpContext): boolean {
  const peer = (c.env as Peer | undefined)?.peer;
  const named = CALLER_HEADERS.flatMap((name) => c.req.header(name)?.split(',') ?? []);
  const callers = [...(peer === undefined ? [] : [peer]), ...named, ...forwardedFor(c)];
  return callers.some((caller) => clientNetwork(caller.trim()) !== undefined);
}

/** Of `Forwarded` (RFC 7239 section 4); an address of IPv6 stands in brackets there, a port may follow. */
function forwardedFor(c: HttpContext): string[] {
  const value = c.req.header('forwarded');
  if (value === undefined) return [];
  const named = [...value.matchAll(/for="?(?:\[([^\]]*)\]|([^;,":\s]*))/gi)].map(([, v6, other]) => v6 ?? other ?? '');
  // A proxy that tells nothing of who called has called for somebody.
  return named.length > 0 ? named : [''];
}

/** A page of another site, whose name was made to lead to this machine, would read the codes (DNS rebinding). */
function isUnderAnotherName(c: HttpContext, origin: string): boolean {
  const { hostname } = new URL(c.req.url);
  return !isLoopbackHost(hostname) && hostname !== new URL(origin).hostname;
}
