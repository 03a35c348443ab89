/** Nobody chooses the budget that he is charged to by what he writes into a header (ADVISORIES 27; R09). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { clientAddress, clientNetwork } from '../../src/web/client-address.ts';
import { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { callApi } from '../visitor.ts';

const PROXY = '10.0.0.1';
const GARBAGE = [
  'unknown',
  '',
  ' , ',
  '<script>',
  '1.2.3',
  '1.2.3.4.5',
  '::1::',
  '[::1',
  '127.0.0.1',
  '[::1]:80',
  '-',
  'a'.repeat(9000),
];

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`behind one proxy, on ${engine}`, () => {
    let program: InProcess;
    let asked = 0;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_TRUST_PROXY: '1' });
    });
    after(() => program.close());

    /** Every request asks for somebody else, so that only the network's budget can be empty. */
    const ask = async (forwardedFor: string, peer = PROXY, more: Record<string, string> = {}): Promise<number> => {
      asked += 1;
      const headers = { 'X-Forwarded-For': forwardedFor, ...more };
      const fetch = (request: Request) => program.regain.fetch(request, { peer });
      const body = { identifier: `person${asked}@example.com` };
      return (await callApi(fetch, program.regain.config.origin, 'POST', '/api/v1/recovery', { body, headers })).status;
    };
    const emptyBudgetOf = async (forwardedFor: string, peer = PROXY): Promise<void> => {
      for (let tries = 0; tries < 300; tries += 1) if ((await ask(forwardedFor, peer)) === 429) return;
      assert.fail(`${forwardedFor} was never limited`);
    };

    test('what the client wrote before the proxy’s own item changes nothing', async () => {
      await emptyBudgetOf('198.51.100.1');
      for (const forged of ['192.0.2.1', '127.0.0.1', '::1', 'unknown', '10.0.0.1, 10.0.0.2', ','])
        assert.equal(await ask(`${forged}, 198.51.100.1`), 429, forged);
      for (const spelled of ['198.51.100.1:4711', '::ffff:198.51.100.1', '[::ffff:c633:6401]:80', ' 198.51.100.1 '])
        assert.equal(await ask(spelled), 429, spelled);
      const others = { Forwarded: 'for=192.0.2.9', 'X-Real-IP': '192.0.2.9', 'True-Client-IP': '192.0.2.9' };
      assert.equal(await ask('198.51.100.1', PROXY, others), 429, 'no other header is read');
      assert.equal(await ask('198.51.100.2'), 202);
    });

    test('one IPv6 network has one budget, however its addresses are written', async () => {
      await emptyBudgetOf('2001:db8:1:2::1');
      for (const other of ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002::', '[2001:db8:1:2::9]:443'])
        assert.equal(await ask(other), 429, other);
      assert.equal(await ask('2001:db8:1:3::1'), 202);
    });

    test('65,536 networks of one 6to4 address are one', async () => {
      await emptyBudgetOf('2002:c000:201:1::1');
      assert.equal(await ask('2002:c000:201:ffff::1'), 429);
    });

    test('row 27, CVE-2024-47070: what can’t be read shares one budget, on the proxy’s own machine too', async () => {
      await emptyBudgetOf('unknown', '127.0.0.1');
      for (const garbage of GARBAGE.filter((text) => text.trim() !== ''))
        assert.equal(await ask(garbage, '127.0.0.1'), 429, garbage);
      await emptyBudgetOf('unknown');
      for (const garbage of GARBAGE.filter((text) => !/127|::1\]/.test(text)))
        assert.equal(await ask(garbage), 429, garbage);
    });
  });

describe('any header', () => {
  const hops = (count: number) => ({ hops: count });
  const ip = fc.oneof(fc.ipV4(), fc.ipV6());
  const header = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(fc.oneof(ip, fc.constantFrom(...GARBAGE), fc.string({ maxLength: 20 })), { maxLength: 8 })
      .map((items) => items.join()),
  );

  test('is nothing without a trusted proxy', () => {
    fc.assert(
      fc.property(ip, header, (peer, forged) => {
        assert.equal(clientAddress(peer, forged, hops(0)), clientAddress(peer, undefined, hops(0)));
      }),
    );
  });

  test('counts for its last items only', () => {
    fc.assert(
      fc.property(ip, header, ip, ip, (peer, forged, client, inner) => {
        const real = `${client},${inner}`;
        assert.equal(clientAddress(peer, `${forged},${real}`, hops(2)), clientAddress(peer, real, hops(2)));
      }),
    );
  });

  test('never frees a stranger from limits, and always leads to a network or to the one of the unreadable', () => {
    fc.assert(
      fc.property(fc.ipV4(), header, fc.integer({ min: 0, max: 9 }), (peer, forged, count) => {
        fc.pre(!peer.startsWith('127.'));
        const network = clientNetwork(clientAddress(peer, forged, hops(count)));
        assert.match(network ?? '', /^(unknown|\d+\.\d+\.\d+\.\d+|[0-9a-f:]+::\/64)$/);
      }),
    );
  });

  test('of 100 kB is read in no time to speak of, from its end', () => {
    const long = `${'9'.repeat(50)},`.repeat(2_000);
    assert.equal(clientAddress(PROXY, `${long}198.51.100.7`, hops(1)), '198.51.100.7');
    assert.equal(clientAddress(PROXY, long, hops(99)), PROXY);
  });
});
