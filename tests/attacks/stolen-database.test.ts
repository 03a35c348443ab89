/** What a dump of the database is worth, taken while recoveries are on their way (STANDARDS R27, R33). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import type { DatabaseUrl } from '../../src/config.ts';
import { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

const EMAIL = 'owner@example.com';

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`a stolen database on ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine);
      await addPerson(program, { emails: [EMAIL] });
    });
    after(() => program.close());

    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });

    test('holds no code, no token, no password, nor a hash of a code', async () => {
      const session = (await post('/sessions', { identifier: EMAIL, password: OLD_PASSWORD })).json;
      const waiting = (await post('/recovery', { identifier: EMAIL, device: session.device })).json;
      const verified = (await post('/recovery', { identifier: EMAIL })).json;
      const registering = (await post('/registration', { identifier: 'new@example.com' })).json;
      await program.settled();
      const mails = program.sink.messages;
      const codes = mails.map(codeIn);
      assert.equal(codes.length, 3);
      for (const code of codes) await post('/recovery/verify', { token: verified.token, code });
      assert.equal((await program.api('GET', '/recovery', { token: verified.token })).json.state, 'verified');

      const dump = await dumpOf(program.regain.config.database);
      assert.ok(dump.includes(EMAIL), 'it is the whole dump');
      const links = mails.flatMap(({ text }) => [...text.matchAll(/\/recover\/(?:confirm#|cancel\/)(\S+)/g)]);
      assert.ok(links.length >= 4);
      const secrets = [
        ...codes.flatMap((code) =>
          ['sha256', 'sha1', 'md5'].map((name) => createHash(name).update(code).digest('hex')),
        ),
        ...[waiting, verified, registering, session].map(({ token }) => token),
        ...links.map((link) => (link[1] ?? '').split('.')[1] ?? ''),
        session.device,
        OLD_PASSWORD,
        NEW_PASSWORD,
      ];
      for (const secret of secrets) {
        assert.ok(secret.length > 8);
        assert.ok(!dump.includes(secret), secret);
      }
      const words = new Set(dump.split(/[^0-9A-Za-z]+/));
      for (const code of codes) assert.ok(!words.has(code), code);
    });

    test('opens nothing by what it holds: a digest is no token', async () => {
      const dump = await dumpOf(program.regain.config.database);
      const digests = [...new Set(dump.match(/\b[0-9a-f]{64}\b/g) ?? [])];
      assert.ok(digests.length >= 4);
      for (const token of digests)
        for (const path of ['/sessions/current', '/recovery'])
          assert.ok((await program.api('GET', path, { token })).status >= 400, path);
    });
  });

/** Every row of every table, as text. */
async function dumpOf(database: DatabaseUrl): Promise<string> {
  if (database.engine === 'sqlite') {
    const file = new DatabaseSync(database.file, { readOnly: true });
    const tables = file.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
    const rows = tables.map(({ name }) => file.prepare(`select * from ${name}`).all());
    file.close();
    return JSON.stringify(rows);
  }
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const named = await client.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'regain'",
  );
  const rows: unknown[] = [];
  for (const { name } of named.rows) rows.push((await client.query(`select * from regain.${name}`)).rows);
  await client.end();
  return JSON.stringify(rows);
}
