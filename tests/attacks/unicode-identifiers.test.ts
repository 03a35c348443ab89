/** One person, one spelling: what is typed names exactly one account or none, and mail goes where the account says. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeIn, NEW_PASSWORD } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`identifiers on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    /** Who got a recovery code since `from` mails had arrived: envelope recipients. */
    const codesTo = async (from: number): Promise<string[]> => {
      await shop.drained();
      return shop.sink.messages
        .slice(from)
        .filter(({ subject }) => /^Reset your/.test(subject))
        .flatMap(({ recipients }) => recipients);
    };

    test('row 4, Keycloak GHSA-cf8f-w2c5-p5jr (CVE-2019-14837): no address is made up, and a made-up one below .invalid is never written to', async () => {
      const placeholder = 'customer-4711@placeholder.invalid';
      const [withPhone, phone] = ['+14155550182', '+14155550183'];
      await shop.someone({ emails: [placeholder], phones: [withPhone] });
      await shop.someone({ emails: [], phones: [phone] });
      const from = shop.sink.messages.length;
      for (const identifier of [placeholder, withPhone, phone, 'nobody@elsewhere.invalid'])
        assert.equal((await shop.post('/recovery', { identifier })).status, 202, 'the answer tells nothing');
      assert.equal((await shop.post('/registration', { identifier: 'new@placeholder.invalid' })).status, 202);
      await shop.drained();
      assert.deepEqual(
        shop.sink.messages.slice(from).map(({ to }) => to),
        [],
      );
      const stored = await shop.sql("select value from addresses where kind = 'email' and value like '%.invalid'");
      assert.deepEqual(stored, [{ value: placeholder }], 'nothing but what was put in');
    });

    test('row 8, Keycloak CVE-2021-3754: an account that is named like a victim’s address takes nothing from him', async () => {
      const victim = await shop.someone();
      const attacker = 'attacker@example.com';
      const { json } = await shop.post('/registration', { identifier: attacker });
      await shop.post('/registration/verify', { token: json.token, code: codeIn(await shop.mail(attacker)) });
      const made = await shop.post('/registration/complete', {
        token: json.token,
        name: victim,
        password: NEW_PASSWORD,
      });
      assert.equal(made.status, 201);
      const from = shop.sink.messages.length;
      await shop.post('/recovery', { identifier: victim });
      assert.deepEqual(await codesTo(from), [victim]);
    });

    test('row 8, Keycloak CVE-2021-3754: what two accounts claim is settled by who confirmed it; what both confirmed names nobody', async () => {
      const victim = await shop.someone({ phones: ['+14155550150'] });
      await shop.someone({ unconfirmed: [victim] });
      const from = shop.sink.messages.length;
      await shop.post('/recovery', { identifier: victim });
      assert.deepEqual(await codesTo(from), [victim]);
      await assert.rejects(shop.someone({ emails: [victim] }), /is taken/);
      await assert.rejects(shop.someone({ emails: [victim.toUpperCase()] }), /is taken/);

      const alone = shop.sink.messages.length;
      await shop.post('/recovery', { identifier: '(415) 555-0150' });
      assert.deepEqual(await codesTo(alone), [victim], 'the number of one account leads to its mailbox');
      await shop.someone({ phones: ['+14155550150'] });
      const shared = shop.sink.messages.length;
      const answer = await shop.post('/recovery', { identifier: '+1 415 555 0150' });
      assert.equal(answer.status, 202);
      assert.deepEqual(await codesTo(shared), [], 'never the first match');
    });

    test('row 31, next-auth GHSA-7rqj-j65f-68wh: spellings of one address reach its account, and the mail goes to the stored one', async () => {
      const stored = 'Jane.Doe@example.com';
      const idn = 'mara@bücher.example.com';
      await shop.someone({ emails: [stored] });
      const kiss = 'Kiss@example.net';
      await shop.someone({ emails: [kiss] });
      await storedAs(shop, idn, 'mara@xn--bcher-kva.example.com');
      for (const [typed, to] of [
        ['jane.doe@example.com', stored],
        ['JANE.DOE@EXAMPLE.COM', stored],
        ['  jane.DOE@ＥＸＡＭＰＬＥ.com ', stored],
        // KELVIN SIGN is the letter K in every normal form of Unicode; the mail goes to the stored K all the same.
        ['\u212aiss@example.net', kiss],
        ['mara@BÜCHER.example.com', idn],
        ['mara@xn--bcher-kva.example.com', idn],
        ['mara@bu\u0308cher.example.com', idn],
      ] as const) {
        const from = shop.sink.messages.length;
        assert.equal((await shop.post('/recovery', { identifier: typed })).status, 202, typed);
        const reached = (await codesTo(from)).map((address) => address.replace('xn--bcher-kva', 'bücher'));
        assert.deepEqual(reached, [to], typed);
      }
    });

    test('row 31, next-auth GHSA-7rqj-j65f-68wh: look-alikes reach nobody’s account: not the owner’s, and not with his code', async () => {
      const owner = await shop.someone({ emails: ['kiss@example.com'] });
      assert.ok(owner);
      const lookAlikes = [
        'kiss＠example.com',
        'kiss﹫example.com',
        'kiss@evil.example＠example.com',
        'kiss@example.com@evil.example',
        'kiss@example.com\u0000@evil.example',
        'kiss@example.com%00@evil.example',
        'kıss@example.com',
        'kİss@example.com',
        'ki\u017f\u017f@example.com',
        'kiß@example.com',
        'k\u0456ss@example.com',
        'ｋiss@example.com',
        'ki\u00adss@example.com',
        'ki\u200bss@example.com',
        'kiss\u202e@example.com',
        'kiss@ex\u0430mple.com',
        'kiss@example.com.evil.example',
        'kiss+x@example.com',
        'kiss.@example.com',
        '"kiss"@example.com',
        'kiss@example.com,evil@evil.example',
        'kiss@example.com evil@evil.example',
        'kiss@example.com\r\nRCPT TO:<evil@evil.example>',
        '<kiss@example.com>',
      ];
      const from = shop.sink.messages.length;
      for (const identifier of lookAlikes) {
        const { status } = await shop.post('/recovery', { identifier });
        assert.ok(status === 400 || status === 202, `${identifier}: ${status}`);
      }
      assert.deepEqual(await codesTo(from), []);
      const others = shop.sink.messages.slice(from).flatMap(({ recipients }) => recipients);
      assert.ok(!others.includes('kiss@example.com'), 'its owner is not even disturbed');
    });
  });

/** An address whose stored spelling differs from the one that is compared. */
async function storedAs(shop: RunningShop, value: string, canonical: string): Promise<void> {
  const email = await shop.someone();
  await shop.sql('update addresses set value = ?, canonical = ? where canonical = ?', value, canonical, email);
}
