/**
 * Recovering and registering begin alike: validate, charge, write one proof and one message, answer. Nothing is looked
 * up here, so a known and an unknown identifier run the same statements; the worker resolves the account afterwards.
 */
import type { CodeShape, Purpose } from '../rules/codes.ts';
import type { Channel } from '../rules/delivery.ts';
import type { Identifier } from '../rules/identifiers.ts';
import {
  CODE_LADDER,
  CODE_LIFETIME_MS,
  CODE_USELESS_BELOW_MS,
  GUESS_WINDOW_MS,
  PROOF_LIFETIME_MS,
  RESEND_WAITS_MS,
  SEND_JITTER_MS,
  TRIES_PER_CODE,
} from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context, Origin } from './context.ts';
import { newId, newToken } from './tokens.ts';

export interface Started {
  token: string;
  proof: Proof;
}

/** @throws Refusal `rate_limited` */
export async function startProof(
  context: Context,
  purpose: Purpose,
  identifier: Identifier,
  origin: Origin,
): Promise<Started> {
  const now = context.clock.now();
  const { token, tokenDigest } = newToken(context.random);
  const identifierMac = context.keys.identifierMac(identifier);
  const proof = await context.store.transaction(async (tx) => {
    await chargeSend(tx, identifierMac, 'email', origin.source, now);
    const shape = await codeShape(tx, identifierMac, 'email', now);
    const created = newProof(context, purpose, identifier, origin, { tokenDigest, identifierMac, shape, now });
    await tx.proofs.insert(created);
    await queueCode(context, tx, created, now);
    await tx.audit.append({
      at: now,
      name: purpose === 'recovery' ? 'start-recovery' : 'start-registration',
      accountId: null,
      proofId: created.id,
      detail: { channel: created.channel, browser: origin.browser },
    });
    return created;
  });
  return { token, proof };
}

/** Sending budgets belong to the mailbox, whatever the code is for. */
export async function chargeSend(
  tx: StoreTransaction,
  identifierMac: string,
  channel: Channel,
  source: string | undefined,
  now: number,
): Promise<void> {
  const mailbox = `${channel}:${identifierMac}`;
  await chargeLimits(tx, { 'send-source': source, 'send-hour': mailbox, 'send-day': mailbox }, now);
}

/** Wrong guesses make codes longer; they never lock anybody out. */
export async function codeShape(
  tx: StoreTransaction,
  identifierMac: string,
  channel: Channel,
  now: number,
): Promise<CodeShape> {
  const wrong = await tx.guesses.wrongSince(identifierMac, channel, now - GUESS_WINDOW_MS);
  const { format, length } = CODE_LADDER.findLast((rung) => wrong >= rung.fromWrongGuesses) ?? CODE_LADDER[0];
  return { format, length };
}

/** Writes the message that will carry the proof's current code. It leaves after a small random wait (see limits). */
export async function queueCode(context: Context, tx: StoreTransaction, proof: Proof, now: number): Promise<void> {
  await tx.outbox.insert({
    id: newId(context.random),
    kind: proof.purpose === 'recovery' ? 'recovery-code' : 'registration-code',
    channel: proof.channel,
    proofId: proof.id,
    epoch: proof.epoch,
    accountId: null,
    address: null,
    locale: proof.locale,
    createdAt: now,
    dueAt: now + context.random.below(SEND_JITTER_MS),
    usefulUntil: proof.codeExpiresAt - CODE_USELESS_BELOW_MS,
  });
}

function newProof(
  context: Context,
  purpose: Purpose,
  identifier: Identifier,
  origin: Origin,
  given: { tokenDigest: string; identifierMac: string; shape: CodeShape; now: number },
): Proof {
  const { now, shape } = given;
  return {
    id: newId(context.random),
    tokenDigest: given.tokenDigest,
    purpose,
    channel: 'email',
    identifierKind: identifier.kind,
    identifierTyped: identifier.typed,
    identifier: identifier.canonical,
    identifierMac: given.identifierMac,
    locale: origin.locale,
    browser: origin.browser,
    state: 'code_sent',
    resolution: 'pending',
    accountId: null,
    accountGeneration: null,
    keyId: context.keys.codeKey().id,
    epoch: 0,
    codeFormat: shape.format,
    codeLength: shape.length,
    triesLeft: TRIES_PER_CODE,
    codeExpiresAt: now + CODE_LIFETIME_MS,
    previousCodeExpiresAt: null,
    previousCodeFormat: null,
    previousCodeLength: null,
    resends: 0,
    resendAt: now + RESEND_WAITS_MS[0],
    createdAt: now,
    verifiedExpiresAt: null,
    completedAt: null,
    reportedAt: null,
    expiresAt: now + PROOF_LIFETIME_MS,
  };
}
