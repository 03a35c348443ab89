/** The HTTP API for apps. The pages use the same actions. */
import { createRoute, OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Context as HttpContext } from 'hono';
import { chooseAccount } from '../../actions/choose-account.ts';
import { completeRegistration } from '../../actions/complete-registration.ts';
import { challengeWork } from '../../actions/proof-of-work.ts';
import { resendCode } from '../../actions/resend-code.ts';
import { currentSession, signOut, wasRecoveredLately } from '../../actions/sessions.ts';
import { setPassword } from '../../actions/set-password.ts';
import type { Choice } from '../../actions/shared-number.ts';
import { describeProof, type ProofView, showProof } from '../../actions/show-proof.ts';
import { signIn } from '../../actions/sign-in.ts';
import { startRecovery } from '../../actions/start-recovery.ts';
import { startRegistration } from '../../actions/start-registration.ts';
import { verifyCode } from '../../actions/verify-code.ts';
import type { Purpose } from '../../rules/codes.ts';
import { Refusal } from '../../rules/errors.ts';
import { type Identifier, readIdentifier } from '../../rules/identifiers.ts';
import { toldText } from '../../rules/shared-numbers.ts';
import type { Proof } from '../../store/store.ts';
import { compressed } from '../compressed.ts';
import { readJson } from '../read-body.ts';
import { countryOf, originOf, type Web } from '../request.ts';
import {
  ChooseBody,
  CompleteBody,
  CurrentSessionJson,
  PasswordBody,
  ProblemJson,
  RecoveryJson,
  RecoveryStatusJson,
  ResendBody,
  SessionJson,
  SignInBody,
  StartBody,
  VerifyBody,
  WorkBody,
  WorkJson,
} from './schemas.ts';

const VERSION = '1.0.0';

export function apiRoutes(web: Web): OpenAPIHono {
  const app = new OpenAPIHono();
  const { context } = web;
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });

  for (const purpose of ['recovery', 'registration'] as const) {
    const start = purpose === 'recovery' ? startRecovery : startRegistration;
    post(app, `/api/v1/${purpose}`, StartBody, 202, RecoveryJson, `Start a ${purpose}`, async (c, body) => {
      const origin = { ...originOf(web, c, body.locale), byApp: true, device: body.device, work: body.work };
      const identifier = readApiIdentifier(web, c, body);
      const { token, proof } = await start(context, identifier, origin, body.channel);
      return c.json(recoveryJson(web, token, proof), 202);
    });
    post(app, `/api/v1/${purpose}/resend`, ResendBody, 202, RecoveryJson, 'Send the code again', async (c, body) => {
      const proof = await resendCode(context, purpose, body.token, { ...originOf(web, c), byApp: true }, body.channel);
      return c.json(recoveryJson(web, body.token, proof), 202);
    });
    post(app, `/api/v1/${purpose}/verify`, VerifyBody, 200, RecoveryJson, 'Enter the code', async (c, body) => {
      const { token, proof } = await verifyCode(context, purpose, body.token, body.code);
      if (proof.state === 'choosing') return c.json(viewJson(token, await showProof(context, purpose, token)), 200);
      return c.json(recoveryJson(web, token, proof), 200);
    });
    get(app, `/api/v1/${purpose}`, RecoveryStatusJson, `What is known of a ${purpose}`, async (c) => {
      const token = bearerToken(c) ?? '';
      const view = await showProof(context, purpose as Purpose, token);
      return c.json(
        { ...viewJson(token, view), delivery: view.delivery, ...(view.by === undefined ? {} : { by: view.by }) },
        200,
      );
    });
  }
  post(
    app,
    '/api/v1/recovery/account',
    ChooseBody,
    200,
    RecoveryJson,
    'Choose one of several accounts',
    async (c, body) => {
      const proof = await chooseAccount(context, body.token, body.account);
      return c.json(recoveryJson(web, body.token, proof), 200);
    },
  );
  post(app, '/api/v1/recovery/password', PasswordBody, 200, RecoveryJson, 'Set the new password', async (c, body) => {
    const proof = await setPassword(context, body.token, body.password, originOf(web, c).source);
    return c.json(recoveryJson(web, body.token, proof), 200);
  });
  post(app, '/api/v1/registration/complete', CompleteBody, 201, RecoveryJson, 'Create the account', async (c, body) => {
    const proof = await completeRegistration(context, body.token, body, body.password);
    return c.json(recoveryJson(web, body.token, proof), 201);
  });

  post(app, '/api/v1/work', WorkBody, 200, WorkJson, 'A proof of work that buys a budget', async (c, body) =>
    c.json(await challengeWork(context, readApiIdentifier(web, c, body)), 200),
  );
  post(app, '/api/v1/sessions', SignInBody, 201, SessionJson, 'Sign in', async (c, body) => {
    const identifier = readApiIdentifier(web, c, body);
    const { token, session, device } = await signIn(context, identifier, body.password, originOf(web, c), body.device);
    return c.json({ token, expiresAt: iso(session.expiresAt), device }, 201);
  });
  get(app, '/api/v1/sessions/current', CurrentSessionJson, 'The session of this token', async (c) => {
    const current = await currentSession(context, bearerToken(c));
    if (!current) throw new Refusal('invalid_credentials');
    const { session, account } = current;
    const recentRecovery = await wasRecoveredLately(context, account.id);
    const [createdAt, expiresAt] = [iso(session.createdAt), iso(session.expiresAt)];
    return c.json({ name: account.name, createdAt, expiresAt, recentRecovery }, 200);
  });
  const remove = createRoute({
    method: 'delete',
    path: '/api/v1/sessions/current',
    summary: 'Sign out',
    security: [{ bearer: [] }],
    responses: { 204: { description: 'Signed out' }, ...problems },
  });
  app.openAPIRegistry.registerPath(remove);
  app.delete(remove.path, async (c) => {
    if (!(await currentSession(context, bearerToken(c)))) throw new Refusal('invalid_credentials');
    await signOut(context, bearerToken(c));
    return c.body(null, 204);
  });

  app.get('/api/openapi.json', compressed('application/json'), (c) => c.json(openApiDocument(app, web.config.origin)));
  return app;
}

