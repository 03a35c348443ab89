/** `regain serve` as an operator sees it: starting, stopping, and refusing to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { describe, test } from 'node:test';
import { freePort, regain, serve, TEST_SECRET, testFolder } from '../regain.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import { callApi, Visitor } from '../visitor.ts';

const DEMO = 'demo@shop.example';

describe('regain serve', () => {
  test('says what to open, and keeps data over a restart', async (t) => {
    const program = await serve();
    t.after(() => program.stop());
    assert.match(program.output(), /Regain is running/);
    assert.match(program.output(), new RegExp(`${program.origin}/dev/inbox`));
    const password = /stop working: (.*)\)/.exec(program.output())?.[1];
    const signIn = () =>
      callApi(fetch, program.origin, 'POST', '/api/v1/sessions', { body: { identifier: DEMO, password } });
    const { json } = await signIn();
    await program.killAndRestart();
    const kept = await callApi(fetch, program.origin, 'GET', '/api/v1/sessions/current', { token: json.token });
    assert.equal(kept.status, 200);
  });

  test('SIGTERM: answers what was asked, hands over what is being sent, leaves event streams, and ends with 0', async (t) => {
    const { promise: sending, resolve: isSending } = Promise.withResolvers<void>();
    const sink = await startSmtpSink({ delayMs: 300, onRcpt: () => void isSending() });
    t.after(() => sink.stop());
    const program = await serve({ REGAIN_SMTP_URL: sink.url });
    const events = await fetch(`${program.origin}/dev/inbox/events`);
    assert.equal(events.status, 200);
    const visitor = new Visitor(fetch, program.origin);
    await visitor.post('/recover', { identifier: DEMO });
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const line = await fetch(`${program.origin}/recover/status`, { headers: { cookie, accept: 'text/event-stream' } });
    assert.match(line.headers.get('content-type') ?? '', /^text\/event-stream/);
    // A connection that was answered once is certainly accepted; one that still waits to be is nobody's promise.
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    await Promise.all(Array.from({ length: 10 }, () => statusOf(agent, `${program.origin}/healthz`)));
    const wrong = JSON.stringify({ identifier: DEMO, password: 'wrong password 1' });
    const signIns = Array.from({ length: 10 }, () => statusOf(agent, `${program.origin}/api/v1/sessions`, wrong));
    await Promise.all([sending, Promise.race(signIns)]);
    const code = await program.stop();
    assert.equal(code, 0);
    for (const status of await Promise.all(signIns)) assert.equal(status, 401);
    assert.equal(sink.messages.length, 1);
    await events.body?.cancel();
    await line.body?.cancel();
  });

  test('in production, without settings: one line for each', async (t) => {
    const { folder, remove } = await testFolder();
    t.after(remove);
    const { code, stderr } = await regain(['serve'], { cwd: folder, env: { NODE_ENV: 'production' } });
    assert.equal(code, 78);
    assert.deepEqual(
      stderr
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(':')[0]),
      ['REGAIN_ORIGIN', 'REGAIN_SECRET', 'REGAIN_SMTP_URL'],
    );
  });

  test('a mistyped production does not start; development on the network says what it shows', async (t) => {
    const { folder, remove } = await testFolder();
    t.after(remove);
    const { code, stderr } = await regain(['serve'], { cwd: folder, env: { PORT: '1', NODE_ENV: 'Production' } });
    assert.equal(code, 78);
    assert.match(stderr, /^ {2}NODE_ENV: .*NODE_ENV=production/m);
    for (const [env, said] of [
      [{}, /CAREFUL: it listens on 0\.0\.0\.0:\d+, .* shown to this machine only\./],
      [{ REGAIN_DEV_ON_NETWORK: 'yes' }, /CAREFUL: it listens on 0\.0\.0\.0:\d+, .* codes included\./],
    ] as const) {
      const program = await serve({ HOST: '0.0.0.0', ...env });
      t.after(() => program.stop());
      assert.match(program.output(), said);
    }
  });

  test('a port that is taken, a database that is away, an option that is none: one sentence', async (t) => {
    const program = await serve();
    t.after(() => program.stop());
    const { folder, remove } = await testFolder();
    t.after(remove);
    const env = { REGAIN_SECRET: TEST_SECRET, PORT: new URL(program.origin).port };
    const taken = await regain(['serve'], { cwd: folder, env });
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /^Port \d+ is taken by another program\. Start with another one: PORT=\d+ npm start\n$/);
    const away = `postgres://user:canary@127.0.0.1:${await freePort()}/nothing`;
    const noDatabase = await regain(['serve'], { cwd: folder, env: { ...env, REGAIN_DATABASE_URL: away } });
    assert.equal(noDatabase.code, 1);
    assert.match(noDatabase.stderr, /^regain serve: connect ECONNREFUSED .*\n'regain doctor' says how to mend it\.\n$/);
    assert.ok(!noDatabase.stderr.includes('canary'));
    const option = await regain(['serve', '--fast'], { cwd: folder, env });
    assert.equal(option.code, 2);
    assert.match(option.stderr, /does not know '--fast'/);
    const command = await regain(['sevre'], { cwd: folder, env });
    assert.equal(command.code, 2);
    assert.match(command.stderr, /there is no command 'sevre'[\s\S]*regain serve/);
  });

  test('a list of leaked passwords that is none stops the start, not the first person who sets a password', async (t) => {
    const { folder, remove } = await testFolder();
    t.after(remove);
    const { code, stderr } = await regain(['serve'], {
      cwd: folder,
      env: { REGAIN_LEAKED_PASSWORDS: './nowhere.bin' },
    });
    assert.equal(code, 78);
    assert.match(stderr, /REGAIN_LEAKED_PASSWORDS: '\.\/nowhere\.bin' can't be used/);
  });
});

/** Over one of the agent's connections: a GET, or a POST of JSON. */
async function statusOf(agent: Agent, url: string, json?: string): Promise<number | undefined> {
  const options =
    json === undefined ? { agent } : { agent, method: 'POST', headers: { 'Content-Type': 'application/json' } };
  const asked = request(url, options).end(json);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}
