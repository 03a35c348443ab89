/** Checks the whole audit chain, reading a bounded part of it at a time. Writes nothing. */
import { AUDIT_BATCH_MAX, type AuditBatch, type ChainPoint, type SealedEvent } from '../rules/audit-chain.ts';
import { type ChainEnd, checkBatch, checkOldest, type Finding, reachOf } from '../rules/audit-verdict.ts';
import type { Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { settledId } from './settled-id.ts';

const BATCHES_AT_ONCE = 500;
const ROWS_AT_ONCE = 2_000;
const FINDINGS_KEPT = 10;
/** An event is sealed within a minute where a worker runs. */
const SEALED_LATE_MS = 60 * 60_000;
/** A purge that runs meanwhile takes rows away from under the check; then it begins again. */
const STARTS = 3;

export interface AuditReport {
  /** The first ones, in the order of the chain. */
  findings: Finding[];
  findingCount: number;
  /** Sealed events that were looked at, and their batches. */
  events: number;
  batches: number;
  /** When the first and the last of them happened. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Undefined for an empty chain. */
  head: ChainPoint | undefined;
  purged: { position: number; at: number } | undefined;
  /** Batches whose secret is not in REGAIN_SECRET any more. */
  unchecked: { count: number; firstPosition: number; lastPosition: number; keyIds: string[] } | undefined;
  unsealed: { count: number; oldestAt: number | null };
  /** Events that were sealed an hour or more after they happened. */
  sealedLate: { count: number; firstPosition: number; batch: number } | undefined;
  expected: Expected | undefined;
}

/** What became of a point of the chain that was kept elsewhere. */
export type Expected = 'there' | 'purged' | 'cut-off' | 'rewritten';

type VerifyContext = Pick<Context, 'store' | 'keys' | 'clock'>;

export async function verifyAudit(context: VerifyContext, expected?: ChainPoint): Promise<AuditReport> {
  for (let start = 1; ; start += 1) {
    const [oldest] = await context.store.transaction((tx) => tx.auditChain.batches(0, 1));
    const report = await new Check(context, oldest).run(expected);
    const [now] = await context.store.transaction((tx) => tx.auditChain.batches(0, 1));
    if (report.findingCount === 0 || now?.number === oldest?.number || start === STARTS) return report;
  }
}

class Check {
  readonly #context: VerifyContext;
  readonly #keys: ReturnType<Context['keys']['auditKeys']>;
  readonly #oldest: AuditBatch | undefined;
  readonly #report: AuditReport;
  #end: ChainEnd;

  constructor(context: VerifyContext, oldest: AuditBatch | undefined) {
    this.#context = context;
    this.#keys = context.keys.auditKeys();
    this.#oldest = oldest;
    const { findings, checked, end } = checkOldest(oldest, this.#keys);
    this.#end = end;
    this.#report = {
      findings: [],
      findingCount: 0,
      events: 0,
      batches: 0,
      firstAt: undefined,
      lastAt: undefined,
      head: undefined,
      purged:
        findings.length === 0 && oldest && oldest.purgedAt !== null
          ? { position: oldest.lastPosition, at: oldest.purgedAt }
          : undefined,
      unchecked: undefined,
      unsealed: { count: 0, oldestAt: null },
      sealedLate: undefined,
      expected: undefined,
    };
    this.#note(findings);
    if (oldest && !checked) this.#noteUnchecked(oldest, oldest.lastPosition, oldest.lastPosition);
  }

  async run(expected: ChainPoint | undefined): Promise<AuditReport> {
    await this.#checkBatches();
    const report = this.#report;
    if (this.#end.position > 0) report.head = { position: this.#end.position, digest: this.#end.head };
    const { store, clock } = this.#context;
    const settled = await store.transaction((tx) => settledId(tx, store.engine, clock.now()));
    const { added, unsealed } = await store.transaction(async (tx) => ({
      added: await tx.auditChain.outside({ untilId: settled }),
      unsealed: await tx.auditChain.outside({ afterId: settled }),
    }));
    report.unsealed = unsealed;
    if (added.firstId !== null) this.#note([{ kind: 'added', id: added.firstId, count: added.count }]);
    if (expected) report.expected = await this.#look(expected);
    return report;
  }

  async #checkBatches(): Promise<void> {
    const rows = new SealedRows(this.#context.store, this.#end.position);
    for (;;) {
      const batches = await this.#context.store.transaction((tx) =>
        tx.auditChain.batches(this.#end.number, BATCHES_AT_ONCE),
      );
      for (const [at, batch] of batches.entries()) {
        const until = reachOf(batch, batches[at + 1], this.#keys);
        this.#checkOne(batch, await rows.take(this.#end.position, until));
      }
      if (batches.length > 0) continue;
      const [left] = await rows.take(this.#end.position, Number.MAX_SAFE_INTEGER);
      if (!left) return;
      // Sealed since the batches were read? Then there is one more.
      const more = await this.#context.store.transaction((tx) => tx.auditChain.batches(this.#end.number, 1));
      if (more.length > 0) {
        rows.startAgain(this.#end.position);
        continue;
      }
      this.#note([{ kind: 'unbatched', position: left.position }]);
      return;
    }
  }

  #checkOne(batch: AuditBatch, rows: SealedEvent[]): void {
    const { findings, checked, end } = checkBatch(this.#end, batch, rows, this.#keys);
    this.#note(findings);
    if (!checked) this.#noteUnchecked(batch, batch.firstPosition, batch.lastPosition);
    const report = this.#report;
    report.batches += 1;
    for (const { position, event } of rows) {
      if (!event) continue;
      report.events += 1;
      report.firstAt ??= event.at;
      report.lastAt = event.at;
      if (batch.sealedAt - event.at < SEALED_LATE_MS) continue;
      report.sealedLate ??= { count: 0, firstPosition: position, batch: batch.number };
      report.sealedLate.count += 1;
    }
    this.#end = end;
  }

  async #look({ position, digest }: ChainPoint): Promise<Expected> {
    const purged = this.#report.purged?.position ?? 0;
    if (position === purged && this.#oldest) return this.#oldest.head === digest ? 'there' : 'rewritten';
    if (position < purged) return 'purged';
    if (position > this.#end.position) return 'cut-off';
    const found = await this.#context.store.transaction((tx) => tx.auditChain.sealAt(position));
    return found === digest ? 'there' : 'rewritten';
  }

  #note(findings: readonly Finding[]): void {
    this.#report.findingCount += findings.length;
    this.#report.findings.push(...findings.slice(0, FINDINGS_KEPT - this.#report.findings.length));
  }

  #noteUnchecked({ keyId }: AuditBatch, firstPosition: number, lastPosition: number): void {
    const before = this.#report.unchecked;
    this.#report.unchecked = {
      count: (before?.count ?? 0) + 1,
      firstPosition: before?.firstPosition ?? firstPosition,
      lastPosition,
      keyIds: [...new Set([...(before?.keyIds ?? []), keyId])],
    };
  }
}

/** Sealed rows in the order of the chain, some thousand in memory at a time. */
class SealedRows {
  readonly #store: Store;
  #rows: SealedEvent[] = [];
  #readUntil: number;

  constructor(store: Store, afterPosition: number) {
    this.#store = store;
    this.#readUntil = afterPosition;
  }

  /** Those after one place and up to another; at most as many as a batch can have, the rest is passed over. */
  async take(after: number, until: number): Promise<SealedEvent[]> {
    const taken: SealedEvent[] = [];
    for (;;) {
      const beyond = this.#rows.findIndex(({ position }) => position > until);
      const part = beyond < 0 ? this.#rows : this.#rows.slice(0, beyond);
      taken.push(...part.filter(({ position }) => position > after).slice(0, AUDIT_BATCH_MAX - taken.length));
      this.#rows = beyond < 0 ? [] : this.#rows.slice(beyond);
      const complete = beyond >= 0 || part.at(-1)?.position === until;
      if (complete || !(await this.#readMore())) return taken;
    }
  }

  startAgain(afterPosition: number): void {
    this.#rows = [];
    this.#readUntil = afterPosition;
  }

  async #readMore(): Promise<boolean> {
    this.#rows = await this.#store.transaction((tx) => tx.auditChain.sealed(this.#readUntil, ROWS_AT_ONCE));
    this.#readUntil = this.#rows.at(-1)?.position ?? this.#readUntil;
    return this.#rows.length > 0;
  }
}
