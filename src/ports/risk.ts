/** What the host is asked. */
import type { Channel } from '../rules/delivery.ts';
import type { IdentifierKind } from '../rules/identifiers.ts';
import type { Lane } from '../rules/lanes.ts';

/** What the host is asked about a recovery before its message leaves. Whether an account exists is not in it. */
export interface RiskQuestion {
  /** As it is compared: an email address in lower case, or E.164. */
  identifier: string;
  kind: IdentifierKind;
  /** How this message would travel. */
  channel: Channel;
  lane: Lane;
  /** "Firefox on Windows" */
  browser: string;
  /** BCP 47 */
  locale: string;
  /**
   * Network that the recovery was asked for from, as limits are counted: an IPv4 address, or the /64 of an IPv6 address
   * ("2001:db8:1:2::/64"); "unknown" where it could not be read; undefined for loopback, where one address stands for everybody.
   */
  network: string | undefined;
  /** Milliseconds since 1970. */
  askedAt: number;
}

export type Risk = 'low' | 'high';

/**
 * The host's own knowledge of risk: a number that changed its SIM, a country that was never seen. Of a mail, `high` turns
 * the code into a link to a page that asks first; a text is left out where the account has a mailbox, which gets that mail.
 * The account's other mailboxes are told, and can stop it.
 * It runs in the worker, for known and unknown identifiers alike, and nobody outside sees its answer. An error or no answer
 * within a second counts as `high`.
 */
export type AssessRisk = (question: RiskQuestion) => Promise<Risk>;
