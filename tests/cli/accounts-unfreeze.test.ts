/** `regain accounts unfreeze`, as it is typed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTerminal, type Terminal } from './terminal.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`accounts unfreeze on ${engine}`, () => {
    let terminal: Terminal;
    before(async () => {
      terminal = await openTerminal(engine);
    });
    after(() => terminal.close());

    test('a stopped address is allowed again, once, and the audit log says so', async () => {
      await terminal.transcript('$ regain accounts add --email jane@shop.example\n…\n! Added to ….');
      const id = terminal.firstLine;
      const jane = { kind: 'email', canonical: 'jane@shop.example' } as const;
      await terminal.look((store) => store.transaction((tx) => tx.accounts.freezeAddress(id, jane, 1)));
      await terminal.transcript(`
        $ regain accounts unfreeze --email Jane@Shop.Example
        ${id}
        $ regain accounts unfreeze --email jane@shop.example
        ! regain accounts unfreeze: recovery by 'jane@shop.example' is not stopped
        [1]
        $ regain accounts unfreeze --email nobody@shop.example
        ! regain accounts unfreeze: no account has 'nobody@shop.example' as a confirmed address
        [1]
        $ regain accounts unfreeze --email jane@
        ! regain accounts unfreeze: email: 'jane@' is not an address
        [1]
      `);
      const [event] = await terminal.look((store) => store.transaction((tx) => tx.audit.ofAccount(id, 1)));
      assert.deepEqual(
        [event?.name, event?.detail],
        ['thaw-address', { address: 'j***@shop.example', by: 'operator' }],
      );
    });

    test('a wrong call says how it goes', async () => {
      for (const args of ['', ' --email', ' --phone 1', ' jane@shop.example']) {
        await terminal.transcript(`$ regain accounts unfreeze${args}`).catch(() => {});
        assert.match(terminal.last, /regain accounts unfreeze --email A/);
        assert.match(terminal.last, /\[2\]$/);
      }
    });
  });
