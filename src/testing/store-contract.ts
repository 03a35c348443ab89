/** What every store must do, as tests for node:test. Moments are plain numbers; nothing waits for a clock. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewAccount } from '../ports.ts';
import { type AuditBatch, sealBatch } from '../rules/audit-chain.ts';
import type { Limit } from '../rules/limits.ts';
import { CODES } from '../rules/spend.ts';
import type {
  Candidate,
  Chat,
  Guessed,
  LinkToken,
  Message,
  NewMessage,
  Proof,
  Session,
  SpendTally,
  Store,
  StoreTransaction,
  Suppression,
} from '../store/store.ts';

/** A store on a fresh, empty database, and what ends both. */
export type OpenStore = () => Promise<{ store: Store; close(): Promise<void> }>;

const DAY = 86_400_000;
const CHAIN_KEY = { id: 'k1', key: Buffer.alloc(32) };
/** Neither a multiple of a day nor within 32 bits. */
const NOW = 1_790_000_123_456;

/**
 * What must come back as it was given: quotes and comments of SQL, placeholders, wildcards, a backslash, line breaks,
 * surrounding space, composed and decomposed letters, scripts that run to the left, characters beyond 16 bits.
 */
const HOSTILE = [
  `'; drop table proofs; --`,
  `" or 1=1 /* $1 ? :id @id {} */`,
  `%_\\\\ \\' E'\\x27' $$tag$$`,
  ' \t\r\n padded \n',
  'é e\u0301 ﬁ İıſ ß',
  'مرحبا \u202eabc\u202c 👩\u200d👩\u200d👧 𝒜 \u{10ffff} \ufeff',
].join('|');

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
    waking(inStore);
    receipts(inStore, inTransaction);
    noAccountMails(inStore, inTransaction);
    suppressions(inStore, inTransaction);
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

type InStore = (title: string, body: (store: Store) => Promise<void>) => void;
type InTransaction = (title: string, body: (tx: StoreTransaction) => Promise<void>) => void;

async function migrations(open: OpenStore): Promise<void> {
  const { store, close } = await open();
  try {
    const pending = await store.pendingMigrations();
    assert.equal(pending[0], '0001-initial');
    assert.deepEqual(await store.migrate(), pending);
    assert.deepEqual(await store.pendingMigrations(), []);
    assert.deepEqual(await store.migrate(), []);
    await store.ping();
    assert.equal(await store.transaction((tx) => tx.accounts.count()), 0);
  } finally {
    await close();
  }
}

function transactions(inStore: InStore): void {
  inStore('a transaction commits what it did and returns what it found', async (store) => {
    const value = await store.transaction(async (tx) => {
      await tx.proofs.insert(proof('p'));
      return 'done';
    });
    assert.equal(value, 'done');
    assert.deepEqual(await store.transaction((tx) => tx.proofs.byId('p')), proof('p'));
  });

  inStore('a transaction that throws leaves nothing behind and rethrows', async (store) => {
    const refusal = new Error('refused');
    const work = store.transaction(async (tx) => {
      await tx.proofs.insert(proof('p'));
      await tx.outbox.insert(message('m'));
      await tx.limits.charge('k', { burst: 1, refillMs: 1_000 }, NOW);
      await tx.audit.append({ at: NOW, name: 'sign-in', accountId: 'a', proofId: null, detail: {} });
      throw refusal;
    });
    await assert.rejects(work, (error) => error === refusal);
    await store.transaction(async (tx) => {
      assert.equal(await tx.proofs.byId('p'), undefined);
      assert.equal(await tx.outbox.byId('m'), undefined);
      assert.equal(await tx.limits.wait('k', { burst: 1, refillMs: 1_000 }, NOW), 0);
      assert.deepEqual(await tx.audit.ofAccount('a', 10), []);
    });
  });

  inStore(
    'a transaction in which a statement failed does not commit, even where the failure was caught',
    async (store) => {
      const work = store.transaction(async (tx) => {
        await tx.proofs.insert(proof('p'));
        await tx.proofs.insert(proof('p')).catch(() => {});
        return 'committed';
      });
      await assert.rejects(work);
      assert.equal(await store.transaction((tx) => tx.proofs.byId('p')), undefined);
    },
  );

  inStore('a transaction that has ended refuses queries', async (store) => {
    let escaped: StoreTransaction | undefined;
    await store.transaction(async (tx) => {
      escaped = tx;
    });
    await assert.rejects(() => escaped!.proofs.insert(proof('p')), /ended/);
    await assert.rejects(
      store.transaction(async (tx) => {
        escaped = tx;
        throw new Error('refused');
      }),
    );
    await assert.rejects(() => escaped!.accounts.count(), /ended/);
    assert.equal(await store.transaction((tx) => tx.proofs.byId('p')), undefined);
  });

  inStore(
    'statements that nobody waits for fall under the commit or the rollback of their transaction',
    async (store) => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const insertAll = async (tx: StoreTransaction) => {
        for (const id of ids) void tx.outbox.insert(message(id));
      };
      const work = store.transaction(async (tx) => {
        await insertAll(tx);
        throw new Error('refused');
      });
      await assert.rejects(work, /refused/);
      assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), 0);
      await store.transaction(insertAll);
      assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), ids.length);
    },
  );

  inStore('transactions that run side by side all take effect', async (store) => {
    await times(60, (at) => store.transaction((tx) => tx.outbox.insert(message(`m${at}`))));
    assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), 60);
  });
}

function proofs(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('proofs: stored and found whole, by id and by token', async (tx) => {
    const full = proof('full', {
      accountId: 'a',
      accountGeneration: 3,
      previousCodeExpiresAt: NOW + 1,
      previousCodeFormat: 'letters',
      previousCodeLength: 10,
      verifiedExpiresAt: NOW + 2,
      completedAt: NOW + 3,
      reportedAt: NOW + 4,
    });
    await tx.proofs.insert(full);
    await tx.proofs.insert(proof('empty'));
    assert.deepEqual(await tx.proofs.byId('full'), full);
    assert.deepEqual(await tx.proofs.byId('empty'), proof('empty'));
    assert.deepEqual(await tx.proofs.byToken('recovery', full.tokenDigest), full);
    assert.deepEqual(await tx.proofs.byToken('recovery', full.tokenDigest, { lock: true }), full);
    assert.equal(await tx.proofs.byToken('registration', full.tokenDigest), undefined);
    assert.equal(await tx.proofs.byToken('recovery', full.tokenDigest.toUpperCase()), undefined);
    assert.equal(await tx.proofs.byId('other'), undefined);
  });

  inStore('proofs: 200 parallel transactions get the 5 tries of a code between them', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { triesLeft: 5 })));
    const charged = await times(200, () => store.transaction((tx) => tx.proofs.chargeTry('p', NOW)));
    const left = charged.filter((charge) => charge !== undefined).map((charge) => charge.triesLeft);
    assert.deepEqual(left.sort(), [0, 1, 2, 3, 4]);
    assert.equal((await store.transaction((tx) => tx.proofs.byId('p')))?.triesLeft, 0);
  });

  inTransaction('proofs: a try is charged to a living code only', async (tx) => {
    const living = { codeExpiresAt: NOW + 10, expiresAt: NOW + 20, triesLeft: 2 };
    await tx.proofs.insert(proof('living', living));
    await tx.proofs.insert(proof('verified', { ...living, state: 'verified' }));
    await tx.proofs.insert(proof('cancelled', { ...living, state: 'cancelled' }));
    await tx.proofs.insert(proof('ended', { ...living, expiresAt: NOW + 5 }));
    assert.deepEqual(await tx.proofs.chargeTry('living', NOW + 9), proof('living', { ...living, triesLeft: 1 }));
    assert.equal(await tx.proofs.chargeTry('living', NOW + 10), undefined);
    assert.equal(await tx.proofs.chargeTry('ended', NOW + 5), undefined);
    for (const id of ['verified', 'cancelled', 'unknown']) assert.equal(await tx.proofs.chargeTry(id, NOW), undefined);
    assert.equal((await tx.proofs.byId('living'))?.triesLeft, 1);
  });

  inStore('proofs: of many parallel transitions exactly one wins', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { state: 'verified' })));
    const won = await times(50, (at) =>
      store.transaction((tx) => tx.proofs.transition('p', 'verified', { state: 'completed', completedAt: NOW + at })),
    );
    assert.equal(won.filter(Boolean).length, 1);
    const stored = await store.transaction((tx) => tx.proofs.byId('p'));
    assert.deepEqual(stored, proof('p', { state: 'completed', completedAt: NOW + won.indexOf(true) }));
  });

  inStore('proofs: whoever holds a locked proof is waited for', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { resends: 0 })));
    await times(20, () =>
      store.transaction(async (tx) => {
        const found = await tx.proofs.byToken('recovery', proof('p').tokenDigest, { lock: true });
        await tx.proofs.update('p', { resends: found!.resends + 1 });
      }),
    );
    assert.equal((await store.transaction((tx) => tx.proofs.byId('p')))?.resends, 20);
  });

  inTransaction('proofs: a change touches what it gives, null included, and nothing else', async (tx) => {
    await tx.proofs.insert(proof('p', { previousCodeLength: 6 }));
    await tx.proofs.insert(proof('other'));
    await tx.proofs.update('p', { epoch: 7, previousCodeLength: null, resendAt: undefined, id: 'renamed' });
    await tx.proofs.update('p', {});
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { epoch: 7 }));
    assert.deepEqual(await tx.proofs.byId('other'), proof('other'));
    assert.equal(await tx.proofs.transition('p', 'verified', { state: 'completed' }), false);
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { epoch: 7 }));
  });

  inStore('proofs: what the worker found is stored once', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p')));
    const won = await times(20, (at) =>
      store.transaction((tx) => tx.proofs.resolve('p', at % 2 ? 'known' : 'decoy', `a${at}`, at)),
    );
    const winner = won.indexOf(true);
    assert.equal(won.filter(Boolean).length, 1);
    assert.deepEqual(
      await store.transaction((tx) => tx.proofs.byId('p')),
      proof('p', {
        resolution: winner % 2 ? 'known' : 'decoy',
        accountId: `a${winner}`,
        accountGeneration: winner,
      }),
    );
  });

  inStore('proofs: a completed recovery is reported once, an unfinished one never', async (store) => {
    await store.transaction(async (tx) => {
      await tx.proofs.insert(proof('completed', { state: 'completed' }));
      await tx.proofs.insert(proof('verified', { state: 'verified' }));
    });
    const won = await times(20, (at) => store.transaction((tx) => tx.proofs.report('completed', NOW + at)));
    assert.equal(won.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.equal((await tx.proofs.byId('completed'))?.reportedAt, NOW + won.indexOf(true));
      assert.equal(await tx.proofs.report('verified', NOW), false);
    });
  });

  inTransaction('proofs: cancelling those of an account leaves finished and other ones alone', async (tx) => {
    for (const state of ['code_sent', 'verified', 'completed', 'cancelled'] as const)
      await tx.proofs.insert(proof(state, { state, accountId: 'a' }));
    await tx.proofs.insert(proof('kept', { accountId: 'a' }));
    await tx.proofs.insert(proof('another', { accountId: 'b' }));
    await tx.proofs.insert(proof('nobody'));
    const states = async () => {
      const found = ['code_sent', 'verified', 'completed', 'kept', 'another', 'nobody'].map((id) => tx.proofs.byId(id));
      return (await Promise.all(found)).map((each) => each?.state);
    };
    await tx.proofs.cancelAllOf('a', 'kept');
    assert.deepEqual(await states(), ['cancelled', 'cancelled', 'completed', 'code_sent', 'code_sent', 'code_sent']);
    await tx.proofs.cancelAllOf('a');
    assert.deepEqual(await states(), ['cancelled', 'cancelled', 'completed', 'cancelled', 'code_sent', 'code_sent']);
  });

  inTransaction('proofs: purged by age', async (tx) => {
    await tx.proofs.insert(proof('old', { createdAt: NOW - 1 }));
    await tx.proofs.insert(proof('new', { createdAt: NOW }));
    assert.equal(await tx.proofs.purge(NOW), 1);
    assert.equal(await tx.proofs.byId('old'), undefined);
    assert.notEqual(await tx.proofs.byId('new'), undefined);
  });
}

