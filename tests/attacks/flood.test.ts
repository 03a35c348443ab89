/** A flood of the service from many addresses: whose message goes first, and what becomes of the rest. Counted, not timed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { Client } from 'pg';
import { BUSY_HOUR_SENDS, CODE_LIFETIME_MS, LEASE_MS, WAITED_MS } from '../../src/rules/limits.ts';
import { IN_FLIGHT } from '../../src/rules/urgency.ts';
import type { Message } from '../../src/store/store.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

/** More than open the breaker, and more than are in flight at once. */
const FLOODED = BUSY_HOUR_SENDS + 100;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a flood of the service on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
      // What the flood leaves is looked at before anything of it leaves.
      await program.worker.stop();
    });
    after(() => program.close());

    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
    const someone = async (): Promise<string> => {
      people += 1;
      const email = `owner${people}@example.com`;
      await addPerson(program, { emails: [email] });
      return email;
    };
    const flood = async (): Promise<void> => {
      for (let at = 0; at < FLOODED; at += 1)
        for (const purpose of ['registration', 'recovery']) {
          const { status } = await post(`/${purpose}`, { identifier: `${purpose}${at}@flood.example` });
          assert.equal(status, 202, 'nobody is refused for the flood of others');
        }
    };
    const asks = async (identifier: string, means: { device?: string; work?: string } = {}): Promise<ApiAnswer> => {
      const answer = await post('/recovery', { identifier, ...means });
      assert.equal(answer.status, 202);
      return answer;
    };
    const work = async (identifier: string): Promise<string> => {
      const { json: challenge } = await post('/work', { identifier });
      const solution = await solveChallenge({ challenge, deriveKey });
      return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
    };
    /** What a worker with all places free takes next, each message with what was typed. */
    const nextLeased = (now: number): Promise<(Message & { typed: string })[]> =>
      program.regain.context.store.transaction(async (tx) => {
        const leased = await tx.outbox.lease(IN_FLIGHT, now, now + LEASE_MS);
        const proofs = await Promise.all(leased.map(({ proofId }) => tx.proofs.byId(proofId!)));
        return leased.map((message, at) => ({ ...message, typed: proofs[at]!.identifierTyped }));
      });
    const settled = async (status: Message['status']): Promise<number> =>
      program.regain.context.store.transaction((tx) => tx.outbox.count(status));

    test('with the flood queued before them, a known device and who worked are next, and a stranger waits for recoveries alone', async () => {
      const [onDevice, working, stranger] = [await someone(), await someone(), await someone()];
      const { device } = (await post('/sessions', { identifier: onDevice, password: OLD_PASSWORD })).json;
      await flood();
      await asks(stranger);
      await asks(working, { work: await work(working) });
      await asks(onDevice, { device });

      const atOnce = await nextLeased(program.now());
      assert.deepEqual(
        atOnce.slice(0, 2).map(({ typed }) => typed),
        [onDevice, working],
      );
      const later = program.now() + WAITED_MS;
      const before: string[] = [];
      for (let leases = 0; !before.includes(stranger); leases += 1) {
        assert.ok(leases <= Math.ceil((FLOODED + 1) / IN_FLIGHT.asked), `not among ${before.length} messages`);
        before.push(...(await nextLeased(later)).map(({ typed }) => typed));
      }
      const registrations = before.filter((typed) => typed.startsWith('registration')).length;
      assert.ok(registrations <= IN_FLIGHT.newcomer * Math.ceil((FLOODED + 1) / IN_FLIGHT.asked), `${registrations}`);
    });

    test('known and unknown wait in the same place, whatever they did', async () => {
      const known = await someone();
      const unknown = 'nobody@example.net';
      program.jump(1);
      // The breaker, open by a hair since the flood, stays so.
      await asks('somebody@example.net');
      for (const identifier of [known, unknown]) {
        await asks(identifier);
        await asks(identifier, { work: await work(identifier) });
        await post('/registration', { identifier });
      }
      const places = await program.regain.context.store.transaction(async (tx) => {
        const queued = await tx.messages.list({ since: program.now() }, 9);
        const proofs = await Promise.all(queued.map(({ proofId }) => tx.proofs.byId(proofId!)));
        return queued.map(({ urgency, dueAt, createdAt }, at) => [proofs[at]!.identifier, urgency, dueAt - createdAt]);
      });
      const of = (identifier: string) => places.filter(([typed]) => typed === identifier).map(([, ...place]) => place);
      assert.deepEqual(of(known).sort(), of(unknown).sort());
      assert.deepEqual(of(known).sort(), [
        ['asked', WAITED_MS],
        ['newcomer', WAITED_MS],
        ['worked', 0],
      ]);
    });

    test('nothing accepted is lost: what leaves in time is sent, what comes too late expires and says so', async () => {
      const owner = await someone();
      program.jump(CODE_LIFETIME_MS);
      const { token } = (await asks(owner)).json;
      program.jump(WAITED_MS);
      const queued = await settled('queued');
      assert.ok(queued > 2 * FLOODED);
      const sentBefore = program.sink.messages.length;
      const worker = await program.regain.startWorker({ otherProcesses: false });
      await worker.idle();
      await worker.stop();
      assert.equal(await settled('queued'), 0);
      assert.equal(await settled('expired'), queued - 1);
      assert.equal(program.sink.messages.length, sentBefore + 1);
      const mail = program.sink.messages.at(-1)!;
      assert.equal(mail.to, owner);
      assert.equal((await post('/recovery/verify', { token, code: codeIn(mail) })).status, 200);
    });
  });

test('on PostgreSQL whoever is refused waits for no row of his network', { timeout: 60_000 }, async () => {
  const program = await startInProcess('postgres', { REGAIN_TRUST_PROXY: '1' });
  const { database } = program.regain.config;
  assert.equal(database.engine, 'postgres');
  const client = new Client({ connectionString: 'url' in database ? database.url : '' });
  const headers = { 'X-Forwarded-For': '198.51.100.7' };
  const ask = async (path: string, body: object): Promise<number> =>
    (await program.api('POST', path, { body, headers })).status;
  const flooded = async (path: string, body: (at: number) => object): Promise<void> => {
    for (let at = 0; at < 2_000; at += 1) if ((await ask(path, body(at))) === 429) return;
    assert.fail(`${path} refuses nobody`);
  };
  const password = 'a guess like any other';
  try {
    await flooded('/recovery', (at) => ({ identifier: `nobody${at}@flood.example` }));
    await flooded('/sessions', (at) => ({ identifier: `nobody${at}@flood.example`, password }));
    await client.connect();
    // What a request that is let in does until it commits.
    await client.query('begin');
    const { rowCount } = await client.query(`select key from regain.limits where key like '%:198.51.100.7' for update`);
    assert.ok(rowCount !== null && rowCount >= 2);
    assert.equal(await ask('/recovery', { identifier: 'one-more@flood.example' }), 429);
    assert.equal(await ask('/sessions', { identifier: 'one-more@flood.example', password }), 429);
  } finally {
    await client.end();
    await program.close();
  }
});
