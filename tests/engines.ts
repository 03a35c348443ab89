/** The engines that a suite runs on: a settings value for `REGAIN_DATABASE_URL`, and how to clean up. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestPostgres } from './postgres.ts';

export interface TestDatabase {
  url: string;
  remove(): Promise<void>;
}

export const ENGINES: Record<'sqlite' | 'postgres', () => Promise<TestDatabase>> = {
  async sqlite() {
    const folder = await mkdtemp(join(tmpdir(), 'regain-db-'));
    return { url: `sqlite:${join(folder, 'test.db')}`, remove: () => rm(folder, { recursive: true, force: true }) };
  },
  async postgres() {
    const { url, stop } = await openTestPostgres();
    return { url, remove: stop };
  },
};
