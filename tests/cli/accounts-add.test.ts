/** `regain accounts add`, as it is typed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createHasher } from '../../src/passwords/hasher.ts';
import { openTerminal, type Terminal } from './terminal.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`accounts add on ${engine}`, () => {
    let terminal: Terminal;
    before(async () => {
      terminal = await openTerminal(engine, { REGAIN_DEFAULT_COUNTRY: 'FR' });
    });
    after(() => terminal.close());
    const accounts = (): Promise<number> => terminal.look((store) => store.transaction((tx) => tx.accounts.count()));
    const holder = (email: string) =>
      terminal.look((store) => store.transaction((tx) => tx.accounts.byConfirmedAddress('email', email)));

    test('an account with everything, and its id', async () => {
      await terminal.transcript(`
        $ regain accounts add --email Jane@Shop.Example --email jane@work.example --phone "06 12 34 56 78" --name "Jane Doe" --birthday 1990-12-31 --locale fr_FR
        …
        ! Added to …, a new database.
      `);
      const id = terminal.firstLine;
      assert.match(id, /^[\w-]{22}$/);
      const [account] = await holder('jane@shop.example');
      assert.equal(account?.id, id);
      assert.deepEqual(
        { ...account, addresses: account?.addresses.map(({ kind, value, canonical }) => [kind, value, canonical]) },
        {
          id,
          name: 'Jane Doe',
          birthday: '1990-12-31',
          locale: 'fr-FR',
          passwordHash: null,
          passwordBlockedAt: null,
          generation: 0,
          addresses: [
            ['email', 'Jane@shop.example', 'jane@shop.example'],
            ['email', 'jane@work.example', 'jane@work.example'],
            ['phone', '+33612345678', '+33612345678'],
          ],
        },
      );
      const events = await terminal.look((store) => store.transaction((tx) => tx.audit.ofAccount(id, 10)));
      assert.deepEqual(
        events.map(({ name, detail }) => [name, detail]),
        [['add-account', { identifier: 'J***@shop.example'.toLowerCase(), confirmed: true }]],
      );
    });

    test('what is not right is said, and nothing is written', async () => {
      const before = await accounts();
      await terminal.transcript(`
        $ regain accounts add --name "Nobody"
        ! regain accounts add: an email or a phone is needed
        [1]
        $ regain accounts add --email "jane at home"
        ! regain accounts add: email: 'jane at home' is not an address
        [1]
        $ regain accounts add --email 0612345679
        ! regain accounts add: email: '0612345679' is not an address
        [1]
        $ regain accounts add --phone jane@home.example
        ! regain accounts add: phone: 'jane@home.example' is not a phone number
        [1]
        $ regain accounts add --phone "+1 201 555 0101 ext. 5"
        ! regain accounts add: phone: '+1 201 555 0101 ext. 5' has something behind the number; nothing can be sent to an extension
        [1]
        $ regain accounts add --phone 12
        ! regain accounts add: phone: '12' is not a phone number of FR; write it as +...
        [1]
        $ regain accounts add --phone "06 12 34 56 79" --locale fr-XX
        ! regain accounts add: phone: '06 12 34 56 79' can't be read, because no country has the code 'XX'
        [1]
        $ regain accounts add --email new@shop.example --birthday 31.12.1990
        ! regain accounts add: birthday: '31.12.1990' is not a past date like 1990-12-31
        [1]
        $ regain accounts add --email new@shop.example --locale "French, please"
        ! regain accounts add: locale: 'French, please' is not a language tag like fr or fr-FR
        [1]
        $ regain accounts add --email jane@shop.example
        ! regain accounts add: there is an account with these already: …
        [1]
        $ regain accounts add --email new@shop.example --email jane@work.example
        ! regain accounts add: email: 'jane@work.example' belongs to another account
        [1]
        $ regain accounts add --phone +33612345678 --phone +33612345679
        ! regain accounts add: phone: '+33612345678' belongs to another account
        [1]
      `);
      assert.equal(await accounts(), before);
    });

    test('a wrong call ends in 2, with how to call', async () => {
      await terminal.transcript('$ regain accounts add --emial x@shop.example\n…', {}).catch(() => undefined);
      assert.match(terminal.last, /Unknown option '--emial'/);
      assert.match(terminal.last, /regain accounts import FILE.csv/);
      assert.match(terminal.last, /\[2\]$/);
    });

    test('the password comes from the standard input and has to be a good one', async () => {
      const before = await accounts();
      const command = '$ regain accounts add --email lena@shop.example --name "Lena Fisher" --password-stdin';
      await terminal.transcript(`${command}\n! regain accounts add: no password came on the standard input\n[1]`);
      await terminal.transcript(
        `${command}
         ! regain accounts add: password: is too short
         ! regain accounts add: password: needs letters, numbers and symbols, or 15 characters of any kind
         ! regain accounts add: password: has the person's name in it
         ! regain accounts add: password: has the person's email address in it
         [1]`,
        { input: 'lena\n' },
      );
      await terminal.transcript(`${command}\n! regain accounts add: password: is on a public list of leaked …\n[1]`, {
        input: 'P@ssw0rd\n',
      });
      assert.equal(await accounts(), before);

      const password = ' quiet meadow lantern 58 ';
      await terminal.transcript(`${command}\n…\n! Added to ….`, { input: `${password}\n` });
      const [account] = await holder('lena@shop.example');
      const hasher = createHasher({ concurrency: 1, queueMax: 1 });
      assert.equal((await hasher.verify(account?.passwordHash ?? undefined, password)).right, true);
      assert.equal((await hasher.verify(account?.passwordHash ?? undefined, password.trim())).right, false);
    });

    test('a phone may be shared where each has a mailbox, and that is said', async () => {
      await terminal.transcript(`
        $ regain accounts add --email kim@shop.example --phone +33612345678
        …
        ! +33612345678 is the phone of another account too. Whoever recovers by it chooses one of the accounts after the code.
        ! Added to ….
      `);
      assert.equal((await holder('kim@shop.example')).length, 1);
    });

    test('unconfirmed addresses open nothing, and the same person is not added twice', async () => {
      await terminal.transcript(`
        $ regain accounts add --email maybe@shop.example --unconfirmed
        …
        ! Added to ….
        $ regain accounts add --email maybe@shop.example --unconfirmed
        ! regain accounts add: there is an account with these already: …
        [1]
      `);
      assert.equal((await holder('maybe@shop.example')).length, 0);
    });
  });

describe('accounts', () => {
  test('says what there is', async () => {
    const terminal = await openTerminal('sqlite');
    await terminal.transcript('$ regain accounts remove\n…').catch(() => undefined);
    assert.match(terminal.last, /^! regain accounts: there is no 'remove' here\n!\n! Usage:/);
    assert.match(terminal.last, /\[2\]$/);
    await terminal.close();
  });

  test('a database that is not there is one sentence, not a stack', async () => {
    const terminal = await openTerminal('sqlite', { REGAIN_DATABASE_URL: 'postgres://u:hunter22@127.0.0.1:1/x' });
    await terminal.transcript(`
      $ regain accounts add --email jane@shop.example
      ! regain accounts: the database can't be used: …ECONNREFUSED…
      ! 'regain doctor' says more.
      [1]
    `);
    await terminal.close();
  });
});
