/** `regain audit verify` and `regain audit export`, as they are typed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sealAudit } from '../../src/actions/seal-audit.ts';
import { createKeys } from '../../src/keys.ts';
import { TEST_SECRET } from '../regain.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const NOW = Date.parse('2026-03-14T09:12:00Z');
const silent = { debug() {}, info() {}, warn() {}, error() {} };

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`audit on ${engine}`, () => {
    let terminal: Terminal;
    before(async () => {
      terminal = await openTerminal(engine);
    });
    after(() => terminal.close());

    test('a database of an older version, and one without events', async () => {
      const pending = await terminal.look((store) => store.pendingMigrations());
      await terminal.transcript(`
        $ regain audit verify
        ! regain audit: … is not at this version; run 'regain migrate' first, or set REGAIN_DATABASE_URL
        [1]
        $ regain migrate
        ${pending.map((name) => `applied ${name}`).join('\n')}
        $ regain audit verify
        No event is sealed yet.
        $ regain audit export
      `);
    });

    test('events that are not sealed yet, then sealed, exported and exported again from there', async () => {
      await happen(terminal, 3);
      await terminal.transcript(`
        $ regain audit verify
        No event is sealed yet.
        not yet sealed: 3 events, the oldest of 2026-03-14T09:12:00.000Z. No worker seals: start 'regain work', or look for audit-broken and audit-seal-fault in its log.
        $ regain audit export
        ! 3 events are not sealed yet and will be in a later export.
      `);
      await seal(terminal);
      await terminal.transcript(`
        $ regain audit export
        {"position":1,"id":1,"at":"2026-03-14T09:12:00.000Z","name":"sign-in","accountId":"a0","proofId":null,"detail":{"browser":"Firefox"},"digest":"…"}
        {"position":2,"id":2,"at":"2026-03-14T09:12:01.000Z","name":"sign-in","accountId":"a1","proofId":null,"detail":{"browser":"Firefox"},"digest":"…"}
        {"position":3,"id":3,"at":"2026-03-14T09:12:02.000Z","name":"sign-in","accountId":"a2","proofId":null,"detail":{"browser":"Firefox"},"digest":"…"}
        $ regain audit export --after 2
        {"position":3,…}
        $ regain audit export --since 2026-03-14T10:12:01+01:00 --until 2026-03-14T09:12:02Z
        {"position":2,…}
        $ regain audit export --since 2026-03-15
        $ regain audit export --after 3
      `);
    });

    test('an intact chain, and a head that was noted', async () => {
      await terminal.transcript(`
        $ regain audit verify
        The audit chain is intact: 3 events in 1 batch, 2026-03-14T09:12:00.000Z to 2026-03-14T09:12:02.000Z.
        head: 3:…
        Keep the head where nobody who can write to the database can; --expect HEAD shows later that its end was not cut off.
      `);
      const head = /head: (\S+)/.exec(terminal.last)?.[1];
      await terminal.transcript(`
        $ regain audit verify --expect ${head}
        The audit chain is intact: …
        head: ${head}
        Keep …
        expected head: found at position 3; nothing before it was cut off or rewritten since you noted it.
        $ regain audit verify --expect 4:${'a'.repeat(64)}
        The audit chain is intact: …
        head: ${head}
        Keep …
        THE END OF THE CHAIN IS MISSING: you expect position 4, and the chain ends before it.
        The newest events were removed, or an older backup was restored.
        [3]
        $ regain audit verify --expect 2:${'a'.repeat(64)}
        The audit chain is intact: …
        head: ${head}
        Keep …
        THE CHAIN WAS REWRITTEN: position 2 is not the one you noted.
        Something at or before it was changed and sealed anew: by somebody with REGAIN_SECRET, or by removing seals.
        [3]
      `);
    });

    test('a secret that was dropped', async () => {
      const env = { REGAIN_SECRET: 'another secret that only this test knows: 32 bytes' };
      await terminal.transcript(
        `
        $ regain audit verify
        Nothing wrong was found, but not everything could be checked: 3 events in 1 batch, …
        head: …
        Keep …
        not checked: 1 batch between positions 1 and 3, sealed with a secret that is not in REGAIN_SECRET ('…'). Put it at the end of the list to check.
        [1]`,
        { env },
      );
      await terminal.transcript('$ regain audit verify\nThe audit chain is intact: …\nhead: …\nKeep …', {
        env: { REGAIN_SECRET: `${env.REGAIN_SECRET},${TEST_SECRET}` },
      });
    });

    test('a broken chain: the first row, what it means and what to do', async () => {
      await terminal.look((store) =>
        store.transaction(async (tx) => {
          const [batch] = await tx.auditChain.batches(0, 1);
          assert.ok(batch);
          // What the store itself can do to a chain: cut it without the signature of a purge.
          await tx.auditChain.cut({ ...batch, purgedAt: NOW, purgeSignature: 'mine' });
        }),
      );
      await terminal.transcript(`
        $ regain audit verify
        THE AUDIT CHAIN IS BROKEN.
        before position 4: everything is gone, and it was not Regain that removed it for its age.
        Regain never changes an event, so something else wrote to the database: a person, another program, or a restore.
        What to do: keep a copy of the database as it is, compare it with your export or a backup, and see who had access.
        See docs/how-to/audit.md#when-the-chain-is-broken.
        [3]
      `);
    });

    test('wrong calls end in 2', async () => {
      const calls: [args: string, problem: string][] = [
        ['', 'say verify or export'],
        ['delete', "there is no 'delete' here"],
        ['verify --expect head', "'head' is not a head; one looks like 4711:9f3c... with 64 digits and letters"],
        ['export --after yesterday', "--after: 'yesterday' is not a position; take that of the last event you have"],
        ['export --since 2026-03-14T09:12', "--since: '2026-03-14T09:12' is not a time like …"],
        ['export --until 2026-02-31T00:00Z5', "--until: '2026-02-31T00:00Z5' is not a time like …"],
      ];
      for (const [args, problem] of calls) {
        await terminal.transcript(`$ regain audit ${args}\n…`).catch(() => undefined);
        const [first = ''] = terminal.last.split('\n');
        assert.ok(first.startsWith(`! regain audit: ${problem.replace(/…$/, '')}`), first);
        assert.match(terminal.last, /\[2\]$/);
      }
    });
  });

function happen(terminal: Terminal, count: number): Promise<void> {
  return terminal.look((store) =>
    store.transaction(async (tx) => {
      for (let at = 0; at < count; at += 1)
        await tx.audit.append({
          at: NOW + at * 1_000,
          name: 'sign-in',
          accountId: `a${at}`,
          proofId: null,
          detail: { browser: 'Firefox' },
        });
    }),
  );
}

async function seal(terminal: Terminal): Promise<void> {
  await terminal.look((store) =>
    sealAudit({ store, keys: createKeys([TEST_SECRET]), clock: { now: () => NOW + 5_000 }, log: silent }),
  );
}
