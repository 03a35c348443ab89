/**
 * The link of a recovery mail: a page that asks first, and an answer that only a post gives. The browser that says yes goes
 * on, whichever one asked: who relays somebody else's request gains nothing (Gelernter et al., The Password Reset MitM
 * Attack, IEEE S&P 2017: 0 of 46 fell for it), and the owner of a flooded mailbox can use any mail of the flood.
 */
import { Refusal } from '../rules/errors.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context, Origin } from './context.ts';
import { isKnownDevice } from './known-device.ts';
import { accept, isStillGood, type Verified } from './verify-code.ts';

export interface Confirmation {
  /** When and from which browser it was asked for: what the owner compares with his memory. */
  requestedAt: number;
  browser: string;
  /** For "no, stop it": the token of the cancel link. */
  cancelToken: string;
}

/** What the link's token stands for, for the page that asks. @throws Refusal `recovery_not_found`, `code_expired` */
export function showConfirmation(context: Context, signed: string): Promise<Confirmation> {
  return context.store.transaction(async (tx) => {
    const { id, createdAt, browser } = await findConfirmable(context, tx, signed);
    return { requestedAt: createdAt, browser, cancelToken: context.keys.sign('cancel', id) };
  });
}

/**
 * "Yes, that was me": the recovery is verified, and belongs to this browser from now on.
 * @throws Refusal `recovery_not_found` for a forged, spent or overtaken link, `code_expired`
 */
export function confirmRecovery(context: Context, signed: string, origin: Origin): Promise<Verified> {
  return context.store.transaction(async (tx) => {
    // Locked: whoever stops it in this very moment is told that it is stopped.
    const proof = await findConfirmable(context, tx, signed, { lock: true });
    const identifier = { kind: proof.identifierKind, typed: proof.identifierTyped, canonical: proof.identifier };
    const known = await isKnownDevice(context, tx, origin.device, identifier);
    const options = { rotateToken: true, confirmedBy: { browser: origin.browser, known } };
    return accept(context, tx, proof, '', options, context.clock.now());
  });
}

/** Of which epoch the link is: a newer message takes the place of an older one, as with codes. */
export function confirmationToken({ keys }: Pick<Context, 'keys'>, proof: Pick<Proof, 'id' | 'epoch'>): string {
  return keys.sign('confirm', `${proof.id} ${proof.epoch}`);
}

async function findConfirmable(
  context: Context,
  tx: StoreTransaction,
  signed: string,
  options: { lock?: boolean } = {},
): Promise<Proof> {
  const [id, epoch] = (context.keys.open('confirm', signed) ?? '').split(' ');
  const proof = id ? await tx.proofs.byId(id, options) : undefined;
  const now = context.clock.now();
  if (proof?.purpose !== 'recovery' || proof.resolution !== 'known') throw new Refusal('recovery_not_found');
  const next = answer(stateAt(proof, now), 'confirm');
  if (typeof next === 'object') throw new Refusal(next.refused);
  if (now >= expiryOf(proof, Number(epoch))) throw new Refusal('code_expired');
  if (!(await isStillGood(context, tx, proof))) throw new Refusal('recovery_not_found');
  return proof;
}

/** A link lives as long as the code of its message, however often that code was guessed at. */
function expiryOf(proof: Proof, epoch: number): number {
  if (epoch === proof.epoch) return proof.codeExpiresAt;
  return epoch === proof.epoch - 1 ? (proof.previousCodeExpiresAt ?? 0) : 0;
}
