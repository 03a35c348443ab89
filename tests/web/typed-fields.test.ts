/** Where people say who they are and type their code: what phones, browsers and password managers are told of the fields. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { Visitor } from '../visitor.ts';

const EMAIL = 'owner@example.com';
const SIGNED_IN = 'signed-in@example.com';

describe('typed fields', () => {
  let program: InProcess;
  let guest: Visitor;
  before(async () => {
    program = await startInProcess('sqlite');
    for (const email of [EMAIL, SIGNED_IN]) await addPerson(program, { emails: [email] });
    guest = visitor();
    await guest.post('/recover', { identifier: EMAIL });
    await guest.post('/register', { identifier: 'new@example.com' });
  });
  after(() => program.close());

  const visitor = (): Visitor =>
    new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);

  test('the identifier field takes an address or a number as it is, and is known to password managers', async () => {
    const owner = visitor();
    await owner.post('/sign-in', { identifier: SIGNED_IN, password: OLD_PASSWORD });
    const pages = [
      await guest.get('/recover'),
      await guest.get('/register'),
      await guest.get('/sign-in'),
      await guest.post('/recover/from-sign-in', { identifier: EMAIL }),
      await guest.post('/recover', { identifier: 'nonsense' }),
    ];
    for (const { text, url } of pages) {
      const [field, ...more] = inputs(text).filter(({ name }) => name === 'identifier');
      assert.deepEqual(more, [], url);
      const { type, autocomplete, autocapitalize, spellcheck } = field ?? {};
      assert.deepEqual(
        { type, autocomplete, autocapitalize, spellcheck },
        { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' },
        url,
      );
      assert.ok(Number(field?.maxlength ?? 400) >= 320, `${url}: the longest address fits`);
    }
    // The new address is not the name that the account is known by.
    const adding = await owner.get('/account/addresses/add');
    const added = inputs(adding.text).find(({ name }) => name === 'identifier');
    assert.equal(adding.url, '/account/addresses/add');
    assert.deepEqual(
      [added?.type, added?.autocapitalize, added?.spellcheck],
      ['text', 'none', 'false'],
      'the field of a further address',
    );
  });

  test('the code goes into one field, with digits at hand, which phones fill from the message', async () => {
    for (const path of ['/recover/code', '/register/code']) {
      const page = await guest.get(path);
      assert.equal(page.url, path);
      const [field, ...more] = inputs(page.text).filter(({ type }) => type !== 'hidden');
      assert.deepEqual(more, [], path);
      const { name, type, inputmode, autocomplete, spellcheck, value } = field ?? {};
      assert.deepEqual(
        { name, type, inputmode, autocomplete, spellcheck, value },
        {
          name: 'code',
          type: 'text',
          inputmode: 'numeric',
          autocomplete: 'one-time-code',
          spellcheck: 'false',
          value: '',
        },
        path,
      );
      assert.ok(Number(field?.maxlength ?? 16) >= 16, `${path}: a code with spaces around it can be pasted`);
      assert.doesNotMatch(page.text, /<input[^>]*\s(on\w+|pattern|readonly)=/, 'nothing is kept out');
    }
  });

  test('beside the code stands what it is for, so that nobody reads it out for something else', async () => {
    const purposes = {
      '/recover/code': /This code resets the password of your Shop account\. Type it only here\./,
      '/register/code': /This code opens a new Shop account\. Type it only here\./,
    };
    for (const [path, purpose] of Object.entries(purposes)) {
      const { text } = await guest.get(path);
      const form = /<form[^>]*data-code-form>.*?<\/form>/s.exec(text)?.[0] ?? '';
      assert.match(form, purpose, path);
      assert.ok(form.indexOf('<input') < form.search(purpose) && form.search(purpose) < form.indexOf('<button'), path);
    }
  });
});

/** The attributes of every input of a page. */
function inputs(text: string): Record<string, string>[] {
  return [...text.matchAll(/<input([^>]*)>/g)].map(([, attributes = '']) =>
    Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
  );
}
