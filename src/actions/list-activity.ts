/** What happened to an account, for its owner: newest first, in pages. */
import {
  ACTIVITY_EVENTS,
  ACTIVITY_PAGE,
  ACTIVITY_POINTED_OUT_MS,
  type ActivityEvent,
  cursorText,
  type MessageFate,
  messageFate,
  RECOVERY_EVENTS,
  type RecoveryOutcome,
  readCursor,
  recoveryOutcome,
} from '../rules/activity.ts';
import { decisiveMessage, MESSENGER_NAMES, MESSENGERS } from '../rules/delivery.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { AuditCount, Proof, StoredAuditEvent, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

export interface Activity {
  entries: ActivityEntry[];
  /** Where the next page begins, or undefined on the last. */
  olderBefore: string | undefined;
  isNewest: boolean;
}

export type ActivityEntry = RecoveryEntry | OtherEntry;

export interface OtherEntry {
  name: Exclude<ActivityEvent, 'resolve-recovery'>;
  at: number;
  /** Undefined for what was done without one. */
  browser: string | undefined;
  /** Masked; of what was done with an address. The chat, of what was done with a messenger. */
  address: string | undefined;
}

/** Somebody asked to recover the account. */
export interface RecoveryEntry {
  name: 'resolve-recovery';
  /** When it was asked for. */
  at: number;
  browser: string;
  /** A channel of `rules/delivery.ts`, as it was written down then. */
  channel: string;
  message: MessageFate;
  wrongCodes: number;
  outcome: RecoveryOutcome;
  /** Whether this account, one of several with the number, is none any more that it could recover. */
  hasLeft: boolean;
}

/** @param before the `olderBefore` of the page before; what names none of the account's entries begins with the newest */
export async function listActivity(context: Context, accountId: string, before = ''): Promise<Activity> {
  return context.store.transaction(async (tx) => {
    const beforeId = await idAt(tx, accountId, before);
    const found = await tx.audit.pageOf(accountId, ACTIVITY_EVENTS, ACTIVITY_PAGE + 1, beforeId);
    const events = found.slice(0, ACTIVITY_PAGE);
    const last = found.length > ACTIVITY_PAGE ? events.at(-1) : undefined;
    return {
      entries: await entriesOf(context, tx, accountId, events),
      olderBefore: last && (await cursorOf(tx, accountId, last)),
      isNewest: beforeId === undefined,
    };
  });
}

async function idAt(tx: StoreTransaction, accountId: string, before: string): Promise<number | undefined> {
  const cursor = readCursor(before);
  return cursor && tx.audit.idAt(accountId, ACTIVITY_EVENTS, cursor.at, cursor.place);
}

async function cursorOf(tx: StoreTransaction, accountId: string, { at, id }: StoredAuditEvent): Promise<string> {
  return cursorText({ at, place: await tx.audit.placeOf(accountId, ACTIVITY_EVENTS, at, id) });
}

/**
 * The newest recovery of the last day that nobody finished, unless the password was changed since. Looked for apart from the pages, so that a stranger can't push
 * it out of sight by refused sign-ins.
 */
export async function unfinishedRecovery(context: Context, accountId: string): Promise<RecoveryEntry | undefined> {
  return context.store.transaction(async (tx) => {
    const oldest = context.clock.now() - ACTIVITY_POINTED_OUT_MS;
    const asked = await tx.audit.pageOf(accountId, ['resolve-recovery'], ACTIVITY_PAGE);
    const entries = await entriesOf(
      context,
      tx,
      accountId,
      asked.filter(({ at }) => at >= oldest),
    );
    const recoveries = entries.filter((entry) => entry.name === 'resolve-recovery');
    const changedAt = recoveries.findIndex(({ outcome }) => outcome === 'password_changed' || outcome === 'reported');
    const since = changedAt === -1 ? recoveries : recoveries.slice(0, changedAt);
    return since.find(({ outcome, hasLeft }) => outcome !== 'cancelled' && outcome !== 'passed_over' && !hasLeft);
  });
}

async function entriesOf(
  context: Context,
  tx: StoreTransaction,
  accountId: string,
  events: StoredAuditEvent[],
): Promise<ActivityEntry[]> {
  const counts = await countsOf(tx, accountId, events);
  const entries: ActivityEntry[] = [];
  for (const event of events) {
    if (event.name !== 'resolve-recovery') {
      entries.push(otherEntry(event));
      continue;
    }
    const own = counts.filter(({ proofId }) => proofId === event.proofId);
    entries.push(await recoveryEntry(context, tx, accountId, event, own));
  }
  return entries;
}

/**
 * What belongs to the recoveries among these events, counted by the store: read one by one, a stranger's wrong codes pushed the
 * change of the password out.
 */
async function countsOf(tx: StoreTransaction, accountId: string, events: StoredAuditEvent[]): Promise<AuditCount[]> {
  const asked = events.filter(({ name }) => name === 'resolve-recovery');
  const proofIds = asked.flatMap(({ proofId }) => proofId ?? []);
  // It comes after the event that names the account.
  return tx.audit.countsOf(accountId, proofIds, RECOVERY_EVENTS, asked.at(-1)?.id ?? 0);
}

async function recoveryEntry(
  context: Context,
  tx: StoreTransaction,
  accountId: string,
  { at, proofId, detail }: StoredAuditEvent,
  counts: readonly AuditCount[],
): Promise<RecoveryEntry> {
  const proof = await tx.proofs.byId(proofId ?? '');
  const hasLeft = detail.shared === true && proof !== undefined && !(await canBeOf(tx, proof, accountId));
  const message = decisiveMessage(await tx.outbox.codesOf(proofId ?? ''));
  return {
    name: 'resolve-recovery',
    at: typeof detail.askedAt === 'number' ? detail.askedAt : at,
    browser: String(detail.browser),
    channel: String(detail.channel),
    message: messageFate(message?.status),
    wrongCodes: counts.find(({ name }) => name === 'wrong-code')?.count ?? 0,
    outcome: recoveryOutcome(counts, !hasLeft && isOpen(proof, context.clock.now())),
    hasLeft,
  };
}

/** Of several accounts with a number: the chosen one, or before the choice each that may be chosen. */
async function canBeOf(tx: StoreTransaction, proof: Proof, accountId: string): Promise<boolean> {
  if (proof.accountId !== null) return proof.accountId === accountId;
  return (await tx.candidates.ofProof(proof.id)).some((candidate) => candidate.accountId === accountId);
}

function isOpen(proof: Proof | undefined, now: number): boolean {
  if (!proof || proof.resolution === 'decoy') return false;
  const state = stateAt(proof, now);
  return (['send_again', 'choose_account', 'finish', 'mature'] as const).some(
    (event) => typeof answer(state, event) === 'string',
  );
}

function otherEntry({ name, at, detail }: StoredAuditEvent): OtherEntry {
  const text = (fact: unknown): string | undefined => (typeof fact === 'string' ? fact : undefined);
  return {
    name: name as OtherEntry['name'],
    at,
    browser: text(detail.browser),
    address: text(detail.address) ?? chatOf(detail),
  };
}

/** "Telegram (Jane Doe)" */
function chatOf({ channel, name }: StoredAuditEvent['detail']): string | undefined {
  const messenger = MESSENGERS.find((one) => one === channel);
  if (messenger === undefined) return undefined;
  return name === undefined ? MESSENGER_NAMES[messenger] : `${MESSENGER_NAMES[messenger]} (${name})`;
}
