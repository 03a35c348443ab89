/** Sealing, purging and checking the audit chain, on real databases and against those who write to them. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { exportAudit } from '../../src/actions/export-audit.ts';
import { purge } from '../../src/actions/purge.ts';
import { sealAudit } from '../../src/actions/seal-audit.ts';
import { verifyAudit } from '../../src/actions/verify-audit.ts';
import type { DatabaseUrl } from '../../src/config.ts';
import { createKeys } from '../../src/keys.ts';
import { AUDIT_BATCH_MAX, AUDIT_LATE_MS } from '../../src/rules/audit-chain.ts';
import { AUDIT_KEPT_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { TEST_SECRET } from '../regain.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NEW_SECRET = 'another secret that only this test knows: 32 bytes';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the audit chain on ${engine}`, () => {
    test('several sealers at once make one chain of everything', async (t) => {
      const program = await open(t, engine);
      await happen(program, AUDIT_BATCH_MAX + 50);
      await Promise.all(Array.from({ length: 6 }, () => sealAudit(program.regain.context)));
      await sealAudit(program.regain.context);
      const report = await verifyAudit(program.regain.context);
      assert.deepEqual([report.findings, report.events], [[], AUDIT_BATCH_MAX + 50]);
      assert.deepEqual(report.unsealed, { count: 0, firstId: null, oldestAt: null });
      assert.ok(report.batches >= 2);
      const seals = program.logged.filter(({ event }) => event === 'audit-seal');
      assert.equal(seals.length, report.batches, 'each batch leaves its head in the log');
      assert.equal(seals.at(-1)?.fields?.head, report.head?.digest);
    });

    test('what was touched is named, and so is what was added among sealed events', async (t) => {
      const program = await open(t, engine);
      await happen(program, 5);
      await sealAudit(program.regain.context);
      await happen(program, 2);
      await program.advance(AUDIT_LATE_MS);
      const finding = async (statement: string, undo: string) => {
        await write(program, statement);
        const [found] = (await verifyAudit(program.regain.context)).findings;
        await write(program, undo);
        assert.deepEqual((await verifyAudit(program.regain.context)).findings, [], `undone: ${statement}`);
        return found;
      };
      const eventId = (await sealed(program, 2))[0]?.eventId ?? 0;
      for (const [column, value] of [
        ['at', '0'],
        ['at', '1152921504606846976'],
        ['name', "'sign-out'"],
        ['account_id', "'somebody else'"],
        ['proof_id', "'p'"],
        ['detail', "'{}'"],
      ])
        assert.deepEqual(
          await finding(
            `create table kept as select * from audit_events; update audit_events set ${column} = ${value} where id = ${eventId}`,
            `update audit_events set ${column} = (select ${column} from kept where kept.id = audit_events.id) where id = ${eventId}; drop table kept`,
          ),
          { kind: 'altered', position: 2, id: eventId },
        );
      const third = (await sealed(program, 3))[0]?.eventId ?? 0;
      const overriding = engine === 'postgres' ? 'overriding system value' : '';
      assert.deepEqual(
        await finding(
          `create table kept as select * from audit_events where id = ${third}; delete from audit_events where id = ${third}`,
          `insert into audit_events (id, at, name, account_id, proof_id, detail) ${overriding} select id, at, name, account_id, proof_id, detail from kept; drop table kept`,
        ),
        { kind: 'missing', position: 3, id: third },
      );
      const swap = `update audit_seals set position = 900 where position = 2; update audit_seals set position = 2 where position = 4;
                    update audit_seals set position = 4 where position = 900`;
      const fourth = (await sealed(program, 4))[0]?.eventId ?? 0;
      assert.deepEqual(await finding(swap, swap), { kind: 'reordered', position: 2, id: fourth, foundAt: 4 });
      for (const column of ['number', 'last_position', 'highest_id'])
        assert.equal(
          (
            await finding(
              `update audit_batches set ${column} = ${column} + 1152921504606846976`,
              `update audit_batches set ${column} = ${column} - 1152921504606846976`,
            )
          )?.kind,
          column === 'number' ? 'unbatched' : 'batch-altered',
          column,
        );
      assert.deepEqual(
        await finding(
          `insert into audit_events (id, at, name, detail) ${overriding} values (-5, 1, 'sign-in', '{}')`,
          'delete from audit_events where id = -5',
        ),
        { kind: 'added', id: -5, count: 1 },
      );
    });

    const late = engine === 'postgres' ? 'gets its place, but not when it is too late' : 'does not exist';
    test(`an id that commits late ${late}`, async (t) => {
      const program = await open(t, engine);
      const overriding = engine === 'postgres' ? 'overriding system value' : '';
      const insert = (id: number) =>
        write(
          program,
          `insert into audit_events (id, at, name, detail) ${overriding} values (${id}, ${program.now()}, 'sign-in', '{}')`,
        );
      await insert(100);
      await sealAudit(program.regain.context);
      await insert(90);
      await sealAudit(program.regain.context);
      const places = (await sealed(program, 1, 9)).map(({ eventId }) => eventId);
      assert.deepEqual(places, engine === 'postgres' ? [100, 90] : [100]);
      await program.advance(AUDIT_LATE_MS);
      await insert(95);
      await sealAudit(program.regain.context);
      const report = await verifyAudit(program.regain.context);
      const added = engine === 'postgres' ? { id: 95, count: 1 } : { id: 90, count: 2 };
      assert.deepEqual(report.findings, [{ kind: 'added', ...added }]);
    });

    test('the purge cuts whole batches that are old, and the rest is still one chain', async (t) => {
      const program = await open(t, engine);
      await happen(program, 3);
      await sealAudit(program.regain.context);
      await program.advance(DAY);
      await happen(program, 4);
      await sealAudit(program.regain.context);
      const before = await verifyAudit(program.regain.context);
      const first = (await sealed(program, 3))[0]?.digest ?? '';
      await program.advance(AUDIT_KEPT_MS - DAY);
      assert.equal((await purge(program.regain.context)).audit, 0, 'kept for its whole time');
      await program.advance(1);
      assert.equal((await purge(program.regain.context)).audit, 3);
      const { context } = program.regain;
      const after = await verifyAudit(context);
      assert.deepEqual([after.findings, after.events, after.head], [[], 4, before.head]);
      assert.deepEqual(after.purged, { position: 3, at: program.now() });
      assert.equal((await verifyAudit(context, { position: 3, digest: first })).expected, 'there');
      assert.equal((await verifyAudit(context, { position: 2, digest: first })).expected, 'purged');

      await program.advance(DAY);
      assert.equal((await purge(context)).audit, 4);
      assert.deepEqual((await verifyAudit(context)).findings, []);
      await happen(program, 2);
      await sealAudit(context);
      const continued = await verifyAudit(context);
      assert.deepEqual([continued.findings, continued.head?.position], [[], 9]);
    });

    test('the purge helps nobody: altered ages remove nothing, and a gap without its signature is named', async (t) => {
      const program = await open(t, engine);
      await happen(program, 3);
      await sealAudit(program.regain.context);
      await happen(program, 3);
      await sealAudit(program.regain.context);
      await write(
        program,
        'update audit_events set at = 1 where id = (select event_id from audit_seals where position = 1)',
      );
      await write(program, 'update audit_batches set newest_at = 1, sealed_at = 1');
      assert.equal((await purge(program.regain.context)).audit, 0);
      assert.equal((await sealed(program, 1, 9)).length, 6);
      await write(
        program,
        `delete from audit_events where id in (select event_id from audit_seals where position <= 3);
         delete from audit_seals where position <= 3; delete from audit_batches where number = 1`,
      );
      const [found] = (await verifyAudit(program.regain.context)).findings;
      assert.deepEqual(found, { kind: 'purge-unsigned', position: 4, batch: 2 });
    });

    test('a cut-off end shows against a head that was kept, and altered seals are not made anew while a worker remembers', async (t) => {
      const program = await open(t, engine);
      const { context } = program.regain;
      await happen(program, 3);
      const early = await sealAudit(context);
      await happen(program, 3);
      const remembered = await sealAudit(context, early);
      const kept = (await verifyAudit(context)).head ?? { position: 0, digest: '' };
      await write(
        program,
        `update audit_events set name = 'sign-out' where id = (select event_id from audit_seals where position = 5);
         delete from audit_seals where position > 3; delete from audit_batches where number = 2`,
      );
      const cut = await verifyAudit(context, kept);
      assert.deepEqual([cut.findings, cut.expected, cut.unsealed.count], [[], 'cut-off', 3]);

      assert.deepEqual(await sealAudit(context, remembered), remembered);
      assert.equal(program.logged.at(-1)?.event, 'audit-broken');
      assert.equal((await verifyAudit(context)).unsealed.count, 3);

      // A worker that starts without a memory can't know; who kept a head can.
      await sealAudit(context);
      const rewritten = await verifyAudit(context, kept);
      assert.deepEqual([rewritten.findings, rewritten.expected], [[], 'rewritten']);
    });

    test('a purge that runs beside a remembering sealer is no reason to stop', async (t) => {
      const program = await open(t, engine);
      const { context } = program.regain;
      await happen(program, 2);
      const remembered = await sealAudit(context);
      await program.advance(MINUTE);
      await happen(program, 2);
      await sealAudit(context);
      await program.advance(AUDIT_KEPT_MS + 1);
      await purge(context);
      await happen(program, 1);
      assert.equal((await sealAudit(context, remembered))?.number, 3);
    });

    test('a new secret in front goes on with the chain; a dropped one is named', async (t) => {
      const program = await open(t, engine);
      const { context } = program.regain;
      await happen(program, 2);
      await sealAudit(context);
      const rotated = { ...context, keys: createKeys([NEW_SECRET, TEST_SECRET]) };
      await happen(program, 2);
      await sealAudit(rotated);
      assert.deepEqual((await verifyAudit(rotated)).findings, []);
      assert.equal((await verifyAudit(rotated)).unchecked, undefined);
      const dropped = await verifyAudit({ ...context, keys: createKeys([NEW_SECRET]) });
      assert.deepEqual(dropped.findings, []);
      assert.deepEqual(dropped.unchecked, {
        count: 1,
        firstPosition: 1,
        lastPosition: 2,
        keyIds: [context.keys.auditKeys()[0]?.id],
      });
    });

    test('a stopping worker seals what is left', async (t) => {
      const program = await open(t, engine);
      await happen(program, 3);
      await program.worker.stop();
      const report = await verifyAudit(program.regain.context);
      assert.deepEqual([report.events, report.unsealed.count], [3, 0]);
    });

    test('a whole recovery leaves its events, and no address, code, token or password in them', async (t) => {
      const program = await open(t, engine);
      const account = await addPerson(program, { emails: ['jane@example.com'] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: 'jane@example.com' } })).json;
      await program.settled();
      const code = codeIn(program.sink.messages.at(-1) ?? { text: '' });
      await program.api('POST', '/recovery/verify', { body: { token, code: code.replace(/./g, '0') } });
      await program.api('POST', '/recovery/verify', { body: { token, code } });
      await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      const session = await signIn(program, NEW_PASSWORD);
      await signIn(program, OLD_PASSWORD);
      await program.api('DELETE', '/sessions/current', { token: session.json.token });
      await sealAudit(program.regain.context);

      const lines: string[] = [];
      const names: string[] = [];
      for await (const events of exportAudit(program.regain.context, { after: 0 }))
        for (const event of events) {
          lines.push(JSON.stringify(event));
          names.push(event.name);
          assert.equal(event.at, new Date(program.now()).toISOString());
        }
      assert.deepEqual(names, [
        'start-recovery',
        'resolve-recovery',
        'wrong-code',
        'verify-code',
        'set-password',
        'sign-in',
        'sign-in-refused',
        'sign-out',
      ]);
      const all = lines.join('\n');
      assert.ok(all.includes(account));
      for (const secret of ['jane@', code, token, session.json.token, NEW_PASSWORD, OLD_PASSWORD])
        assert.ok(!all.includes(secret), `${secret} is in the export`);
    });
  });

function signIn(program: InProcess, password: string) {
  return program.api('POST', '/sessions', { body: { identifier: 'jane@example.com', password } });
}

async function open(t: TestContext, engine: 'sqlite' | 'postgres'): Promise<InProcess> {
  const program = await startInProcess(engine);
  t.after(() => program.close());
  return program;
}

function happen({ regain, now }: InProcess, count: number): Promise<void> {
  return regain.context.store.transaction(async (tx) => {
    for (let at = 0; at < count; at += 1)
      await tx.audit.append({ at: now(), name: 'sign-in', accountId: `a${at}`, proofId: null, detail: { at } });
  });
}

function sealed({ regain }: InProcess, position: number, count = 1) {
  return regain.context.store.transaction((tx) => tx.auditChain.sealed(position - 1, count));
}

/** Somebody who has the database, and not the secret. */
async function write({ regain, settled }: InProcess, statements: string): Promise<void> {
  await settled();
  const database: DatabaseUrl = regain.config.database;
  if (database.engine === 'sqlite') {
    const file = new DatabaseSync(database.file);
    file.exec(statements);
    file.close();
    return;
  }
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(`set search_path to regain`);
  await client.query(statements);
  await client.end();
}
