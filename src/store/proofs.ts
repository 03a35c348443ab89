import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { Proof, StoreTransaction } from './store.ts';
import { selected, toColumns } from './tables.ts';

const FIELDS = [
  'id',
  'tokenDigest',
  'purpose',
  'channel',
  'lane',
  'carries',
  'identifierKind',
  'identifierTyped',
  'identifier',
  'identifierMac',
  'locale',
  'browser',
  'network',
  'state',
  'resolution',
  'accountId',
  'accountGeneration',
  'keyId',
  'epoch',
  'codeFormat',
  'codeLength',
  'triesLeft',
  'codeExpiresAt',
  'previousCodeExpiresAt',
  'previousCodeFormat',
  'previousCodeLength',
  'resends',
  'resendAt',
  'messagesOf',
  'createdAt',
  'toldAt',
  'textedAt',
  'verifiedBy',
  'verifiedExpiresAt',
  'heldFor',
  'completedAt',
  'reportedAt',
  'expiresAt',
] as const satisfies (keyof Proof)[];
type Field = (typeof FIELDS)[number];

export function proofQueries({ kysely, locked }: Engine): (open: OpenTransaction) => StoreTransaction['proofs'] {
  const insert = statement((proof: Proof) => kysely.insertInto('proofs').values(toColumns(proof, FIELDS)));
  const withId = ({ id }: Pick<Proof, 'id'>) =>
    kysely.selectFrom('proofs').select(selected(FIELDS)).where('id', '=', id);
  const byId = statement(withId);
  const byIdLocked = statement((values: Pick<Proof, 'id'>) => locked(withId(values)));
  const withToken = ({ purpose, tokenDigest }: Pick<Proof, 'purpose' | 'tokenDigest'>) =>
    kysely
      .selectFrom('proofs')
      .select(selected(FIELDS))
      .where('token_digest', '=', tokenDigest)
      .where('purpose', '=', purpose);
  const byToken = statement(withToken);
  const byTokenLocked = statement((values: Pick<Proof, 'purpose' | 'tokenDigest'>) => locked(withToken(values)));
  const chargeTry = statement(({ id, now }: { id: string; now: number }) =>
    kysely
      .updateTable('proofs')
      .set((eb) => ({ tries_left: eb('tries_left', '-', 1) }))
      .where('id', '=', id)
      .where('state', '=', 'code_sent')
      .where('tries_left', '>', 0)
      .where('code_expires_at', '>', now)
      .where('expires_at', '>', now)
      .returning(selected(FIELDS)),
  );
  const update = statementPer(String, (fields: Field[]) =>
    statement((change: Pick<Proof, 'id'> & Partial<Proof>) =>
      kysely.updateTable('proofs').set(toColumns(change, fields)).where('id', '=', change.id),
    ),
  );
  const transition = statementPer(String, (fields: Field[]) =>
    statement((change: Pick<Proof, 'id'> & Partial<Proof> & { from: Proof['state'] }) =>
      kysely
        .updateTable('proofs')
        .set(toColumns(change, fields))
        .where('id', '=', change.id)
        .where('state', '=', change.from),
    ),
  );
  const resolve = statement((found: Pick<Proof, 'id' | 'resolution' | 'accountId' | 'accountGeneration'>) =>
    kysely
      .updateTable('proofs')
      .set(toColumns(found, ['resolution', 'accountId', 'accountGeneration']))
      .where('id', '=', found.id)
      .where('resolution', '=', 'pending'),
  );
  const claimTelling = statement(({ id, now }: { id: string; now: number }) =>
    kysely.updateTable('proofs').set({ told_at: now }).where('id', '=', id).where('told_at', 'is', null),
  );
  const report = statement(({ id, now }: { id: string; now: number }) =>
    kysely
      .updateTable('proofs')
      .set({ reported_at: now })
      .where('id', '=', id)
      .where('state', '=', 'completed')
      .where('reported_at', 'is', null),
  );
  const makeDecoy = statement(({ id }: Pick<Proof, 'id'>) =>
    kysely
      .updateTable('proofs')
      .set({ resolution: 'decoy' })
      .where('id', '=', id)
      .where('state', '=', 'code_sent')
      .where('resolution', '!=', 'decoy'),
  );
  // As `endsUnseen` of the rules.
  const makeDecoysOf = statement(({ accountId, exceptId }: { accountId: string; exceptId: string }) =>
    kysely
      .updateTable('proofs')
      .set({ resolution: 'decoy' })
      .where('account_id', '=', accountId)
      .where('purpose', '=', 'recovery')
      .where('state', '=', 'code_sent')
      .where('lane', '!=', 'known-device')
      .where('id', '!=', exceptId),
  );
  const cancelAllOf = statement(({ accountId, exceptId }: { accountId: string; exceptId: string }) =>
    kysely
      .updateTable('proofs')
      .set({ state: 'cancelled' })
      .where('account_id', '=', accountId)
      .where('state', 'in', ['code_sent', 'verified', 'held'])
      .where((eb) => eb.or([eb('purpose', '!=', 'recovery'), eb('resolution', '!=', 'decoy')]))
      .where('id', '!=', exceptId),
  );
  const leaveAll = statement(({ accountId, exceptId }: { accountId: string; exceptId: string }) =>
    kysely.deleteFrom('proof_candidates').where('account_id', '=', accountId).where('proof_id', '!=', exceptId),
  );
  const purge = statement(({ createdBefore }: { createdBefore: number }) =>
    kysely
      .deleteFrom('proofs')
      .where('created_at', '<', createdBefore)
      .where('state', '!=', 'held')
      .where((eb) => eb.or([eb('completed_at', 'is', null), eb('completed_at', '<', createdBefore)])),
  );

  const purgeCandidates = statement((_: object) =>
    kysely
      .deleteFrom('proof_candidates')
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('proofs').select('proofs.id').whereRef('proofs.id', '=', 'proof_candidates.proof_id'))),
      ),
  );

  return (open) => ({
    insert: (proof) => open.run(insert, proof),
    byId: (id, options) => open.first(options?.lock ? byIdLocked : byId, { id }),
    byToken: (purpose, tokenDigest, options) =>
      open.first(options?.lock ? byTokenLocked : byToken, { purpose, tokenDigest }),
    chargeTry: (id, now) => open.first(chargeTry, { id, now }),
    async transition(id, from, change) {
      return (await open.changed(transition(fieldsOf(change)), { ...change, id, from })) === 1;
    },
    async update(id, change) {
      const fields = fieldsOf(change);
      if (fields.length > 0) await open.run(update(fields), { ...change, id });
    },
    async resolve(id, resolution, accountId, accountGeneration) {
      return (await open.changed(resolve, { id, resolution, accountId, accountGeneration })) === 1;
    },
    async claimTelling(id, now) {
      return (await open.changed(claimTelling, { id, now })) === 1;
    },
    async report(id, now) {
      return (await open.changed(report, { id, now })) === 1;
    },
    async makeDecoy(id) {
      return (await open.changed(makeDecoy, { id })) === 1;
    },
    // No id is empty.
    async cancelAllOf(accountId, exceptId = '') {
      // First: where it is being chosen at this moment this waits, and the next statement sees the proof as the account's.
      await open.run(leaveAll, { accountId, exceptId });
      await open.run(makeDecoysOf, { accountId, exceptId });
      await open.run(cancelAllOf, { accountId, exceptId });
    },
    async purge(createdBefore) {
      const removed = await open.changed(purge, { createdBefore });
      await open.run(purgeCandidates, {});
      return removed;
    },
  });
}

/** The fields that a change gives, in one order. */
function fieldsOf(change: Partial<Proof>): Field[] {
  return FIELDS.filter((field) => change[field] !== undefined);
}
