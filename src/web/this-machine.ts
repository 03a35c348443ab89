/** The development inbox shows everybody's codes: to this machine, unless the network is let in on request. */
import type { MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { clientNetwork } from './client-address.ts';
import type { Peer } from './request.ts';

const REFUSED =
  'The development inbox is shown to this machine only, because it has the codes of everybody. ' +
  'To show it to whoever reaches it, start with REGAIN_DEV_ON_NETWORK=yes. For a real shop start with NODE_ENV=production.\n';

/** Also behind a tunnel, whose callers come from this machine and are named in a header. Without a peer whoever embeds us decides. */
export function thisMachineOnly({ devOnNetwork }: Pick<Config, 'devOnNetwork'>): MiddlewareHandler {
  return async (c, next) => {
    const callers = [(c.env as Peer | undefined)?.peer, ...(c.req.header('x-forwarded-for')?.split(',') ?? [])];
    const isElsewhere = callers.some((caller) => caller !== undefined && clientNetwork(caller.trim()) !== undefined);
    if (isElsewhere && !devOnNetwork) return c.text(REFUSED, 403);
    await next();
  };
}