function candidates(inStore: InStore, inTransaction: InTransaction): void {
  const candidate = (id: string, more: Partial<Candidate> = {}): Candidate => ({
    proofId: 'p',
    id,
    accountId: `account of ${id}`,
    accountGeneration: 3,
    toldAt: null,
    chosenAt: null,
    ...more,
  });

  inTransaction('candidates: kept as given, in the order of their ids, each of its proof alone', async (tx) => {
    for (const one of [candidate('b'), candidate('a'), candidate('a', { proofId: 'q', accountId: HOSTILE })])
      await tx.candidates.insert(one);
    assert.deepEqual(await tx.candidates.ofProof('p'), [candidate('a'), candidate('b')]);
    assert.deepEqual(await tx.candidates.ofProof('q'), [candidate('a', { proofId: 'q', accountId: HOSTILE })]);
    assert.deepEqual(await tx.candidates.ofProof('r'), []);
  });

  inStore('candidates: of many at one moment each is told of once, and chosen once', async (store) => {
    await store.transaction(async (tx) => {
      await tx.candidates.insert(candidate('a'));
      await tx.candidates.insert(candidate('b'));
    });
    const told = await times(5, () => store.transaction((tx) => tx.candidates.claimTelling('p', NOW)));
    assert.deepEqual(
      told
        .flat()
        .map(({ id }) => id)
        .sort(),
      ['a', 'b'],
    );
    const chosen = await times(5, (at) => store.transaction((tx) => tx.candidates.choose('p', 'a', NOW + at)));
    assert.equal(chosen.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.deepEqual(await tx.candidates.ofProof('p'), [
        candidate('a', { toldAt: NOW, chosenAt: NOW + chosen.indexOf(true) }),
        candidate('b', { toldAt: NOW }),
      ]);
      assert.equal(await tx.candidates.choose('q', 'a', NOW), false);
      assert.equal(await tx.candidates.choose('p', 'c', NOW), false);
    });
  });

  inTransaction('candidates: gone when the account voids what is outstanding, but for one proof', async (tx) => {
    for (const proofId of ['p', 'kept'])
      for (const id of ['a', 'b']) await tx.candidates.insert(candidate(id, { proofId }));
    await tx.proofs.cancelAllOf('account of a', 'kept');
    assert.deepEqual(await tx.candidates.ofProof('p'), [candidate('b')]);
    assert.equal((await tx.candidates.ofProof('kept')).length, 2);
    assert.equal(await tx.candidates.remove('kept', 'account of b'), true);
    assert.equal(await tx.candidates.remove('kept', 'account of b'), false);
    assert.deepEqual(await tx.candidates.ofProof('kept'), [candidate('a', { proofId: 'kept' })]);
  });

  inStore(
    'candidates: chosen at the moment at which the account voids what is outstanding: cancelled all the same',
    async (store) => {
      for (let round = 0; round < 10; round += 1) {
        const proofId = `p${round}`;
        await store.transaction(async (tx) => {
          await tx.proofs.insert(proof(proofId, { state: 'choosing', resolution: 'known' }));
          await tx.candidates.insert(candidate('a', { proofId }));
        });
        const choose = store.transaction(async (tx) => {
          const won = await tx.candidates.choose(proofId, 'a', NOW);
          if (won) await tx.proofs.transition(proofId, 'choosing', { state: 'verified', accountId: 'account of a' });
          return won;
        });
        const [won] = await Promise.all([choose, store.transaction((tx) => tx.proofs.cancelAllOf('account of a'))]);
        const { state } = (await store.transaction((tx) => tx.proofs.byId(proofId))) ?? {};
        assert.equal(state, won ? 'cancelled' : 'choosing');
      }
    },
  );

  inTransaction('candidates: purged with their proofs', async (tx) => {
    await tx.proofs.insert(proof('old', { createdAt: NOW - 1 }));
    await tx.proofs.insert(proof('new', { createdAt: NOW }));
    for (const proofId of ['old', 'new']) await tx.candidates.insert(candidate('a', { proofId }));
    assert.equal(await tx.proofs.purge(NOW), 1);
    assert.deepEqual(await tx.candidates.ofProof('old'), []);
    assert.equal((await tx.candidates.ofProof('new')).length, 1);
  });
}

function outbox(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('outbox: a message is queued with all it was given', async (tx) => {
    await tx.outbox.insert(message('code'));
    const notice = { proofId: null, epoch: null, accountId: 'a', address: 'jane@example.com' };
    await tx.outbox.insert(message('notice', notice));
    assert.deepEqual(await tx.outbox.byId('code'), queued('code'));
    assert.deepEqual(await tx.outbox.byId('notice'), queued('notice', notice));
    assert.equal(await tx.outbox.byId('other'), undefined);
    await tx.outbox.setKind('code', 'no-account');
    assert.deepEqual(await tx.outbox.byId('code'), queued('code', { kind: 'no-account' }));
  });

  inTransaction('outbox: the newest message of a proof', async (tx) => {
    await tx.outbox.insert(message('second', { proofId: 'p', createdAt: NOW + 1 }));
    await tx.outbox.insert(message('first', { proofId: 'p', createdAt: NOW }));
    await tx.outbox.insert(message('other', { proofId: 'q', createdAt: NOW + 2 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'second');
    assert.equal(await tx.outbox.latestCodeOf('r'), undefined);
  });

  inTransaction('outbox: a rung of an earlier request is not the newest of a proof', async (tx) => {
    await tx.outbox.insert(message('asked again', { askedAt: NOW + 1, createdAt: NOW + 1 }));
    await tx.outbox.insert(message('rung', { askedAt: NOW, createdAt: NOW + 2 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'asked again');
    await tx.outbox.insert(message('rung of that', { askedAt: NOW + 1, createdAt: NOW + 3 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'rung of that');
  });

  inTransaction('outbox: when a code could leave is kept, and by which channels codes of a proof left', async (tx) => {
    const leavesAt = NOW + 15_000;
    const rows = [
      ['mail', 'email', 'sent', 0],
      ['mail again', 'email', 'delivered', 1],
      ['text', 'sms', 'failed', 1],
      ['notice', 'viber', 'sent', null],
      ['gateway', 'telegram', 'sent', 1],
    ] as const;
    for (const [id, channel, status, epoch] of rows) {
      await tx.outbox.insert(message(id, { channel, epoch, leavesAt }));
      await tx.outbox.settle(id, { status, attempts: 1, reason: null });
    }
    assert.equal((await tx.outbox.byId('text'))?.leavesAt, leavesAt);
    assert.deepEqual(await tx.outbox.channelsOfCodes('p'), ['email', 'telegram']);
    assert.deepEqual(await tx.outbox.channelsOfCodes('q'), []);
    await tx.outbox.insert(message('not tried', { channel: 'whatsapp', epoch: 1 }));
    assert.deepEqual(await tx.outbox.channelsTried('p', 1), ['email', 'sms', 'telegram']);
    assert.deepEqual(await tx.outbox.channelsTried('p', 2), []);
  });

  inTransaction('outbox: codes of a proof, newest first, and the newest by a channel', async (tx) => {
    await tx.outbox.insert(message('asked', { askedAt: NOW, ask: 0 }));
    await tx.outbox.insert(message('notice', { epoch: null }));
    // Asked again within the same millisecond.
    await tx.outbox.insert(message('again', { askedAt: NOW, ask: 1, channel: 'sms' }));
    await tx.outbox.insert(message('rung', { askedAt: NOW, ask: 0, createdAt: NOW + 1, channel: 'viber' }));
    const ids = (await tx.outbox.codesOf('p')).map(({ id }) => id);
    assert.deepEqual(ids, ['again', 'rung', 'asked']);
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'again');
    assert.equal((await tx.outbox.latestCodeOf('p', 'email'))?.id, 'asked');
    assert.equal(await tx.outbox.latestCodeOf('p', 'telegram'), undefined);
  });

  inStore('outbox: a message has one rung that follows it, whoever adds it', async (store) => {
    const rung = (id: string) => ({
      ...message(id, { channel: 'sms', dueAt: NOW + 20_000, ask: 0 }),
      follows: 'first',
    });
    await store.transaction((tx) => tx.outbox.insert(message('first', { ask: 0 })));
    const added = await times(8, (at) => store.transaction((tx) => tx.outbox.insertRung(rung(`rung ${at}`))));
    assert.equal(added.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      const id = `rung ${added.indexOf(true)}`;
      assert.deepEqual(
        await tx.outbox.byId(id),
        queued(id, { channel: 'sms', dueAt: NOW + 20_000, ask: 0, follows: 'first' }),
      );
      assert.deepEqual((await tx.messages.history(id)).length, 1);
      assert.equal(await tx.outbox.hasten('nothing', NOW), false);
      assert.equal(await tx.outbox.hasten('first', NOW + 1), true);
      assert.equal((await tx.outbox.byId(id))?.dueAt, NOW + 1);
      assert.equal(await tx.outbox.hasten('first', NOW + 2), false, 'it is due already');
      await tx.outbox.settle(id, { status: 'unneeded', attempts: 0, dueAt: NOW + 9, reason: 'arrived_before' });
      assert.equal(await tx.outbox.hasten('first', NOW + 3), false, 'it has ended');
    });
  });

  inTransaction(
    'outbox: a renewed lease lasts longer; what was settled or never leased is not leased by it',
    async (tx) => {
      await tx.outbox.insert(message('sending', { dueAt: NOW }));
      await tx.outbox.insert(message('settled', { dueAt: NOW + 1 }));
      await tx.outbox.insert(message('waiting', { dueAt: NOW + 2 }));
      await tx.outbox.lease({ asked: 2 }, NOW + 2, NOW + 100);
      await tx.outbox.settle('settled', { status: 'sent', attempts: 1 });
      await tx.outbox.renew(['sending', 'settled', 'waiting'], NOW + 900);
      assert.equal((await tx.outbox.byId('settled'))?.leasedUntil, null);
      assert.deepEqual(
        (await tx.outbox.lease({ asked: 9 }, NOW + 500, NOW + 600)).map(({ id }) => id),
        ['waiting'],
      );
      assert.deepEqual(
        (await tx.outbox.lease({ asked: 9 }, NOW + 900, NOW + 999)).map(({ id }) => id),
        ['sending', 'waiting'],
      );
    },
  );

  inTransaction('outbox: leases what is due, soonest first, up to the count, until the lease ends', async (tx) => {
    await tx.outbox.insert(message('third', { dueAt: NOW }));
    await tx.outbox.insert(message('first', { dueAt: NOW - 2 }));
    await tx.outbox.insert(message('second', { dueAt: NOW - 1 }));
    await tx.outbox.insert(message('later', { dueAt: NOW + 1 }));
    const ids = (messages: Message[]) => messages.map(({ id }) => id);
    const leased = await tx.outbox.lease({ asked: 2 }, NOW, NOW + 100);
    assert.deepEqual(leased, [
      queued('first', { dueAt: NOW - 2, leasedUntil: NOW + 100 }),
      queued('second', { dueAt: NOW - 1, leasedUntil: NOW + 100 }),
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW, NOW + 150)), ['third']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 99, NOW + 300)), ['later']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 100, NOW + 300)), ['first', 'second']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 150, NOW + 300)), ['third']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 0 }, NOW + 900, NOW + 999)), []);
  });

  inTransaction('outbox: leases so many of each urgency, most urgent first, whatever waits longer', async (tx) => {
    for (let at = 0; at < 30; at += 1) {
      await tx.outbox.insert(message(`newcomer ${at}`, { dueAt: NOW - 900 + at, urgency: 'newcomer' }));
      await tx.outbox.insert(message(`asked ${at}`, { dueAt: NOW - 500 + at }));
    }
    await tx.outbox.insert(message('worked', { dueAt: NOW - 1, urgency: 'worked' }));
    await tx.outbox.insert(message('proven', { dueAt: NOW, urgency: 'proven' }));
    await tx.outbox.insert(message('not yet', { dueAt: NOW + 1, urgency: 'proven' }));
    const counts = { proven: 2, worked: 2, asked: 2, newcomer: 1 };
    const ids = (messages: Message[]) => messages.map(({ id }) => id);
    assert.deepEqual(ids(await tx.outbox.lease(counts, NOW, NOW + 100)), [
      'proven',
      'worked',
      'asked 0',
      'asked 1',
      'newcomer 0',
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({ newcomer: 2 }, NOW, NOW + 100)), ['newcomer 1', 'newcomer 2']);
    assert.deepEqual(ids(await tx.outbox.lease(counts, NOW + 1, NOW + 100)), [
      'not yet',
      'asked 2',
      'asked 3',
      'newcomer 3',
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({}, NOW + 900, NOW + 999)), []);
    assert.equal((await tx.outbox.byId('worked'))?.urgency, 'worked');
  });

  inTransaction('outbox: the next moment of some urgencies', async (tx) => {
    await tx.outbox.insert(message('n', { dueAt: NOW + 1, urgency: 'newcomer' }));
    await tx.outbox.insert(message('a', { dueAt: NOW + 3 }));
    await tx.outbox.insert(message('w', { dueAt: NOW + 2, urgency: 'worked' }));
    assert.equal(await tx.outbox.nextDueAt(), NOW + 1);
    assert.equal(await tx.outbox.nextDueAt(['proven', 'worked', 'asked']), NOW + 2);
    assert.equal(await tx.outbox.nextDueAt(['asked']), NOW + 3);
    assert.equal(await tx.outbox.nextDueAt(['proven']), undefined);
    assert.equal(await tx.outbox.nextDueAt([]), undefined);
  });

  inStore('outbox: parallel leases never take the same message, and never more than asked for', async (store) => {
    await store.transaction(async (tx) => {
      for (let at = 0; at < 120; at += 1) await tx.outbox.insert(message(`m${at}`, { dueAt: NOW - (at % 7) }));
    });
    const batches = await times(40, () => store.transaction((tx) => tx.outbox.lease({ asked: 3 }, NOW, NOW + 100)));
    for (const batch of batches) assert.ok(batch.length <= 3);
    const rest = await store.transaction((tx) => tx.outbox.lease({ asked: 200 }, NOW, NOW + 100));
    const taken = [...batches.flat(), ...rest].map(({ id }) => id);
    assert.equal(new Set(taken).size, taken.length);
    assert.equal(taken.length, 120);
  });

  inTransaction('outbox: settling stores the outcome and ends the lease', async (tx) => {
    for (const id of ['sent', 'again', 'untouched']) await tx.outbox.insert(message(id, { dueAt: NOW }));
    await tx.outbox.lease({ asked: 9 }, NOW, NOW + 100);
    await tx.outbox.settle('sent', { status: 'sent', attempts: 1, sentAt: NOW + 5, providerId: '<1@mail>' });
    await tx.outbox.settle('again', { status: 'queued', attempts: 2, dueAt: NOW + 7, reason: '451' });
    assert.deepEqual(
      await tx.outbox.byId('sent'),
      queued('sent', { dueAt: NOW, status: 'sent', attempts: 1, sentAt: NOW + 5, providerId: '<1@mail>' }),
    );
    assert.deepEqual(await tx.outbox.byId('again'), queued('again', { dueAt: NOW + 7, attempts: 2, reason: '451' }));
    assert.deepEqual(await tx.outbox.byId('untouched'), queued('untouched', { dueAt: NOW, leasedUntil: NOW + 100 }));
    await tx.outbox.settle('again', { status: 'sent', attempts: 3, reason: null });
    assert.equal((await tx.outbox.byId('again'))?.reason, null);
    assert.deepEqual(await tx.outbox.lease({ asked: 9 }, NOW + 99, NOW + 200), []);
    assert.equal(await tx.outbox.count('sent'), 2);
    assert.equal(await tx.outbox.count('queued'), 1);
    assert.equal(await tx.outbox.count('bounced'), 0);
  });

  inTransaction('outbox: the next moment at which a message can be taken', async (tx) => {
    assert.equal(await tx.outbox.nextDueAt(), undefined);
    await tx.outbox.insert(message('soon', { dueAt: NOW + 10 }));
    await tx.outbox.insert(message('late', { dueAt: NOW + 50 }));
    assert.equal(await tx.outbox.nextDueAt(), NOW + 10);
    await tx.outbox.lease({ asked: 1 }, NOW + 10, NOW + 40);
    assert.equal(await tx.outbox.nextDueAt(), NOW + 40);
    await tx.outbox.lease({ asked: 1 }, NOW + 40, NOW + 80);
    assert.equal(await tx.outbox.nextDueAt(), NOW + 50);
    await tx.outbox.settle('late', { status: 'failed', attempts: 1 });
    assert.equal(await tx.outbox.nextDueAt(), NOW + 80);
    await tx.outbox.settle('soon', { status: 'sent', attempts: 1 });
    assert.equal(await tx.outbox.nextDueAt(), undefined);
  });

  inTransaction('outbox: purged by age', async (tx) => {
    await tx.outbox.insert(message('old', { createdAt: NOW - 1 }));
    await tx.outbox.insert(message('new', { createdAt: NOW }));
    assert.equal(await tx.outbox.purge(NOW), 1);
    assert.equal(await tx.outbox.byId('old'), undefined);
    assert.notEqual(await tx.outbox.byId('new'), undefined);
  });
}

