/** Texts come back as they were given. */
import assert from 'node:assert/strict';
import type { InTransaction } from './contract.ts';
import {
  account,
  CONFIRMED,
  guessed,
  HOSTILE,
  message,
  NOW,
  proof,
  queued,
  session,
  withHostileTexts,
} from './rows.ts';

export function texts(inTransaction: InTransaction): void {
  inTransaction('texts: whatever a field holds comes back unchanged and does nothing', async (tx) => {
    const stored = withHostileTexts(proof('p', { previousCodeFormat: 'digits', accountId: 'a' }));
    await tx.proofs.insert(stored);
    assert.deepEqual(await tx.proofs.byId(stored.id), stored);
    assert.deepEqual(await tx.proofs.byToken(stored.purpose, stored.tokenDigest), stored);

    const sent = withHostileTexts(message('m', { accountId: 'a', address: 'b' }));
    const rest = withHostileTexts({ providerId: 'x', reason: 'y', kind: 'decoy' as const });
    await tx.outbox.insert(sent);
    await tx.outbox.setKind(sent.id, rest.kind);
    await tx.outbox.settle(sent.id, { status: 'sent', attempts: 1, providerId: rest.providerId, reason: rest.reason });
    assert.deepEqual(await tx.outbox.latestCodeOf(sent.proofId!), {
      ...queued('m', { status: 'sent', attempts: 1 }),
      ...sent,
      ...rest,
    });

    const signedIn = withHostileTexts(session('s'));
    await tx.sessions.insert(signedIn);
    assert.deepEqual(await tx.sessions.byToken(signedIn.tokenDigest, NOW), signedIn);
    assert.deepEqual(await tx.sessions.ofAccount(signedIn.accountId, NOW), [signedIn]);

    const given = withHostileTexts(account({ name: 'n', birthday: 'b', locale: 'l', passwordHash: 'h' }));
    given.addresses = [withHostileTexts({ kind: 'email' as const, value: 'v', canonical: 'c', ...CONFIRMED })];
    await tx.accounts.insert(HOSTILE, given, NOW);
    const { kind, canonical } = given.addresses[0]!;
    assert.deepEqual(await tx.accounts.byConfirmedAddress(kind, canonical), [
      { id: HOSTILE, ...given, passwordBlockedAt: null, generation: 0 },
    ]);

    const { detail, ...texts } = {
      at: 1,
      name: 'sign-in' as const,
      accountId: 'a',
      proofId: 'p',
      detail: { [HOSTILE]: HOSTILE },
    };
    const event = { ...withHostileTexts(texts), detail };
    await tx.audit.append(event);
    assert.deepEqual(await tx.audit.ofAccount(event.accountId, 9), [event]);

    assert.equal(await tx.noAccountMails.claim(HOSTILE, 'message', NOW, 1), true);
    assert.equal(await tx.noAccountMails.claim(HOSTILE, 'message', NOW, 1), false);
    await tx.guesses.charge(guessed(HOSTILE, HOSTILE as 'email'), 1, NOW);
    assert.equal(await tx.guesses.wrongSince(guessed(HOSTILE, HOSTILE as 'email'), 0), 1);
  });

  inTransaction('texts: long ones are kept whole', async (tx) => {
    const long = 'ä\u{1f600}'.repeat(200_000);
    await tx.proofs.insert(proof('p', { browser: long, identifierTyped: long }));
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { browser: long, identifierTyped: long }));
    await tx.audit.append({ at: NOW, name: 'sign-in', accountId: 'a', proofId: null, detail: { long } });
    assert.equal((await tx.audit.ofAccount('a', 1))[0]?.detail.long, long);
  });
}
