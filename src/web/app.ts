/** The web-standard handler: guards, the API, the pages, the assets, and one way to answer what went wrong. */
import { Hono, type MiddlewareHandler } from 'hono';
import type { Context } from '../actions/context.ts';
import type { Inbox } from '../channels/inbox.ts';
import type { InboxChats } from '../channels/inbox-chats.ts';
import type { Config } from '../config.ts';
import { PROBLEMS, Refusal } from '../rules/errors.ts';
import { apiRoutes } from './api/api.ts';
import { problemResponse } from './api/problem.ts';
import { assetVersion, serveAsset } from './asset-files.ts';
import { begunInTurn } from './begun-in-turn.ts';
import { compressed } from './compressed.ts';
import { cookiesFor } from './cookies.ts';
import { sameOriginPosts, securityHeaders } from './guard.ts';
import { createHeldBodies } from './held-bodies.ts';
import { createOpenStreams, type OpenStreams } from './open-streams.ts';
import { problemPage } from './pages/problem.ts';
import { localeOf, type Messengers, type Peer, sourceOf, viewOf, type Web } from './request.ts';
import { DEVELOPMENT_ROUTES, PRODUCTION_ROUTES, ROUTES } from './routes.ts';
import { thisMachineOnly } from './this-machine.ts';
import type { Receivers } from './webhooks.ts';

export interface AppParts {
  context: Context;
  config: Config;
  inbox: Inbox | undefined;
  chats?: InboxChats | undefined;
  receivers?: Receivers;
  /** Messengers that can be linked, by what opens them. */
  messengers?: Messengers;
  streams?: OpenStreams;
}

export function createApp({
  context,
  config,
  inbox,
  chats,
  receivers = {},
  messengers = {},
  streams = createOpenStreams(),
}: AppParts): Hono<{ Bindings: Peer }> {
  const web: Web = {
    context,
    config,
    inbox,
    chats,
    receivers,
    messengers,
    streams,
    heldBodies: createHeldBodies(),
    cookies: cookiesFor(config.origin),
    assetVersion: assetVersion(config.brand),
  };
  const app = new Hono<{ Bindings: Peer }>();

  app.use(
    requestLog(web),
    begunInTurn((c) => sourceOf(config, c)),
    securityHeaders(config),
    compressed('text/html'),
    sameOriginPosts(config),
    rememberLanguage(web),
  );
  if (config.mode === 'development') app.use('/dev/*', thisMachineOnly(config));
  app.route('/', apiRoutes(web));
  for (const [method, path, handler] of [
    ...ROUTES,
    ...(config.mode === 'development' ? DEVELOPMENT_ROUTES : PRODUCTION_ROUTES),
  ])
    app.on(method, path, (c) => handler(web, c));
  app.get('/assets/:file{.+}', (c) => serveAsset(c.req.param('file'), c.req.header('accept-encoding')));

  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length === 0) return refuse(web, c, new Refusal('not_found'));
    const response = refuse(web, c, new Refusal('method_not_allowed'));
    response.headers.set('Allow', allowed.join(', '));
    return response;
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) return refuse(web, c, error);
    context.log.error('request-fault', { route: c.req.routePath, error: error.stack ?? String(error) });
    // Fail closed: nothing was done, and the person is told to come back (STANDARDS R86).
    return refuse(web, c, new Refusal('unavailable', { retryAfterSeconds: 10 }));
  });
  return app;
}

type AppContext = Parameters<Parameters<Hono<{ Bindings: Peer }>['notFound']>[0]>[0];

/** Apps get a problem document, people a page with the same meaning. */
function refuse(web: Web, c: AppContext, refusal: Refusal): Response {
  const forApp = c.req.path.startsWith('/api/') || (c.req.header('accept') ?? '').startsWith('application/json');
  if (forApp) return problemResponse(refusal);
  const { code, details } = refusal;
  const { retryAfterSeconds } = details;
  const html = problemPage(viewOf(web, c), { code, retryAfterSeconds });
  const headers: Record<string, string> = { 'Content-Type': 'text/html; charset=utf-8' };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.max(1, retryAfterSeconds));
  return new Response(String(html), { status: PROBLEMS[code].status, headers });
}

/** `?lang=` chooses a language, for this page and the next ones. */
function rememberLanguage(web: Web): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.query('lang') !== undefined) web.cookies.write(c, 'locale', localeOf(web, c).locale);
    await next();
  };
}

/** The route's pattern, never the path: links carry tokens. */
function requestLog({ context }: Web): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    context.log.info('request', {
      method: c.req.method,
      route: c.req.routePath,
      status: c.res.status,
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
    });
  };
}

function methodsOf(app: Hono<{ Bindings: Peer }>, path: string): string[] {
  const matches = app.routes.filter(
    ({ method, path: pattern }) =>
      method !== 'ALL' && new RegExp(`^${pattern.replace(/:[a-z]+(\{[^}]+\})?|[.]/g, matched)}$`).test(path),
  );
  return [...new Set(matches.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

/** A part of a route's pattern, as an expression: `.`, `:name`, or `:name{.+}`, which takes slashes, too. */
function matched(part: string, any: string | undefined): string {
  if (part === '.') return '\\.';
  return any === undefined ? '[^/]+' : '.+';
}
