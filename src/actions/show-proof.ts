/** What a claimant may know of his proof: nothing here depends on whether an account stands behind it. */
import type { CodeFormat, Purpose } from '../rules/codes.ts';
import { type Channel, type ShownStatus, shownStatus, shownStatusByPhone, type WrittenTo } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { IdentifierKind } from '../rules/identifiers.ts';
import { channelsFor } from '../rules/ladder.ts';
import { type State, stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';

export interface ProofView {
  purpose: Purpose;
  state: State;
  /** As typed by this claimant. */
  typed: string;
  kind: IdentifierKind;
  channel: Channel;
  channels: Channel[];
  codeFormat: CodeFormat;
  carries: Proof['carries'];
  codeLength: number;
  /** When the code, or after the right code the permission to go on, ends. */
  expiresAt: number;
  /** Only while a new password waits: when it will work. */
  completesAt?: number;
  resendAt: number;
  triesLeft: number;
  delivery: ShownStatus;
}

/** @throws Refusal `recovery_not_found` for an unknown or ended proof */
export async function showProof(context: Context, purpose: Purpose, token: string): Promise<ProofView> {
  return context.store.transaction(async (tx) => {
    const proof = await findProof(tx, purpose, token);
    const view = await viewProof(context, tx, proof);
    if (view.state === 'ended' || view.state === 'cancelled') throw new Refusal('recovery_not_found');
    return view;
  });
}

export async function viewProof(
  context: Pick<Context, 'clock' | 'settings'>,
  tx: StoreTransaction,
  proof: Proof,
): Promise<ProofView> {
  const now = context.clock.now();
  const message = await tx.outbox.latestCodeOf(proof.id);
  return describeProof(context, proof, now, { delivery: message ? shownOf(context, proof, message, now) : 'queued' });
}

function shownOf(
  context: Pick<Context, 'clock' | 'settings'>,
  proof: Proof,
  message: Message,
  now: number,
): ShownStatus {
  if (proof.channel !== 'email') return shownStatusByPhone(now - (message.leavesAt ?? message.createdAt));
  return shownStatus(message, now - message.createdAt, writtenTo(context, proof));
}

/** A registration is written to whoever has the address; a recovery without an account only at an address, where that is on. */
function writtenTo({ settings }: Pick<Context, 'settings'>, { purpose, identifierKind }: Proof): WrittenTo {
  if (purpose === 'registration') return 'everybody';
  return settings.mailUnknownAddresses && identifierKind === 'email' ? 'at-times' : 'accounts';
}

export function describeProof(
  { settings }: Pick<Context, 'settings'>,
  proof: Proof,
  now: number,
  known: { delivery: ShownStatus },
): ProofView {
  const asking = { purpose: proof.purpose, kind: proof.identifierKind, canonical: proof.identifier };
  return {
    purpose: proof.purpose,
    state: stateAt(proof, now),
    typed: proof.identifierTyped,
    kind: proof.identifierKind,
    channel: proof.channel,
    channels: channelsFor(asking, settings.texting),
    codeFormat: proof.codeFormat,
    carries: proof.carries,
    codeLength: proof.codeLength,
    expiresAt: proof.verifiedExpiresAt ?? proof.codeExpiresAt,
    ...(proof.state === 'held' ? { completesAt: proof.expiresAt } : {}),
    resendAt: proof.resendAt,
    triesLeft: Math.max(0, proof.triesLeft),
    delivery: known.delivery,
  };
}
