/** Transactions that share a commit on SQLite: each as good as one of its own. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openStore } from '../../src/store/open.ts';
import { SharedCommits, Turns, type Writer } from '../../src/store/shared-commit.ts';
import type { Store, StoreTransaction } from '../../src/store/store.ts';
import { testFolder } from '../regain.ts';

const charge = (key: string) => (tx: StoreTransaction) => tx.limits.charge(key, { burst: 1, refillMs: 1_000 }, 1);
const chargedOf = (store: Store, keys: string[]) => store.transaction((tx) => tx.limits.fullAt(keys));

test('those that ask at once share a commit, and each gets its own result', () =>
  withStore(async (store, commits) => {
    const before = await commits();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, at) => store.transaction(async (tx) => [at, await charge(`k${at}`)(tx)])),
    );
    assert.deepEqual(
      results,
      Array.from({ length: 20 }, (_, at) => [at, undefined]),
    );
    assert.equal((await commits()) - before, 1);
    assert.equal((await chargedOf(store, ['k0', 'k19'])).size, 2);
  }));

test('a crowd is divided: others have their turn in between', () =>
  withStore(async (store, commits) => {
    const before = await commits();
    await Promise.all(Array.from({ length: 100 }, (_, at) => store.transaction(charge(`k${at}`))));
    assert.equal((await commits()) - before, 4);
  }));

test('half of a group is kept for those who go ahead, and the crowd is not kept out by them', () =>
  withStore(async (store) => {
    const ended: string[] = [];
    const note = (what: string) => () => void ended.push(what);
    await Promise.all([
      ...Array.from({ length: 100 }, (_, at) => store.transaction(charge(`crowd${at}`)).then(note('crowd'))),
      ...Array.from({ length: 40 }, (_, at) =>
        store.transaction(charge(`ahead${at}`), { ahead: true }).then(note('ahead')),
      ),
    ]);
    const first = ended.slice(0, 32);
    assert.equal(first.filter((what) => what === 'ahead').length, 16);
    assert.equal(first.filter((what) => what === 'crowd').length, 16);
  }));

test('nobody is told of success before the commit', () =>
  withStore(async (store, commits) => {
    const before = await commits();
    const seen = await Promise.all([
      store.transaction(charge('a')).then(commits),
      store.transaction(charge('b')).then(commits),
    ]);
    assert.deepEqual(seen, [before + 1, before + 1]);
  }));

test('one that fails leaves nothing behind, takes no other with it, and costs no second commit', () =>
  withStore(async (store, commits) => {
    const before = await commits();
    const runs = { before: 0, failed: 0, after: 0 };
    const run = (key: keyof typeof runs) => async (tx: StoreTransaction) => {
      runs[key] += 1;
      await charge(key)(tx);
      if (key === 'failed') throw new Error('refused');
    };
    const results = await Promise.allSettled([
      store.transaction(run('before')),
      store.transaction(run('failed')),
      store.transaction(run('after')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(runs, { before: 1, failed: 1, after: 1 });
    assert.equal((await commits()) - before, 1);
    assert.deepEqual([...(await chargedOf(store, ['before', 'failed', 'after'])).keys()].sort(), ['after', 'before']);
    assert.equal(await store.transaction(async () => 'goes on'), 'goes on');
  }));

test('one that reads sees what those before it in the group wrote, and nothing of one that failed', () =>
  withStore(async (store) => {
    const [, , seen] = await Promise.allSettled([
      store.transaction(charge('written')),
      store.transaction(async (tx) => {
        await charge('taken back')(tx);
        throw new Error('refused');
      }),
      store.transaction((tx) => tx.limits.fullAt(['written', 'taken back'])),
    ]);
    assert.deepEqual(seen?.status === 'fulfilled' && [...seen.value.keys()], ['written']);
  }));

test('what was asked for before the end is done', async () => {
  const { folder, remove } = await testFolder();
  const database = { engine: 'sqlite', file: join(folder, 'shared.db') } as const;
  try {
    const store = await openStore(database);
    await store.migrate();
    const asked = Array.from({ length: 50 }, (_, at) => store.transaction(charge(`k${at}`)));
    await store.close();
    await Promise.all(asked);
    const again = await openStore(database);
    assert.equal((await chargedOf(again, ['k0', 'k49'])).size, 2);
    await again.close();
  } finally {
    await remove();
  }
});

test('where no transaction can begin, everybody hears it', async () => {
  const store = await openStore({ engine: 'sqlite', file: ':memory:' });
  await store.migrate();
  await store.close();
  const results = await Promise.allSettled([store.transaction(charge('a')), store.transaction(charge('b'))]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

test('where the commit of all fails for one, that one alone hears it', async () => {
  const database = new DatabaseSync(':memory:');
  // A constraint that is looked at when the transaction commits.
  database.exec('pragma foreign_keys = on; create table one (id integer primary key)');
  database.exec('create table many (one integer references one (id) deferrable initially deferred)');
  const commits = new SharedCommits(writerOn(database), new Turns());
  const insert = (one: number) => async () => void database.exec(`insert into many values (${one})`);
  database.exec('insert into one values (1)');
  const results = await Promise.allSettled([commits.run(insert(1)), commits.run(insert(7)), commits.run(insert(1))]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(valuesOf(database, 'select one as value from many'), [1, 1]);
  database.close();
});

test('where the database ends a transaction under one of them, the others are done all the same', async () => {
  const database = new DatabaseSync(':memory:');
  database.exec('create table facts (fact text)');
  const commits = new SharedCommits(writerOn(database), new Turns());
  const insert = (fact: string) => async () => void database.exec(`insert into facts values ('${fact}')`);
  const ended = async (): Promise<void> => {
    await insert('lost')();
    // As it does by itself where the disk is full or fails (SQLite, "Response To Errors Within A Transaction").
    database.exec('rollback');
    throw new Error('disk full');
  };
  const results = await Promise.allSettled([
    commits.run(insert('before')),
    commits.run(ended),
    commits.run(insert('after')),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? String(result.reason) : result.status)),
    ['fulfilled', 'Error: disk full', 'fulfilled'],
  );
  assert.deepEqual(valuesOf(database, 'select fact as value from facts'), ['before', 'after']);
  database.close();
});

test('where nothing can be undone either, everybody hears it, and the next ones have their turn', async () => {
  const database = new DatabaseSync(':memory:');
  const broken: Writer = {
    ...writerOn(database),
    commit() {
      throw new Error('disk I/O error');
    },
    rollback() {
      throw new Error('disk I/O error');
    },
  };
  const commits = new SharedCommits(broken, new Turns());
  const results = await Promise.allSettled([commits.run(async () => 'a'), commits.run(async () => 'b')]);
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? String(result.reason) : result.status)),
    ['Error: disk I/O error', 'Error: disk I/O error'],
  );
  await assert.rejects(
    commits.run(async () => 'c'),
    /cannot start a transaction within a transaction/,
  );
  database.close();
});

function valuesOf(database: DatabaseSync, query: string): unknown[] {
  return database
    .prepare(query)
    .all()
    .map(({ value }) => value);
}

function writerOn(database: DatabaseSync): Writer {
  return {
    begin: () => database.exec('begin immediate'),
    commit: () => database.exec('commit'),
    rollback: () => database.isTransaction && database.exec('rollback'),
    beginPart: () => database.exec('savepoint part'),
    keepPart: () => database.exec('release part'),
    undoPart: () => database.exec('rollback to part; release part'),
  };
}

/** On a file, whose log tells how often was committed. */
async function withStore(body: (store: Store, commits: () => Promise<number>) => Promise<void>): Promise<void> {
  const { folder, remove } = await testFolder();
  const file = join(folder, 'shared.db');
  const store = await openStore({ engine: 'sqlite', file });
  try {
    await store.migrate();
    await body(store, async () => commitsIn(await readFile(`${file}-wal`)));
  } finally {
    await store.close();
    await remove();
  }
}

/** SQLite's file format, 4.1: frames of a page behind a header of 24 bytes, of which the second field is set in each commit. */
function commitsIn(log: Buffer): number {
  const pageSize = log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + 24 + pageSize <= log.length; at += 24 + pageSize)
    if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  return commits;
}
