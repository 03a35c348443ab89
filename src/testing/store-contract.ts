/** What every store must do, as tests for node:test. Moments are plain numbers; nothing waits for a clock. */
import { describe, test } from 'node:test';
import type { Store, StoreTransaction } from '../store/store.ts';
import { accounts, addresses, frozenAddresses, heldPasswords, retiredIdentifiers } from './store-contract/accounts.ts';
import { audit, auditChain, auditPages } from './store-contract/audit.ts';
import { chats, linkTokens } from './store-contract/chats.ts';
import { type OpenStore, withMigrated } from './store-contract/contract.ts';
import { guesses, limits, spend } from './store-contract/counting.ts';
import { earlyReceipts } from './store-contract/early-receipts.ts';
import { codesByHour, messageHistory, messages, noAccountMails, receipts } from './store-contract/messages.ts';
import { outbox, waking } from './store-contract/outbox.ts';
import { candidates, proofs } from './store-contract/proofs.ts';
import { sessions } from './store-contract/sessions.ts';
import { suppressions } from './store-contract/suppressions.ts';
import { texts } from './store-contract/texts.ts';
import { migrations, transactions } from './store-contract/transactions.ts';

export type { OpenStore } from './store-contract/contract.ts';

/** Registers the contract's tests under `name`. */
export function storeContract(name: string, open: OpenStore): void {
  describe(name, () => {
    const inStore = (title: string, body: (store: Store) => Promise<void>): void => {
      test(title, () => withMigrated(open, body));
    };
    const inTransaction = (title: string, body: (tx: StoreTransaction) => Promise<void>): void => {
      inStore(title, (store) => store.transaction(body));
    };
    test('migrations: pending before, applied once, nothing to do afterwards', () => migrations(open));
    transactions(inStore);
    proofs(inStore, inTransaction);
    candidates(inStore, inTransaction);
    outbox(inStore, inTransaction);
    messageHistory(inStore, inTransaction);
    messages(inTransaction);
    codesByHour(inTransaction);
    waking(inStore);
    receipts(inStore, inTransaction);
    noAccountMails(inStore, inTransaction);
    suppressions(inStore, inTransaction);
    earlyReceipts(inStore, inTransaction);
    chats(inTransaction);
    linkTokens(inStore, inTransaction);
    guesses(inStore, inTransaction);
    limits(inStore, inTransaction);
    spend(inStore, inTransaction);
    accounts(inStore, inTransaction);
    addresses(inStore, inTransaction);
    frozenAddresses(inTransaction);
    heldPasswords(inStore, inTransaction);
    retiredIdentifiers(inTransaction);
    sessions(inTransaction);
    audit(inTransaction);
    auditChain(inStore, inTransaction);
    auditPages(inTransaction);
    texts(inTransaction);
  });
}
