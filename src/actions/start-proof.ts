/**
 * Recovering and registering begin alike: validate, charge, write one proof and one message, answer. Nothing is looked
 * up here, so a known and an unknown identifier run the same statements; the worker resolves the account afterwards.
 */
import { type Alarm, isHighRisk, LONGEST_CODE, rungFor } from '../rules/breakers.ts';
import type { CodeShape, Purpose } from '../rules/codes.ts';
import { type Channel, doorOf } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { channelsFor, firstChannel, ladderOf } from '../rules/ladder.ts';
import { guessLaneOf, type Lane, lanesFor } from '../rules/lanes.ts';
import {
  CODE_LIFETIME_MS,
  CODE_USELESS_BELOW_MS,
  GUESS_WINDOW_MS,
  PROOF_LIFETIME_MS,
  SEND_JITTER_MS,
  TRIES_PER_CODE,
  WAITED_MS,
} from '../rules/limits.ts';
import { resendWaitMs } from '../rules/resend-waits.ts';
import { mostUrgent, urgencyOf } from '../rules/urgency.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { type Breakers, chargedTo, chargeSend, countSend, readBreakers } from './charge-send.ts';
import type { Context, Origin } from './context.ts';
import { isKnownDevice } from './known-device.ts';
import { didWork, spendWork } from './proof-of-work.ts';
import { newId, newToken } from './tokens.ts';

export interface Started {
  token: string;
  proof: Proof;
}

/**
 * @param owner the account of somebody who is signed in
 * @param chosen how the code shall travel; without it what was typed decides
 * @throws Refusal `rate_limited`, `invalid_request` for the field `channel` where this installation does not have it
 */
export async function startProof(
  context: Context,
  purpose: Purpose,
  identifier: Identifier,
  origin: Origin,
  owner: Pick<Proof, 'accountId' | 'accountGeneration'> = { accountId: null, accountGeneration: null },
  chosen?: Channel,
): Promise<Started> {
  const now = context.clock.now();
  const { token, tokenDigest } = newToken(context.random);
  const identifierMac = context.keys.identifierMac(identifier);
  const workId = await didWork(context, origin.work, identifierMac);
  const channel = chosenChannel(context, { purpose, ...identifier }, chosen);
  const charged = chargedTo(context, identifier, channel);
  const proof = await context.store.transaction(async (tx) => {
    const breakers = await readBreakers(context, tx, now);
    const worked = workId !== undefined && (await spendWork(tx, workId, now));
    const known = await isKnownDevice(context, tx, origin.device, identifier);
    const lanes = lanesFor({ known, worked, busy: breakers.open.sends });
    const lane = await chargeSend(tx, { ...charged, source: origin.source, lanes }, now);
    const sent = await whatIsSent(tx, { purpose, identifierMac, channel, lane }, breakers, origin, now);
    const created = newProof(context, purpose, identifier, origin, {
      tokenDigest,
      identifierMac,
      channel,
      lane,
      ...sent,
      now,
    });
    Object.assign(created, owner);
    await tx.proofs.insert(created);
    await queueCode(context, tx, created, lane, now);
    await tx.audit.append({
      at: now,
      name: `start-${purpose}`,
      accountId: created.accountId,
      proofId: created.id,
      detail: { channel: created.channel, browser: origin.browser, lane },
    });
    await countSend(context, tx, lane, breakers, now);
    return created;
  });
  return { token, proof };
}

/** What may be chosen depends on what was typed and on the settings, never on an account. */
export function chosenChannel(
  { settings }: Pick<Context, 'settings'>,
  asking: Parameters<typeof channelsFor>[0],
  chosen: Channel | undefined,
): Channel {
  if (chosen === undefined) return firstChannel(asking, settings);
  if (channelsFor(asking, settings).includes(chosen)) return chosen;
  throw new Refusal('invalid_request', {
    field: 'channel',
    detail: 'channel: is not one of those that a code can be sent by',
  });
}

/**
 * Wrong guesses and open breakers make codes longer, and in the end turn them into links; they never lock anybody out. Where
 * the risk is high, what can't carry a link carries the longest code, and a mail that takes its place carries the link: so
 * nobody gets something better to relay by asking for a text.
 */
