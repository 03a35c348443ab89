/** An operator ends sessions: of one person, whose device was stolen or who may not come in any more, or of everybody. */
import type { Identifier } from '../rules/identifiers.ts';
import type { Context } from './context.ts';

export type EndContext = Pick<Context, 'store' | 'accounts' | 'clock'>;

/** Whose sessions: the account with this confirmed address, or with this id. */
export type Whose = { identifier: Pick<Identifier, 'kind' | 'canonical'> } | { accountId: string };

/** @returns undefined where there is no such account, or several share the phone number */
export function endSessionsOf(
  { store, accounts, clock }: EndContext,
  whose: Whose,
): Promise<{ accountId: string; ended: number } | undefined> {
  return store.transaction(async (tx) => {
    const account = await ('identifier' in whose
      ? accounts.findByIdentifier(tx, whose.identifier)
      : accounts.get(tx, whose.accountId));
    if (!account) return undefined;
    const ended = await tx.sessions.deleteAllOf(account.id);
    const detail = { by: 'operator', ended };
    await tx.audit.append({ at: clock.now(), name: 'end-sessions', accountId: account.id, proofId: null, detail });
    return { accountId: account.id, ended };
  });
}

/** @returns how many ended */
export function endAllSessions({ store, clock }: Pick<EndContext, 'store' | 'clock'>): Promise<number> {
  return store.transaction(async (tx) => {
    const ended = await tx.sessions.deleteAll();
    const detail = { by: 'operator', ended, everyone: true };
    await tx.audit.append({ at: clock.now(), name: 'end-sessions', accountId: null, proofId: null, detail });
    return ended;
  });
}
