/** Where passwords are typed: masked, open to pasting and to password managers, and nothing is taken away from them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PASSWORD_MAX_CHARACTERS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import { Visitor } from '../visitor.ts';

const EMAIL = 'owner@example.com';
const LONG = 'lantern meadow 7! '.repeat(15).slice(0, PASSWORD_MAX_CHARACTERS);

describe('password fields', () => {
  let program: InProcess;
  let guest: Visitor;
  before(async () => {
    program = await startInProcess('sqlite');
    await addPerson(program, { emails: [EMAIL] });
    guest = new Visitor(
      (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
      program.regain.config.origin,
    );
    await prove('/recover', EMAIL);
    await prove('/register', 'new@example.com');
  });
  after(() => program.close());

  async function prove(base: string, identifier: string): Promise<void> {
    await guest.post(base, { identifier });
    await program.settled();
    const mail = program.sink.messages.findLast(({ to }) => to === identifier);
    assert.ok(mail);
    await guest.post(`${base}/code`, { code: codeIn(mail) });
  }

  test('are masked, named for password managers, and stand in no way of pasting', async () => {
    const expected = { '/sign-in': ['current-password'], '/recover/password': NEW, '/register/complete': NEW };
    for (const [path, autocompletes] of Object.entries(expected)) {
      const page = await guest.get(path);
      assert.equal(page.url, path);
      const fields = page.text.match(/<input[^>]*name="password2?"[^>]*>/g) ?? [];
      assert.deepEqual(
        fields.map((field) => /autocomplete="([^"]*)"/.exec(field)?.[1]),
        autocompletes,
      );
      for (const field of fields) {
        assert.match(field, /\btype="password"/);
        assert.doesNotMatch(field, /\son\w+=|maxlength|readonly/, 'nothing is cut off or kept out');
      }
      assert.match(page.text, /autocomplete="username"/);
    }
    const script = await guest.get('/assets/regain.js');
    assert.equal(script.status, 200);
    assert.doesNotMatch(script.text, /paste|beforeinput|contextmenu/);
  });

  test(`take ${PASSWORD_MAX_CHARACTERS} characters, every one of which counts`, async () => {
    const set = await guest.post('/recover/password', { password: LONG, password2: LONG });
    assert.equal(set.url, '/sign-in');
    const shorter = LONG.slice(0, -1);
    assert.equal((await guest.post('/sign-in', { identifier: EMAIL, password: shorter })).status, 401);
    assert.equal((await guest.post('/sign-in', { identifier: EMAIL, password: `${LONG} ` })).status, 401);
    assert.equal((await guest.post('/sign-in', { identifier: EMAIL, password: LONG })).url, '/account');
  });
});

const NEW = ['new-password', 'new-password'];