function messageHistory(inStore: InStore, inTransaction: InTransaction): void {
  const historyOf = async (tx: StoreTransaction, id: string) =>
    (await tx.messages.history(id)).map(({ number, at, status, reason, attempt }) => [
      number,
      at,
      status,
      reason,
      attempt,
    ]);

  inTransaction('message history: a line for everything that sets a status, each with its own message', async (tx) => {
    await tx.outbox.insert(message('m', { createdAt: NOW, channel: 'sms' }));
    await tx.outbox.insert(message('other', { createdAt: NOW + 1 }));
    await tx.outbox.settle('m', { status: 'sent', attempts: 1, sentAt: NOW + 5, reason: null });
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'bounced', reason: '550 5.1.1', at: NOW + 9 }), true);
    assert.equal(await tx.outbox.requeue('m', 'bounced', { reason: 'retried', now: NOW + 9 }), true);
    assert.deepEqual(await historyOf(tx, 'm'), [
      [1, NOW, 'queued', null, 0],
      [2, NOW + 5, 'sent', null, 1],
      [3, NOW + 9, 'bounced', '550 5.1.1', 1],
      [4, NOW + 9, 'queued', 'retried', 1],
    ]);
    assert.deepEqual(new Set((await tx.messages.history('m')).map(({ channel }) => channel)), new Set(['sms']));
    assert.deepEqual(await historyOf(tx, 'other'), [[1, NOW + 1, 'queued', null, 0]]);
    assert.deepEqual(await historyOf(tx, 'nobody'), []);
  });

  inTransaction('message history: a decoy leaves the same lines as a message to somebody', async (tx) => {
    for (const id of ['known', 'decoy']) await tx.outbox.insert(message(id));
    await tx.outbox.setKind('decoy', 'decoy');
    await tx.outbox.settle('known', { status: 'sent', attempts: 1, sentAt: NOW + 1, reason: null });
    await tx.outbox.settle('decoy', { status: 'suppressed', attempts: 1, sentAt: NOW + 1, reason: null });
    const [known, decoy] = [await historyOf(tx, 'known'), await historyOf(tx, 'decoy')];
    assert.deepEqual(
      decoy,
      known.map((line) => line.map((value) => (value === 'sent' ? 'suppressed' : value))),
    );
  });

  inTransaction('message history: what is settled without a moment is dated by the store', async (tx) => {
    await tx.outbox.insert(message('m'));
    await tx.outbox.settle('m', { status: 'queued', attempts: 1, dueAt: NOW + 9, reason: '451' });
    await tx.outbox.settle('gone', { status: 'failed', attempts: 1 });
    const [, settled] = await tx.messages.history('m');
    assert.equal(settled?.reason, '451');
    assert.ok(Number.isSafeInteger(settled?.at));
    assert.deepEqual(await tx.messages.history('gone'), []);
  });

  inTransaction('message history: a report or a retry that comes too late changes nothing', async (tx) => {
    await tx.outbox.insert(message('m'));
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    assert.equal(await tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW }), false);
    assert.equal(await tx.outbox.report('nobody', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    assert.deepEqual(await tx.outbox.byId('m'), queued('m'));
    assert.equal((await tx.messages.history('m')).length, 1);
  });

  inStore(
    'message history: of many retries at once exactly one wins, and the message can be leased once',
    async (store) => {
      await store.transaction(async (tx) => {
        await tx.outbox.insert(message('m', { dueAt: NOW }));
        await tx.outbox.lease({ asked: 1 }, NOW, NOW + 10_000);
        await tx.outbox.settle('m', { status: 'failed', attempts: 1, reason: '550' });
      });
      const won = await times(30, () =>
        store.transaction((tx) => tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW + 5 })),
      );
      assert.equal(won.filter(Boolean).length, 1);
      await store.transaction(async (tx) => {
        assert.equal((await tx.messages.history('m')).length, 3);
        assert.equal((await tx.outbox.lease({ asked: 9 }, NOW + 5, NOW + 99)).length, 1);
        assert.equal((await tx.outbox.lease({ asked: 9 }, NOW + 5, NOW + 99)).length, 0);
      });
    },
  );

  inStore(
    'message history: receipts and attempts at the same moment are numbered one after the other',
    async (store) => {
      await store.transaction((tx) => tx.outbox.insert(message('m')));
      await times(20, (at) =>
        store.transaction((tx) => tx.outbox.settle('m', { status: 'sent', attempts: at, sentAt: NOW })),
      );
      const history = await store.transaction((tx) => tx.messages.history('m'));
      assert.deepEqual(
        history.map(({ number }) => number),
        Array.from({ length: 21 }, (_, at) => at + 1),
      );
    },
  );

  inTransaction('message history: goes with its message', async (tx) => {
    await tx.outbox.insert(message('old', { createdAt: NOW - 1 }));
    await tx.outbox.insert(message('new', { createdAt: NOW }));
    await tx.outbox.purge(NOW);
    assert.deepEqual(await tx.messages.history('old'), []);
    assert.equal((await tx.messages.history('new')).length, 1);
  });
}

