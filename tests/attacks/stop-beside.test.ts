/** "Stop it" in the very moment in which the recovery goes on: whoever was told that it is stopped was told the truth. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cancelRecovery } from '../../src/actions/cancel-recovery.ts';
import { chooseAccount } from '../../src/actions/choose-account.ts';
import { beside } from '../beside.ts';
import type { InProcess } from '../in-process.ts';
import { owners } from '../owners.ts';
import { addPerson, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';

describe('stop it beside a step of the recovery, on postgres', () => {
  let shop: TextingShop;
  let program: InProcess;
  before(async () => {
    shop = await startTextingShop('postgres');
    ({ program } = shop);
  });
  after(() => shop.close());

  const opens = async (identifier: string, password: string): Promise<boolean> =>
    (await program.api('POST', '/sessions', { body: { identifier, password } })).status === 201;

  test('"yes" behind the link waits for "stop it", and sets no password', async () => {
    const email = 'jane@example.com';
    await addPerson(program, { emails: [email] });
    await program.api('POST', '/recovery', { body: { identifier: email } });
    await program.settled();
    const mail = program.sink.messages.findLast(({ to }) => to === email)!;
    const link = /\/recover\/confirm#(\S+)/.exec(mail.text)?.[1] ?? '';
    const token = linkIn(mail, '/cancel/').split('/').at(-1)!;
    const reader = owners(program).visitor();
    const said = await beside(
      program,
      (context) => cancelRecovery(context, token),
      () => reader.post('/recover/confirm', { link, answer: 'yes' }),
    );
    assert.equal(said.status, 404);
    const set = await reader.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
    assert.equal(set.url, '/recover');
    assert.deepEqual([await opens(email, OLD_PASSWORD), await opens(email, NEW_PASSWORD)], [true, false]);
  });

  test('of one of two owners waits for the choice of his account, and stops it', async () => {
    const number = '+12125550177';
    const [janes, johns] = ['jane.doe@example.com', 'john.doe@example.com'] as const;
    await addPerson(program, { name: 'Jane Doe', emails: [janes], phones: [number] });
    await addPerson(program, { name: 'John Doe', emails: [johns], phones: [number] });
    const { token } = (await program.api('POST', '/recovery', { body: { identifier: number } })).json;
    await program.settled();
    const code = /#(\w+)$/.exec(shop.receiver.taken.at(-1)?.text ?? '')?.[1] ?? '';
    const { accounts } = (await program.api('POST', '/recovery/verify', { body: { token, code } })).json;
    const choice = accounts.find(({ name }: { name: string }) => name.startsWith('Jane')).id;
    const mail = program.sink.messages.find(({ to }) => to === janes)!;
    const stopped = await beside(
      program,
      (context) => chooseAccount(context, token, choice),
      () => owners(program).visitor().post(linkIn(mail, '/cancel/')),
    );
    assert.match(stopped.text, /The request is stopped/);
    const set = await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
    assert.equal(set.status, 404);
    assert.deepEqual([await opens(janes, OLD_PASSWORD), await opens(janes, NEW_PASSWORD)], [true, false]);
  });
});
