/** What the worker needs to send a message, and what it finds is to be done with one. */
import type { MessageParams, TemplateKind } from '../messages/catalog.ts';
import type { Account, MailChannel, RenderedMail } from '../ports.ts';
import type { MessageFate } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';

export interface Delivery {
  mail: MailChannel;
  render<K extends TemplateKind>(kind: K, params: MessageParams[K], locale: string): RenderedMail;
  /** Public origin of links. */
  origin: string;
}

/** What is to be done with a message: hand it over, knock without one, or give it up. */
export type Prepared =
  | { do: 'send'; to: string; mail: RenderedMail }
  /** For a decoy; `earlier` is the fate of the last mail to this address. In a flood decoys share one knock. */
  | { do: 'probe'; earlier: MessageFate | undefined; shared: boolean }
  | { do: 'expire' }
  | { do: 'fail'; reason: string };

/** How a message names an account to somebody who may be a stranger: by its first address, masked. */
export function nameOf(account: Account): string {
  const first = account.addresses.find(({ confirmedAt }) => confirmedAt !== null);
  return first ? maskIdentifier(first) : '***';
}