function messages(inTransaction: InTransaction): void {
  const ids = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);

  inTransaction('messages: newest first, by period, status, channel and kind, up to the count', async (tx) => {
    const given: Partial<NewMessage>[] = [{}, { channel: 'sms' }, { kind: 'password-changed' }, {}, {}];
    for (const [at, change] of given.entries())
      await tx.outbox.insert(message(`m${at}`, { ...change, createdAt: NOW + Math.min(at, 3) }));
    await tx.outbox.settle('m0', { status: 'failed', attempts: 1, reason: '550' });
    await tx.outbox.settle('m3', { status: 'failed', attempts: 1 });
    assert.deepEqual(ids(await tx.messages.list({ since: 0 }, 9)), ['m4', 'm3', 'm2', 'm1', 'm0']);
    assert.deepEqual(ids(await tx.messages.list({ since: NOW + 2 }, 9)), ['m4', 'm3', 'm2']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0 }, 2)), ['m4', 'm3']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, status: 'failed' }, 9)), ['m3', 'm0']);
    assert.deepEqual(ids(await tx.messages.list({ since: NOW + 1, status: 'failed' }, 9)), ['m3']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, channel: 'sms' }, 9)), ['m1']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, kind: 'password-changed', status: 'queued' }, 9)), ['m2']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, kind: HOSTILE, channel: HOSTILE }, 9)), []);
    assert.deepEqual((await tx.messages.list({ since: 0 }, 9))[4], await tx.outbox.byId('m0'));
    assert.deepEqual(await tx.messages.counts({ since: 0 }), { queued: 3, failed: 2 });
    assert.deepEqual(await tx.messages.counts({ since: NOW + 1, channel: 'email' }), { queued: 2, failed: 1 });
    assert.deepEqual(await tx.messages.counts({ since: 0, kind: 'decoy' }), {});
  });

  inTransaction('messages: of an account, by its own id and by its recoveries, each once', async (tx) => {
    await tx.proofs.insert(proof('p', { accountId: 'a' }));
    await tx.proofs.insert(proof('q', { accountId: 'b', tokenDigest: 'other' }));
    await tx.outbox.insert(message('code', { proofId: 'p', createdAt: NOW + 1 }));
    await tx.outbox.insert(message('notice', { proofId: 'p', accountId: 'a', createdAt: NOW + 2 }));
    await tx.outbox.insert(message('alone', { proofId: null, accountId: 'a', createdAt: NOW }));
    await tx.outbox.insert(message('foreign', { proofId: 'q', accountId: 'b' }));
    assert.deepEqual(ids(await tx.messages.ofAccount('a', 0, 9)), ['notice', 'code', 'alone']);
    assert.deepEqual(ids(await tx.messages.ofAccount('a', NOW + 1, 1)), ['notice']);
    assert.deepEqual((await tx.messages.ofAccount('a', 0, 9))[1], await tx.outbox.byId('code'));
    assert.deepEqual(await tx.messages.ofAccount('c', 0, 9), []);
  });

  inTransaction('messages: which one has waited longest', async (tx) => {
    assert.equal(await tx.messages.oldestQueuedAt(), undefined);
    await tx.outbox.insert(message('young', { createdAt: NOW }));
    await tx.outbox.insert(message('old', { createdAt: NOW - 9 }));
    await tx.outbox.insert(message('done', { createdAt: NOW - 99 }));
    await tx.outbox.settle('done', { status: 'sent', attempts: 1 });
    assert.equal(await tx.messages.oldestQueuedAt(), NOW - 9);
  });

  inTransaction('messages: by the beginning of their ids, letter case and wildcards told apart', async (tx) => {
    for (const id of ['abc', 'abd', 'aBc', 'a%', 'ab', '-x_']) await tx.outbox.insert(message(id));
    assert.deepEqual(await tx.messages.idsFrom('ab', 9), ['ab', 'abc', 'abd']);
    assert.deepEqual(await tx.messages.idsFrom('ab', 2), ['ab', 'abc']);
    assert.deepEqual(await tx.messages.idsFrom('a%', 9), ['a%']);
    assert.deepEqual(await tx.messages.idsFrom('-', 9), ['-x_']);
    assert.deepEqual(await tx.messages.idsFrom('abcd', 9), []);
  });
}

function waking(inStore: InStore): void {
  inStore(
    'onQueued: wakes when a message was committed, not when it was rolled back, and not after its end',
    async (store) => {
      const bell = createBell();
      const unsubscribe = await store.onQueued(bell.ring);
      await assert.rejects(
        store.transaction(async (tx) => {
          await tx.outbox.insert(message('gone'));
          throw new Error('refused');
        }),
      );
      await store.transaction((tx) => tx.outbox.lease({ asked: 1 }, NOW, NOW + 1));
      assert.equal(bell.rung(), 0);
      await store.transaction((tx) => tx.outbox.insert(message('m')));
      await bell.reaches(1);
      assert.equal((await store.transaction((tx) => tx.outbox.byId('m')))?.id, 'm');
      await store.transaction((tx) => tx.outbox.settle('m', { status: 'failed', attempts: 1 }));
      await store.transaction((tx) => tx.outbox.requeue('m', 'sent', { reason: 'retried', now: NOW }));
      assert.equal(bell.rung(), 1);
      await store.transaction((tx) => tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW }));
      await bell.reaches(2);
      await unsubscribe();
      assert.equal(bell.rung(), 2);
      await store.transaction((tx) => tx.outbox.insert(message('unheard')));
      assert.equal(bell.rung(), 2);
    },
  );
}

function receipts(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction(
    'receipts: a message is found by its channel and the id its provider gave, the newest of several',
    async (tx) => {
      for (const [id, channel, createdAt] of [
        ['old', 'sms', NOW - 2],
        ['new', 'sms', NOW - 1],
        ['mail', 'email', NOW],
      ] as const) {
        await tx.outbox.insert(message(id, { channel, createdAt }));
        await tx.outbox.settle(id, { status: 'sent', attempts: 1, providerId: 'SM1' });
      }
      assert.equal((await tx.outbox.byProviderId('sms', 'SM1'))?.id, 'new');
      assert.equal((await tx.outbox.byProviderId('email', 'SM1'))?.id, 'mail');
      assert.equal(await tx.outbox.byProviderId('sms', 'SM2'), undefined);
    },
  );

  inTransaction('receipts: a report is written where the status is still the one it was judged by', async (tx) => {
    await tx.outbox.insert(message('m'));
    await tx.outbox.settle('m', { status: 'sent', attempts: 1 });
    assert.equal(await tx.outbox.report('m', 'queued', { status: 'delivered', reason: null, at: NOW }), false);
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'bounced', reason: '5.1.1', at: NOW }), true);
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    const found = await tx.outbox.byId('m');
    assert.deepEqual([found?.status, found?.reason, found?.attempts], ['bounced', '5.1.1', 1]);
  });

  inTransaction(
    'receipts: one that is faster than the end of its send stays, beside what the send found out',
    async (tx) => {
      for (const id of ['sent', 'again']) {
        await tx.outbox.insert(message(id, { dueAt: NOW }));
        await tx.outbox.report(id, 'queued', { status: 'bounced', reason: '5.1.1', at: NOW });
      }
      await tx.outbox.settle('sent', {
        status: 'sent',
        attempts: 1,
        reason: null,
        sentAt: NOW,
        providerId: '<1@mail>',
      });
      await tx.outbox.settle('again', { status: 'queued', attempts: 1, reason: 'ETIMEDOUT', dueAt: NOW + 1 });
      for (const id of ['sent', 'again']) {
        const found = await tx.outbox.byId(id);
        assert.deepEqual([found?.status, found?.reason, found?.attempts], ['bounced', '5.1.1', 1]);
      }
      assert.equal((await tx.outbox.byId('sent'))?.providerId, '<1@mail>');
      assert.deepEqual(await tx.outbox.lease({ asked: 9 }, NOW + 9, NOW + 99), []);
    },
  );

  inStore('receipts: of parallel reports on one status exactly one is written', async (store) => {
    await store.transaction((tx) => tx.outbox.insert(message('m')));
    const written = await times(20, () =>
      store.transaction((tx) => tx.outbox.report('m', 'queued', { status: 'delivered', reason: null, at: NOW })),
    );
    assert.equal(written.filter(Boolean).length, 1);
  });
}

function chats(inTransaction: InTransaction): void {
  const chat = (change: Partial<Chat> = {}): Chat => ({
    id: 'c',
    accountId: 'a',
    channel: 'telegram',
    chat: '4503599627370495',
    name: 'Jane',
    consentedAt: NOW,
    linkedAt: NOW + 5_000,
    stoppedAt: null,
    ...change,
  });

  inTransaction('chats: an account has one for each messenger, and a newer one takes its place', async (tx) => {
    assert.deepEqual(await tx.chats.ofAccount('a'), []);
    await tx.chats.link(chat());
    await tx.chats.link(chat({ id: 'v', channel: 'viber', chat: HOSTILE, name: HOSTILE }));
    await tx.chats.link(chat({ id: 'other', accountId: 'b' }));
    assert.deepEqual(await tx.chats.ofAccount('a'), [
      chat(),
      chat({ id: 'v', channel: 'viber', chat: HOSTILE, name: HOSTILE }),
    ]);
    const newer = chat({ id: 'c2', chat: '7', name: null, consentedAt: NOW + 9, linkedAt: NOW + 9 });
    await tx.chats.stop('telegram', '4503599627370495', NOW + 1);
    await tx.chats.link(newer);
    assert.deepEqual((await tx.chats.ofAccount('a'))[0], newer);
    assert.deepEqual(await tx.chats.unlink('a', 'telegram'), newer);
    assert.equal(await tx.chats.unlink('a', 'telegram'), undefined);
    assert.equal((await tx.chats.ofAccount('b')).length, 1);
  });

  inTransaction('chats: a stop ends every account of the chat once, and no consent that is younger', async (tx) => {
    await tx.chats.link(chat());
    await tx.chats.link(chat({ id: 'b', accountId: 'b', consentedAt: NOW + 2 }));
    await tx.chats.link(chat({ id: 'd', accountId: 'd', chat: '7' }));
    await tx.chats.link(chat({ id: 'v', accountId: 'd', channel: 'viber' }));
    assert.deepEqual(await tx.chats.stop('telegram', '4503599627370495', NOW - 1), []);
    assert.deepEqual(await tx.chats.stop('telegram', '4503599627370495', NOW), [chat({ stoppedAt: NOW })]);
    assert.deepEqual(
      (await tx.chats.stop('telegram', '4503599627370495', NOW + 3)).map(({ id }) => id),
      ['b'],
    );
    assert.deepEqual(await tx.chats.stop('telegram', '4503599627370495', NOW + 4), []);
    assert.deepEqual(await tx.chats.ofAccount('a'), [chat({ stoppedAt: NOW })]);
    assert.deepEqual(
      (await tx.chats.ofAccount('d')).map(({ stoppedAt }) => stoppedAt),
      [null, null],
    );
  });
}

function linkTokens(inStore: InStore, inTransaction: InTransaction): void {
  const token = (change: Partial<LinkToken> = {}): LinkToken => ({
    id: 't',
    tokenDigest: 'digest',
    accountId: 'a',
    sessionId: 's',
    channel: 'telegram',
    chat: null,
    name: null,
    offeredAt: null,
    createdAt: NOW,
    expiresAt: NOW + 600_000,
    ...change,
  });
  const offered = { chat: '42', name: HOSTILE, at: NOW + 1 };
  const offer = { chat: '42', name: HOSTILE, offeredAt: NOW + 1 };

  inTransaction('link tokens: the first chat of the right messenger makes the offer, in time', async (tx) => {
    await tx.linkTokens.insert(token());
    assert.equal(await tx.linkTokens.offer('another', 'telegram', offered, NOW), undefined);
    assert.equal(await tx.linkTokens.offer('digest', 'viber', offered, NOW), undefined);
    assert.equal(await tx.linkTokens.offer('digest', 'telegram', offered, NOW + 600_000), undefined);
    assert.deepEqual(await tx.linkTokens.offer('digest', 'telegram', offered, NOW + 599_999), token(offer));
    const other = { ...offered, chat: '43' };
    assert.equal(await tx.linkTokens.offer('digest', 'telegram', other, NOW), undefined);
    assert.deepEqual(await tx.linkTokens.ofSession('s', NOW), [token(offer)]);
    assert.deepEqual(await tx.linkTokens.ofSession('s', NOW + 600_000), []);
    assert.deepEqual(await tx.linkTokens.ofSession('another', NOW), []);
  });

  inTransaction('link tokens: only an offer is taken, in time, by the session that asked', async (tx) => {
    await tx.linkTokens.insert(token());
    assert.equal(await tx.linkTokens.take('t', 's', NOW), undefined);
    await tx.linkTokens.offer('digest', 'telegram', offered, NOW);
    assert.equal(await tx.linkTokens.take('t', 'another', NOW), undefined);
    assert.equal(await tx.linkTokens.take('t', 's', NOW + 600_000), undefined);
    assert.deepEqual(await tx.linkTokens.take('t', 's', NOW), token(offer));
    assert.equal(await tx.linkTokens.take('t', 's', NOW), undefined);
  });

  inStore(
    'link tokens: of many chats that bring one back, and of many that take it, exactly one wins',
    async (store) => {
      await store.transaction((tx) => tx.linkTokens.insert(token()));
      const offers = Array.from({ length: 8 }, (_, at) =>
        store.transaction((tx) => tx.linkTokens.offer('digest', 'telegram', { ...offered, chat: `${at}` }, NOW)),
      );
      assert.equal((await Promise.all(offers)).filter(Boolean).length, 1);
      const takers = Array.from({ length: 8 }, () => store.transaction((tx) => tx.linkTokens.take('t', 's', NOW)));
      assert.equal((await Promise.all(takers)).filter(Boolean).length, 1);
    },
  );

  inTransaction('link tokens: discarded by the session, withdrawn by the chat, purged when they end', async (tx) => {
    await tx.linkTokens.insert(token());
    await tx.linkTokens.insert(token({ id: 'v', tokenDigest: 'viber', channel: 'viber' }));
    await tx.linkTokens.insert(token({ id: 'other', tokenDigest: 'other', sessionId: 'other' }));
    assert.equal(await tx.linkTokens.discard('s', 'telegram'), 1);
    assert.deepEqual(
      (await tx.linkTokens.ofSession('s', NOW)).map(({ id }) => id),
      ['v'],
    );
    await tx.linkTokens.offer('other', 'telegram', offered, NOW);
    assert.equal(await tx.linkTokens.withdraw('telegram', '42', NOW), 0);
    assert.equal(await tx.linkTokens.withdraw('viber', '42', NOW + 1), 0);
    assert.equal(await tx.linkTokens.withdraw('telegram', '42', NOW + 1), 1);
    assert.equal(await tx.linkTokens.purge(NOW + 599_999), 0);
    assert.equal(await tx.linkTokens.purge(NOW + 600_000), 1);
  });
}