/** OpenAPI 3.1, made of the very schemas that check the requests. */
export function openApiDocument(app: OpenAPIHono, origin: string): object {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Regain', version: VERSION, description: 'Account recovery, registration and sessions.' },
    servers: [{ url: origin }],
  });
}

const problems = {
  default: {
    description: 'A problem with a stable code; Retry-After where waiting helps',
    content: { 'application/problem+json': { schema: ProblemJson } },
  },
};

/** One schema documents the body and checks it. */
function post<S extends z.ZodObject>(
  app: OpenAPIHono,
  path: string,
  schema: S,
  status: 200 | 201 | 202,
  answer: z.ZodObject,
  summary: string,
  handler: (c: HttpContext, body: z.infer<S>) => Promise<Response>,
): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path,
    summary,
    request: { body: { required: true, content: { 'application/json': { schema } } } },
    responses: {
      [status]: { description: summary, content: { 'application/json': { schema: answer } } },
      ...problems,
    },
  });
  app.post(path, async (c) => handler(c, checked(schema, await readJson(c))));
}

function get(
  app: OpenAPIHono,
  path: string,
  answer: z.ZodObject,
  summary: string,
  handler: (c: HttpContext) => Promise<Response>,
): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path,
    summary,
    security: [{ bearer: [] }],
    responses: {
      200: { description: summary, content: { 'application/json': { schema: answer } } },
      ...problems,
    },
  });
  app.get(path, handler);
}

/** Names the field and what is wrong with it, and repeats nothing that was sent. */
function checked<S extends z.ZodObject>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = typeof issue?.path[0] === 'string' ? issue.path[0] : undefined;
  if (issue?.code === 'unrecognized_keys' || field === undefined)
    throw new Refusal('invalid_request', { detail: 'an unknown field was given' });
  if (field === 'identifier' && issue?.code !== 'invalid_type') throw new Refusal('invalid_identifier', { field });
  throw new Refusal('invalid_request', { field, detail: `${field}: ${ISSUES[issue?.code ?? ''] ?? 'is not valid'}` });
}

const ISSUES: Record<string, string> = {
  invalid_type: 'must be given, as text',
  too_big: 'is too long',
  too_small: 'is empty or too short',
  invalid_value: 'is not one of the allowed values',
};

/** An app sends international numbers; a national one is read with the country of its locale, the language's or the shop's. */
function readApiIdentifier(
  web: Web,
  c: HttpContext,
  { identifier: typed, locale }: { identifier: string; locale?: string | undefined },
): Identifier {
  const read = readIdentifier(typed, countryOf(web, c, locale));
  if (!read.ok) throw new Refusal('invalid_identifier', { field: 'identifier', detail: `identifier: ${read.problem}` });
  return read.identifier;
}

function bearerToken(c: HttpContext): string | undefined {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

function recoveryJson(web: Web, token: string, proof: Proof): z.infer<typeof RecoveryJson> {
  return viewJson(token, describeProof(web.context, proof, web.context.clock.now(), { delivery: 'queued' }));
}

function viewJson(token: string, view: ProofView): z.infer<typeof RecoveryJson> {
  const state = isPastCode(view.state) ? view.state : 'code_sent';
  return {
    token,
    state,
    ...(view.choices
      ? { accounts: view.choices.map((choice) => ({ id: choice.id, name: nameOf(view, choice) })) }
      : {}),
    channel: view.channel,
    codeLength: view.codeLength,
    codeFormat: view.codeFormat,
    ...(view.carries === 'link' ? { carries: 'link' as const } : {}),
    expiresAt: iso(view.expiresAt),
    ...(view.held ? { completesAt: iso(view.held.completesAt), heldFor: view.held.heldFor } : {}),
    resendAt: iso(view.resendAt),
    triesLeft: view.triesLeft,
    channels: view.channels,
  };
}

/** What an app shows in a list; an account that has neither name nor mailbox is called by the number. */
function nameOf({ kind, typed }: ProofView, choice: Choice): string {
  return toldText(choice) || (kind === 'phone' ? typed : '');
}

function isPastCode(state: ProofView['state']): state is 'choosing' | 'verified' | 'held' | 'completed' {
  return state === 'choosing' || state === 'verified' || state === 'held' || state === 'completed';
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
