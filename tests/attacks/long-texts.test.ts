/**
 * Texts that cost more to read than to send. Putting combining marks in order takes quadratic time, so a few forms full of
 * them would keep everybody waiting, before any limit is charged: nothing is normalised before its length was looked at.
 */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { PASSWORD_MAX_BYTES } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import { Visitor } from '../visitor.ts';

/** As much as one form takes, in the order that is worst to put right: 15.8 kB. */
const MARKS = `a${'\u0301'.repeat(1_300)}${'\u0316'.repeat(1_300)}`;
/** One character that becomes eighteen. */
const LIGATURES = '\ufdfa'.repeat(1_700);

describe('a form full of marks', () => {
  let program: InProcess;
  let proven: Visitor;
  before(async () => {
    program = await startInProcess('sqlite');
    await addPerson(program, { emails: ['owner@example.com'] });
    proven = await provenRegistration(program);
  });
  after(() => program.close());

  const visitor = (): Visitor => visitorOf(program);
  const signedIn = async (): Promise<Visitor> => {
    const owner = visitor();
    await owner.post('/sign-in', { identifier: 'owner@example.com', password: OLD_PASSWORD });
    return owner;
  };
  const waiting = async (): Promise<Visitor> => {
    const somebody = visitor();
    assert.equal((await somebody.post('/recover', { identifier: 'nobody@example.com' })).url, '/recover/code');
    return somebody;
  };

  const forms: [path: string, field: string, whose: () => Visitor | Promise<Visitor>][] = [
    ['/recover', 'identifier', visitor],
    ['/register', 'identifier', visitor],
    ['/sign-in', 'identifier', visitor],
    ['/sign-in', 'password', visitor],
    ['/recover/from-sign-in', 'identifier', visitor],
    ['/recover/work', 'identifier', visitor],
    ['/recover/code', 'code', waiting],
    ['/recover/confirm', 'link', visitor],
    ['/register/complete', 'name', visitor],
    ['/register/complete', 'birthday_year', visitor],
    ['/register/password/judge', 'birthday_day', visitor],
    ['/register/complete', 'name', () => proven],
    ['/register/complete', 'birthday_month', () => proven],
    ['/register/password/judge', 'name', () => proven],
    ['/register/password/judge', 'password', () => proven],
    ['/account/addresses/add', 'identifier', signedIn],
    ['/account/addresses/add', 'password', signedIn],
  ];
  for (const [path, field, whose] of forms)
    test(`POST ${path} with a long ${field}`, async (t) => {
      const somebody = await whose();
      const longest = normalised(t);
      for (const text of [MARKS, LIGATURES, `${' '.repeat(500)}${MARKS.slice(0, 2_000)}`]) {
        const fields = { identifier: 'x@example.com', password: 'x', password2: 'x', name: 'Jane', [field]: text };
        const { status } = await somebody.post(path, fields);
        assert.ok(status < 500, `answered ${status}`);
      }
      assert.ok(longest() <= PASSWORD_MAX_BYTES, `${longest()} UTF-16 units were normalised`);
    });
});

/** The longest text that was normalised during this test. */
function normalised(t: TestContext): () => number {
  let longest = 0;
  const { normalize } = String.prototype;
  t.mock.method(String.prototype, 'normalize', function (this: string, form?: string) {
    longest = Math.max(longest, this.length);
    return normalize.call(this, form);
  });
  return () => longest;
}

function visitorOf({ regain }: InProcess): Visitor {
  return new Visitor((request) => regain.fetch(request, { peer: '127.0.0.1' }), regain.config.origin);
}

/** A browser whose registration waits for a name and a password. */
async function provenRegistration(program: InProcess): Promise<Visitor> {
  const newcomer = visitorOf(program);
  await newcomer.post('/register', { identifier: 'newcomer@example.com' });
  await program.settled();
  const mail = program.sink.messages.findLast(({ to }) => to === 'newcomer@example.com');
  assert.ok(mail, 'the mail with the code');
  assert.equal((await newcomer.post('/register/code', { code: codeIn(mail) })).url, '/register/complete');
  return newcomer;
}
