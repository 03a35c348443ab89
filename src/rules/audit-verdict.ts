/** What is wrong with the audit chain, batch by batch: the first row that was altered, removed, moved or added. */
import {
  AUDIT_BATCH_MAX,
  type AuditBatch,
  type ChainKey,
  digestOf,
  isSigned,
  purgeMac,
  type SealedEvent,
} from './audit-chain.ts';

export type Finding =
  /** The event, or its seal, is not what was sealed. */
  | { kind: 'altered'; position: number; id: number }
  /** What belongs here stands at another place. */
  | { kind: 'reordered'; position: number; id: number; foundAt: number }
  /** A sealed event is gone. */
  | { kind: 'missing'; position: number; id: number }
  /** The seal itself is gone, and with it the name of its event. */
  | { kind: 'seal-missing'; position: number }
  /** An event stands between sealed ones and was never sealed. */
  | { kind: 'added'; id: number; count: number }
  /** The record of a batch is not what Regain wrote. */
  | { kind: 'batch-altered'; position: number; batch: number }
  | { kind: 'batch-missing'; position: number; batch: number }
  /** Seals that no batch covers: the last batches' records are gone. */
  | { kind: 'unbatched'; position: number }
  /** Everything before is gone, and not by Regain's purge. */
  | { kind: 'purge-unsigned'; position: number; batch: number };

/** Where the part that was checked ends. */
export interface ChainEnd {
  /** The last batch; 0 before the first. */
  number: number;
  position: number;
  head: string;
}

export interface BatchVerdict {
  findings: Finding[];
  /** False where the secret of the batch is not known any more; its rows were only counted. */
  checked: boolean;
  end: ChainEnd;
}

export const CHAIN_START: ChainEnd = { number: 0, position: 0, head: '' };

/** Where checking begins: the first batch ever, or the oldest one that a purge left. */
export function checkOldest(oldest: AuditBatch | undefined, keys: readonly ChainKey[]): BatchVerdict {
  if (!oldest || (oldest.purgedAt === null && oldest.number === 1))
    return { findings: [], checked: true, end: CHAIN_START };
  if (oldest.purgedAt === null) {
    const { number, firstPosition, previous } = oldest;
    const gone: Finding = { kind: 'purge-unsigned', position: firstPosition, batch: number };
    return {
      findings: [gone],
      checked: true,
      end: { number: number - 1, position: firstPosition - 1, head: previous },
    };
  }
  const { number, lastPosition, head } = oldest;
  const end = { number, position: lastPosition, head };
  const findings: Finding[] = [];
  if (isKnown(oldest.keyId, keys) && !isSigned(oldest, keys))
    findings.push({ kind: 'batch-altered', position: lastPosition, batch: number });
  const purge = checkPurge(oldest, oldest.purgedAt, keys);
  if (purge === 'forged') findings.push({ kind: 'purge-unsigned', position: lastPosition + 1, batch: number });
  return { findings, checked: purge !== 'unknown', end };
}

/** Up to which position rows belong to a batch: its own record says so, or where that was altered, the next one's. */
export function reachOf(batch: AuditBatch, next: AuditBatch | undefined, keys: readonly ChainKey[]): number {
  return !next || isSigned(batch, keys) ? batch.lastPosition : next.firstPosition - 1;
}

/**
 * @param end what came before
 * @param rows the sealed rows after `end.position`, up to the batch's reach
 */
export function checkBatch(
  end: ChainEnd,
  batch: AuditBatch,
  rows: readonly SealedEvent[],
  keys: readonly ChainKey[],
): BatchVerdict {
  const findings: Finding[] = [];
  const gap = batch.number > end.number + 1;
  if (gap) findings.push({ kind: 'batch-missing', position: end.position + 1, batch: end.number + 1 });

  const signed = isSigned(batch, keys);
  const checked = signed || isKnown(batch.keyId, keys) || rows.some((row) => holdsAlone(row, rows, keys, batch));
  const continues = gap || (batch.previous === end.head && batch.firstPosition === end.position + 1);
  // A batch that can't be checked is vouched for by the next one, which continues from its numbers and its head.
  const believed = signed || !checked;
  const first = gap && believed ? batch.firstPosition : end.position + 1;
  // Only the oldest batch of a purge says that it was purged, and its rows are gone: it never comes here.
  const isPurged = batch.purgedAt !== null || batch.purgeSignature !== null;
  if (isPurged || (checked && !(signed && continues)))
    findings.push({ kind: 'batch-altered', position: first, batch: batch.number });

  // Where the record of the batch is no witness, its own numbers are not to be trusted: the rows say how far it reaches.
  const lastRow = believed ? undefined : rows.at(-1);
  const last = lastRow?.position ?? batch.lastPosition;
  const able = signed ? keys.filter(({ id }) => id === batch.keyId) : checked ? keys : [];
  const walked = checkRows(
    rows.filter(({ position }) => position >= first && position <= last),
    { first, last, previous: unique(gap ? [batch.previous] : [end.head, batch.previous]), keys: able },
  );
  findings.push(...walked.findings);
  // Rows that all hold and yet don't end as signed are another chain's: one that was rolled back and continued differently.
  if (signed && walked.findings.length === 0 && !walked.heads.includes(batch.head))
    findings.push({ kind: 'batch-altered', position: first, batch: batch.number });
  return { findings, checked, end: { number: batch.number, position: last, head: lastRow?.digest ?? batch.head } };
}

