/** `regain accounts import`, as it is typed. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Client } from 'pg';
import { createHasher } from '../../src/passwords/hasher.ts';
import type { Account } from '../../src/ports.ts';
import { codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { type Running, regain, serve, TEST_SECRET } from '../regain.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const HASH = `"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}"`;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`accounts import on ${engine}`, () => {
    let terminal: Terminal;
    beforeEach(async () => {
      terminal = await openTerminal(engine);
    });
    afterEach(() => terminal.close());
    const accounts = (): Promise<number> => terminal.look((store) => store.transaction((tx) => tx.accounts.count()));
    const holders = (kind: 'email' | 'phone', canonical: string): Promise<Account[]> =>
      terminal.look((store) => store.transaction((tx) => tx.accounts.byConfirmedAddress(kind, canonical)));

    test('when a number was last confirmed goes along; where nobody says it was now', async () => {
      await terminal.file(
        'people.csv',
        `phone,email,phone_confirmed_at
+33612345678,day@shop.example,2025-01-31
+33612345679,moment@shop.example,2025-01-31T12:00:00+01:00
+33612345670,unsaid@shop.example,
,mail@shop.example,2025-01-31
+33612345671,late@shop.example,2999-01-01
+33612345672,odd@shop.example,31.1.2025
`,
      );
      await terminal.transcript(`
        $ regain accounts import people.csv
        imported 4, already there 0, refused 2, in …
        ! line 6: phone_confirmed_at: '2999-01-01' is not in the past like 2025-06-30 or 2025-06-30T12:00:00Z
        ! line 7: phone_confirmed_at: '31.1.2025' is not in the past like 2025-06-30 or 2025-06-30T12:00:00Z
        [1]
      `);
      const addresses = async (email: string) =>
        (await holders('email', email))[0]!.addresses.toSorted((one, other) => one.kind.localeCompare(other.kind));
      const numberOf = async (email: string) => (await addresses(email)).find(({ kind }) => kind === 'phone')!;
      assert.equal((await numberOf('day@shop.example')).provenAt, Date.parse('2025-01-31T00:00:00Z'));
      assert.equal((await numberOf('moment@shop.example')).provenAt, Date.parse('2025-01-31T11:00:00Z'));
      const unsaid = await numberOf('unsaid@shop.example');
      assert.equal(unsaid.provenAt, unsaid.confirmedAt);
      for (const email of ['day@shop.example', 'mail@shop.example']) {
        const [mailbox, ...numbers] = await addresses(email);
        assert.equal(mailbox?.provenAt, mailbox?.confirmedAt);
        for (const { confirmedAt } of numbers) assert.equal(confirmedAt, mailbox?.confirmedAt, 'here since the import');
      }
      await terminal.transcript(`
        $ regain accounts import people.csv --unconfirmed
        ! regain accounts import: people.csv has phone_confirmed_at, and --unconfirmed says the contrary.
        [2]
      `);
    });

    test('good rows go in, bad ones are named by their line, and the next time nothing changes', async () => {
      await terminal.file(
        'people.csv',
        `name,email,phone,birthday,locale,password_hash
Jane Doe,Jane@Shop.Example,,1990-12-31,en-GB,${HASH}
"Lee, Ann ""Nan""",ann@shop.example,06 12 34 56 78,,fr-FR,
"On two
lines",two@shop.example,,,,

Bad Address,x,,,,
No Address,,,,,
Bad Birthday,b@shop.example,,1990-02-30,,
Late Birthday,late@shop.example,,2990-01-01,,
Bad Hash,h@shop.example,,,,$2b$10$abcdefghijklmnopqrstuuHmHRQ7QsrDi4RW1BbPmBgiAqTcYVNJu
Unquoted Hash,u@shop.example,,,,${HASH.slice(1, -1)}
Too Few,few@shop.example
Taken Phone,,+33 6 12 34 56 78,,,
Mixed Up,jane@shop.example,+33 6 12 34 56 78,,,
Bad Phone,,12345,,,
Esc \u001b[31mape,esc@shop.example,,,,
,only@shop.example,,,,
`,
      );
      const refused = `
        ! line 4: name: has characters that no name has
        ! line 7: email: 'x' is not an address
        ! line 8: an email or a phone is needed
        ! line 9: birthday: '1990-02-30' is not a past date like 1990-12-31
        ! line 10: birthday: '2990-01-01' is not a past date like 1990-12-31
        ! line 11: password_hash: this hash format is not supported yet; leave the column empty and people set a new password by recovering
        ! line 12: has 8 values, the first line names 6 columns; put password hashes in quotes
        ! line 13: has 2 values, the first line names 6 columns
        ! line 15: email: 'jane@shop.example' belongs to another account
        ! line 16: phone: '12345' is not a phone number of US; write it as +...
        ! line 17: name: has characters that no name has
        [1]`;
      await terminal.transcript(`
        $ regain accounts import people.csv
        imported 3, already there 1, refused 11, in …
        ${refused}
        $ regain accounts import people.csv
        imported 0, already there 4, refused 11, in …
        ${refused}
      `);
      assert.equal(await accounts(), 3);
      const [jane] = await holders('email', 'jane@shop.example');
      assert.deepEqual(
        [jane?.name, jane?.birthday, jane?.locale, jane?.passwordHash, jane?.addresses[0]?.value],
        ['Jane Doe', '1990-12-31', 'en-GB', HASH.slice(1, -1), 'Jane@shop.example'],
      );
      const [ann] = await holders('phone', '+33612345678');
      assert.equal(ann?.name, 'Lee, Ann "Nan"');
      assert.deepEqual(await holders('email', 'few@shop.example'), []);
      const events = await terminal.look((store) => store.transaction((tx) => tx.audit.ofAccount(ann?.id ?? '', 10)));
      assert.deepEqual(
        events.map(({ name, detail }) => [name, detail]),
        [['import-account', { identifier: 'a***@shop.example', confirmed: true }]],
      );
    });

    test('files that are no list of people', async () => {
      await terminal.file('empty.csv', '');
      await terminal.file('unknown.csv', 'email,nickname\n');
      await terminal.file('twice.csv', 'email,Email\n');
      await terminal.file('nobody.csv', 'name,birthday\n');
      await terminal.file('semicolons.csv', 'email;phone;name\n');
      await terminal.file('comma.csv', 'email,\n');
      await terminal.file('header.csv', 'email\n');
      await mkdir(join(terminal.folder, 'folder.csv'));
      await terminal.transcript(`
        $ regain accounts import missing.csv
        ! regain accounts import: missing.csv is not there
        [2]
        $ regain accounts import folder.csv
        ! regain accounts import: folder.csv is a folder
        [2]
        $ regain accounts import empty.csv
        ! regain accounts import: empty.csv is empty. Its first line must name the columns: email,phone,phone_confirmed_at,name,birthday,locale,password_hash
        [2]
        $ regain accounts import unknown.csv
        ! regain accounts import: unknown.csv, line 1: there is no column 'nickname'. Known are email, phone, phone_confirmed_at, name, birthday, locale, password_hash, separated by commas.
        [2]
        $ regain accounts import twice.csv
        ! regain accounts import: twice.csv, line 1: the column email is there twice.
        [2]
        $ regain accounts import nobody.csv
        ! regain accounts import: nobody.csv, line 1: a column email or phone is needed.
        [2]
        $ regain accounts import semicolons.csv
        ! regain accounts import: semicolons.csv, line 1: there is no column 'email;phone;name'. Known are …, separated by commas.
        [2]
        $ regain accounts import comma.csv
        ! regain accounts import: comma.csv, line 1: a column has no name. Known are …, separated by commas.
        [2]
        $ regain accounts import header.csv
        imported 0, already there 0, refused 0, in …
      `);
    });

    test('a byte order mark, CRLF, quoted line breaks and a last line without an end', async () => {
      await terminal.file(
        'windows.csv',
        '\uFEFF"Email",Name\r\na@shop.example,Ann\r\n\r\n"b@shop.example","two\r\nlines"\r\nnot an address,Bo\r\nc@shop.example,Caro',
      );
      await terminal.transcript(`
        $ regain accounts import windows.csv
        imported 2, already there 0, refused 2, in …
        ! line 4: name: has characters that no name has
        ! line 6: email: 'not an address' is not an address
        [1]
      `);
    });

    test('a name that is not in UTF-8, and a quote that is never closed', async () => {
      await terminal.file(
        'latin1.csv',
        Buffer.from('email,name\nr@shop.example,Ren\u00e9\nok@shop.example,Rene\n', 'latin1'),
      );
      await terminal.file(
        'quote.csv',
        'email,name\nbefore@shop.example,Bea\nq@shop.example,"Quincy\nafter@shop.example,Al\n',
      );
      await terminal.transcript(`
        $ regain accounts import latin1.csv
        imported 1, already there 0, refused 1, in …
        ! line 2: name: is not in UTF-8; save the file as UTF-8
        [1]
        $ regain accounts import quote.csv
        imported 1, already there 0, refused 0, in …
        ! The import broke off at line 3: a quote is opened and not closed
        ! What was imported stays. Mend it and run the import again.
        [1]
      `);
      assert.equal((await holders('email', 'before@shop.example')).length, 1);
    });

    test('a quote that opens over half of a long file: what follows is not guessed at', async () => {
      const rows = Array.from({ length: 3_000 }, (_, at) => `person${at}@shop.example,"Person ${at}"\n`).join('');
      await terminal.file(
        'quote.csv',
        `email,name\nbefore@shop.example,Bea\n\nq@shop.example,"${'x'.repeat(70_000)}\n${rows}`,
      );
      await terminal.transcript(`
        $ regain accounts import quote.csv
        imported 1, already there 0, refused 0, in …
        ! The import broke off at line 4: a quote is opened and not closed
        ! What was imported stays. Mend it and run the import again.
        [1]
      `);
      assert.equal(await accounts(), 1);
    });

    test('a thousand rows, each with its audit event', async () => {
      const rows = Array.from({ length: 1_000 }, (_, at) => `person${at}@shop.example,Person ${at},${HASH}\n`);
      await terminal.file('many.csv', `email,name,password_hash\n${rows.join('')}`);
      await terminal.transcript(`
        $ regain accounts import many.csv
        imported 1,000, already there 0, refused 0, in …
        $ regain accounts import many.csv
        imported 0, already there 1,000, refused 0, in …
      `);
      assert.equal(await accounts(), 1_000);
    });

    test('a row that the database refuses does not take its batch with it', async () => {
      await terminal.file('first.csv', 'email\nfirst@shop.example\n');
      await terminal.transcript('$ regain accounts import first.csv\nimported 1, already there 0, refused 0, in …');
      await refuseTheName(terminal, engine);
      await terminal.file('people.csv', 'email,name\na@shop.example,Ann\nt@shop.example,Trouble\nb@shop.example,Bo\n');
      await terminal.transcript(`
        $ regain accounts import people.csv
        imported 2, already there 0, refused 1, in …
        ! line 3: the database refused it: …no_trouble…
        [1]
      `);
      assert.equal(await accounts(), 3);
    });

    test('shared phones are counted; a family without mailboxes is refused', async () => {
      await terminal.file(
        'family.csv',
        'email,phone\na@shop.example,+33612345678\nb@shop.example,+33612345678\n,+33612345678\n',
      );
      await terminal.transcript(`
        $ regain accounts import family.csv
        imported 2, already there 1, refused 0, in …
        ! phone numbers that are on another account too: 1. Whoever recovers by one chooses an account after the code.
      `);
    });

    test('unconfirmed: recognised the next time, open to nobody, and in no way of the confirmed', async () => {
      await terminal.file('people.csv', 'email,phone\na@shop.example,+33612345678\nb@shop.example,\n');
      await terminal.transcript(`
        $ regain accounts import people.csv --unconfirmed
        imported 2, already there 0, refused 0, in …
        $ regain accounts import people.csv --unconfirmed
        imported 0, already there 2, refused 0, in …
      `);
      assert.deepEqual(await holders('email', 'a@shop.example'), []);
      await terminal.transcript(`
        $ regain accounts import people.csv
        imported 2, already there 0, refused 0, in …
        $ regain accounts import people.csv --unconfirmed
        imported 0, already there 2, refused 0, in …
      `);
    });
  });

/** By a real constraint of the real database. */
async function refuseTheName(terminal: Terminal, engine: 'sqlite' | 'postgres'): Promise<void> {
  const url = terminal.env.REGAIN_DATABASE_URL as string;
  if (engine === 'sqlite') {
    const database = new DatabaseSync(url.slice('sqlite:'.length));
    database.exec(`create trigger no_trouble before insert on accounts when new.name = 'Trouble'
      begin select raise(abort, 'no_trouble'); end`);
    database.close();
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`alter table regain.accounts add constraint no_trouble check (name <> 'Trouble')`);
  await client.end();
}

