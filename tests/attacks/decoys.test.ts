/** Whoever could derive the code of a recovery that has no account behind it still gets nowhere (ADVISORIES 15, 36; R04). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { digestToken } from '../../src/actions/tokens.ts';
import { deriveCode, type Purpose } from '../../src/rules/codes.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, NEW_PASSWORD } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

describe('decoys', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite');
    await addPerson(program, { emails: ['known@example.com'] });
  });
  after(() => program.close());

  const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
  /** The code as only the server's key gives it. */
  const codeOf = async (purpose: Purpose, token: string, asPurpose = purpose): Promise<string> => {
    const { store, keys } = program.regain.context;
    const proof = await store.transaction((tx) => tx.proofs.byToken(purpose, digestToken(token)));
    assert.ok(proof);
    const shape = { format: proof.codeFormat, length: proof.codeLength };
    return deriveCode(keys.codeKey().key, asPurpose, proof.id, proof.epoch, shape);
  };

  const cases: [string, Purpose, string][] = [
    ['a recovery of an unknown address', 'recovery', 'unknown@example.com'],
    ['a registration of a taken address', 'registration', 'known@example.com'],
  ];
  for (const [title, purpose, identifier] of cases)
    test(`${title}: the derived code is wrong, before and after the worker has looked`, async () => {
      const early = (await post(`/${purpose}`, { identifier })).json.token;
      assert.equal(
        (await post(`/${purpose}/verify`, { token: early, code: await codeOf(purpose, early) })).status,
        422,
      );
      const { token } = (await post(`/${purpose}`, { identifier })).json;
      await program.settled();
      assert.equal((await post(`/${purpose}/verify`, { token, code: await codeOf(purpose, token) })).status, 422);
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 404);
    });

  test('a code of another purpose is wrong, the right one is right', async () => {
    const { token } = (await post('/recovery', { identifier: 'known@example.com' })).json;
    await program.settled();
    const foreign = await codeOf('recovery', token, 'registration');
    assert.equal((await post('/recovery/verify', { token, code: foreign })).status, 422);
    assert.equal((await post('/recovery/verify', { token, code: await codeOf('recovery', token) })).status, 200);
  });
});
