/** Commands whose settings point to no database of ours: they say so, and make none. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { Client } from 'pg';
import { openTerminal } from './terminal.ts';

const COMMANDS = [
  'sessions end --everyone',
  'sessions end --email jane@shop.example',
  'accounts unfreeze --email jane@shop.example',
  'messages list',
  'messages show AbCdEfGh',
  'messages retry AbCdEfGh',
  'audit verify',
  'audit export',
  'doctor spend',
];

describe('commands without a database', () => {
  for (const command of COMMANDS) {
    const [name] = command.split(' ');

    test(`regain ${command}: no file is made`, async (t) => {
      const terminal = await openTerminal('sqlite', { REGAIN_DATABASE_URL: 'sqlite:./regain.db' });
      t.after(() => terminal.close());
      await terminal.transcript(`
        $ regain ${command}
        ! regain ${name}: there is no database at ./regain.db; set REGAIN_DATABASE_URL
        [1]
      `);
      assert.deepEqual(await readdir(terminal.folder), []);
      const elsewhere = { env: { REGAIN_DATABASE_URL: 'sqlite:./no-folder/regain.db' } };
      await terminal.transcript(
        `$ regain ${command}\n! …there is no database at ./no-folder/regain.db…\n[1]`,
        elsewhere,
      );
    });
  }

  test('a database of PostgreSQL that is somebody else’s stays as it is, and no password is told', async (t) => {
    const terminal = await openTerminal('postgres');
    t.after(() => terminal.close());
    const url = new URL(terminal.env.REGAIN_DATABASE_URL as string);
    for (const command of COMMANDS)
      await terminal.transcript(`
        $ regain ${command}
        ! …: PostgreSQL ${url.pathname.slice(1)} at ${url.host} is not at this version; run 'regain migrate' first, or set REGAIN_DATABASE_URL
        [1]
      `);
    const client = new Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client.query(`select to_regnamespace('regain') as schema`);
    await client.end();
    assert.deepEqual(rows, [{ schema: null }]);
  });

  test('accounts add of nobody makes no database', async (t) => {
    const terminal = await openTerminal('sqlite', { REGAIN_DATABASE_URL: 'sqlite:./regain.db' });
    t.after(() => terminal.close());
    await terminal.transcript(`
      $ regain accounts add --name "Nobody"
      ! regain accounts add: an email or a phone is needed
      [1]
    `);
    assert.deepEqual(await readdir(terminal.folder), []);
  });

  test('accounts import says where to, and that the database is new', async (t) => {
    const terminal = await openTerminal('sqlite', { REGAIN_DATABASE_URL: 'sqlite:./regain.db' });
    t.after(() => terminal.close());
    await terminal.file('people.csv', 'email\njane@shop.example\n');
    await terminal.transcript(`
      $ regain accounts import people.csv
      imported 1, already there 0, refused 0, in ./regain.db, a new database
      $ regain accounts import people.csv
      imported 0, already there 1, refused 0, in ./regain.db
    `);
  });
});
