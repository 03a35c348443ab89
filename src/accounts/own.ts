/** Accounts in our own tables. */
import type { Account, Accounts, Random, Transaction } from '../ports.ts';
import type { StoreTransaction } from '../store/store.ts';

export function ownAccounts(random: Random): Accounts {
  return {
    async findByIdentifier(transaction, { kind, canonical }) {
      const accounts = await tables(transaction).byConfirmedAddress(kind, canonical);
      // Of a number that a family shares never the first match (ADVISORIES row 8).
      return accounts.length === 1 ? accounts[0] : undefined;
    },
    findAllByIdentifier: (transaction, { kind, canonical }) => tables(transaction).byConfirmedAddress(kind, canonical),
    get: (transaction, id, options): Promise<Account | undefined> => tables(transaction).byId(id, options),
    async create(transaction, account, now) {
      const id = random.bytes(16).toString('base64url');
      return (await tables(transaction).insert(id, account, now)) ?? { created: id };
    },
    setPassword: (transaction, id, passwordHash, now) =>
      tables(transaction).update(id, {
        passwordHash,
        passwordChangedAt: now,
        passwordBlockedAt: null,
        bumpGeneration: true,
      }),
    blockPassword: (transaction, id, now) =>
      tables(transaction).update(id, { passwordBlockedAt: now, bumpGeneration: true }),
    // The generation is taken first: its row is what two changes of one account wait for.
    async addAddress(transaction, { id, generation }, address, now) {
      if (!(await tables(transaction).nextGeneration(id, generation))) return 'changed';
      return (await tables(transaction).addAddress(id, address, now)) ? 'added' : 'taken';
    },
    async removeAddress(transaction, { id, generation }, address, now) {
      if (!(await tables(transaction).nextGeneration(id, generation))) return 'changed';
      return (await tables(transaction).removeAddress(id, address, now)) ? 'removed' : 'changed';
    },
    proveAddress: (transaction, id, address, now) => tables(transaction).proveAddress(id, address, now),
    addressesChangedAt: (transaction, id) => tables(transaction).addressesChangedAt(id),
    async freezeAddresses(transaction, id, addresses, now) {
      await tables(transaction).update(id, { bumpGeneration: true });
      for (const address of addresses) await tables(transaction).freezeAddress(id, address, now);
    },
    async thawAddresses(transaction, id, addresses, now) {
      for (const address of addresses) await tables(transaction).thawAddress(id, address, now);
    },
    removedSince: (transaction, id, since) => tables(transaction).removedSince(id, since),
    rehashPassword: (transaction, id, passwordHash) => tables(transaction).update(id, { passwordHash }),
  };
}

/** The transactions that reach this adapter are the store's own. */
function tables(transaction: Transaction): StoreTransaction['accounts'] {
  return (transaction as StoreTransaction).accounts;
}
