/** What holds for every request and every answer: headers, same-origin posts, one way to refuse. */
import type { Context as HttpContext, MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { Refusal } from '../rules/errors.ts';

const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** On every answer, errors included (STANDARDS R81). Caching and the policy of content may be set by a handler. */
export function answerHeaders({ origin }: Pick<Config, 'origin'>): Record<string, string> {
  return {
    'Content-Security-Policy': PAGE_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
    ...(origin.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } : {}),
  };
}

export function securityHeaders(config: Pick<Config, 'origin'>): MiddlewareHandler {
  const all = Object.entries(answerHeaders(config));
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    for (const [name, value] of all) if (!HANDLERS_CHOICE.has(name) || !headers.has(name)) headers.set(name, value);
  };
}

const HANDLERS_CHOICE = new Set(['Content-Security-Policy', 'Cache-Control']);

/**
 * Refuses what another site made a browser send. Fetch metadata where the browser sends it, else Origin; a request with
 * neither comes from no browser of this decade and carries nobody's cookies against his will.
 */
export function sameOriginPosts(config: Pick<Config, 'origin' | 'mode'>): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    // A provider's call comes from no browser, and carries its own proof.
    const mayBeForged = method !== 'GET' && method !== 'HEAD' && !path.startsWith('/webhooks/');
    if (mayBeForged && isCrossSite(c, config)) throw new Refusal('forbidden');
    await next();
  };
}

function isCrossSite(c: HttpContext, { origin, mode }: Pick<Config, 'origin' | 'mode'>): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const from = c.req.header('origin');
  if (from === undefined || from === origin) return false;
  // In development the page may be open under another name of the same machine, such as 127.0.0.1.
  const sameHost = URL.canParse(from) && new URL(from).host === c.req.header('host');
  return !(mode === 'development' && sameHost);
}
