import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UrlRefused } from '../../src/rules/provider-urls.ts';
import { parseSmsUrl } from '../../src/rules/sms-urls.ts';

const SID = 'AC0123456789abcdef0123456789abcdef';

function refusal(url: string): string {
  try {
    parseSmsUrl(url);
  } catch (error) {
    assert.ok(error instanceof UrlRefused);
    assert.ok(!error.message.includes('\n'));
    assert.doesNotThrow(() => parseSmsUrl(error.example), 'the example is right');
    return error.message;
  }
  return 'accepted';
}

describe('twilio://', () => {
  test('as the design writes it, with the plus sign of the number as it is', () => {
    const expected = {
      provider: 'twilio',
      base: 'https://api.twilio.com',
      account: SID,
      authToken: 'tok:en/1',
      key: undefined,
      sender: { from: '+15005550006' },
    };
    assert.deepEqual(parseSmsUrl(`twilio://${SID}:tok%3Aen%2F1@api.twilio.com?from=+15005550006`), expected);
    assert.deepEqual(parseSmsUrl(`twilio://${SID}:tok%3Aen%2F1@api.twilio.com?from=%2B15005550006`), expected);
  });

  test('a messaging service, an API key, another region', () => {
    const url = `twilio://${SID}:t@api.dublin.ie1.twilio.com?service=MG1&key=SK1&key_secret=s`;
    assert.deepEqual(parseSmsUrl(url), {
      provider: 'twilio',
      base: 'https://api.dublin.ie1.twilio.com',
      account: SID,
      authToken: 't',
      key: { sid: 'SK1', secret: 's' },
      sender: { messagingService: 'MG1' },
    });
  });

  test('another base', () => {
    const parsed = parseSmsUrl(`twilio://${SID}:t@api.twilio.com?from=Shop&api=http://127.0.0.1:4010/twilio/`);
    assert.equal('base' in parsed && parsed.base, 'http://127.0.0.1:4010/twilio');
  });

  const REFUSED: Record<string, RegExp> = {
    'twilio://api.twilio.com?from=Shop': /account SID/,
    'twilio://SK1:t@api.twilio.com?from=Shop': /starts with AC/,
    [`twilio://${SID}@api.twilio.com?from=Shop`]: /auth token/,
    [`twilio://${SID}:t@api.twilio.com`]: /either 'from' or 'service'/,
    [`twilio://${SID}:t@api.twilio.com?from=Shop&service=MG1`]: /either/,
    [`twilio://${SID}:t@api.twilio.com?from=A+name+that+is+long`]: /needs 'from'/,
    [`twilio://${SID}:t@api.twilio.com?from=+0123`]: /needs 'from'/,
    [`twilio://${SID}:t@api.twilio.com?service=XX1`]: /starts with MG/,
    [`twilio://${SID}:t@api.twilio.com?from=Shop&key=SK1`]: /key_secret/,
    [`twilio://${SID}:t@api.twilio.com?form=Shop`]: /unknown parameter 'form'; known are from/,
    [`twilio://${SID}:t@api.twilio.com/v1?from=Shop`]: /path/,
    [`twilio://${SID}:100%@api.twilio.com?from=Shop`]: /%25/,
    [`twilio://${SID}:t@api.twilio.com?from=Shop&api=http://proxy.example`]: /loopback only.*insecure=1/,
    [`twilio://${SID}:t@api.twilio.com?from=Shop&api=ftp://127.0.0.1`]: /https/,
    [`twilio://${SID}:t@api.twilio.com?from=Shop&api=x`]: /'api' is not a URL/,
  };
  for (const [url, problem] of Object.entries(REFUSED))
    test(`${url.slice(0, 20)}... ${problem.source}`, () => {
      assert.match(refusal(url), problem);
      assert.ok(!refusal(url).includes(SID), 'no secret in the message');
    });

  test('plain http on a network of one’s own', () =>
    assert.equal(
      refusal(`twilio://${SID}:t@api.twilio.com?from=Shop&api=http://proxy.example&insecure=1`),
      'accepted',
    ));
});

