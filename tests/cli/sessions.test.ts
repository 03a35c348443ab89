/** `regain sessions end`, as it is typed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTerminal, type Terminal } from './terminal.ts';

const NOW = Date.now();

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`sessions on ${engine}`, () => {
    let terminal: Terminal;
    let jane: string;
    let ann: string;
    /** As the commands name it: without user and password. */
    let database: string;
    before(async () => {
      terminal = await openTerminal(engine, { REGAIN_DEFAULT_COUNTRY: 'FR' });
      const url = terminal.env.REGAIN_DATABASE_URL as string;
      const { host, pathname } = new URL(url);
      database = engine === 'sqlite' ? url.slice('sqlite:'.length) : `PostgreSQL ${pathname.slice(1)} at ${host}`;
      await terminal.transcript(
        '$ regain accounts add --email jane@shop.example --phone "06 12 34 56 78"\n…\n! Added to ….',
      );
      jane = terminal.firstLine;
      await terminal.transcript('$ regain accounts add --email ann@shop.example\n…\n! Added to ….');
      ann = terminal.firstLine;
    });
    after(() => terminal.close());

    const signIn = (accountId: string, id: string): Promise<void> =>
      terminal.look((store) =>
        store.transaction((tx) =>
          tx.sessions.insert({
            id,
            tokenDigest: `digest of ${id}`,
            accountId,
            browser: 'Firefox on Windows',
            createdAt: NOW,
            lastSeenAt: NOW,
            expiresAt: NOW + 60_000,
          }),
        ),
      );
    const sessionsOf = (accountId: string): Promise<number> =>
      terminal.look(async (store) => (await store.transaction((tx) => tx.sessions.ofAccount(accountId, NOW))).length);

    test('one person is signed out everywhere, and then everybody', async () => {
      for (const id of ['j1', 'j2']) await signIn(jane, id);
      await signIn(ann, 'a1');
      await terminal.transcript(`
        $ regain sessions end --email Jane@Shop.example
        2 sessions ended, of the account ${jane}, in ${database}
      `);
      assert.deepEqual([await sessionsOf(jane), await sessionsOf(ann)], [0, 1]);
      await signIn(jane, 'j3');
      await terminal.transcript(`
        $ regain sessions end --phone "06 12 34 56 78"
        1 session ended, of the account ${jane}, in ${database}
        $ regain sessions end --account ${jane}
        0 sessions ended, of the account ${jane}, in ${database}
      `);
      await signIn(jane, 'j4');
      await terminal.transcript(`
        $ regain sessions end --everyone
        2 sessions ended, of everybody, in ${database}
      `);
      assert.deepEqual([await sessionsOf(jane), await sessionsOf(ann)], [0, 0]);
      const events = await terminal.look((store) => store.transaction((tx) => tx.audit.ofAccount(jane, 10)));
      assert.deepEqual(
        events.filter(({ name }) => name === 'end-sessions').map(({ detail }) => detail),
        [0, 1, 2].map((ended) => ({ by: 'operator', ended })),
      );
    });

    test('who is nobody is said, and whose has to be said', async () => {
      await signIn(ann, 'a2');
      await terminal.transcript(`
        $ regain sessions end --email nobody@shop.example
        ! regain sessions end: 'nobody@shop.example' names no account, or more than one, in ${database}
        [1]
        $ regain sessions end --phone ann@shop.example
        ! regain sessions end: 'ann@shop.example' names no account, or more than one, in ${database}
        [1]
      `);
      const usage = `
        !
        ! Usage:
        !   regain sessions end (--email A | --phone P | --account ID | --everyone)
        !
        ! Who is signed in is signed out at the next request; passwords stay as they are.
        [2]
      `;
      const whose = '! regain sessions: say whose: one of --email, --phone, --account, --everyone';
      await terminal.transcript(`$ regain sessions\n! regain sessions: say end${usage}`);
      await terminal.transcript(`$ regain sessions stop\n! regain sessions: there is no 'stop' here${usage}`);
      await terminal.transcript(`$ regain sessions end\n${whose}${usage}`);
      await terminal.transcript(`$ regain sessions end --email ann@shop.example --everyone\n${whose}${usage}`);
      await terminal.transcript(`$ regain sessions end --all\n! regain sessions: …'--all'…${usage}`);
      assert.equal(await sessionsOf(ann), 1);
    });
  });
