/**
 * Addresses that change hands, or that somebody tries to make his own: Keycloak CVE-2025-7365, Zitadel CVE-2026-27946 and
 * CVE-2026-54693, Zitadel CVE-2026-55670, Joplin CVE-2026-105785.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deriveCode, type Purpose } from '../../src/rules/codes.ts';
import { LIMITS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addressesOf, type Owners, owners, removalOf } from '../owners.ts';
import { codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import type { Visitor } from '../visitor.ts';

const ADDRESS = '__Host-regain-address';
const RECOVERY = '__Host-regain-recovery';
const REGISTRATION = '__Host-regain-registration';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`changed addresses on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    before(async () => {
      program = await startInProcess(engine);
      people = owners(program);
    });
    after(() => program.close());

    const held = async (owner: Visitor): Promise<string[]> => addressesOf((await owner.get('/account')).text);
    const recover = async (guest: Visitor, email: string): Promise<string> => {
      await guest.post('/recover', { identifier: email });
      await program.settled();
      return codeIn(people.lastMail(email));
    };
    const enter = (owner: Visitor, code: string) => owner.post('/account/addresses/code', { code });

    test('Keycloak CVE-2025-7365: another change in the middle kills the attempt, on every branch', async () => {
      const { email, owner, address } = await people.withTwo();
      const third = `third.${address}`;
      const late = await people.askToAdd(owner, third);
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      const answer = await enter(owner, late);
      assert.equal(answer.url, '/account/addresses/add?notice=ended');
      assert.match(answer.text, /Please start again/);
      assert.deepEqual(await held(owner), [email]);

      const outdated = await people.askToAdd(owner, third);
      const guest = people.visitor();
      await guest.post('/recover/code', { code: await recover(guest, email) });
      assert.equal(
        (await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD })).url,
        '/sign-in',
      );
      assert.equal((await enter(owner, outdated)).url, '/sign-in');
      await owner.post('/sign-in', { identifier: email, password: NEW_PASSWORD });
      await enter(owner, outdated);
      assert.deepEqual(await held(owner), [email]);
    });

    test('a recovery that was begun before an address came or went changes no password', async () => {
      for (const change of ['add', 'remove'] as const) {
        const { email, owner, address } = await people.withTwo();
        const [asked, verified] = [people.visitor(), people.visitor()];
        const code = await recover(asked, email);
        await verified.post('/recover/code', { code: await recover(verified, email) });
        assert.equal((await verified.get('/recover/password')).url, '/recover/password');
        if (change === 'add') await people.add(owner, `third.${address}`);
        else await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
        await asked.post('/recover/code', { code });
        for (const guest of [asked, verified])
          await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
        assert.equal(
          (await people.visitor().post('/sign-in', { identifier: email, password: NEW_PASSWORD })).status,
          401,
        );
      }
    });

    test('Zitadel CVE-2026-55670: of an address that changed hands, old codes and proofs are void', async () => {
      const { email, owner, address } = await people.withTwo();
      const old = people.visitor();
      const code = await recover(old, address);
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      const heir = await people.signedIn();
      await people.add(heir.owner, address);

      await old.post('/recover/code', { code });
      await old.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      for (const identifier of [email, address, heir.email])
        assert.equal((await people.visitor().post('/sign-in', { identifier, password: NEW_PASSWORD })).status, 401);
      const guest = people.visitor();
      await guest.post('/recover/code', { code: await recover(guest, address) });
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.deepEqual(await held(await signIn(address, NEW_PASSWORD)), [heir.email, address]);
      assert.deepEqual(await held(await signIn(email, OLD_PASSWORD)), [email]);
    });

    test('Zitadel CVE-2026-55670: a browser that knew the address before it changed hands is a stranger', async () => {
      const { owner, address } = await people.withTwo();
      await owner.post('/sign-in', { identifier: address, password: OLD_PASSWORD });
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.advance(1_000);
      const heir = await people.signedIn();
      await people.add(heir.owner, address);
      const own = await signIn(address, OLD_PASSWORD);
      for (let tries = 0; tries <= LIMITS['sign-in'].burst; tries += 1)
        await owner.post('/sign-in', { identifier: address, password: 'a guess' });
      assert.equal((await owner.post('/sign-in', { identifier: address, password: 'a guess' })).status, 429);
      assert.equal((await people.visitor().post('/sign-in', { identifier: address, password: 'a guess' })).status, 429);
      assert.equal((await own.post('/sign-in', { identifier: address, password: OLD_PASSWORD })).url, '/account');
    });

    test('a session alone changes nothing, whatever else is sent with it', async () => {
      const { email, owner, address } = await people.withTwo();
      const removal = await removalOf(owner, 1);
      const sent = program.sink.messages.length;
      for (const password of ['', 'a guess', email]) {
        await owner.post('/account/addresses/add', {
          identifier: 'x@example.com',
          password,
          confirmed: '1',
          confirmedAt: '1',
        });
        await owner.post(removal, { password, confirmed: '1' });
        await owner.post('/account/addresses/code', { code: '123456', identifier: 'x@example.com', state: 'verified' });
      }
      await program.settled();
      assert.deepEqual(await held(owner), [email, address]);
      assert.equal(program.sink.messages.length, sent);
      for (const path of ['/account/addresses/add', '/account/addresses/code', removal])
        for (const answer of [
          await people.visitor().get(path),
          await people.visitor().post(path, { identifier: 'x@example.com', password: OLD_PASSWORD, code: '1' }),
        ])
          assert.equal(answer.url, '/sign-in');
    });

    test('nobody adds an address to, or removes one from, another account', async () => {
      const [mine, other] = [await people.withTwo(), await people.signedIn()];
      const code = await people.askToAdd(mine.owner, `third.${mine.address}`);
      other.owner.cookies.set(ADDRESS, mine.owner.cookies.get(ADDRESS)!);
      assert.equal((await enter(other.owner, code)).url, '/account/addresses/add?notice=ended');
      assert.equal((await other.owner.post(await removalOf(mine.owner, 1), { password: OLD_PASSWORD })).status, 404);
      assert.deepEqual(await held(other.owner), [other.email]);
      assert.deepEqual(await held(mine.owner), [mine.email, mine.address]);
    });

    test('the owner of a taken address has no code that would give it away', async () => {
      const [mine, other] = [await people.signedIn(), await people.signedIn()];
      await mine.owner.post('/account/addresses/add', { identifier: other.email, password: OLD_PASSWORD });
      await program.settled();
      const { store, keys } = program.regain.context;
      const code = await store.transaction(async (tx) => {
        const [started] = await tx.audit.pageOf(mine.id, ['start-address'], 1);
        const proof = (await tx.proofs.byId(started!.proofId!))!;
        assert.equal(proof.resolution, 'decoy');
        return deriveCode(keys.codeKeyById(proof.keyId)!, 'address', proof.id, proof.epoch, {
          format: proof.codeFormat,
          length: proof.codeLength,
        });
      });
      assert.equal((await enter(mine.owner, code)).status, 422);
      assert.deepEqual(await held(mine.owner), [mine.email]);
    });

    test('Joplin CVE-2026-105785: a code or a handle of one purpose is useless for another', async () => {
      const shape = { format: 'digits', length: 6 } as const;
      const codeFor = (purpose: Purpose): string => deriveCode(Buffer.alloc(32, 7), purpose, 'p', 0, shape);
      assert.equal(new Set((['recovery', 'registration', 'address'] as const).map(codeFor)).size, 3);

      const { email, owner, address } = await people.signedIn();
      const guest = people.visitor();
      await guest.post('/register', { identifier: address });
      await program.settled();
      const registering = codeIn(people.lastMail(address));
      const recovering = await recover(guest, email);
      const adding = await people.askToAdd(owner, address);
      for (const code of [registering, recovering])
        if (code !== adding) assert.equal((await enter(owner, code)).status, 422);

      const handles = {
        [ADDRESS]: owner.cookies.get(ADDRESS)!,
        [RECOVERY]: guest.cookies.get(RECOVERY)!,
        [REGISTRATION]: guest.cookies.get(REGISTRATION)!,
      };
      const swapped = people.visitor();
      swapped.cookies.set(RECOVERY, handles[ADDRESS]!);
      swapped.cookies.set(REGISTRATION, handles[ADDRESS]!);
      assert.equal((await swapped.post('/recover/code', { code: adding })).url, '/recover');
      assert.equal((await swapped.post('/register/code', { code: adding })).url, '/register');
      for (const [handle, code] of [
        [RECOVERY, recovering],
        [REGISTRATION, registering],
      ] as const) {
        owner.cookies.set(ADDRESS, handles[handle]!);
        assert.equal((await enter(owner, code)).url, '/account/addresses/add?notice=ended');
      }
      assert.deepEqual(await held(owner), [email]);
    });

    test('of accounts that confirm one address at once exactly one gets it', async () => {
      const rivals = await Promise.all([people.signedIn(), people.signedIn(), people.signedIn()]);
      const wanted = `wanted.${rivals[0]!.address}`;
      const codes: string[] = [];
      for (const { owner } of rivals) codes.push(await people.askToAdd(owner, wanted));
      const answers = await Promise.all(rivals.map(({ owner }, at) => enter(owner, codes[at]!)));
      assert.deepEqual(answers.map(({ url }) => url).sort(), [
        '/account/addresses/add?notice=ended',
        '/account/addresses/add?notice=ended',
        '/account?notice=address-added',
      ]);
      const now = await Promise.all(rivals.map(({ owner }) => held(owner)));
      assert.equal(now.flat().filter((address) => address === wanted).length, 1);
    });

    test('one code entered many times at once adds the address once', async () => {
      const { email, owner, address } = await people.signedIn();
      const code = await people.askToAdd(owner, address);
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => enter(owner, code)));
      assert.equal(answers.filter(({ url }) => url === '/account?notice=address-added').length, 1);
      assert.deepEqual(await held(owner), [email, address]);
    });

    async function signIn(identifier: string, password: string): Promise<Visitor> {
      const guest = people.visitor();
      assert.equal((await guest.post('/sign-in', { identifier, password })).url, '/account');
      return guest;
    }
  });
