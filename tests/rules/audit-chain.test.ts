/** The audit chain: whatever is done to sealed rows without the secret, the first of them is named. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type AuditBatch,
  type ChainKey,
  formatPoint,
  markPurged,
  readPoint,
  type SealedEvent,
  type StoredEvent,
  sealBatch,
} from '../../src/rules/audit-chain.ts';
import { type ChainEnd, checkBatch, checkOldest, type Finding, reachOf } from '../../src/rules/audit-verdict.ts';

const KEY = key('one');
const OTHER = key('two');
const NOW = 1_790_000_000_000;

interface Chain {
  batches: AuditBatch[];
  rows: SealedEvent[];
}

describe('an untouched chain', () => {
  test('holds, however it was cut into batches and with which keys', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }), fc.boolean(), (sizes, rotated) => {
        const chain = sealed(sizes, (number) => (rotated && number > 2 ? OTHER : KEY));
        assert.deepEqual(verify(chain, [OTHER, KEY]), []);
      }),
    );
  });

  test('is the same chain whether it was sealed in one batch or in many', () => {
    assert.deepEqual(sealed([6]).rows, sealed([1, 2, 3]).rows);
  });

  test('no value can run into the next one', () => {
    const digest = (change: Partial<StoredEvent>) => digestAlone({ ...event(1), ...change });
    const digests = [
      digest({}),
      digest({ name: 'sign-in","a1' }),
      digest({ accountId: null }),
      digest({ accountId: 'null' }),
      digest({ accountId: '', proofId: 'a1' }),
      digest({ accountId: 'a1', proofId: '' }),
      digest({ detail: '{"browser": "Firefox"}' }),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });
});

describe('what is done to sealed rows', () => {
  test('an altered column is named at its row', () => {
    const changes: Partial<StoredEvent>[] = [
      { at: NOW + 1 },
      { at: 2 ** 60 },
      { name: 'sign-out' },
      { accountId: null },
      { accountId: 'somebody else' },
      { proofId: 'p' },
      { detail: '{}' },
      { detail: 'not JSON' },
    ];
    withChain(fc.constantFrom(...changes), (chain, at, change) => {
      const row = chain.rows[at] as SealedEvent;
      row.event = { ...(row.event as StoredEvent), ...change };
      return { kind: 'altered', position: at + 1, id: row.eventId };
    });
  });

  test('an altered digest is named at its row, and only there', () => {
    const chain = sealed([3, 3]);
    (chain.rows[1] as SealedEvent).digest = 'f'.repeat(64);
    assert.deepEqual(verify(chain), [{ kind: 'altered', position: 2, id: 4 }]);
  });

  test('a digest made with another key does not pass', () => {
    withChain(fc.constant(undefined), (chain, at) => {
      const row = chain.rows[at] as SealedEvent;
      row.event = { ...(row.event as StoredEvent), name: 'sign-out' };
      const forged = sealed([chain.rows.length], () => OTHER).rows[at] as SealedEvent;
      row.digest = forged.digest;
      return { kind: 'altered', position: at + 1, id: row.eventId };
    });
  });

  test('a removed event is named, and so is a removed seal', () => {
    withChain(fc.constant(undefined), (chain, at) => {
      const row = chain.rows[at] as SealedEvent;
      row.event = undefined;
      return { kind: 'missing', position: at + 1, id: row.eventId };
    });
    withChain(fc.constant(undefined), (chain, at) => {
      chain.rows.splice(at, 1);
      return { kind: 'seal-missing', position: at + 1 };
    });
  });

  test('events that changed places are named, with where they went', () => {
    const kinds = fc.constantFrom('contents' as const, 'seals' as const);
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), kinds, (parts, one, two, kind) => {
        const chain = sealed(parts);
        const [first = 0, second = 0] = [one % chain.rows.length, two % chain.rows.length].sort((a, b) => a - b);
        fc.pre(first !== second);
        const [a, b] = [{ ...(chain.rows[first] as SealedEvent) }, { ...(chain.rows[second] as SealedEvent) }];
        if (kind === 'seals') {
          chain.rows[first] = { ...b, position: a.position };
          chain.rows[second] = { ...a, position: b.position };
        } else {
          chain.rows[first] = { ...a, event: { ...(b.event as StoredEvent), id: a.eventId } };
          chain.rows[second] = { ...b, event: { ...(a.event as StoredEvent), id: b.eventId } };
        }
        const [found] = verify(chain) as [Finding & { position: number }];
        assert.equal(found.position, first + 1);
        // Between two batches it is told as two rows that don't say what they said.
        const together = chain.batches.some(
          (batch) => batch.firstPosition <= first + 1 && second + 1 <= batch.lastPosition,
        );
        if (!together) assert.equal(found.kind, 'altered');
        else
          assert.deepEqual(found, {
            kind: 'reordered',
            position: first + 1,
            id: chain.rows[first]?.eventId,
            foundAt: second + 1,
          });
      }),
    );
  });

  test('a swap within a batch says nothing of the rows around it', () => {
    const chain = sealed([5]);
    const [, b, , d] = chain.rows as [SealedEvent, SealedEvent, SealedEvent, SealedEvent];
    chain.rows[1] = { ...d, position: 2 };
    chain.rows[3] = { ...b, position: 4 };
    assert.deepEqual(verify(chain), [
      { kind: 'reordered', position: 2, id: d.eventId, foundAt: 4 },
      { kind: 'reordered', position: 4, id: b.eventId, foundAt: 2 },
    ]);
  });

  test('an altered record of a batch is named, whichever of its columns it was', () => {
    const fields = fc.constantFrom(
      'firstPosition' as const,
      'lastPosition' as const,
      'highestId' as const,
      'newestAt' as const,
      'sealedAt' as const,
      'keyId' as const,
      'previous' as const,
      'head' as const,
      'signature' as const,
    );
    fc.assert(
      fc.property(sizes, fc.nat(), fields, fc.boolean(), (parts, which, field, more) => {
        const chain = sealed(parts);
        const batch = chain.batches[which % chain.batches.length] as AuditBatch;
        const { number, firstPosition } = batch;
        const value = batch[field];
        const altered = typeof value === 'number' ? value + (more ? 1 : -1) : `${value.slice(0, -1)}x`;
        chain.batches[number - 1] = { ...batch, [field]: altered };
        const [found] = verify(chain);
        assert.deepEqual(found, { kind: 'batch-altered', position: firstPosition, batch: number });
      }),
    );
  });

  test('a batch that is called purged while its events are there is named', () => {
    const { batches } = sealed([2, 2, 2]);
    for (const batch of batches)
      for (const noted of [
        { purgeSignature: 'x' },
        ...(batch.number > 1 ? [{ purgedAt: NOW }, markPurged(batch, KEY, NOW)] : []),
      ]) {
        const chain = sealed([2, 2, 2]);
        chain.batches[batch.number - 1] = { ...batch, ...noted };
        const { firstPosition: position, number } = batch;
        assert.deepEqual(verify(chain), [{ kind: 'batch-altered', position, batch: number }]);
      }
  });

  test('a removed record of a batch is named where another follows', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (parts, which) => {
        const chain = sealed([1, ...parts, 1]);
        const at = 1 + (which % (chain.batches.length - 2));
        const [gone] = chain.batches.splice(at, 1) as [AuditBatch];
        assert.deepEqual(verify(chain), [{ kind: 'batch-missing', position: gone.firstPosition, batch: gone.number }]);
      }),
    );
  });

  test('batches of another chain with the same key do not fit in', () => {
    const chain = sealed([2, 2, 2]);
    const { batches, rows } = sealed([2, 2, 2], () => KEY, 'another browser');
    const mixed = {
      batches: [...chain.batches.slice(0, 1), ...batches.slice(1)],
      rows: [...chain.rows.slice(0, 2), ...rows.slice(2)],
    };
    assert.deepEqual(verify(mixed)[0], { kind: 'batch-altered', position: 3, batch: 2 });
  });

  test('the record of a batch that was rolled back does not fit the rows that came instead', () => {
    const chain = sealed([2, 2]);
    const other = sealBatch([event(3, 'another browser'), event(4)], chain.batches[0], KEY, NOW);
    const mixed = { batches: [chain.batches[0] as AuditBatch, other.batch], rows: chain.rows };
    assert.deepEqual(verify(mixed), [{ kind: 'batch-altered', position: 3, batch: 2 }]);
  });

  test('everything altered is told in bounded time', () => {
    const chain = sealed([200, 200]);
    chain.rows = chain.rows.map((row) => ({ ...row, event: { ...(row.event as StoredEvent), name: 'sign-out' } }));
    assert.equal(verify(chain, [OTHER, key('three'), KEY]).length, 400);
  });
});

describe('the old end', () => {
  const purged = (by: ChainKey = KEY): Chain => {
    const { batches, rows } = sealed([2, 2, 2]);
    const [, anchor, last] = batches as [AuditBatch, AuditBatch, AuditBatch];
    return { batches: [markPurged(anchor, by, NOW + 1), last], rows: rows.slice(4) };
  };

  test('cut by the purge, holds from there on', () => {
    assert.deepEqual(verify(purged()), []);
    assert.deepEqual(verify(purged(OTHER), [OTHER, KEY]), []);
  });

  test('cut by somebody else, does not', () => {
    const { batches, rows } = sealed([2, 2, 2]);
    assert.deepEqual(verify({ batches: batches.slice(1), rows: rows.slice(2) }), [
      { kind: 'purge-unsigned', position: 3, batch: 2 },
    ]);
    const chain = purged();
    for (const forged of [
      { ...(chain.batches[0] as AuditBatch), purgedAt: NOW + 2 },
      { ...(chain.batches[0] as AuditBatch), purgeSignature: null },
      { ...(chain.batches[0] as AuditBatch), purgeSignature: `${KEY.id}:${'0'.repeat(64)}` },
      { ...(batches[1] as AuditBatch), purgedAt: NOW, purgeSignature: 'x' },
    ])
      assert.deepEqual(verify({ ...chain, batches: [forged, chain.batches[1] as AuditBatch] }), [
        { kind: 'purge-unsigned', position: 5, batch: 2 },
      ]);
    const later = { ...(chain.batches[0] as AuditBatch), head: 'f'.repeat(64) };
    assert.equal(verify({ ...chain, batches: [later, chain.batches[1] as AuditBatch] })[0]?.kind, 'batch-altered');
  });

  test('a purge of one batch does not pass for one of a later batch', () => {
    const { batches, rows } = sealed([2, 2, 2]);
    const { purgedAt, purgeSignature } = markPurged(batches[0] as AuditBatch, KEY, NOW);
    const forged = { ...(batches[1] as AuditBatch), purgedAt, purgeSignature };
    assert.equal(
      verify({ batches: [forged, batches[2] as AuditBatch], rows: rows.slice(4) })[0]?.kind,
      'purge-unsigned',
    );
  });
});

describe('a dropped secret', () => {
  test('is not called a forgery, and rows that are gone are still missed', () => {
    const chain = sealed([2, 2, 2], (number) => (number === 2 ? KEY : OTHER));
    assert.deepEqual(verify(chain, [OTHER]), []);
    assert.deepEqual(unchecked(chain, [OTHER]), [2]);
    (chain.rows[2] as SealedEvent).event = undefined;
    chain.rows.splice(3, 1);
    assert.deepEqual(verify(chain, [OTHER]), [
      { kind: 'missing', position: 3, id: (chain.rows[2] as SealedEvent).eventId },
      { kind: 'seal-missing', position: 4 },
    ]);
  });

  test('is no hiding place: what a known secret made is known under any name', () => {
    const chain = sealed([2, 2]);
    chain.batches[0] = { ...(chain.batches[0] as AuditBatch), keyId: '00000000' };
    assert.deepEqual(verify(chain), [{ kind: 'batch-altered', position: 1, batch: 1 }]);
  });
});

test('a point of the chain reads back as it was written, and nothing else does', () => {
  const point = { position: 4711, digest: 'a1'.repeat(32) };
  assert.deepEqual(readPoint(` ${formatPoint(point).toUpperCase()}\n`), point);
  for (const text of ['', '4711', `4711:${'a'.repeat(63)}`, `-1:${'a'.repeat(64)}`, `1e3:${'a'.repeat(64)}`])
    assert.equal(readPoint(text), undefined);
});

const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** Touches a random row of a random chain; what `touch` returns must be the first finding. */
function withChain<T>(given: fc.Arbitrary<T>, touch: (chain: Chain, at: number, given: T) => Finding): void {
  fc.assert(
    fc.property(sizes, fc.nat(), given, (parts, which, value) => {
      const chain = sealed(parts);
      const wanted = touch(chain, which % chain.rows.length, value);
      assert.deepEqual(verify(chain)[0], wanted);
    }),
  );
}