/** Looking for where a row went costs two MACs for each row of the batch; where everything is altered, nobody asks. */
const MOVES_LOOKED_FOR = 10;
/** After a row that doesn't hold. Without a bound they would multiply with every further one. */
const CANDIDATES_KEPT = 4;

interface Walk {
  first: number;
  last: number;
  /** What the digest before may be: where the record and the row before disagree, either may be the altered one. */
  previous: string[];
  /** None where rows can't be checked, only counted. */
  keys: readonly ChainKey[];
}

function checkRows(rows: readonly SealedEvent[], walk: Walk): { findings: Finding[]; heads: string[] } {
  const findings: Finding[] = [];
  /** Undefined after a gap: the next row can't be compared with what is gone. */
  let previous: string[] | undefined = walk.previous;
  let expected = walk.first;
  const noteGap = (until: number): void => {
    if (expected < until) previous = undefined;
    // A gap that no batch can be as long as says nothing row by row.
    const named = Math.min(until, expected + AUDIT_BATCH_MAX);
    for (let position = expected; position < named; position += 1) findings.push({ kind: 'seal-missing', position });
  };
  for (const row of rows) {
    noteGap(row.position);
    const { position, eventId: id, digest, event } = row;
    const computed: string[] = event && previous ? possibleDigests(row, event, previous, walk.keys) : [];
    if (!event) {
      findings.push({ kind: 'missing', position, id });
      previous = [digest];
    } else if (!previous || walk.keys.length === 0 || computed.includes(digest)) previous = [digest];
    else {
      const moved: SealedEvent | undefined =
        findings.length < MOVES_LOOKED_FOR ? whereItStands(row, rows, previous, walk.keys) : undefined;
      findings.push(
        moved ? { kind: 'reordered', position, id, foundAt: moved.position } : { kind: 'altered', position, id },
      );
      // Whichever of them was sealed here, the next row knows.
      previous = unique([digest, ...(moved ? [moved.digest] : []), ...computed]).slice(0, CANDIDATES_KEPT);
    }
    expected = position + 1;
  }
  noteGap(walk.last + 1);
  return { findings, heads: previous ?? [] };
}

function possibleDigests(
  { position }: SealedEvent,
  event: NonNullable<SealedEvent['event']>,
  previous: readonly string[],
  keys: readonly ChainKey[],
): string[] {
  return keys.flatMap(({ key }) => previous.map((before) => digestOf(key, before, position, event)));
}

/** Whether another row of the batch has what belongs here: its seal and event, or only its event's content. */
function whereItStands(
  row: SealedEvent,
  rows: readonly SealedEvent[],
  previous: readonly string[],
  keys: readonly ChainKey[],
): SealedEvent | undefined {
  const { position, eventId, digest } = row;
  return rows.find(({ event, ...other }) => {
    if (!event || other.position === position) return false;
    const moved = { ...row, digest: other.digest };
    if (possibleDigests(moved, event, previous, keys).includes(other.digest)) return true;
    return possibleDigests(row, { ...event, id: eventId }, previous, keys).includes(digest);
  });
}

/** With an unknown key named and yet made with a known one: the name of the key was altered. */
function holdsAlone(
  { position, digest, event }: SealedEvent,
  rows: readonly SealedEvent[],
  keys: readonly ChainKey[],
  batch: AuditBatch,
): boolean {
  if (!event) return false;
  const before = rows.find((row) => row.position === position - 1)?.digest ?? batch.previous;
  return keys.some(({ key }) => digestOf(key, before, position, event) === digest);
}

function checkPurge(batch: AuditBatch, purgedAt: number, keys: readonly ChainKey[]): 'signed' | 'forged' | 'unknown' {
  const [keyId = '', given] = (batch.purgeSignature ?? '').split(':');
  const key = keys.find(({ id }) => id === keyId)?.key;
  if (!key) return /^[0-9a-f]{8}$/.test(keyId) ? 'unknown' : 'forged';
  return purgeMac(key, batch, purgedAt) === given ? 'signed' : 'forged';
}

function isKnown(keyId: string, keys: readonly ChainKey[]): boolean {
  return keys.some(({ id }) => id === keyId);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
