/** People who are signed in and change the addresses of their accounts. */
import assert from 'node:assert/strict';
import type { InProcess } from './in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from './people.ts';
import type { SinkMessage } from './smtp-sink.ts';
import { Visitor } from './visitor.ts';

export interface Owner {
  id: string;
  email: string;
  owner: Visitor;
  /** One that nobody has yet; with `withTwo` the account's second. */
  address: string;
}
export interface Owners {
  visitor(): Visitor;
  lastMail(to: string): SinkMessage;
  signedIn(): Promise<Owner>;
  withTwo(): Promise<Owner>;
  /** Asks for a further address. Returns the code. */
  askToAdd(owner: Visitor, address: string): Promise<string>;
  add(owner: Visitor, address: string): Promise<void>;
}

export function owners(program: InProcess): Owners {
  let people = 0;
  const visitor = (): Visitor =>
    new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
  const lastMail = (email: string): SinkMessage => {
    const mail = program.sink.messages.findLast(({ to }) => to === email);
    assert.ok(mail, `a mail to ${email}`);
    return mail;
  };
  const signedIn = async (): Promise<Owner> => {
    people += 1;
    const number = String(people).padStart(3, '0');
    const email = `owner${number}@example.com`;
    const id = await addPerson(program, { emails: [email] });
    const owner = visitor();
    assert.equal((await owner.post('/sign-in', { identifier: email, password: OLD_PASSWORD })).url, '/account');
    return { id, email, owner, address: `newer${number}@example.com` };
  };
  const askToAdd = async (owner: Visitor, address: string): Promise<string> => {
    const answer = await owner.post('/account/addresses/add', { identifier: address, password: OLD_PASSWORD });
    assert.equal(answer.url, '/account/addresses/code');
    await program.settled();
    return codeIn(lastMail(address));
  };
  const add = async (owner: Visitor, address: string): Promise<void> => {
    const code = await askToAdd(owner, address);
    assert.equal((await owner.post('/account/addresses/code', { code })).url, '/account?notice=address-added');
    await program.advance(1);
  };
  return {
    visitor,
    lastMail,
    signedIn,
    askToAdd,
    add,
    async withTwo() {
      const someone = await signedIn();
      // An address that came later than the account.
      await program.advance(1);
      await add(someone.owner, someone.address);
      return someone;
    },
  };
}

/** The addresses on the account page, in their order. */
export function addressesOf(page: string): string[] {
  return [...page.matchAll(/<bdi class="typed">([^<]+)<\/bdi> <em>/g)].map(([, address = '']) => address);
}

/** Where the account page leads to remove the address at this place. */
export async function removalOf(owner: Visitor, at: number): Promise<string> {
  const { text } = await owner.get('/account');
  const path = [...text.matchAll(/href="(\/account\/addresses\/remove\/[^"]+)"/g)][at]?.[1];
  assert.ok(path, 'a link to remove it');
  return path;
}