describe('smpp://', () => {
  test('as the design writes it', () =>
    assert.deepEqual(parseSmsUrl('smpp://user:pass@smsc.example:2775?from=Shop'), {
      provider: 'smpp',
      host: 'smsc.example',
      port: 2775,
      tls: false,
      verify: true,
      systemId: 'user',
      password: 'pass',
      systemType: '',
      from: { address: 'Shop', ton: 5, npi: 0 },
      long: 'udh',
      window: 10,
      enquireEveryMs: 30_000,
    }));

  test('senders by their kind, or as told', () => {
    const from = (query: string): unknown => {
      const parsed = parseSmsUrl(`smpp://u:p@h?${query}`);
      return 'from' in parsed && parsed.from;
    };
    assert.deepEqual(from('from=+15005550006'), { address: '15005550006', ton: 1, npi: 1 });
    assert.deepEqual(from('from=70123'), { address: '70123', ton: 3, npi: 0 });
    assert.deepEqual(from('from=My+Shop'), { address: 'My Shop', ton: 5, npi: 0 });
    assert.deepEqual(from('from=70123&ton=6&npi=1'), { address: '70123', ton: 6, npi: 1 });
  });

  test('TLS, with its own port, another host, and the certificate unchecked only where asked or on loopback', () => {
    const at = (url: string): unknown => {
      const { host, port, tls, verify } = parseSmsUrl(url) as {
        host: string;
        port: number;
        tls: boolean;
        verify: boolean;
      };
      return [host, port, tls, verify];
    };
    assert.deepEqual(at('smpps://u:p@h.example?from=Shop'), ['h.example', 3550, true, true]);
    assert.deepEqual(at('smpps://u:p@h.example?from=Shop&insecure=1'), ['h.example', 3550, true, false]);
    assert.deepEqual(at('smpps://u:p@[::1]:99?from=Shop'), ['::1', 99, true, false]);
    assert.deepEqual(at('smpps://u:p@h.example?from=Shop&api=smpp://127.0.0.1:4012'), [
      '127.0.0.1',
      4012,
      false,
      false,
    ]);
  });

  const REFUSED: Record<string, RegExp> = {
    'smpp://h?from=Shop': /user of 1 to 15/,
    'smpp://a-user-that-is-long:p@h?from=Shop': /user of 1 to 15/,
    'smpp://u:123456789@h?from=Shop': /more than 8/,
    'smpp://u:p@h': /needs 'from'/,
    'smpp://u:p@h?from=Shop&long=both': /udh, sar or payload/,
    'smpp://u:p@h?from=Shop&window=0': /'window' must be a whole number from 1 to 1000/,
    'smpp://u:p@h?from=Shop&enquire=1': /'enquire'/,
    'smpp://u:p@h?from=Shop&ton=x': /'ton'/,
    'smpp://u:p@h?from=Shop&windows=1': /unknown parameter 'windows'/,
    'smpp://u:p@h?from=Shop&api=http://127.0.0.1': /'api'/,
  };
  for (const [url, problem] of Object.entries(REFUSED))
    test(`${url}: ${problem.source}`, () => assert.match(refusal(url), problem));
});

describe('https://', () => {
  test('is posted to without what is ours, the rest byte by byte', () => {
    const parsed = parseSmsUrl('https://sms.shop.example:8443/send?tenant=a%2fb&secret=k%3D1&x=+y&insecure=0');
    assert.deepEqual(parsed, {
      provider: 'webhook',
      url: 'https://sms.shop.example:8443/send?tenant=a%2fb&x=+y',
      secret: 'k=1',
    });
  });

  test('may go to another base', () => {
    const parsed = parseSmsUrl('https://sms.shop.example/send?secret=k&api=http://127.0.0.1:4011');
    assert.equal('url' in parsed && parsed.url, 'http://127.0.0.1:4011/send');
  });

  test('is plain on loopback only', () => {
    assert.equal(refusal('http://127.0.0.1:4011/?secret=k'), 'accepted');
    assert.equal(refusal('http://localhost:4011/?secret=k'), 'accepted');
    assert.match(refusal('http://127.0.0.1.evil.example/?secret=k'), /loopback only/);
    assert.equal(refusal('http://sms.internal/?secret=k&insecure=1'), 'accepted');
  });

  test('needs a key, and no password', () => {
    assert.match(refusal('https://sms.shop.example/send'), /needs 'secret'/);
    assert.match(refusal('https://u:p@sms.shop.example/send?secret=k'), /user or a password/);
  });
});

test('anything else is refused', () => {
  assert.match(refusal('+1 555'), /is not a URL/);
  assert.match(refusal('ftp://x'), /must start with/);
});
