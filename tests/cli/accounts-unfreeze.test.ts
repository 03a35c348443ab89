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

    test('a number is allowed again, and where several accounts have it, for the one that is named', async () => {
      const number = { kind: 'phone', canonical: '+33612345678' } as const;
      const add = async (email: string): Promise<string> => {
        await terminal
          .transcript(`$ regain accounts add --email ${email} --phone +33612345678\n…\n! …`)
          .catch(() => {});
        const id = terminal.firstLine;
        await terminal.look((store) => store.transaction((tx) => tx.accounts.freezeAddress(id, number, 1)));
        return id;
      };
      const ann = await add('ann@shop.example');
      await terminal.transcript(
        `$ regain accounts unfreeze --phone "06 12 34 56 78"
         ${ann}
         $ regain accounts unfreeze --phone +33612345678
         ! regain accounts unfreeze: recovery by '+33612345678' is not stopped
         [1]`,
        { env: { REGAIN_DEFAULT_COUNTRY: 'FR' } },
      );
      const kim = await add('kim@shop.example');
      const frozen = (): Promise<(number | null | undefined)[]> =>
        terminal.look((store) =>
          store.transaction(async (tx) => {
            const accounts = [await tx.accounts.byId(ann), await tx.accounts.byId(kim)];
            return accounts.map((one) => one?.addresses.find(({ kind }) => kind === 'phone')?.frozenAt);
          }),
        );
      await terminal.transcript('$ regain accounts unfreeze --phone +33612345678\n…').catch(() => {});
      assert.deepEqual(terminal.last.split('\n').sort(), [
        ...[
          `! regain accounts unfreeze: several accounts have '+33612345678'; say for which one`,
          `! regain accounts unfreeze:   --account=${ann}  not stopped`,
          `! regain accounts unfreeze:   --account=${kim}  stopped`,
          '[1]',
        ].sort(),
      ]);
      assert.deepEqual(await frozen(), [null, 1]);
      await terminal.transcript(`
        $ regain accounts unfreeze --phone +33612345678 --account=${ann}
        ! regain accounts unfreeze: recovery by '+33612345678' is not stopped
        [1]
        $ regain accounts unfreeze --phone +33612345678 --account=nobody
        ! regain accounts unfreeze: no account 'nobody' has '+33612345678' as a confirmed address
        [1]
        $ regain accounts unfreeze --phone +33612345678 --account=${kim}
        ${kim}
      `);
      assert.deepEqual(await frozen(), [null, null]);
      const [event] = await terminal.look((store) => store.transaction((tx) => tx.audit.ofAccount(kim, 1)));
      assert.deepEqual([event?.name, event?.detail.by], ['thaw-address', 'operator']);
    });

    test('a wrong call says how it goes', async () => {
      for (const args of [
        '',
        ' --email',
        ' --phone',
        ' --email a@shop.example --phone +33612345678',
        ' --account 1',
        ' jane@shop.example',
      ]) {
        await terminal.transcript(`$ regain accounts unfreeze${args}`).catch(() => {});
        assert.match(terminal.last, /regain accounts unfreeze \(--email A \| --phone P \[--account ID\]\)/);
        assert.match(terminal.last, /\[2\]$/);
      }
    });
  });
