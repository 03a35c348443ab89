/** What a deliver_sm tells: a receipt, or what somebody wrote. */
import type { ChannelEvent } from '../ports.ts';
import { readSeptets, splitText } from './gsm7.ts';
import { idsMeant, isStopWord, plainId, readReceipt } from './smpp.ts';

/** As the package reads it. A field can lack in a PDU that ends early. */
export interface DeliverFields {
  source_addr?: string;
  source_addr_ton?: number;
  destination_addr?: string;
  esm_class?: number;
  /** Text where the package knows the coding, else bytes. */
  short_message?: { message?: string | Uint8Array };
  message_payload?: { message?: string | Uint8Array };
  receipted_message_id?: string;
  message_state?: number;
}

/** esm_class, bits 5 to 2 (5.2.12): a receipt, and one of a state in between. */
const RECEIPTS: readonly number[] = [0x04, 0x20];

/**
 * Undefined for a receipt that says nothing. Only the server's own marks make a receipt: a person can write
 * "id:1 stat:DELIVRD", too.
 */
export function eventOf(deliver: DeliverFields, sent: SentTexts, now: number): ChannelEvent | undefined {
  const from = deliver.source_addr ?? '';
  if (RECEIPTS.includes((deliver.esm_class ?? 0) & 0x3c) || deliver.receipted_message_id !== undefined)
    return receiptOf(deliver, sent, now);
  const chat = deliver.source_addr_ton === 1 ? `+${digits(from)}` : from;
  const text = textOf(deliver).trim();
  return isStopWord(text) ? { type: 'stopped', chat, at: now } : { type: 'said', chat, text, at: now };
}

function receiptOf(deliver: DeliverFields, sent: SentTexts, now: number): ChannelEvent | undefined {
  const { receipted_message_id: receiptedMessageId, message_state: messageState } = deliver;
  const receipt = readReceipt({ text: asciiOf(deliver), receiptedMessageId, messageState });
  if (!receipt) return undefined;
  const { id, status, reason } = receipt;
  const found = sent.find(id, deliver);
  if (!found) return { type: 'receipt', providerId: id, status, at: now, reason };
  const { text, part } = found;
  if (status === 'delivered') text.waitingFor.delete(part);
  const whole = status === 'delivered' && text.waitingFor.size > 0 ? 'sent' : status;
  return { type: 'receipt', providerId: text.providerId, messageId: text.messageId, status: whole, at: now, reason };
}

function textOf({ short_message: short, message_payload: payload }: DeliverFields): string {
  const message = (short?.message?.length ? short : payload)?.message ?? '';
  return typeof message === 'string' ? message : readSeptets(message);
}

/** Receipts are ASCII whatever their coding says; the package has read them as GSM 7-bit, where "_" and "@" are others. */
function asciiOf(deliver: DeliverFields): string {
  const text = textOf(deliver);
  const { encoding, parts } = splitText(text);
  return encoding === 'gsm7' ? Buffer.concat(parts).toString('latin1') : text;
}

/** A text that left, known by the ids that the server gave its parts. */
export interface SentText {
  messageId: string;
  providerId: string;
  to: string;
  /** Plain ids of the parts that no receipt said to be delivered. */
  waitingFor: Set<string>;
}

/** The last texts that left, for receipts that write an id differently, or tell of one part of several. */
export class SentTexts {
  readonly #byId = new Map<string, SentText>();
  readonly #kept: number;

  constructor(kept: number) {
    this.#kept = kept;
  }

  /** @param ids of its parts, as the server wrote them */
  keep(text: Omit<SentText, 'waitingFor'>, ids: readonly string[]): void {
    const plain = ids.map(plainId);
    const sent = { ...text, waitingFor: new Set(plain) };
    for (const id of plain) this.#byId.set(id, sent);
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= this.#kept) return;
      this.#byId.delete(oldest);
    }
  }

  /**
   * By the recipient, too, because a decimal id may look like the hexadecimal one of another text. Where the receipt names no
   * number at all, an id counts as it is written.
   */
  find(receiptId: string, addresses: ReceiptAddresses): { text: SentText; part: string } | undefined {
    const meant = isOfSomebody(addresses) ? idsMeant(receiptId) : [plainId(receiptId)];
    for (const part of meant) {
      const text = this.#byId.get(part);
      if (text && (isOf(addresses, text.to) || !isOfSomebody(addresses))) return { text, part };
    }
    return undefined;
  }
}

/** A receipt comes from whom the text went to, but some servers leave both addresses as they were in the submit. */
type ReceiptAddresses = Pick<DeliverFields, 'source_addr' | 'destination_addr'>;

/** Whether a receipt is on a text to this number. */
export function isOf(
  { source_addr: source = '', destination_addr: destination = '' }: ReceiptAddresses,
  to: string,
): boolean {
  return isSameNumber(source, to) || isSameNumber(destination, to);
}

/** Whether a receipt names a number that `isOf` can know again. */
function isOfSomebody({ source_addr: source = '', destination_addr: destination = '' }: ReceiptAddresses): boolean {
  return [source, destination].some((address) => digits(address).length >= TELLING_DIGITS.least);
}

/**
 * Servers write +33612345678 without the plus, as 0033612345678, and as 0612345678: the prefix of international calls, the
 * country and the trunk zero may differ, the end does not. National numbers of eight digits are whole in it.
 */
const TELLING_DIGITS = { least: 8, most: 9 };

function isSameNumber(one: string, other: string): boolean {
  const [these, those] = [digits(one), digits(other)];
  const end = -Math.min(TELLING_DIGITS.most, these.length, those.length);
  return these === those || (-end >= TELLING_DIGITS.least && these.slice(end) === those.slice(end));
}

function digits(address: string): string {
  return address.replace(/\D/g, '');
}
