/** How the worker's two questions are answered on both engines: by the index, whatever waits beside. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompiledQuery } from 'kysely';
import { parseConfig } from '../../src/config.ts';
import { URGENCIES } from '../../src/rules/urgency.ts';
import type { Engine } from '../../src/store/engine.ts';
import { migrate } from '../../src/store/migrations/migrate.ts';
import { OpenTransaction } from '../../src/store/open-transaction.ts';
import { outboxQueries } from '../../src/store/outbox.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { ENGINES } from '../engines.ts';

const COUNTS = { proven: 10, worked: 10, asked: 64, newcomer: 8 };
const NOW = 1_790_000_000_000;

for (const name of ['sqlite', 'postgres'] as const)
  describe(`the outbox's plans on ${name}`, () => {
    test('leasing, and the next moment, read the queue by its index, each urgency apart, and sort nothing', () =>
      withEngine(name, async (engine) => {
        const asked: CompiledQuery[] = [];
        await engine.run(async (running) => {
          const open = new OpenTransaction({
            executeQuery: (query) => {
              asked.push(query);
              return running.executeQuery(query);
            },
          });
          const outbox = outboxQueries(engine, { now: () => NOW })(open);
          await running.executeQuery(raw(BACKLOG));
          await outbox.lease(COUNTS, NOW, NOW + 1);
          await outbox.nextDueAt();
        });
        assert.equal(asked.length, 2);
        for (const query of asked) {
          const plan = await planOf(engine, query);
          const scans = plan.match(/outbox_queued/g) ?? [];
          assert.equal(scans.length, URGENCIES.length, plan);
          assert.doesNotMatch(plan, /\bSeq Scan\b|SCAN outbox\b|\bSort\b|TEMP B-TREE/, plan);
        }
      }));
  });

async function planOf(engine: Engine, query: CompiledQuery): Promise<string> {
  const explain = engine.name === 'sqlite' ? 'explain query plan' : 'explain';
  return engine.run(async (running) => {
    if (engine.name === 'postgres') await running.executeQuery(raw('analyze outbox'));
    const { rows } = await running.executeQuery<Record<string, unknown>>({ ...query, sql: `${explain} ${query.sql}` });
    return rows.map((row) => String(row.detail ?? row['QUERY PLAN'])).join('\n');
  });
}

async function withEngine(name: 'sqlite' | 'postgres', body: (engine: Engine) => Promise<void>): Promise<void> {
  const { url, remove } = await ENGINES[name]();
  const { database } = parseConfig({ REGAIN_DATABASE_URL: url });
  const engine = database.engine === 'sqlite' ? openSqlite(database.file) : openPostgres(database.url);
  try {
    await migrate(engine);
    await body(engine);
  } finally {
    await engine.close();
    await remove();
  }
}

function raw(text: string): CompiledQuery {
  return CompiledQuery.raw(text, []);
}

/** What a minute of flood leaves beside the messages of a month: of each urgency as many, one in three not due yet. */
const BACKLOG = `
  with recursive n (i) as (select 0 union all select i + 1 from n where i < 99999)
  insert into outbox (id, kind, channel, locale, status, attempts, created_at, due_at, useful_until, urgency)
  select 'm' || i, 'recovery-code', 'email', 'en',
    case when i < 20000 then 'queued' else 'sent' end, 0, ${NOW}, ${NOW - 1} + i % 3, ${NOW + 600_000},
    case i % 4 ${URGENCIES.map((urgency, at) => `when ${at} then '${urgency}'`).join(' ')} end
  from n`;