function suppressions(inStore: InStore, inTransaction: InTransaction): void {
  const suppression = (change: Partial<Suppression> = {}): Suppression => ({
    identifierMac: 'mac',
    kind: 'email',
    masked: 'j***@example.com',
    trouble: 'no-mailbox',
    reason: '5.1.1',
    at: NOW,
    ...change,
  });

  inTransaction('suppressions: a newer report replaces, the same or an older one changes nothing', async (tx) => {
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression()), true);
    assert.equal(await tx.suppressions.record(suppression({ reason: 'same' })), false);
    assert.equal(await tx.suppressions.record(suppression({ reason: 'older', at: NOW - 1 })), false);
    assert.deepEqual(await tx.suppressions.of('mac'), suppression());
    const newer = suppression({ trouble: 'complaint', reason: 'abuse', at: NOW + 1 });
    assert.equal(await tx.suppressions.record(newer), true);
    assert.deepEqual(await tx.suppressions.of('mac'), newer);
  });

  inTransaction('suppressions: lifted by what is newer, and again in force by what is newer still', async (tx) => {
    await tx.suppressions.record(suppression());
    assert.equal(await tx.suppressions.lift('mac', NOW), false);
    assert.equal(await tx.suppressions.lift('mac', NOW + 1), true);
    assert.equal(await tx.suppressions.lift('mac', NOW + 2), false);
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression()), false);
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression({ at: NOW + 3 })), true);
    assert.equal((await tx.suppressions.of('mac'))?.at, NOW + 3);
  });

  inTransaction('suppressions: what nobody reported for long goes, and what was lifted long ago', async (tx) => {
    const record = (identifierMac: string, at: number) => tx.suppressions.record(suppression({ identifierMac, at }));
    await record('old', NOW - 1);
    await record('standing', NOW);
    await record('lifted', NOW);
    await tx.suppressions.lift('lifted', NOW + 1);
    await record('lifted lately', NOW);
    await tx.suppressions.lift('lifted lately', NOW + 2);
    assert.equal(await tx.suppressions.purge({ reported: NOW, lifted: NOW + 2 }), 2);
    assert.equal(await tx.suppressions.of('old'), undefined);
    assert.equal((await tx.suppressions.of('standing'))?.at, NOW);
    // Its row is gone, so the same report is news; that of the one lifted lately is not.
    assert.equal(await record('lifted', NOW), true);
    assert.equal(await record('lifted lately', NOW), false);
  });

  inStore('suppressions: of many that want to tell support, one does, once in the given time', async (store) => {
    await store.transaction((tx) => tx.suppressions.record(suppression()));
    const claims = await times(20, () =>
      store.transaction((tx) => tx.suppressions.claimTelling('mac', 'm', NOW, 7 * DAY)),
    );
    assert.equal(claims.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.deepEqual(await tx.suppressions.toldBy('m'), suppression());
      assert.equal(await tx.suppressions.toldBy('other'), undefined);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 7 * DAY - 1, 7 * DAY), false);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 7 * DAY, 7 * DAY), true);
      assert.equal(await tx.suppressions.toldBy('m'), undefined);
      assert.equal(await tx.suppressions.claimTelling('unknown', 'm', NOW, 7 * DAY), false);
    });
  });
}

function noAccountMails(inStore: InStore, inTransaction: InTransaction): void {
  inStore('no-account mails: of many parallel claims exactly one wins', async (store) => {
    const claims = () =>
      times(30, () => store.transaction((tx) => tx.noAccountMails.claim('mac', 'message', NOW, 7 * DAY)));
    assert.equal((await claims()).filter(Boolean).length, 1);
    assert.equal((await claims()).filter(Boolean).length, 0);
  });

  inTransaction('no-account mails: claimed again only when the time is over', async (tx) => {
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW, 100), true);
    assert.equal(await tx.noAccountMails.claim('other', 'message', NOW, 100), true);
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW + 99, 100), false);
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW + 100, 100), true);
    assert.equal(await tx.noAccountMails.claim('mac', 'another', NOW + 199, 100), false);
    assert.equal(await tx.noAccountMails.lastMessageId('mac'), 'message');
    assert.equal(await tx.noAccountMails.lastMessageId('nobody'), undefined);
  });

  inTransaction('no-account mails: purged by age', async (tx) => {
    await tx.noAccountMails.claim('old', 'message', NOW - 1, 100);
    await tx.noAccountMails.claim('new', 'message', NOW, 100);
    assert.equal(await tx.noAccountMails.purge(NOW), 1);
    assert.equal(await tx.noAccountMails.claim('new', 'message', NOW + 1, 100), false);
    assert.equal(await tx.noAccountMails.claim('old', 'message', NOW + 1, 100), true);
  });
}

function guesses(inStore: InStore, inTransaction: InTransaction): void {
  inStore('guesses: none is lost when many are counted at once', async (store) => {
    await times(80, () => store.transaction((tx) => tx.guesses.charge(guessed('mac', 'email'), 1, NOW)));
    assert.equal(await store.transaction((tx) => tx.guesses.wrongSince(guessed('mac', 'email'), NOW)), 80);
  });

  inStore('guesses: counted one after the other, at midnight too', async (store) => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    const counts = await times(40, (at) =>
      store.transaction(async (tx) => {
        await tx.guesses.charge(guessed('mac', 'email'), 1, midnight - (at % 2));
        return tx.guesses.wrongSince(guessed('mac', 'email'), midnight - DAY);
      }),
    );
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
  });

  inTransaction('guesses: counted per identifier, channel and lane, over whole days', async (tx) => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight - 1);
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight);
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight + DAY - 1);
    await tx.guesses.charge(guessed('mac', 'sms'), 1, midnight);
    await tx.guesses.charge(guessed('other', 'email'), 1, midnight);
    await tx.guesses.charge(guessed('mac', 'email', 'known-device'), 2, midnight);
    await tx.guesses.charge(guessed('mac', 'email', 'known-device'), 2, midnight);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email', 'known-device'), 0), 4);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight - 30 * DAY), 3);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight - 1), 3);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight), 2);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight + DAY - 1), 2);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight + DAY), 0);
    assert.equal(await tx.guesses.wrongSince(guessed('unknown', 'email'), 0), 0);
    await tx.guesses.clear(guessed('mac', 'email'));
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), 0), 0);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'sms'), 0), 1);
    assert.equal(await tx.guesses.wrongSince(guessed('other', 'email'), 0), 1);
  });

  inTransaction('guesses: purged by day', async (tx) => {
    await tx.guesses.charge(guessed('mac', 'email'), 1, NOW - DAY);
    await tx.guesses.charge(guessed('mac', 'email'), 1, NOW);
    assert.equal(await tx.guesses.purge(NOW), 2, 'the day before, and the row that all charges write');
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), 0), 1);
  });
}

function limits(inStore: InStore, inTransaction: InTransaction): void {
  const limit: Limit = { burst: 3, refillMs: 1_000 };

  inTransaction('limits: a burst at once, then one per refill, and the wait until the next', async (tx) => {
    for (let at = 0; at < 3; at += 1) {
      assert.equal(await tx.limits.wait('k', limit, NOW), 0);
      assert.equal(await tx.limits.charge('k', limit, NOW), undefined);
    }
    assert.equal(await tx.limits.charge('k', limit, NOW), 1_000);
    assert.equal(await tx.limits.charge('k', limit, NOW + 400), 600);
    assert.equal(await tx.limits.wait('k', limit, NOW + 400), 600);
    assert.equal(await tx.limits.charge('k', limit, NOW + 999), 1);
    assert.equal(await tx.limits.charge('k', limit, NOW + 1_000), undefined);
    assert.equal(await tx.limits.charge('k', limit, NOW + 1_000), 1_000);
  });

  inTransaction('limits: a rest fills the bucket to its burst and no further', async (tx) => {
    for (let at = 0; at < 3; at += 1) await tx.limits.charge('k', limit, NOW);
    const rested = NOW + 1_000_000;
    for (let at = 0; at < 3; at += 1) assert.equal(await tx.limits.charge('k', limit, rested), undefined);
    assert.equal(await tx.limits.charge('k', limit, rested), 1_000);
  });

  inTransaction('limits: keys are apart, byte by byte', async (tx) => {
    const single = { burst: 1, refillMs: 1_000 };
    for (const key of ['k', 'K', 'k ', 'ｋ', HOSTILE]) {
      assert.equal(await tx.limits.charge(key, single, NOW), undefined);
      assert.equal(await tx.limits.charge(key, single, NOW), 1_000);
    }
    assert.equal(await tx.limits.wait('unknown', single, NOW), 0);
  });

  inStore('limits: parallel charges share one burst', async (store) => {
    const waits = await times(40, () => store.transaction((tx) => tx.limits.charge('k', limit, NOW)));
    assert.equal(waits.filter((wait) => wait === undefined).length, 3);
    for (const wait of waits) assert.ok(wait === undefined || wait === 1_000);
  });

  inTransaction('limits: purged once they are full again', async (tx) => {
    await tx.limits.charge('full', limit, NOW - 1_000);
    await tx.limits.charge('emptier', limit, NOW);
    assert.equal(await tx.limits.purge(NOW), 1);
    await tx.limits.charge('emptier', limit, NOW);
    await tx.limits.charge('emptier', limit, NOW);
    assert.equal(await tx.limits.charge('emptier', limit, NOW), 1_000);
  });
}

