import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { clientAddress, clientNetwork } from '../../src/web/client-address.ts';

const trusting = (value: string) => parseConfig({ REGAIN_TRUST_PROXY: value }).trustedProxies;

describe('the client’s address (ADVISORIES row 27)', () => {
  const cases: [string, string, string, string | undefined, string][] = [
    ['no proxy trusted, a forged header', '0', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['one hop', '1', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['one hop, a client that forged more', '1', '10.0.0.1', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
    ['two hops', '2', '10.0.0.1', '192.0.2.66, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['two hops, but one address', '2', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['one hop, no header', '1', '10.0.0.1', undefined, '10.0.0.1'],
    ['one hop, an empty header', '1', '10.0.0.1', '', '10.0.0.1'],
    ['one hop, garbage', '1', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['one hop, garbage before the address', '1', '10.0.0.1', '<script>, 198.51.100.1', '198.51.100.1'],
    ['a network', '10.0.0.0/8', '10.2.3.4', '192.0.2.66, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['a peer outside of the network', '10.0.0.0/8', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['an IPv6 network', 'fd00::/8', 'fd00::1', '2001:db8::7', '2001:db8::7'],
    ['a port behind the address', '1', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['brackets and a port', '1', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['a zone', '1', '10.0.0.1', 'fe80::7%eth0', 'fe80::7'],
    ['empty items', '1', '10.0.0.1', '198.51.100.1, , ', '10.0.0.1'],
    ['an octal address', '1', '10.0.0.1', '010.0.0.9', '10.0.0.1'],
    ['loopback by a header', '1', '10.0.0.1', '127.0.0.1', 'unknown'],
    ['loopback by a header, in IPv6', '1', '10.0.0.1', '::ffff:7f00:1', 'unknown'],
    ['a proxy on this machine, garbage', '1', '127.0.0.1', 'unknown', 'unknown'],
    ['a proxy on this machine, no header', '1', '127.0.0.1', undefined, '127.0.0.1'],
    ['no proxy trusted on this machine, a header', '0', '127.0.0.1', '198.51.100.1', '127.0.0.1'],
    ['an IPv4 address in IPv6 clothes, in hexadecimal', '10.0.0.0/8', '::ffff:a00:1', '198.51.100.1', '198.51.100.1'],
    ['an IPv4 address in IPv6 clothes', '10.0.0.0/8', '::ffff:10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
  ];
  for (const [title, trust, peer, header, expected] of cases)
    test(title, () => assert.equal(clientAddress(peer, header, trusting(trust)), expected));
});

describe('what limits are charged to', () => {
  const cases: [string, string | undefined][] = [
    ['198.51.100.1', '198.51.100.1'],
    ['2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1', 'fe80:0:0:0::/64'],
    ['64:ff9b::198.51.100.1', '198.51.100.1'],
    ['2002:c633:6401:7::1', '198.51.100.1'],
    ['::ffff:c633:6401', '198.51.100.1'],
    ['1:2::3:4:5:198.51.100.1', '1:2:0:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['127.0.0.1', undefined],
    ['::ffff:127.0.0.1', undefined],
    ['0:0:0:0:0:0:0:1', undefined],
    ['::1', undefined],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
  ];
  for (const [address, expected] of cases)
    test(`${address || 'nothing'} -> ${expected}`, () => assert.equal(clientNetwork(address), expected));
});