export async function whatIsSent(
  tx: StoreTransaction,
  proof: Pick<Proof, 'purpose' | 'identifierMac' | 'channel' | 'lane'> & Partial<Pick<Proof, 'carries'>>,
  { open }: Breakers,
  { byApp = false }: Pick<Origin, 'byApp'>,
  now: number,
): Promise<{ shape: CodeShape; carries: Proof['carries'] }> {
  const { identifierMac, channel } = proof;
  const lane = guessLaneOf(proof.lane);
  const wrong = await tx.guesses.wrongSince({ identifierMac, channel: doorOf(channel), lane }, now - GUESS_WINDOW_MS);
  const alarm: Alarm = { wrong, stranger: lane === 'stranger', open, byApp };
  const byLink = canCarryLink(channel);
  // Guesses are counted apart for each door, but somebody who is long at one may ask at the other.
  const byMail = byLink
    ? wrong
    : await tx.guesses.wrongSince({ identifierMac, channel: 'email', lane }, now - GUESS_WINDOW_MS);
  const wasRisky = !byLink && proof.carries === 'link';
  const highRisk =
    proof.purpose === 'recovery' && (wasRisky || isHighRisk({ ...alarm, wrong: Math.max(wrong, byMail) }));
  const { format, length } = highRisk && !byLink ? LONGEST_CODE : rungFor(alarm);
  return { shape: { format, length }, carries: highRisk ? 'link' : 'code' };
}

/** People are told to distrust links in text messages (STANDARDS 4, evidence rule e). */
export function canCarryLink(channel: Channel): boolean {
  return channel === 'email';
}

/**
 * Writes the message that will carry the proof's current code. It leaves after a small random wait (see limits), and where
 * a stranger was to work or wait and did not work, after that wait. Where the code was asked for before by the same way and
 * still waits, as in an outage, it takes the place of that one: the code comes once, and no later than it would have.
 */
export async function queueCode(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  lane: Lane,
  now: number,
): Promise<void> {
  const channel = await firstRung(context, tx, proof, now);
  const leavesAt = lane === 'waited' ? now + WAITED_MS : now;
  const { id: proofId, epoch, resends: ask } = proof;
  const before = ask > 0 ? await tx.outbox.supersede({ proofId, epoch, channel, ask }, now) : [];
  await tx.outbox.insert({
    id: newId(context.random),
    kind: `${proof.purpose}-code`,
    channel,
    proofId,
    epoch,
    accountId: null,
    address: null,
    locale: proof.locale,
    createdAt: now,
    dueAt: Math.min(leavesAt + context.random.below(SEND_JITTER_MS), ...before.map(({ dueAt }) => dueAt)),
    usefulUntil: proof.codeExpiresAt - CODE_USELESS_BELOW_MS,
    askedAt: now,
    // Not that of the one before: when a text is tried again shows that there is somebody to text.
    leavesAt,
    ask,
    urgency: mostUrgent([urgencyOf(proof.purpose, lane), ...before.map(({ urgency }) => urgency)]),
  });
}

/** In a later asking not one above the way that was asked for that this code was tried by: the Gateway would be paid again. */
async function firstRung(
  { settings }: Pick<Context, 'settings'>,
  tx: StoreTransaction,
  proof: Proof,
  now: number,
): Promise<Channel> {
  const { id, epoch, channel, resends } = proof;
  const [first = channel] = ladderOf(channel, settings, proof.carries, proof.purpose);
  if (first === channel || resends === 0) return first;
  return (await tx.outbox.channelsTried(id, epoch, now)).includes(first) ? channel : first;
}

function newProof(
  context: Context,
  purpose: Purpose,
  identifier: Identifier,
  origin: Origin,
  given: Pick<Proof, 'tokenDigest' | 'identifierMac' | 'channel' | 'lane' | 'carries'> & {
    shape: CodeShape;
    now: number;
  },
): Proof {
  const { now, shape, lane, carries } = given;
  return {
    id: newId(context.random),
    tokenDigest: given.tokenDigest,
    purpose,
    channel: given.channel,
    lane,
    carries,
    identifierKind: identifier.kind,
    identifierTyped: identifier.typed,
    identifier: identifier.canonical,
    identifierMac: given.identifierMac,
    locale: origin.locale,
    browser: origin.browser,
    network: origin.source ?? null,
    state: 'code_sent',
    resolution: 'pending',
    messagesOf: null,
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
    resendAt: now + resendWaitMs(0),
    createdAt: now,
    toldAt: null,
    textedAt: null,
    verifiedBy: null,
    verifiedExpiresAt: null,
    heldFor: null,
    completedAt: null,
    reportedAt: null,
    expiresAt: now + PROOF_LIFETIME_MS,
  };
}