function spend(inStore: InStore, inTransaction: InTransaction): void {
  const money = { channel: 'sms', day: 20_526, stripe: 0, micros: 100_000 } as const;
  const tally: SpendTally = {
    channel: 'sms',
    prefix: '+3361234',
    hour: 492_633,
    outcome: 'sent',
    country: 'FR',
    messages: 1,
    micros: 100_000,
  };

  inTransaction('spend: money is added while it stays within the cap, and given back', async (tx) => {
    assert.equal(await tx.spend.charge({ ...money, micros: 250_001 }, 250_000), false, 'more than the cap at once');
    assert.deepEqual(await tx.spend.spentOn(money.day), []);
    assert.equal(await tx.spend.charge(money, 250_000), true);
    assert.equal(await tx.spend.charge(money, 250_000), true);
    assert.equal(await tx.spend.charge(money, 250_000), false);
    assert.equal(await tx.spend.charge({ ...money, micros: 50_000 }, 250_000), true, 'to the last millionth');
    assert.equal(await tx.spend.charge({ ...money, micros: 1 }, 250_000), false);
    assert.deepEqual(await tx.spend.spentOn(money.day), [{ ...money, micros: 250_000 }]);
    await tx.spend.refund(money);
    assert.equal(await tx.spend.charge(money, 250_000), true);
  });

  inTransaction('spend: channels, days and rows are apart', async (tx) => {
    const others = [
      { ...money, channel: 'whatsapp' as const },
      { ...money, day: money.day + 1 },
      { ...money, stripe: 1 },
    ];
    for (const one of [money, ...others]) assert.equal(await tx.spend.charge(one, money.micros), true);
    assert.deepEqual(await tx.spend.spentOn(money.day), [money, { ...money, stripe: 1 }, others[0]]);
    assert.deepEqual(await tx.spend.spentOn(money.day + 1), [others[1]]);
  });

  inStore('spend: 50 parallel charges at a cap of 10 let exactly 10 through', async (store) => {
    const fits = await times(50, () => store.transaction((tx) => tx.spend.charge(money, 10 * money.micros)));
    assert.equal(fits.filter((fit) => fit).length, 10);
    const spent = await store.transaction((tx) => tx.spend.spentOn(money.day));
    assert.deepEqual(spent, [{ ...money, micros: 10 * money.micros }]);
  });

  inStore('spend: parallel counts are all counted', async (store) => {
    await times(20, () => store.transaction((tx) => tx.spend.count({ ...tally, messages: 2 })));
    assert.deepEqual(await store.transaction((tx) => tx.spend.tallies(tally.hour)), [
      { ...tally, messages: 40, micros: 2_000_000 },
    ]);
  });

  inTransaction('spend: the conversion of a prefix from an hour on', async (tx) => {
    for (const one of [
      tally,
      { ...tally, hour: tally.hour - 1 },
      { ...tally, hour: tally.hour - 2 },
      { ...tally, hour: tally.hour + 1 },
      { ...tally, outcome: 'entered' as const, micros: 0 },
      { ...tally, outcome: 'prefix' as const, micros: 0 },
      { ...tally, outcome: 'newcomer_sent' as const },
      { ...tally, outcome: 'notice' as const },
      { ...tally, prefix: '+3361235' },
      { ...tally, channel: 'whatsapp' as const },
    ])
      await tx.spend.count(one);
    assert.deepEqual(await tx.spend.conversion('sms', tally.prefix, tally.hour - 1, CODES.recovering), {
      sent: 3,
      entered: 1,
    });
    assert.deepEqual(await tx.spend.conversion('sms', tally.prefix, tally.hour - 1, CODES.newcomer), {
      sent: 1,
      entered: 0,
    });
    assert.deepEqual(await tx.spend.conversion('sms', '+4915112', tally.hour - 1, CODES.recovering), {
      sent: 0,
      entered: 0,
    });
  });

  inTransaction('spend: purged by day and by hour', async (tx) => {
    await tx.spend.charge(money, money.micros);
    await tx.spend.charge({ ...money, day: money.day - 1 }, money.micros);
    await tx.spend.count(tally);
    await tx.spend.count({ ...tally, hour: tally.hour - 1 });
    assert.equal(await tx.spend.purge({ day: money.day, hour: tally.hour }), 2);
    assert.deepEqual(await tx.spend.spentOn(money.day), [money]);
    assert.deepEqual(await tx.spend.spentOn(money.day - 1), []);
    assert.deepEqual(await tx.spend.tallies(0), [tally]);
  });
}

function accounts(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('accounts: stored whole, addresses in their order, found by confirmed address only', async (tx) => {
    const given = account({
      name: 'Jane',
      birthday: '1990-02-28',
      locale: 'de-CH',
      passwordHash: '$argon2id$v=19$...',
      addresses: [email('z@example.com'), phone('+15551234567'), { ...email('a@example.com'), confirmedAt: null }],
    });
    assert.equal(await tx.accounts.insert('jane', given, NOW), undefined);
    assert.equal(await tx.accounts.insert('bare', account(), NOW), undefined);
    const stored = { id: 'jane', ...given, passwordBlockedAt: null, generation: 0 };
    const bare = { id: 'bare', ...account(), passwordBlockedAt: null, generation: 0 };
    assert.deepEqual(await tx.accounts.byId('jane'), stored);
    assert.deepEqual(await tx.accounts.byId('bare'), bare);
    assert.equal(await tx.accounts.byId('JANE'), undefined);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('email', 'z@example.com'), [stored]);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', '+15551234567'), [stored]);
    for (const other of ['a@example.com', 'Z@example.com', 'z@example.com ', 'z@example.co'])
      assert.deepEqual(await tx.accounts.byConfirmedAddress('email', other), []);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', 'z@example.com'), []);
    assert.equal(await tx.accounts.count(), 2);
  });

  inTransaction('accounts: letters that look alike are different addresses', async (tx) => {
    for (const [at, canonical] of [
      'é@example.com',
      'e\u0301@example.com',
      'ı@example.com',
      'i@example.com',
    ].entries()) {
      assert.equal(await tx.accounts.insert(`a${at}`, account({ addresses: [email(canonical)] }), NOW), undefined);
      const found = await tx.accounts.byConfirmedAddress('email', canonical);
      assert.deepEqual(
        found.map(({ id }) => id),
        [`a${at}`],
      );
    }
  });

  inTransaction('accounts: a confirmed email address is taken, and nothing of the second account stays', async (tx) => {
    await tx.accounts.insert('first', account({ addresses: [email('jane@example.com')] }), NOW);
    const second = account({ addresses: [phone('+15551234567'), email('jane@example.com'), email('j@example.com')] });
    assert.deepEqual(await tx.accounts.insert('second', second, NOW), { taken: second.addresses[1] });
    assert.equal(await tx.accounts.byId('second'), undefined);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', '+15551234567'), []);
    assert.equal(await tx.accounts.count(), 1);
    assert.equal(await tx.accounts.insert('second', account({ addresses: [email('j@example.com')] }), NOW), undefined);
  });

  inTransaction('accounts: an unconfirmed email address takes nothing', async (tx) => {
    const unconfirmed = account({ addresses: [{ ...email('jane@example.com'), confirmedAt: null }] });
    assert.equal(await tx.accounts.insert('a', unconfirmed, NOW), undefined);
    assert.equal(await tx.accounts.insert('b', account({ addresses: [email('jane@example.com')] }), NOW), undefined);
    assert.equal(await tx.accounts.insert('c', unconfirmed, NOW), undefined);
    assert.deepEqual(
      (await tx.accounts.byConfirmedAddress('email', 'jane@example.com')).map(({ id }) => id),
      ['b'],
    );
  });

  inTransaction('accounts: a phone number may be shared', async (tx) => {
    for (const id of ['a', 'b'])
      assert.equal(await tx.accounts.insert(id, account({ addresses: [phone('+15551234567')] }), NOW), undefined);
    const found = await tx.accounts.byConfirmedAddress('phone', '+15551234567');
    assert.deepEqual(found.map(({ id }) => id).sort(), ['a', 'b']);
  });

  inStore('accounts: of many that take one address at once exactly one is made', async (store) => {
    const given = account({ addresses: [email('jane@example.com')] });
    const results = await times(20, (at) => store.transaction((tx) => tx.accounts.insert(`a${at}`, given, NOW)));
    assert.equal(results.filter((result) => result === undefined).length, 1);
    assert.equal(await store.transaction((tx) => tx.accounts.count()), 1);
  });

  inTransaction('accounts: a change touches what it gives', async (tx) => {
    await tx.accounts.insert('a', account({ passwordHash: 'old', addresses: [email('jane@example.com')] }), NOW);
    await tx.accounts.insert('b', account({ passwordHash: 'other' }), NOW);
    const state = async (id: string) => {
      const { passwordHash, passwordBlockedAt, generation } = (await tx.accounts.byId(id))!;
      return [passwordHash, passwordBlockedAt, generation];
    };
    await tx.accounts.update('a', { passwordBlockedAt: NOW, bumpGeneration: true });
    assert.deepEqual(await state('a'), ['old', NOW, 1]);
    await tx.accounts.update('a', { passwordHash: 'rehashed' });
    assert.deepEqual(await state('a'), ['rehashed', NOW, 1]);
    await tx.accounts.update('a', {
      passwordHash: 'new',
      passwordChangedAt: NOW + 1,
      passwordBlockedAt: null,
      bumpGeneration: true,
    });
    await tx.accounts.update('a', {});
    assert.deepEqual(await state('a'), ['new', null, 2]);
    await tx.accounts.update('a', { bumpGeneration: true });
    assert.deepEqual(await state('a'), ['new', null, 3]);
    assert.deepEqual(await state('b'), ['other', null, 0]);
  });
}

function addresses(inStore: InStore, inTransaction: InTransaction): void {
  const jane = email('jane@example.com');
  const second = email('second@example.com');
  const held = async (tx: StoreTransaction, id: string) =>
    (await tx.accounts.byId(id))!.addresses.map(({ canonical }) => canonical);

  inTransaction('addresses: an added one is found, one that is taken is refused and changes nothing', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane] }), NOW);
    await tx.accounts.insert('b', account(), NOW);
    assert.equal(await tx.accounts.addAddress('a', second, NOW), true);
    assert.deepEqual((await tx.accounts.byConfirmedAddress('email', second.canonical))[0]?.addresses, [jane, second]);
    assert.equal(await tx.accounts.addAddress('b', second, NOW), false);
    assert.equal(await tx.accounts.addAddress('a', second, NOW), false);
    assert.deepEqual(await held(tx, 'b'), []);
    assert.deepEqual(await held(tx, 'a'), [jane.canonical, second.canonical]);
  });

  inTransaction('addresses: a confirmed one takes the place of the same one unconfirmed', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [{ ...jane, confirmedAt: null }, second] }), NOW);
    assert.equal(await tx.accounts.addAddress('a', jane, NOW), true);
    assert.deepEqual((await tx.accounts.byId('a'))?.addresses, [second, jane]);
  });

  inTransaction('addresses: a removed one is free for others, and remembered by when it went', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, second, phone('+15551234567')] }), NOW);
    await tx.accounts.insert('b', account(), NOW);
    assert.equal(await tx.accounts.removeAddress('b', second, NOW), false);
    assert.equal(await tx.accounts.removeAddress('a', { ...second, kind: 'phone' }, NOW), false);
    assert.equal(await tx.accounts.removeAddress('a', second, NOW + 5), true);
    assert.equal(await tx.accounts.removeAddress('a', second, NOW + 6), false);
    assert.deepEqual(await held(tx, 'a'), [jane.canonical, '+15551234567']);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('email', second.canonical), []);
    assert.deepEqual(await tx.accounts.removedSince('a', NOW + 5), [{ ...second, removedAt: NOW + 5 }]);
    assert.deepEqual(await tx.accounts.removedSince('a', NOW + 6), []);
    assert.deepEqual(await tx.accounts.removedSince('b', 0), []);
    assert.equal(await tx.accounts.addAddress('b', second, NOW + 7), true);
    assert.equal(await tx.accounts.removeAddress('a', phone('+15551234567'), NOW + 8), true);
    assert.deepEqual(
      (await tx.accounts.removedSince('a', 0)).map(({ canonical }) => canonical),
      ['+15551234567', second.canonical],
    );
  });

  inTransaction('addresses: what was added again, or never confirmed, is not among the removed', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, { ...second, confirmedAt: null }] }), NOW);
    for (const at of [1, 2]) {
      assert.equal(await tx.accounts.removeAddress('a', jane, NOW + at), true);
      assert.deepEqual(await tx.accounts.removedSince('a', 0), [{ ...jane, removedAt: NOW + at }]);
      assert.equal(await tx.accounts.addAddress('a', jane, NOW + at), true);
    }
    assert.equal(await tx.accounts.removeAddress('a', second, NOW), true);
    assert.deepEqual(await tx.accounts.removedSince('a', 0), []);
  });

  inStore('addresses: of many accounts that add one address at once exactly one gets it', async (store) => {
    await store.transaction(async (tx) => {
      for (let at = 0; at < 10; at += 1) await tx.accounts.insert(`a${at}`, account(), NOW);
    });
    const added = await times(10, (at) => store.transaction((tx) => tx.accounts.addAddress(`a${at}`, jane, NOW)));
    assert.equal(added.filter(Boolean).length, 1);
  });

  inStore('addresses: of many changes from one generation exactly one wins', async (store) => {
    await store.transaction((tx) => tx.accounts.insert('a', account(), NOW));
    const won = await times(10, () => store.transaction((tx) => tx.accounts.nextGeneration('a', 0)));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await store.transaction((tx) => tx.accounts.byId('a')))?.generation, 1);
  });
}

