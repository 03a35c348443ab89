/** What a claimant may know of his proof: nothing here depends on whether an account stands behind it. */
import type { HeldFor } from '../rules/address-trust.ts';
import type { CodeFormat, Purpose } from '../rules/codes.ts';
import {
  type Channel,
  mayChange,
  type ShownStatus,
  shownStatus,
  shownStatusByPhone,
  toldOwner,
  type WrittenTo,
} from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { IdentifierKind } from '../rules/identifiers.ts';
import { channelsFor } from '../rules/ladder.ts';
import { type State, stateAt } from '../rules/recovery-flow.ts';
import { resendableAt } from '../rules/resend-waits.ts';
import type { Told } from '../rules/shared-numbers.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { type Choice, choicesOf, chosenName } from './shared-number.ts';
import { canCarryLink } from './start-proof.ts';

export interface ProofView {
  purpose: Purpose;
  state: State;
  /** As typed by this claimant; empty where he typed nothing and has not entered the code. */
  typed: string;
  kind: IdentifierKind;
  /** Only for a phone number: as it was read, E.164. */
  number?: string;
  channel: Channel;
  channels: Channel[];
  codeFormat: CodeFormat;
  carries: Proof['carries'];
  codeLength: number;
  /** When the code, or after the right code the permission to go on, ends. */
  expiresAt: number;
  /** Only in the state `choosing`. */
  choices?: Choice[];
  /** How the account is called that was chosen of several. */
  chosen?: Told;
  /** Only while a new password waits: when it will work, and why not now. */
  held?: { completesAt: number; heldFor: HeldFor };
  resendAt: number;
  triesLeft: number;
  delivery: ShownStatus;
  /** Whether asking again may tell more of it. */
  mayChange: boolean;
  /** Only for a browser that has signed in to the account: the way that the code went on by. */
  by?: Channel;
}

/** @throws Refusal `recovery_not_found` for an unknown or ended proof */
export async function showProof(context: Context, purpose: Purpose, token: string): Promise<ProofView> {
  return context.store.transaction(async (tx) => {
    const proof = await findProof(tx, purpose, token);
    const view: ProofView = { ...(await viewProof(context, tx, proof)), ...(await whichAccount(context, tx, proof)) };
    const isOver = view.state === 'ended' || view.state === 'cancelled' || view.choices?.length === 0;
    if (isOver) throw new Refusal('recovery_not_found');
    return view;
  });
}

export async function viewProof(
  context: Pick<Context, 'clock' | 'settings'>,
  tx: StoreTransaction,
  proof: Proof,
): Promise<ProofView> {
  const now = context.clock.now();
  const message = await shownMessage(tx, proof);
  // Asked for by the lane, which was decided without a look-up: what a browser knows that has not signed in stays the same.
  const codes = proof.lane === 'known-device' ? await tx.outbox.codesOf(proof.id) : [];
  if (proof.lane === 'known-device' && proof.purpose === 'recovery' && proof.resolution === 'known')
    return describeProof(context, proof, now, toldOwner(proof.channel, codes));
  return describeProof(context, proof, now, { delivery: message ? shownOf(context, proof, message, now) : 'queued' });
}

/** The message that the live line is about: of a mail its own, since whether the code went on depends on what an account has. */
export function shownMessage(tx: StoreTransaction, proof: Proof): Promise<Message | undefined> {
  return tx.outbox.latestCodeOf(proof.messagesOf ?? proof.id, proof.channel === 'email' ? 'email' : undefined);
}

/** Nothing of an account before the right code. */
async function whichAccount(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
): Promise<Pick<ProofView, 'choices' | 'chosen'>> {
  if (proof.purpose !== 'recovery') return {};
  if (proof.state === 'choosing') return { choices: await choicesOf(context, tx, proof) };
  const chosen = proof.state === 'verified' ? await chosenName(context, tx, proof) : undefined;
  return chosen ? { chosen } : {};
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

/** What nobody typed is shown after the right code, which stands in that very mailbox. */
function typedOf({ identifierTyped: typed, identifier: canonical, verifiedBy }: Proof): string {
  return typed === '' && verifiedBy !== null ? canonical : typed;
}

export function describeProof(
  { settings }: Pick<Context, 'settings'>,
  proof: Proof,
  now: number,
  known: Pick<ProofView, 'delivery' | 'by'>,
): ProofView {
  const asking = { purpose: proof.purpose, kind: proof.identifierKind, canonical: proof.identifier };
  return {
    purpose: proof.purpose,
    state: stateAt(proof, now),
    typed: typedOf(proof),
    kind: proof.identifierKind,
    ...(proof.identifierKind === 'phone' ? { number: proof.identifier } : {}),
    channel: proof.channel,
    channels: channelsFor(asking, settings),
    codeFormat: proof.codeFormat,
    carries: canCarryLink(proof.channel) ? proof.carries : 'code',
    codeLength: proof.codeLength,
    expiresAt: proof.verifiedExpiresAt ?? proof.codeExpiresAt,
    ...(proof.state === 'held' ? { held: { completesAt: proof.expiresAt, heldFor: proof.heldFor ?? 'changed' } } : {}),
    resendAt: resendableAt(proof, now),
    triesLeft: Math.max(0, proof.triesLeft),
    delivery: known.delivery,
    mayChange: mayChange(known.delivery, proof),
    ...(known.by === undefined ? {} : { by: known.by }),
  };
}
