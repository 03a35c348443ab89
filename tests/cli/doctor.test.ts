/** `regain doctor`, as it is typed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { freePort } from '../regain.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const SECRET = 'Zk3vT9qLw7RxB1nYcE5uHs8dGf2jPm4a';
const PRODUCTION = {
  NODE_ENV: 'production',
  REGAIN_ORIGIN: 'https://accounts.shop.example',
  REGAIN_SECRET: SECRET,
  REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
  REGAIN_TRUST_PROXY: '1',
};

describe('doctor on sqlite', () => {
  let terminal: Terminal;
  before(async () => {
    terminal = await openTerminal('sqlite', { REGAIN_SECRET: SECRET });
    terminal.env.REGAIN_DATABASE_URL = 'sqlite:./shop.db';
  });
  after(() => terminal.close());
  const at = (name: string): string => join(terminal.folder, name);

  test('before the first start all is fine, and no database was made', async () => {
    await terminal.transcript(`
      $ regain doctor
      ok    Node         …
      ok    Settings     development, every setting is valid
      ok    Secret       strong enough…
      ok    Origin       http://localhost:3000, this machine only
      ok    Proxies      none is trusted
      ok    Database     ./shop.db is not there yet; it is created at the first start
      ok    Disk         … GB free in …
      ok    Clock        agrees with that of the file system (0.… s)
      ok    Mail server  none in development; messages go to /dev/inbox
      ok    Passwords    … leaked passwords known (the bundled list), strength estimator loads
      Everything is fine.
    `);
    assert.deepEqual(await readdir(terminal.folder), []);
  });

  test('with a database it looks inside', async () => {
    await terminal.transcript(`
      $ regain accounts add --email jane@shop.example
      …
      ! Added to ./shop.db, a new database.
      $ regain doctor
      …
      …
      …
      …
      …
      ok    Database     SQLite 3.…, ./shop.db, WAL, 1 account, tables up to date, writable
      ok    Outbox       nothing waits; 0 failed and 0 expired unsent in the last 30 days
      ok    Busy hour    0 codes in the busiest hour of a usual day; the breaker on sends expects 200
      ok    Permissions  only this user may read the database
      ok    Disk         …
      ok    Clock        …
      …
      …
      Everything is fine.
    `);
  });

  test('a database that others may read, and a message that nobody sends', async () => {
    await chmod(at('shop.db'), 0o644);
    const anHourAgo = Date.now() - 3_600_000;
    await terminal.transcript('$ regain migrate\nThe database is at this version.');
    const database = new DatabaseSync(at('shop.db'));
    database.exec(`insert into outbox (id, kind, channel, locale, status, attempts, created_at, due_at, useful_until)
      values ('one', 'recovery-code', 'email', 'en', 'queued', 0, ${anHourAgo}, ${anHourAgo}, ${anHourAgo})`);
    database.close();
    await terminal.transcript('$ regain doctor\n…').catch(() => undefined);
    assert.match(
      terminal.last,
      /^warn {2}Outbox {7}1 queued, the oldest for 1 hour; 0 failed and 0 expired unsent in the last 30 days -> see that 'regain serve'/m,
    );
    assert.match(terminal.last, /^warn {2}Permissions {2}.*shop\.db \(mode 644\).* -> chmod 600 \.\/shop\.db\*$/m);
    assert.match(terminal.last, /\n2 warnings\.$/);
  });

  test('an outage that is over: codes that expired unsent', async () => {
    const now = Date.now();
    const database = new DatabaseSync(at('shop.db'));
    database.exec('delete from outbox');
    const add = (id: string, kind: string, hoursAgo: number): unknown =>
      database
        .prepare(`insert into outbox (id, kind, channel, locale, status, attempts, created_at, due_at, useful_until, reason)
          values (?, ?, 'email', 'en', 'expired', 6, ?, ?, ?, 'ECONNREFUSED')`)
        .run(id, kind, now - hoursAgo * 3_600_000, now, now - hoursAgo * 3_600_000);
    add('code', 'recovery-code', 30);
    add('nobody', 'decoy', 1);
    await terminal.transcript('$ regain doctor\n…').catch(() => undefined);
    assert.match(
      terminal.last,
      /^ok {4}Outbox {7}nothing waits; 0 failed and 1 expired unsent in the last 30 days$/m,
      'those of yesterday are counted, and decoys are not',
    );
    add('notice', 'password-changed', 2);
    database.close();
    await terminal.transcript('$ regain doctor\n…').catch(() => undefined);
    assert.match(
      terminal.last,
      /^warn {2}Outbox {7}nothing waits; 0 failed and 2 expired unsent in the last 30 days, 1 of them in the last day -> 'regain messages list --status expired --since 2d' says/m,
    );
  });

  test('a shop that has outgrown the breaker on sends', async () => {
    const now = Date.now();
    const database = new DatabaseSync(at('shop.db'));
    database.exec('delete from outbox');
    const add = database.prepare(
      `insert into outbox (id, kind, channel, proof_id, epoch, locale, status, attempts, created_at, due_at, useful_until)
        values (?, 'recovery-code', 'email', 'p', 1, 'en', 'sent', 1, ?, ?, ?)`,
    );
    // In the middle of an hour, on each of seven days.
    const noon = Math.floor(now / 3_600_000) * 3_600_000 - 1_800_000;
    for (let day = 0; day < 7; day += 1)
      for (let code = 0; code < 120; code += 1) add.run(`${day}-${code}`, noon - day * 86_400_000, now, now);
    database.close();
    await terminal.transcript('$ regain doctor\n…').catch(() => undefined);
    assert.match(
      terminal.last,
      /^warn {2}Busy hour {4}120 codes in the busiest hour of a usual day; the breaker on sends expects 200: on a good day it would make unknown browsers work or wait -> set REGAIN_BUSY_HOUR_SENDS=600$/m,
    );
    await terminal.transcript('$ regain doctor\n…', { env: { REGAIN_BUSY_HOUR_SENDS: '600' } }).catch(() => undefined);
    assert.match(terminal.last, /^ok {4}Busy hour {4}120 codes .* expects 600$/m);
  });

  test('files that are no database of ours are named and left alone', async () => {
    await terminal.file(
      'garbage.db',
      'this is not a database, whatever its name says, and it never was one\n'.repeat(50),
    );
    const foreign = new DatabaseSync(at('foreign.db'));
    foreign.exec('create table songs (title text)');
    foreign.close();
    const about = async (url: string): Promise<string> => {
      await terminal.transcript('$ regain doctor\n…', { env: { REGAIN_DATABASE_URL: url } }).catch(() => undefined);
      return /^.*Database.*$/m.exec(terminal.last)?.[0] ?? '';
    };
    assert.match(
      await about('sqlite:./garbage.db'),
      /^FAIL.*garbage\.db can't be read as SQLite: file is not a database -> /,
    );
    assert.match(
      await about('sqlite:./foreign.db'),
      /^warn.*foreign\.db has no tables of Regain yet.* -> run 'regain migrate'$/,
    );
    assert.match(
      await about('sqlite:./nowhere/shop.db'),
      /^FAIL.*the folder .*nowhere is not there -> make the folder/,
    );
    assert.equal(existsSync(at('foreign.db-wal')), false);
    assert.equal(existsSync(at('nowhere')), false);
    assert.match(terminal.last, /\[1\]$/);
  });
});

describe('doctor on settings', () => {
  let terminal: Terminal;
  before(async () => {
    terminal = await openTerminal('sqlite');
    terminal.env.REGAIN_DATABASE_URL = 'sqlite:./regain.db';
  });
  after(() => terminal.close());

  test('every refused setting is one line', async () => {
    const env = { NODE_ENV: 'production', PORT: 'x', REGAIN_TYPO: '1', REGAIN_SECRET: 'short' };
    await terminal.transcript(
      `$ regain doctor
       ok    Node         …
       FAIL  Settings     REGAIN_TYPO: is not a setting; see docs/reference/settings.md for the list
       FAIL  Settings     PORT: must be a whole number from 1 to 65535. Example: PORT=3000
       FAIL  Settings     REGAIN_ORIGIN: is missing. Example: REGAIN_ORIGIN=https://accounts.shop.example
       FAIL  Settings     REGAIN_SECRET: has a secret of 5 bytes, needs 32 or more. Example: …
       FAIL  Settings     REGAIN_SMTP_URL: is missing; without a mail server nobody gets a code. Example: …
       skip  The rest     mend the settings first
       5 checks fail, 1 skipped.
       [1]`,
      { env },
    );
  });

  test('weak secrets, a plain origin, a proxy that was not declared, a list that is not there', async (t) => {
    const sink = await startSmtpSink();
    t.after(() => sink.stop());
    const env = {
      ...PRODUCTION,
      REGAIN_ORIGIN: 'http://localhost:3000',
      REGAIN_SECRET: `${'ab'.repeat(16)},my Secret that is long enough to be one,${SECRET}`,
      REGAIN_TRUST_PROXY: '0',
      REGAIN_SMTP_URL: sink.url,
      REGAIN_LEAKED_PASSWORDS: './no-list.bin',
    };
    await terminal.transcript(
      `$ regain doctor
       ok    Node         …
       ok    Settings     production, every setting is valid
       warn  Secret       number 1 of 3 has only 2 different characters -> put a new one in front of REGAIN_SECRET …
       warn  Secret       number 2 of 3 has a common word in it -> …; drop this one after 4 days, or after 90 to have 'regain audit verify' check everything
       warn  Origin       http://localhost:3000 is not https: passwords and codes travel in the open -> …
       warn  Proxies      none is trusted: if one stands in front, all visitors share its address, … -> set REGAIN_TRUST_PROXY …
       warn  Database     ./regain.db is not there yet; it is created at the first start -> …
       ok    Disk         …
       ok    Clock        …
       ok    Mail server  127.0.0.1:${sink.port} lets us in (this machine, TLS not needed, without a user)
       skip  Sender       shop.example is no public domain; SPF, DKIM and DMARC were not looked for
       FAIL  Passwords    ENOENT: no such file or directory, open './no-list.bin' -> correct REGAIN_LEAKED_PASSWORDS; …
       1 check fails, 5 warnings, 1 skipped.
       [1]`,
      { env },
    );
  });

  test('the development program where others reach it', async () => {
    const about = async (env: Record<string, string>): Promise<string> => {
      await terminal.transcript('$ regain doctor\n…', { env }).catch(() => undefined);
      return terminal.last
        .split('\n')
        .filter((line) => /(Settings|Network|Origin) /.test(line) || /^\[/.test(line))
        .join('\n');
    };
    assert.match(
      await about({ HOST: '0.0.0.0', PORT: '3030' }),
      /\nFAIL {2}Network {6}the development program listens on 0\.0\.0\.0:3030, and is no shop .*\n\[1\]$/s,
    );
    assert.match(
      await about({ HOST: '0.0.0.0', PORT: '3030', REGAIN_DEV_ON_NETWORK: 'yes' }),
      /\nFAIL {2}Network {6}the development program listens on 0\.0\.0\.0:3030: .* -> set NODE_ENV=production, or .*\n.*\n\[1\]$/,
    );
    assert.match(
      await about({ REGAIN_ORIGIN: 'https://try.tunnel.example' }),
      /\nwarn {2}Origin {7}https:\/\/try\.tunnel\.example leads to the development program, .* -> set NODE_ENV=production, /,
    );
  });

  test('random hexadecimal secrets count as strong', async () => {
    // Two of the sixteen digits are not in it.
    const hex = '9ce0b41d38fa62e904bc1da83f62e0c91b4d8af3e6092cb14d3af8e6209cb1d4';
    await terminal.transcript('$ regain doctor\n…', { env: { REGAIN_SECRET: hex } }).catch(() => undefined);
    assert.match(terminal.last, /^ok {4}Secret {7}strong enough/m);
  });

  test('a wrong call', async () => {
    await terminal.transcript('$ regain doctor everything\n…').catch(() => undefined);
    assert.match(terminal.last, /^! regain doctor: does not know 'everything'/);
    assert.match(terminal.last, /\[2\]$/);
  });
});

describe('doctor on mail servers and on postgres', () => {
  let terminal: Terminal;
  before(async () => {
    terminal = await openTerminal('postgres', PRODUCTION);
  });
  after(() => terminal.close());
  /** The lines of the report about one thing. */
  const about = async (name: string, env: Record<string, string>): Promise<string> => {
    await terminal.transcript('$ regain doctor\n…', { env }).catch(() => undefined);
    return terminal.last
      .split('\n')
      .filter((line) => line.slice(6).startsWith(name))
      .join('\n');
  };

  test('a mail server that is down, one that wants another password, one that lets us in', async (t) => {
    const port = await freePort();
    assert.equal(
      await about('Mail server', { REGAIN_SMTP_URL: `smtp://shop:hunter22@127.0.0.1:${port}` }),
      `FAIL  Mail server  nothing listens at 127.0.0.1:${port} -> start the mail server, or correct REGAIN_SMTP_URL`,
    );
    assert.doesNotMatch(terminal.last, /hunter22/);
    const sink = await startSmtpSink({ login: { user: 'shop', password: 'right%one' } });
    t.after(() => sink.stop());
    assert.match(
      await about('Mail server', { REGAIN_SMTP_URL: `smtp://shop:hunter22@127.0.0.1:${sink.port}` }),
      /^FAIL {2}Mail server {2}127\.0\.0\.1:\d+ refuses the user or the password \(535.*\) -> percent-encode/,
    );
    assert.doesNotMatch(terminal.last, /hunter22/);
    assert.equal(
      await about('Mail server', { REGAIN_SMTP_URL: `smtp://shop:right%25one@127.0.0.1:${sink.port}` }),
      `ok    Mail server  127.0.0.1:${sink.port} lets us in (this machine, TLS not needed, user and password accepted)`,
    );
    assert.match(
      await about('Settings', { REGAIN_SMTP_URL: `smtp://shop:right%one@127.0.0.1:${sink.port}` }),
      /^FAIL {2}Settings {5}REGAIN_SMTP_URL: has a % in the user or the password that is not followed by .*; write it as %25\. /,
    );
    assert.doesNotMatch(terminal.last, /right/);
  });

  test('postgres: before the first start, afterwards, and as a standby', async () => {
    const env = { REGAIN_SMTP_URL: 'smtp://127.0.0.1:1' };
    assert.match(
      await about('Database', env),
      /^warn {2}Database {5}PostgreSQL \d+\.\d+ has no tables of Regain yet; they are made at the first start -> run 'regain migrate'$/,
    );
    const files = readdirSync('src/store/migrations').filter((name) => /^\d/.test(name));
    const applied = files.sort().map((name) => `applied ${name.replace('.ts', '')}`);
    await terminal.transcript(['$ regain migrate', ...applied].join('\n'), { env });
    assert.match(
      await about('Database', env),
      /^ok {4}Database {5}PostgreSQL \d+\.\d+, 0 accounts, tables up to date, writable$/,
    );
    assert.match(await about('Clock', env), /^ok {4}Clock {8}agrees with that of the database \(0\.\d s\)$/);
    assert.match(await about('Outbox', env), /^ok {4}Outbox {7}nothing waits/);

    const client = new Client({ connectionString: terminal.env.REGAIN_DATABASE_URL as string });
    await client.connect();
    const { rows } = await client.query('select current_database() as name');
    await client.query(`alter database ${rows[0].name} set default_transaction_read_only = on`);
    await client.end();
    assert.match(await about('Database', env), /^FAIL.*is read-only, as a standby is -> name the primary/);
  });

  test('postgres that is not there, lets nobody in, or lacks the database', async () => {
    const smtp = { REGAIN_SMTP_URL: 'smtp://127.0.0.1:1' };
    const port = await freePort();
    const database = (change: (url: URL) => void): Record<string, string> => {
      const url = new URL(terminal.env.REGAIN_DATABASE_URL as string);
      change(url);
      return { ...smtp, REGAIN_DATABASE_URL: url.href };
    };
    const down = database((url) => {
      url.port = String(port);
      url.password = 'hunter22';
    });
    assert.equal(
      await about('Database', down),
      `FAIL  Database     nothing listens at 127.0.0.1:${port} -> start PostgreSQL, or correct REGAIN_DATABASE_URL`,
    );
    assert.match(terminal.last, /\[1\]$/);
    const locked = database((url) => {
      url.password = 'hunter22';
    });
    assert.match(await about('Database', locked), /^FAIL.*refuses the user 'regain' or the password -> correct/);
    assert.doesNotMatch(terminal.last, /hunter22/);
    const lacking = database((url) => {
      url.pathname = '/no_such_shop';
    });
    assert.match(await about('Database', lacking), /^FAIL.*there is no database 'no_such_shop' at .* -> create it, or/);
  });
});