function frozenAddresses(inTransaction: InTransaction): void {
  const jane = email('jane@example.com');
  const second = email('second@example.com');
  const states = async (tx: StoreTransaction) =>
    (await tx.accounts.byId('a'))!.addresses.map(({ frozenAt, thawedAt }) => [frozenAt, thawedAt]);

  inTransaction('addresses: frozen and thawed, each for itself, and only where held', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, second] }), NOW);
    await tx.accounts.insert('b', account({ addresses: [email('b@example.com')] }), NOW);
    await tx.accounts.thawAddress('a', jane, NOW);
    await tx.accounts.freezeAddress('a', { ...jane, kind: 'phone' }, NOW);
    await tx.accounts.freezeAddress('b', jane, NOW);
    assert.deepEqual(await states(tx), [[null, null], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.freezeAddress('a', jane, NOW + 1);
    await tx.accounts.freezeAddress('a', jane, NOW + 2);
    assert.deepEqual(await states(tx), [[NOW + 1, null], [null, null]]); // biome-ignore format: one row for one address
    assert.equal((await tx.accounts.byConfirmedAddress('email', jane.canonical))[0]?.addresses[0]?.frozenAt, NOW + 1);
    await tx.accounts.thawAddress('a', second, NOW + 3);
    await tx.accounts.thawAddress('b', jane, NOW + 3);
    assert.deepEqual(await states(tx), [[NOW + 1, null], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.thawAddress('a', jane, NOW + 4);
    assert.deepEqual(await states(tx), [[null, NOW + 4], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.freezeAddress('a', jane, NOW + 5);
    await tx.accounts.removeAddress('a', jane, NOW + 6);
    assert.equal((await tx.accounts.removedSince('a', 0))[0]?.frozenAt, NOW + 5);
    await tx.accounts.addAddress('a', jane, NOW + 7);
    assert.deepEqual(await states(tx), [[null, null], [null, null]]); // biome-ignore format: one row for one address
  });

  inTransaction('addresses: when one was last added or removed, not those that the account began with', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, { ...second, confirmedAt: null }] }), NOW);
    assert.equal(await tx.accounts.addressesChangedAt('a'), undefined);
    assert.equal(await tx.accounts.addressesChangedAt('nobody'), undefined);
    await tx.accounts.removeAddress('a', second, NOW + 1);
    assert.equal(await tx.accounts.addressesChangedAt('a'), undefined, 'it was never confirmed');
    await tx.accounts.addAddress('a', second, NOW + 2);
    assert.equal(await tx.accounts.addressesChangedAt('a'), NOW + 2);
    await tx.accounts.removeAddress('a', jane, NOW + 3);
    assert.equal(await tx.accounts.addressesChangedAt('a'), NOW + 3);
  });
}

function heldPasswords(inStore: InStore, inTransaction: InTransaction): void {
  const hold = (tx: StoreTransaction, proofId: string, completesAt: number) =>
    tx.heldPasswords.insert({ proofId, passwordHash: `hash of ${proofId}`, completesAt });

  inTransaction('held passwords: due when their time has come, the longest waiting first, taken once', async (tx) => {
    await hold(tx, 'late', NOW + 2);
    await hold(tx, 'early', NOW + 1);
    assert.deepEqual(await tx.heldPasswords.due(NOW), []);
    assert.equal(await tx.heldPasswords.take('early', NOW), undefined);
    assert.deepEqual(await tx.heldPasswords.due(NOW + 2), ['early', 'late']);
    assert.deepEqual(await tx.heldPasswords.take('early', NOW + 1), {
      proofId: 'early',
      passwordHash: 'hash of early',
      completesAt: NOW + 1,
    });
    assert.equal(await tx.heldPasswords.take('early', NOW + 1), undefined);
    assert.deepEqual(await tx.heldPasswords.due(NOW + 2), ['late']);
  });

  inStore('held passwords: of many who take one at once exactly one gets it', async (store) => {
    await store.transaction((tx) => hold(tx, 'p', NOW));
    const taken = await times(10, () => store.transaction((tx) => tx.heldPasswords.take('p', NOW)));
    assert.equal(taken.filter((held) => held !== undefined).length, 1);
  });

  inTransaction('held passwords: gone with their proof, which is kept while it is held', async (tx) => {
    for (const [id, state] of [['held', 'held'], ['stopped', 'held'], ['done', 'completed']] as const) // biome-ignore format: pairs
      await tx.proofs.insert(proof(id, { state, accountId: 'a', completedAt: state === 'held' ? null : NOW + 9 }));
    for (const id of ['held', 'stopped', 'done', 'nobody']) await hold(tx, id, NOW);
    await tx.proofs.cancelAllOf('a', 'held');
    assert.equal((await tx.proofs.byId('stopped'))?.state, 'cancelled');
    assert.equal((await tx.proofs.byId('done'))?.state, 'completed');
    assert.equal(await tx.heldPasswords.purge(), 3);
    assert.deepEqual(await tx.heldPasswords.due(NOW), ['held']);
    assert.equal(await tx.proofs.purge(NOW + 9), 1);
    assert.equal(await tx.proofs.purge(NOW + 10), 1);
    assert.equal((await tx.proofs.byId('held'))?.state, 'held');
  });
}

function retiredIdentifiers(inTransaction: InTransaction): void {
  inTransaction('retired identifiers: the last time counts, and is forgotten in the end', async (tx) => {
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), undefined);
    await tx.retiredIdentifiers.mark('a', NOW);
    await tx.retiredIdentifiers.mark('a', NOW + 1);
    await tx.retiredIdentifiers.mark('b', NOW + 2);
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), NOW + 1);
    assert.equal(await tx.retiredIdentifiers.purge(NOW + 2), 1);
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), undefined);
    assert.equal(await tx.retiredIdentifiers.retiredAt('b'), NOW + 2);
  });
}

function sessions(inTransaction: InTransaction): void {
  inTransaction('sessions: found by token until they expire, last seen first', async (tx) => {
    await tx.sessions.insert(session('a1', { lastSeenAt: NOW, expiresAt: NOW + 100 }));
    await tx.sessions.insert(session('a2', { lastSeenAt: NOW + 1, expiresAt: NOW + 50 }));
    await tx.sessions.insert(session('b1', { accountId: 'b' }));
    assert.deepEqual(
      await tx.sessions.byToken(session('a1').tokenDigest, NOW + 99),
      session('a1', { lastSeenAt: NOW, expiresAt: NOW + 100 }),
    );
    assert.equal(await tx.sessions.byToken(session('a1').tokenDigest, NOW + 100), undefined);
    assert.equal(await tx.sessions.byToken(session('a1').tokenDigest.toUpperCase(), NOW), undefined);
    const ids = async (now: number) => (await tx.sessions.ofAccount('a', now)).map(({ id }) => id);
    assert.deepEqual(await ids(NOW), ['a2', 'a1']);
    await tx.sessions.touch('a1', NOW + 2);
    assert.deepEqual(await ids(NOW), ['a1', 'a2']);
    assert.deepEqual(await ids(NOW + 50), ['a1']);
    assert.deepEqual(await ids(NOW + 100), []);
  });

  inTransaction('sessions: ended one by one, all but one, or all', async (tx) => {
    for (const id of ['a1', 'a2', 'a3', 'a4']) await tx.sessions.insert(session(id));
    await tx.sessions.insert(session('b1', { accountId: 'b' }));
    await tx.sessions.delete('a4');
    assert.equal(await tx.sessions.deleteAllOf('a', 'a2'), 2);
    assert.deepEqual(
      (await tx.sessions.ofAccount('a', NOW)).map(({ id }) => id),
      ['a2'],
    );
    assert.equal(await tx.sessions.deleteAllOf('a'), 1);
    assert.equal(await tx.sessions.deleteAllOf('a'), 0);
    assert.equal((await tx.sessions.ofAccount('b', NOW)).length, 1);
    await tx.sessions.insert(session('c1', { accountId: 'c' }));
    assert.equal(await tx.sessions.deleteAll(), 2);
    assert.deepEqual([await tx.sessions.ofAccount('b', NOW), await tx.sessions.ofAccount('c', NOW)], [[], []]);
  });

  inTransaction('sessions: purged when expired', async (tx) => {
    await tx.sessions.insert(session('a1', { expiresAt: NOW }));
    await tx.sessions.insert(session('a2', { expiresAt: NOW + 1 }));
    assert.equal(await tx.sessions.purge(NOW), 1);
    assert.deepEqual(
      (await tx.sessions.ofAccount('a', 0)).map(({ id }) => id),
      ['a2'],
    );
  });
}

function audit(inTransaction: InTransaction): void {
  inTransaction('audit: the newest events of an account, whatever the clock said', async (tx) => {
    const event = (at: number, accountId: string | null) => ({
      at,
      name: 'sign-in' as const,
      accountId,
      proofId: at % 2 ? 'p' : null,
      detail: { channel: 'email', tries: at, known: true },
    });
    for (const at of [5, 3, 4]) await tx.audit.append(event(at, 'a'));
    await tx.audit.append(event(6, 'b'));
    await tx.audit.append(event(7, null));
    assert.deepEqual(await tx.audit.ofAccount('a', 10), [event(4, 'a'), event(3, 'a'), event(5, 'a')]);
    assert.deepEqual(await tx.audit.ofAccount('a', 1), [event(4, 'a')]);
  });
}

