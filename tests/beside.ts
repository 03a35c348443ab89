/** Two things at one moment, on PostgreSQL: the first stands still in its transaction until the second waits for it, or is over. */
import type { Context } from '../src/actions/context.ts';
import type { StoreTransaction } from '../src/store/store.ts';
import type { InProcess } from './in-process.ts';
import { sqlOn } from './sql-on.ts';

type Work = (tx: StoreTransaction) => Promise<unknown>;

/**
 * @param standsStill wraps the work of the first's transaction; `stop` resolves when it may go on. Left out, it stops after all is written
 * @returns what the second came to
 */
export async function beside<T>(
  program: InProcess,
  first: (context: Context) => Promise<unknown>,
  second: () => Promise<T>,
  standsStill: (work: Work, stop: () => Promise<void>) => Work = (work, stop) => async (tx) => {
    const done = await work(tx);
    await stop();
    return done;
  },
): Promise<T> {
  const { context } = program.regain;
  const stopped = Promise.withResolvers<void>();
  const mayGoOn = Promise.withResolvers<void>();
  const stop = (): Promise<void> => {
    stopped.resolve();
    return mayGoOn.promise;
  };
  const transaction = ((work: Work) =>
    context.store.transaction(standsStill(work, stop))) as typeof context.store.transaction;
  const beginning = first({ ...context, store: { ...context.store, transaction } });
  await stopped.promise;
  let isOver = false;
  const following = second().finally(() => {
    isOver = true;
  });
  while (!isOver && !(await somebodyWaits(program)));
  mayGoOn.resolve();
  await beginning;
  return following;
}

async function somebodyWaits({ regain }: InProcess): Promise<boolean> {
  const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  return (await sqlOn(regain.config.database, waiting)).length > 0;
}