describe('accounts import beside a running server', () => {
  let server: Running;
  let sink: SmtpSink;
  before(async () => {
    sink = await startSmtpSink();
    server = await serve({ REGAIN_SMTP_URL: sink.url });
  });
  after(async () => {
    await server.stop();
    await sink.stop();
  });
  const post = async (path: string, body: object): Promise<{ status: number; json: Record<string, string> }> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.origin}/api/v1${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };
  const importRows = async (lines: string[]): ReturnType<typeof regain> => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(server.folder, 'people.csv'), `email,password_hash\n${lines.join('\n')}\n`);
    const env = { REGAIN_SECRET: TEST_SECRET };
    return regain(['accounts', 'import', 'people.csv'], { cwd: server.folder, env });
  };

  test('an imported person signs in with the old password, and one without recovers', async () => {
    const hash = await createHasher({ concurrency: 1, queueMax: 1 }).hash(OLD_PASSWORD);
    const imported = await importRows([`jane@shop.example,"${hash}"`, 'ann@shop.example,']);
    assert.equal(imported.stdout, 'imported 2, already there 0, refused 0, in ./regain.db\n');

    assert.equal((await post('/sessions', { identifier: 'jane@shop.example', password: OLD_PASSWORD })).status, 201);
    assert.equal((await post('/sessions', { identifier: 'ann@shop.example', password: OLD_PASSWORD })).status, 401);
    const { json } = await post('/recovery', { identifier: 'ann@shop.example' });
    const mail = await sink.waitFor((message) => message.to === 'ann@shop.example', 'the code');
    const { status } = await post('/recovery/verify', { token: json.token, code: codeIn(mail) });
    assert.equal(status, 200);
    assert.equal((await post('/recovery/password', { token: json.token, password: NEW_PASSWORD })).status, 200);
    assert.equal((await post('/sessions', { identifier: 'ann@shop.example', password: NEW_PASSWORD })).status, 201);
  });

  test('the server answers all along, and the import gets through', async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => `person${at}@many.example,`);
    let importing = true;
    const importDone = importRows(rows).finally(() => {
      importing = false;
    });
    const answers = new Map<number, number>();
    for (let at = 0; importing; at += 1) {
      const { status } = await post('/recovery', { identifier: `asker${at}@many.example` });
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
    const { stdout, stderr, code } = await importDone;
    assert.equal(stdout, 'imported 10,000, already there 0, refused 0, in ./regain.db\n');
    assert.equal(stderr, '10,000 rows: imported 10,000, already there 0, refused 0\n');
    assert.equal(code, 0);
    assert.deepEqual([...answers.keys()], [202], JSON.stringify([...answers]));
  });
});
