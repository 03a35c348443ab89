/**
 * A recovery with nothing in it but what every recovery has, as a process of its own: the same four calls, answered by
 * node:http without looking at them; the two hashes; one estimate of the new password; two mails of the same size by the
 * same channel; and a commit of one small row wherever the program promises something, durable as its own are. There are
 * no limits, no code to compare, no rules, no headers, no log. What it costs is what these parts cost.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { json } from 'node:stream/consumers';
import { createSmtpChannel } from '../src/channels/smtp.ts';
import { render } from '../src/messages/render.ts';
import { createHasher } from '../src/passwords/hasher.ts';
import { createStrengthEstimator } from '../src/passwords/strength.ts';
import { SMTP_CONNECTIONS } from '../src/rules/smtp-urls.ts';

const [folder = '', mailServer = ''] = process.argv.slice(2);
const ORIGIN = 'http://shop.example';
const SHOP = { name: 'Shop', color: '#0a6b58', supportAddress: 'help@shop.example' };
/** Drawn once: drawing is the program's work. */
const MAIL = render(
  'recovery-code',
  {
    account: 's***@mail.example',
    requestedAt: 0,
    browser: 'Firefox on Windows',
    code: '482913',
    minutes: 10,
    cancelUrl: `${ORIGIN}/recover/cancel/${'t'.repeat(53)}`,
    confirmUrl: `${ORIGIN}/recover/confirm#${'t'.repeat(43)}`,
  },
  { locale: 'en', origin: ORIGIN, brand: SHOP },
);

const database = new DatabaseSync(join(folder, 'bare.db'));
database.exec('pragma journal_mode = wal; pragma synchronous = full; create table facts (fact text) strict');
const insert = database.prepare('insert into facts (fact) values (?)');
const channel = createSmtpChannel(
  { url: mailServer, host: '127.0.0.1', from: 'Shop <no-reply@shop.example>', connections: SMTP_CONNECTIONS },
  { brand: SHOP.name },
);
const hasher = createHasher({ concurrency: 1, queueMax: 1 });
const estimator = createStrengthEstimator();
let sent = 0;
let hash: string | undefined;

const CALLS: Record<string, (body: Body) => Promise<number>> = {
  async '/api/v1/recovery'({ identifier }) {
    commit('asked');
    void send(identifier);
    return 202;
  },
  async '/api/v1/recovery/verify'() {
    commit('verified');
    return 200;
  },
  async '/api/v1/recovery/password'({ token, password }) {
    await estimator.guessesLog10(password, []);
    hash = await hasher.hash(password);
    commit('set');
    void send(token);
    return 200;
  },
  async '/api/v1/sessions'({ password }) {
    commit('charged');
    await hasher.verify(hash, password);
    commit('signed in');
    return 201;
  },
};

interface Body {
  identifier: string;
  token: string;
  password: string;
}

/** Leased before it is sent and settled after, so that a killed process loses none. */
async function send(to: string): Promise<void> {
  commit('leased');
  sent += 1;
  const { kind } = await channel.send({ id: `bare-${sent}`, to, ...MAIL });
  if (kind !== 'accepted') throw new Error(`the sink answered ${kind}`);
  commit('sent');
}

function commit(fact: string): void {
  database.exec('begin immediate');
  insert.run(fact);
  database.exec('commit');
}

async function answer(request: IncomingMessage): Promise<{ status: number; token: string }> {
  const body = (await json(request)) as Body;
  const call = CALLS[request.url ?? ''];
  // The address itself is the token, so that the notice finds its way.
  return { status: (await call?.(body)) ?? 404, token: body.identifier };
}

await estimator.warm();
const server = createServer(async (request, response) => {
  const { status, token } = await answer(request);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ token }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
process.once('disconnect', () => process.exit());
