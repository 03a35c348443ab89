/** Reads sealed audit events in the order of the chain, for a SIEM. */
import type { AuditFilter } from '../store/store.ts';
import type { Context } from './context.ts';

/** One event as it leaves: these names are a contract, see docs/how-to/audit.md. */
export interface ExportedEvent {
  /** 1, 2, 3 ... without gaps: after the last one you have, ask for more. */
  position: number;
  id: number;
  /** ISO 8601, UTC. */
  at: string;
  name: string;
  accountId: string | null;
  proofId: string | null;
  detail: unknown;
  /** The chain up to here, hex. */
  digest: string;
}

const EVENTS_AT_ONCE = 1_000;

/** In pieces, so that neither memory nor a transaction grows with the number of events. */
export async function* exportAudit(
  { store }: Pick<Context, 'store'>,
  options: AuditFilter & { after: number },
): AsyncGenerator<ExportedEvent[]> {
  let { after } = options;
  for (;;) {
    const from = after;
    const rows = await store.transaction((tx) => tx.auditChain.sealed(from, EVENTS_AT_ONCE, options));
    const events = rows.flatMap(({ position, digest, event }): ExportedEvent[] => {
      if (!event) return [];
      const { id, at, name, accountId, proofId, detail } = event;
      return [{ position, id, at: isoTime(at), name, accountId, proofId, detail: read(detail), digest }];
    });
    if (events.length > 0) yield events;
    const last = rows.at(-1);
    if (!last || rows.length < EVENTS_AT_ONCE) return;
    after = last.position;
  }
}

/** What somebody wrote over an event is passed on as it stands; it is `verify` that says so. */
function read(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}

function isoTime(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}
