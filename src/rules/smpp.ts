/** What SMPP 3.4 says, read and written: outcomes of a submit, receipts in their several layouts, ids, times. */
import type { SendOutcome } from './delivery.ts';

/** command_status (SMPP 3.4, 5.1.3), by what follows from it. What is not listed is tried again. */
const STATUSES: Record<number, { name: string; kind: 'temporary' | 'unreachable' | 'permanent' }> = {
  1: { name: 'ESME_RINVMSGLEN', kind: 'permanent' },
  4: { name: 'ESME_RINVBNDSTS', kind: 'temporary' },
  5: { name: 'ESME_RALYBND', kind: 'temporary' },
  8: { name: 'ESME_RSYSERR', kind: 'temporary' },
  // Of the sender, the login and the service, the operator is told, and the message waits for that.
  10: { name: 'ESME_RINVSRCADR', kind: 'temporary' },
  11: { name: 'ESME_RINVDSTADR', kind: 'unreachable' },
  13: { name: 'ESME_RBINDFAIL', kind: 'temporary' },
  14: { name: 'ESME_RINVPASWD', kind: 'temporary' },
  15: { name: 'ESME_RINVSYSID', kind: 'temporary' },
  20: { name: 'ESME_RMSGQFUL', kind: 'temporary' },
  21: { name: 'ESME_RINVSERTYP', kind: 'temporary' },
  67: { name: 'ESME_RINVESMCLASS', kind: 'permanent' },
  69: { name: 'ESME_RSUBMITFAIL', kind: 'temporary' },
  72: { name: 'ESME_RINVSRCTON', kind: 'temporary' },
  73: { name: 'ESME_RINVSRCNPI', kind: 'temporary' },
  80: { name: 'ESME_RINVDSTTON', kind: 'unreachable' },
  81: { name: 'ESME_RINVDSTNPI', kind: 'unreachable' },
  88: { name: 'ESME_RTHROTTLED', kind: 'temporary' },
  98: { name: 'ESME_RINVEXPIRY', kind: 'permanent' },
  100: { name: 'ESME_RX_T_APPN', kind: 'temporary' },
  101: { name: 'ESME_RX_P_APPN', kind: 'permanent' },
  102: { name: 'ESME_RX_R_APPN', kind: 'permanent' },
};
const THROTTLED: readonly number[] = [0x14, 0x58];

export function statusName(status: number): string {
  return STATUSES[status]?.name ?? `0x${status.toString(16).padStart(4, '0')}`;
}

/** Of a command_status that is not 0. */
export function outcomeOfStatus(status: number): SendOutcome {
  return { kind: STATUSES[status]?.kind ?? 'temporary', reason: statusName(status) };
}

/** Whether the other side asks us to go slower. */
export function asksToSlowDown(status: number): boolean {
  return THROTTLED.includes(status);
}

/** Relative: "YYMMDDhhmmss000R" from when the message arrives there (7.1.1.2), so that no two clocks need to agree. */
export function validityPeriod(leftMs: number): string {
  const seconds = Math.max(1, Math.floor(leftMs / 1000));
  // Days go up to 30 here; nothing of ours is useful for longer than one.
  const parts = [
    Math.min(30, Math.floor(seconds / 86_400)),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  return `0000${parts.map((part) => String(part).padStart(2, '0')).join('')}000R`;
}

export interface SmppReceipt {
  /** Of the message that it tells of, as it is written there. */
  id: string;
  status: 'sent' | 'delivered' | 'failed';
  /** "UNDELIV 001" */
  reason: string | null;
}

export interface ReceiptFields {
  text: string;
  /** Optional parameters 0x001E and 0x0427, where the other side sends them. */
  receiptedMessageId?: string | undefined;
  messageState?: number | undefined;
}

/** message_state (5.2.28) by number; the names are those of the text (Appendix B). */
const STATES = [
  'SCHEDULED',
  'ENROUTE',
  'DELIVRD',
  'EXPIRED',
  'DELETED',
  'UNDELIV',
  'ACCEPTD',
  'UNKNOWN',
  'REJECTD',
  'SKIPPED',
];
/** UNKNOWN ends a message, too: whoever waits for a code is better off with another channel. */
const ENDED_BADLY = ['EXPIRED', 'DELETED', 'UNDELIV', 'UNKNOWN', 'REJECTD', 'SKIPPED', 'FAILED'];
/** As 5.2.28 spells them; the other states are told by their first seven letters, however they go on. */
const IN_FULL: Record<string, string> = { DELIVERED: 'DELIVRD', REJECTED: 'REJECTD' };

/**
 * The optional parameters where they are, the text where they are not. Its layout is a custom, not a standard: fields are
 * sought by name, in any order, with spaces or commas between; undefined where there is no id or no state.
 */
export function readReceipt({ text, receiptedMessageId, messageState }: ReceiptFields): SmppReceipt | undefined {
  // Some servers leave out the closing zero, so that the next parameter runs into the id.
  const id = /^[\x21-\x7e]+/.exec(receiptedMessageId ?? '')?.[0] ?? field(text, 'id');
  const state =
    (messageState === undefined ? undefined : STATES[messageState]) ?? stateIn(field(text, 'stat')?.toUpperCase());
  if (!id || !state) return undefined;
  if (state === 'DELIVRD') return { id, status: 'delivered', reason: null };
  if (!ENDED_BADLY.includes(state)) return { id, status: 'sent', reason: null };
  const error = field(text, 'err');
  const code = error && /^[0-9A-Za-z]{1,8}$/.test(error) && !/^0+$/.test(error) ? ` ${error}` : '';
  return { id, status: 'failed', reason: `${state}${code}` };
}

/** Of Appendix B, of 5.2.28 in full, or its number. */
function stateIn(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  const byNumber = /^\d{1,2}$/.test(word) ? STATES[Number(word)] : undefined;
  return byNumber ?? IN_FULL[word] ?? word.slice(0, 7);
}

/** Visible characters alone: some servers close the text with a zero. */
function field(text: string, name: string): string | undefined {
  return new RegExp(`(?:^|[\\s,;])${name}:\\s*([\\x21-\\x2b\\x2d-\\x3a\\x3c-\\x7e]+)`, 'i').exec(text)?.[1];
}

/**
 * The ids that a receipt may mean, likeliest first: as written, and with its digits read in the other base, because some
 * servers answer a submit in hexadecimal and write receipts in decimal, or the other way round. Without leading zeros,
 * in lower case: compare with `plainId`.
 */
export function idsMeant(id: string): string[] {
  const plain = plainId(id);
  const meant = [plain];
  if (/^[0-9]{1,19}$/.test(plain)) meant.push(BigInt(plain).toString(16));
  if (/^[0-9a-f]{1,16}$/.test(plain)) meant.push(BigInt(`0x${plain}`).toString());
  return meant;
}

export function plainId(id: string): string {
  return id
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
}

/** Words that end it, as the whole text, as carriers have them. */
export function isStopWord(text: string): boolean {
  return /^(?:stop|stopall|unsubscribe|end|quit|cancel|revoke|optout)$/i.test(text.trim());
}
