import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { idsMeant, outcomeOfStatus, plainId, readReceipt, validityPeriod } from '../../src/rules/smpp.ts';

const MINUTE = 60_000;

test('a period is relative, to the second, and 30 days at most', () => {
  assert.equal(validityPeriod(9 * MINUTE + 999), '000000000900000R');
  assert.equal(validityPeriod(0), '000000000001000R');
  assert.equal(validityPeriod(26 * 60 * MINUTE + 61_000), '000001020101000R');
  assert.match(validityPeriod(Number.MAX_SAFE_INTEGER), /^000030\d{6}000R$/);
});

test('a status that nobody listed is tried again, under its number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x100, max: 0xffffffff }), (status) => {
      const outcome = outcomeOfStatus(status);
      assert.equal(outcome.kind, 'temporary');
      assert.match(outcome.kind === 'temporary' ? outcome.reason : '', /^0x[0-9a-f]{4,8}$/);
    }),
  );
});

describe('a receipt in the layouts of carriers', () => {
  const LAYOUTS = {
    'of Appendix B':
      'id:0123456789 sub:001 dlvrd:001 submit date:2603140912 done date:2603140913 stat:DELIVRD err:000 text:Acme',
    'without counts': 'id:0123456789 submit date:2603140912 done date:260314091301 stat:DELIVRD err:0 Text:',
    'with commas':
      'id:0123456789,sub:001,dlvrd:001,submit date:2603140912,done date:2603140913,stat:DELIVRD,err:000,text:',
    'with spaces behind the colons': 'id: 0123456789 stat: DELIVRD err: 000',
    'in capitals': 'ID:0123456789 STAT:DELIVRD ERR:000',
    'spelled out': 'id:0123456789 stat:DELIVRDED err:000',
  };
  for (const [name, text] of Object.entries(LAYOUTS))
    test(name, () => assert.deepEqual(readReceipt({ text }), { id: '0123456789', status: 'delivered', reason: null }));

  /** message_state of SMPP 3.4 (5.2.28) in full and by number, and one more word for what did not arrive. */
  const OUTCOMES: Record<string, ReturnType<typeof readReceipt>> = {
    DELIVERED: { id: '1', status: 'delivered', reason: null },
    Delivered: { id: '1', status: 'delivered', reason: null },
    2: { id: '1', status: 'delivered', reason: null },
    '02': { id: '1', status: 'delivered', reason: null },
    REJECTED: { id: '1', status: 'failed', reason: 'REJECTD 011' },
    8: { id: '1', status: 'failed', reason: 'REJECTD 011' },
    EXPIRED: { id: '1', status: 'failed', reason: 'EXPIRED 011' },
    3: { id: '1', status: 'failed', reason: 'EXPIRED 011' },
    DELETED: { id: '1', status: 'failed', reason: 'DELETED 011' },
    4: { id: '1', status: 'failed', reason: 'DELETED 011' },
    UNDELIVERABLE: { id: '1', status: 'failed', reason: 'UNDELIV 011' },
    UNDELIVERED: { id: '1', status: 'failed', reason: 'UNDELIV 011' },
    5: { id: '1', status: 'failed', reason: 'UNDELIV 011' },
    FAILED: { id: '1', status: 'failed', reason: 'FAILED 011' },
    ACCEPTED: { id: '1', status: 'sent', reason: null },
    6: { id: '1', status: 'sent', reason: null },
    ENROUTE: { id: '1', status: 'sent', reason: null },
    1: { id: '1', status: 'sent', reason: null },
    // What nobody explains is on its way, as ever.
    DELIVERY: { id: '1', status: 'sent', reason: null },
    BUFFRED: { id: '1', status: 'sent', reason: null },
    99: { id: '1', status: 'sent', reason: null },
  };
  for (const [stat, expected] of Object.entries(OUTCOMES))
    test(`whose state is ${stat}`, () =>
      assert.deepEqual(readReceipt({ text: `id:1 sub:001 stat:${stat} err:011 text:` }), expected));

  test('whose text quotes another: the first counts', () => {
    const text = 'id:1 stat:UNDELIV err:069 text:id:2 stat:DELIVRD';
    assert.deepEqual(readReceipt({ text }), { id: '1', status: 'failed', reason: 'UNDELIV 069' });
  });

  test('never brings more than a code along', () =>
    assert.deepEqual(readReceipt({ text: 'id:1 stat:UNDELIV err:+15005550006' }), {
      id: '1',
      status: 'failed',
      reason: 'UNDELIV',
    }));

  test('of any text is read or left', () => {
    fc.assert(fc.property(fc.string(), (text) => void readReceipt({ text: `id:1 ${text}` })));
  });
});

test('an id means itself first, and the same number in the other base', () => {
  assert.deepEqual(idsMeant('0000001A'), ['1a', '26']);
  assert.deepEqual(idsMeant('26'), ['26', '1a', '38']);
  assert.deepEqual(idsMeant('0'), ['0', '0', '0']);
  assert.deepEqual(idsMeant('c449ab9744f47b6af1879e49e75e4f40'), ['c449ab9744f47b6af1879e49e75e4f40']);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (number) => {
      assert.ok(idsMeant(number.toString()).includes(plainId(number.toString(16))));
      assert.ok(idsMeant(number.toString(16).toUpperCase()).includes(number.toString()));
    }),
  );
});
