/** The store's contract on both engines, and what only shows with several processes or a broken connection. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { DatabaseUrl } from '../../src/config.ts';
import { openStore } from '../../src/store/open.ts';
import type { NewMessage, Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { openTestPostgres } from '../postgres.ts';

interface Database {
  database: DatabaseUrl;
  remove(): Promise<void>;
}

const ENGINES: [name: string, create: () => Promise<Database>][] = [
  ['SQLite', createSqlite],
  ['PostgreSQL', createPostgres],
];

for (const [name, create] of ENGINES) {
  storeContract(`store on ${name}`, async () => {
    const { database, remove } = await create();
    const store = await openStore(database);
    return {
      store,
      async close() {
        await store.close();
        await remove();
      },
    };
  });

  describe(`store on ${name}, with other processes`, () => {
    test('processes that migrate at the same moment apply each migration once', () =>
      withDatabase(create, async (database) => {
        const pending = await inProcess(database, 'await store.pendingMigrations()');
        const applied = await Promise.all([1, 2, 3, 4].map(() => inProcess(database, 'await store.migrate()')));
        assert.equal(pending[0], '0001-initial');
        assert.deepEqual(applied.flat().sort(), pending);
      }));

    test('processes that lease at the same moment take each message once', () =>
      withDatabase(create, async (database) => {
        await withStore(database, async (store) => {
          await store.migrate();
          await store.transaction(async (tx) => {
            for (let at = 0; at < 5; at += 1) await tx.outbox.insert(message(`m${at}`));
          });
        });
        const lease = `await Promise.all(Array.from({ length: 10 }, () =>
          store.transaction(async (tx) => (await tx.outbox.lease({ asked: 1 }, 10, 20)).map(({ id }) => id))))`;
        const leased = await Promise.all([1, 2, 3, 4].map(() => inProcess(database, lease)));
        assert.deepEqual(leased.flat(2).sort(), ['m0', 'm1', 'm2', 'm3', 'm4']);
      }));

    for (const otherProcesses of [true, 'seldom'] as const)
      test(`a message that another process queued wakes (otherProcesses: ${otherProcesses})`, { timeout: 20_000 }, () =>
        withDatabase(create, (database) =>
          withStore(database, async (store) => {
            await store.migrate();
            const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
            const unsubscribe = await store.onQueued(() => wake(), { otherProcesses });
            await inProcess(
              database,
              `await store.transaction((tx) => tx.outbox.insert(${JSON.stringify(message('m'))}))`,
            );
            await woken;
            await unsubscribe();
          }),
        ),
      );
  });
}

test('SQLite: the file is its owner’s alone', () =>
  withDatabase(createSqlite, async (database) => {
    assert.equal(database.engine, 'sqlite');
    await withStore(database, async (store) => {
      await store.migrate();
      const file = database.engine === 'sqlite' ? database.file : '';
      for (const path of [file, `${file}-wal`]) assert.equal((await stat(path)).mode & 0o777, 0o600);
    });
  }));

test('SQLite: commits of this process do not wake by way of the log', () =>
  withDatabase(createSqlite, (database) =>
    withStore(database, async (store) => {
      await store.migrate();
      let wakes = 0;
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      const unsubscribe = await store.onQueued(
        () => {
          wakes += 1;
          resolve();
        },
        { otherProcesses: true },
      );
      await store.transaction((tx) => tx.limits.charge('k', { burst: 1, refillMs: 1 }, 1));
      await inProcess(database, `await store.transaction((tx) => tx.limits.charge('l', { burst: 1, refillMs: 1 }, 1))`);
      await woken;
      assert.equal(wakes, 1);
      await unsubscribe();
    }),
  ));

test(
  'PostgreSQL: a listener that lost its connection makes a new one, and wakes for what it missed',
  { timeout: 20_000 },
  () =>
    withDatabase(createPostgres, (database) =>
      withStore(database, async (store) => {
        await store.migrate();
        const wakes = createQueue();
        const unsubscribe = await store.onQueued(wakes.push);
        await administer(
          database,
          `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query = 'listen regain_outbox'`,
        );
        await wakes.next();
        await store.transaction((tx) => tx.outbox.insert(message('m')));
        await wakes.next();
        await unsubscribe();
      }),
    ),
);

test('PostgreSQL: transactions that block each other are run again until both are through', { timeout: 20_000 }, () =>
  withDatabase(createPostgres, (database) =>
    withStore(database, async (store) => {
      await store.migrate();
      await store.transaction(async (tx) => {
        await tx.outbox.insert(message('a'));
        await tx.outbox.insert(message('b'));
      });
      let runs = 0;
      const bothHoldOne = createBarrier(2);
      const settleBoth = (first: string, second: string) =>
        store.transaction(async (tx) => {
          runs += 1;
          await tx.outbox.settle(first, { status: 'sent', attempts: 1 });
          await bothHoldOne();
          await tx.outbox.settle(second, { status: 'sent', attempts: 1 });
        });
      await Promise.all([settleBoth('a', 'b'), settleBoth('b', 'a')]);
      assert.ok(runs > 2);
      assert.equal(await store.transaction((tx) => tx.outbox.count('sent')), 2);
    }),
  ),
);

async function createSqlite(): Promise<Database> {
  const directory = await mkdtemp(join(tmpdir(), 'regain-store-'));
  return {
    database: { engine: 'sqlite', file: join(directory, 'regain.db') },
    remove: () => rm(directory, { recursive: true }),
  };
}

async function createPostgres(): Promise<Database> {
  const { url, stop } = await openTestPostgres();
  return { database: { engine: 'postgres', url }, remove: stop };
}

async function withDatabase(create: () => Promise<Database>, body: (database: DatabaseUrl) => Promise<void>) {
  const { database, remove } = await create();
  try {
    await body(database);
  } finally {
    await remove();
  }
}

async function withStore(database: DatabaseUrl, body: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(database);
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

/** Opens the store in a process of its own and returns what the expression comes to there. */
async function inProcess(database: DatabaseUrl, expression: string): Promise<unknown[]> {
  const script = `
    import { openStore } from ${JSON.stringify(import.meta.resolve('../../src/store/open.ts'))};
    const store = await openStore(${JSON.stringify(database)});
    const value = ${expression};
    await store.close();
    process.stdout.write(JSON.stringify(value ?? []));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout) as unknown[];
}

async function administer(database: DatabaseUrl, statement: string): Promise<void> {
  assert.equal(database.engine, 'postgres');
  const client = new Client({ connectionString: database.engine === 'postgres' ? database.url : '' });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** What is pushed can be waited for, one at a time. */
function createQueue(): { push(): void; next(): Promise<void> } {
  let pushed = 0;
  const waiting: (() => void)[] = [];
  return {
    push() {
      const first = waiting.shift();
      if (first) first();
      else pushed += 1;
    },
    next: () =>
      new Promise((resolve) => {
        if (pushed === 0) {
          waiting.push(resolve);
          return;
        }
        pushed -= 1;
        resolve();
      }),
  };
}

/** Resolves for everybody when that many have come. */
function createBarrier(count: number): () => Promise<void> {
  let come = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return () => {
    come += 1;
    if (come >= count) resolve();
    return promise;
  };
}

function message(id: string): NewMessage {
  return {
    id,
    kind: 'recovery-code',
    channel: 'email',
    proofId: null,
    epoch: 0,
    accountId: null,
    address: null,
    locale: 'en',
    createdAt: 1,
    dueAt: 1,
    usefulUntil: 1_000,
  };
}