function sealed(parts: number[], keyOf: (number: number) => ChainKey = () => KEY, browser = 'Firefox'): Chain {
  const batches: AuditBatch[] = [];
  const rows: SealedEvent[] = [];
  for (const size of parts) {
    const events = Array.from({ length: size }, (_, at) => event(rows.length + at + 1, browser));
    const { batch, seals } = sealBatch(events, batches.at(-1), keyOf(batches.length + 1), NOW);
    batches.push(batch);
    rows.push(...seals.map((seal, at) => ({ ...seal, event: events[at] })));
  }
  return { batches, rows };
}

function event(number: number, browser = 'Firefox'): StoredEvent {
  return {
    // With gaps, as PostgreSQL has them.
    id: number * 2,
    at: NOW - 1_000 + number,
    name: 'sign-in',
    accountId: `a${number}`,
    proofId: null,
    detail: JSON.stringify({ browser }),
  };
}

function digestAlone(of: StoredEvent): string {
  return sealBatch([of], undefined, KEY, NOW).batch.head;
}

function verify(chain: Chain, keys: ChainKey[] = [KEY]): Finding[] {
  return walk(chain, keys).findings;
}

function unchecked(chain: Chain, keys: ChainKey[]): number[] {
  return walk(chain, keys).unchecked;
}

/** As the action does it, with everything in memory. */
function walk({ batches, rows }: Chain, keys: ChainKey[]): { findings: Finding[]; unchecked: number[] } {
  const start = checkOldest(batches[0], keys);
  const findings = [...start.findings];
  const unchecked: number[] = [];
  let end: ChainEnd = start.end;
  const left = batches.filter(({ number }) => number > start.end.number);
  left.forEach((batch, at) => {
    const until = reachOf(batch, left[at + 1], keys);
    const own = rows.filter(({ position }) => position > end.position && position <= until);
    const verdict = checkBatch(end, batch, own, keys);
    findings.push(...verdict.findings);
    if (!verdict.checked) unchecked.push(batch.number);
    end = verdict.end;
  });
  return { findings, unchecked };
}

function key(name: string): ChainKey {
  const bytes = createHmac('sha256', 'a test').update(name).digest();
  return { id: bytes.toString('hex').slice(0, 8), key: bytes };
}