function auditChain(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('audit chain: events are unsealed until a batch covers them, in the order of their ids', async (tx) => {
    for (const at of [3, 1, 2]) await tx.audit.append(event(at));
    const events = await tx.auditChain.unsealed(0, 9);
    assert.deepEqual(
      events.map(({ id: _, ...rest }) => rest),
      [3, 1, 2].map((at) => ({ ...event(at), detail: JSON.stringify(event(at).detail) })),
    );
    assert.ok(events.every(({ id }, index) => index === 0 || id > (events[index - 1]?.id ?? 0)));
    const [first, second] = events;
    assert.deepEqual(await tx.auditChain.unsealed(0, 1), [first]);
    assert.deepEqual(await tx.auditChain.unsealed(first?.id ?? 0, 1), [second]);
    await seal(tx, 1);
    assert.deepEqual(await tx.auditChain.unsealed(0, 9), events.slice(1));
    const left = { count: 2, firstId: second?.id ?? 0, oldestAt: 1 };
    assert.deepEqual(await tx.auditChain.outside({ afterId: 0 }), left);
    assert.deepEqual(await tx.auditChain.outside({ untilId: first?.id ?? 0 }), {
      count: 0,
      firstId: null,
      oldestAt: null,
    });
    assert.deepEqual(await tx.auditChain.outside({ untilId: second?.id ?? 0 }), { ...left, count: 1 });
  });

  inStore('audit chain: of many parallel sealers exactly one stores a batch', async (store) => {
    await store.transaction((tx) => tx.audit.append(event(1)));
    const won = await times(20, () => store.transaction(async (tx) => (await seal(tx, 9)) !== undefined));
    assert.equal(won.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.equal((await tx.auditChain.batches(0, 9)).length, 1);
      assert.equal((await tx.auditChain.sealed(0, 9)).length, 1);
    });
  });

  inTransaction('audit chain: a batch of a number that is taken stores nothing', async (tx) => {
    for (const at of [1, 2]) await tx.audit.append(event(at));
    const batch = await seal(tx, 1);
    const again = sealBatch(await tx.auditChain.unsealed(0, 9), undefined, CHAIN_KEY, NOW);
    assert.equal(await tx.auditChain.insert(again.batch, again.seals), false);
    assert.deepEqual(await tx.auditChain.batches(0, 9), [batch]);
    assert.equal((await tx.auditChain.sealed(0, 9)).length, 1);
  });

  inTransaction('audit chain: batches come back whole, in order, and the newest by when it was sealed', async (tx) => {
    assert.equal(await tx.auditChain.newest(), undefined);
    assert.deepEqual(await tx.auditChain.batches(0, 9), []);
    const batches: (AuditBatch | undefined)[] = [];
    for (let at = 1; at <= 11; at += 1) {
      await tx.audit.append(event(at));
      batches.push(await seal(tx, 1, NOW + at));
    }
    assert.deepEqual(await tx.auditChain.batches(0, 99), batches);
    assert.deepEqual(await tx.auditChain.batches(8, 2), batches.slice(8, 10));
    assert.deepEqual(await tx.auditChain.newest(), batches[10]);
    assert.deepEqual(await tx.auditChain.newest(NOW + 9), batches[8]);
    assert.equal(await tx.auditChain.newest(NOW), undefined);
  });

  inTransaction('audit chain: sealed events in the order of the chain, from a place on and by time', async (tx) => {
    for (let at = 1; at <= 12; at += 1) await tx.audit.append(event(at));
    const events = await tx.auditChain.unsealed(0, 99);
    await seal(tx, 99);
    const sealed = await tx.auditChain.sealed(0, 99);
    assert.deepEqual(
      sealed.map(({ position, eventId, event: found }) => [position, eventId, found]),
      events.map((found, index) => [index + 1, found.id, found]),
    );
    const ats = async (...asked: Parameters<typeof tx.auditChain.sealed>) =>
      (await tx.auditChain.sealed(...asked)).map(({ event: found }) => found?.at);
    assert.deepEqual(await ats(9, 2), [10, 11]);
    assert.deepEqual(await ats(0, 9, { since: 11 }), [11, 12]);
    assert.deepEqual(await ats(0, 9, { since: 2, until: 4 }), [2, 3]);
    assert.deepEqual(await ats(0, 9, { until: 2 }), [1]);
    assert.equal(await tx.auditChain.sealAt(12), sealed[11]?.digest);
    assert.equal(await tx.auditChain.sealAt(13), undefined);
  });

  inTransaction('audit chain: cut at a batch, with everything before it; what it cut is told', async (tx) => {
    const batches: AuditBatch[] = [];
    for (let at = 1; at <= 3; at += 1) {
      await tx.audit.append(event(at));
      await tx.audit.append(event(at));
      batches.push((await seal(tx, 2)) as AuditBatch);
    }
    await tx.audit.append(event(4));
    const anchor = { ...(batches[1] as AuditBatch), purgedAt: NOW, purgeSignature: 'signed' };
    assert.equal(await tx.auditChain.cut(anchor), 4);
    assert.deepEqual(await tx.auditChain.batches(0, 9), [anchor, batches[2]]);
    assert.deepEqual(
      (await tx.auditChain.sealed(0, 9)).map(({ position }) => position),
      [5, 6],
    );
    assert.deepEqual(
      (await tx.audit.ofAccount('a', 9)).map(({ at }) => at),
      [4, 3, 3],
    );
    assert.equal(await tx.auditChain.cut(anchor), 0);
  });

  inTransaction('audit chain: of old events only those without a seal are removed one by one', async (tx) => {
    await tx.audit.append(event(1));
    await seal(tx, 9);
    for (const at of [1, 2, 3]) await tx.audit.append(event(at));
    assert.equal(await tx.auditChain.purgeUnsealed(3), 2);
    assert.deepEqual(
      (await tx.audit.ofAccount('a', 9)).map(({ at }) => at),
      [3, 1],
    );
  });

  function event(at: number) {
    return { at, name: 'sign-in' as const, accountId: 'a', proofId: at % 2 ? 'p' : null, detail: { browser: HOSTILE } };
  }

  async function seal(tx: StoreTransaction, count: number, now = NOW): Promise<AuditBatch | undefined> {
    const last = await tx.auditChain.newest();
    const events = await tx.auditChain.unsealed(0, count);
    if (events.length === 0) return undefined;
    const { batch, seals } = sealBatch(events, last, CHAIN_KEY, now);
    return (await tx.auditChain.insert(batch, seals)) ? batch : undefined;
  }
}

function auditPages(inTransaction: InTransaction): void {
  inTransaction('audit: pages of some names, and what came after an event', async (tx) => {
    const names = ['sign-in', 'wrong-code', 'sign-out', 'sign-in', 'set-password'] as const;
    for (const accountId of ['a', 'b', null])
      for (const [at, name] of names.entries())
        await tx.audit.append({ at, name, accountId, proofId: null, detail: { at } });
    const signs = ['sign-in', 'sign-out'] as const;
    const [last, middle, ...rest] = await tx.audit.pageOf('a', signs, 2);
    assert.deepEqual([last?.at, last?.name, last?.detail, last?.accountId], [3, 'sign-in', { at: 3 }, 'a']);
    assert.deepEqual([middle?.at, middle?.name, rest], [2, 'sign-out', []]);
    assert.deepEqual(
      (await tx.audit.pageOf('a', signs, 2, middle!.id)).map(({ at }) => at),
      [0],
    );
    assert.deepEqual(await tx.audit.pageOf('a', ['report-not-me'], 9), []);
    const others = ['wrong-code', 'set-password'] as const;
    assert.deepEqual(
      (await tx.audit.after('a', others, 0)).map(({ at }) => at),
      [4, 1],
    );
    assert.deepEqual(
      (await tx.audit.after('a', others, middle!.id)).map(({ at }) => at),
      [4],
    );
  });
}

function texts(inTransaction: InTransaction): void {
  inTransaction('texts: whatever a field holds comes back unchanged and does nothing', async (tx) => {
    const stored = withHostileTexts(proof('p', { previousCodeFormat: 'digits', accountId: 'a' }));
    await tx.proofs.insert(stored);
    assert.deepEqual(await tx.proofs.byId(stored.id), stored);
    assert.deepEqual(await tx.proofs.byToken(stored.purpose, stored.tokenDigest), stored);

    const sent = withHostileTexts(message('m', { accountId: 'a', address: 'b' }));
    const rest = withHostileTexts({ providerId: 'x', reason: 'y', kind: 'decoy' as const });
    await tx.outbox.insert(sent);
    await tx.outbox.setKind(sent.id, rest.kind);
    await tx.outbox.settle(sent.id, { status: 'sent', attempts: 1, providerId: rest.providerId, reason: rest.reason });
    assert.deepEqual(await tx.outbox.latestCodeOf(sent.proofId!), {
      ...queued('m', { status: 'sent', attempts: 1 }),
      ...sent,
      ...rest,
    });

    const signedIn = withHostileTexts(session('s'));
    await tx.sessions.insert(signedIn);
    assert.deepEqual(await tx.sessions.byToken(signedIn.tokenDigest, NOW), signedIn);
    assert.deepEqual(await tx.sessions.ofAccount(signedIn.accountId, NOW), [signedIn]);

    const given = withHostileTexts(account({ name: 'n', birthday: 'b', locale: 'l', passwordHash: 'h' }));
    given.addresses = [withHostileTexts({ kind: 'email' as const, value: 'v', canonical: 'c', ...CONFIRMED })];
    await tx.accounts.insert(HOSTILE, given, NOW);
    const { kind, canonical } = given.addresses[0]!;
    assert.deepEqual(await tx.accounts.byConfirmedAddress(kind, canonical), [
      { id: HOSTILE, ...given, passwordBlockedAt: null, generation: 0 },
    ]);

    const { detail, ...texts } = {
      at: 1,
      name: 'sign-in' as const,
      accountId: 'a',
      proofId: 'p',
      detail: { [HOSTILE]: HOSTILE },
    };
    const event = { ...withHostileTexts(texts), detail };
    await tx.audit.append(event);
    assert.deepEqual(await tx.audit.ofAccount(event.accountId, 9), [event]);

    assert.equal(await tx.noAccountMails.claim(HOSTILE, 'message', NOW, 1), true);
    assert.equal(await tx.noAccountMails.claim(HOSTILE, 'message', NOW, 1), false);
    await tx.guesses.charge(guessed(HOSTILE, HOSTILE as 'email'), 1, NOW);
    assert.equal(await tx.guesses.wrongSince(guessed(HOSTILE, HOSTILE as 'email'), 0), 1);
  });

  inTransaction('texts: long ones are kept whole', async (tx) => {
    const long = 'ä\u{1f600}'.repeat(200_000);
    await tx.proofs.insert(proof('p', { browser: long, identifierTyped: long }));
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { browser: long, identifierTyped: long }));
    await tx.audit.append({ at: NOW, name: 'sign-in', accountId: 'a', proofId: null, detail: { long } });
    assert.equal((await tx.audit.ofAccount('a', 1))[0]?.detail.long, long);
  });
}

async function withMigrated(open: OpenStore, body: (store: Store) => Promise<void>): Promise<void> {
  const { store, close } = await open();
  try {
    await store.migrate();
    await body(store);
  } finally {
    await close();
  }
}

function times<T>(count: number, run: (at: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => run(at)));
}

/** Every text of a record becomes hostile, and different from the others. */
function withHostileTexts<T extends object>(record: T): T {
  const hostile = Object.entries(record).map(([field, value]) => [
    field,
    typeof value === 'string' ? `${field}${HOSTILE}` : value,
  ]);
  return Object.fromEntries(hostile) as T;
}

/** Counts how often it was rung; `reaches` resolves when it was rung that often. */
function createBell(): { ring(): void; rung(): number; reaches(count: number): Promise<void> } {
  let rung = 0;
  let waiting: { count: number; resolve(): void }[] = [];
  return {
    ring() {
      rung += 1;
      for (const { count, resolve } of waiting) if (rung >= count) resolve();
      waiting = waiting.filter(({ count }) => rung < count);
    },
    rung: () => rung,
    reaches: (count) =>
      new Promise((resolve) => {
        if (rung >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

function guessed(identifierMac: string, channel: Guessed['channel'], lane: Guessed['lane'] = 'stranger'): Guessed {
  return { identifierMac, channel, lane };
}

function proof(id: string, change: Partial<Proof> = {}): Proof {
  return {
    id,
    tokenDigest: `digest of ${id}`,
    purpose: 'recovery',
    channel: 'email',
    lane: 'stranger',
    carries: 'code',
    identifierKind: 'email',
    identifierTyped: 'Jane@Example.com',
    identifier: 'jane@example.com',
    identifierMac: 'mac',
    locale: 'en',
    browser: 'Firefox on Windows',
    state: 'code_sent',
    resolution: 'pending',
    accountId: null,
    accountGeneration: null,
    keyId: 'k1',
    epoch: 0,
    codeFormat: 'digits',
    codeLength: 6,
    triesLeft: 5,
    codeExpiresAt: NOW + 600_000,
    previousCodeExpiresAt: null,
    previousCodeFormat: null,
    previousCodeLength: null,
    resends: 0,
    resendAt: NOW + 30_000,
    createdAt: NOW,
    verifiedExpiresAt: null,
    completedAt: null,
    reportedAt: null,
    expiresAt: NOW + 3_600_000,
    ...change,
  };
}

function message(id: string, change: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    kind: 'recovery-code',
    channel: 'email',
    proofId: 'p',
    epoch: 0,
    accountId: null,
    address: null,
    locale: 'en',
    createdAt: NOW,
    dueAt: NOW,
    usefulUntil: NOW + 600_000,
    ...change,
  };
}

/** How a new message is stored. */
function queued(id: string, change: Partial<Message> = {}): Message {
  return {
    ...message(id),
    status: 'queued',
    attempts: 0,
    askedAt: null,
    leavesAt: null,
    ask: null,
    follows: null,
    urgency: 'asked',
    leasedUntil: null,
    sentAt: null,
    providerId: null,
    reason: null,
    ...change,
  };
}

function session(id: string, change: Partial<Session> = {}): Session {
  return {
    id,
    tokenDigest: `digest of ${id}`,
    accountId: 'a',
    browser: 'Safari on iOS',
    createdAt: NOW,
    lastSeenAt: NOW,
    expiresAt: NOW + DAY,
    ...change,
  };
}

function account(change: Partial<NewAccount> = {}): NewAccount {
  return { name: null, birthday: null, locale: null, passwordHash: null, addresses: [], ...change };
}

function email(canonical: string) {
  return { kind: 'email' as const, value: canonical.toUpperCase(), canonical, ...CONFIRMED };
}

function phone(canonical: string) {
  return { kind: 'phone' as const, value: canonical, canonical, ...CONFIRMED };
}

const CONFIRMED = { confirmedAt: NOW, frozenAt: null, thawedAt: null };
