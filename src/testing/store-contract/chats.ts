/** Chats that are linked to an account, and the tokens that link them. */
import assert from 'node:assert/strict';
import type { Chat, ChatIds, LinkToken } from '../../store/store.ts';
import type { InStore, InTransaction } from './contract.ts';
import { HOSTILE, NOW } from './rows.ts';

export function chats(inTransaction: InTransaction): void {
  const chat = (change: Partial<Chat> = {}): Chat => ({
    id: 'c',
    accountId: 'a',
    channel: 'telegram',
    chat: '4503599627370495',
    scopedId: null,
    name: 'Jane',
    consentedAt: NOW,
    linkedAt: NOW + 5_000,
    stoppedAt: null,
    ...change,
  });

  const IDS = { chat: '4503599627370495', scopedId: null };

  inTransaction('chats: an account has one for each messenger, and a newer one takes its place', async (tx) => {
    assert.deepEqual(await tx.chats.ofAccount('a'), []);
    await tx.chats.link(chat());
    await tx.chats.link(chat({ id: 'v', channel: 'viber', chat: HOSTILE, scopedId: HOSTILE, name: HOSTILE }));
    await tx.chats.link(chat({ id: 'other', accountId: 'b' }));
    assert.deepEqual(await tx.chats.ofAccount('a'), [
      chat(),
      chat({ id: 'v', channel: 'viber', chat: HOSTILE, scopedId: HOSTILE, name: HOSTILE }),
    ]);
    const newer = chat({ id: 'c2', chat: '7', scopedId: 'US.7', name: null, consentedAt: NOW + 9, linkedAt: NOW + 9 });
    await tx.chats.stop('telegram', IDS, NOW + 1);
    await tx.chats.link(newer);
    assert.deepEqual((await tx.chats.ofAccount('a'))[0], newer);
    assert.deepEqual(await tx.chats.unlink('a', 'telegram'), newer);
    assert.equal(await tx.chats.unlink('a', 'telegram'), undefined);
    assert.equal((await tx.chats.ofAccount('b')).length, 1);
  });

  inTransaction('chats: a stop ends every account of the chat once, and no consent that is younger', async (tx) => {
    await tx.chats.link(chat());
    await tx.chats.link(chat({ id: 'b', accountId: 'b', consentedAt: NOW + 2 }));
    await tx.chats.link(chat({ id: 'd', accountId: 'd', chat: '7' }));
    await tx.chats.link(chat({ id: 'v', accountId: 'd', channel: 'viber' }));
    assert.deepEqual(await tx.chats.stop('telegram', IDS, NOW - 1), []);
    assert.deepEqual(await tx.chats.stop('telegram', IDS, NOW), [chat({ stoppedAt: NOW })]);
    assert.deepEqual(
      (await tx.chats.stop('telegram', IDS, NOW + 3)).map(({ id }) => id),
      ['b'],
    );
    assert.deepEqual(await tx.chats.stop('telegram', IDS, NOW + 4), []);
    assert.deepEqual(await tx.chats.ofAccount('a'), [chat({ stoppedAt: NOW })]);
    assert.deepEqual(
      (await tx.chats.ofAccount('d')).map(({ stoppedAt }) => stoppedAt),
      [null, null],
    );
  });

  inTransaction('chats: a stop finds a chat by either id, whichever of them it is kept as', async (tx) => {
    const BOTH = { chat: '+15550123', scopedId: 'US.1' };
    const stops = async (ids: ChatIds): Promise<string[]> =>
      (await tx.chats.stop('whatsapp', ids, NOW)).map(({ accountId }) => accountId).sort();
    let links = 0;
    const link = (accountId: string, change: Partial<Chat>): Promise<void> => {
      links += 1;
      return tx.chats.link(chat({ id: `${links}`, accountId, channel: 'whatsapp', ...change }));
    };
    const relink = async (): Promise<void> => {
      await link('both', BOTH);
      await link('number', { chat: BOTH.chat });
      await link('hidden', { chat: BOTH.scopedId });
      await link('other', { chat: '+15550124', scopedId: 'US.2' });
      await link('other', { channel: 'viber', ...BOTH });
    };
    await relink();
    assert.deepEqual(await stops({ chat: '+15550125', scopedId: 'US.3' }), []);
    assert.deepEqual(await stops({ chat: BOTH.chat, scopedId: null }), ['both', 'number']);
    await relink();
    assert.deepEqual(await stops({ chat: BOTH.scopedId, scopedId: null }), ['both', 'hidden']);
    await relink();
    assert.deepEqual(await stops({ chat: '+15550777', scopedId: BOTH.scopedId }), ['both', 'hidden']);
    await relink();
    assert.deepEqual(await stops(BOTH), ['both', 'hidden', 'number']);
    assert.deepEqual(await stops(BOTH), []);
  });
}

export function linkTokens(inStore: InStore, inTransaction: InTransaction): void {
  const token = (change: Partial<LinkToken> = {}): LinkToken => ({
    id: 't',
    tokenDigest: 'digest',
    accountId: 'a',
    sessionId: 's',
    channel: 'telegram',
    chat: null,
    scopedId: null,
    name: null,
    offeredAt: null,
    createdAt: NOW,
    expiresAt: NOW + 600_000,
    ...change,
  });
  const offered = { chat: '42', scopedId: HOSTILE, name: HOSTILE, at: NOW + 1 };
  const offer = { chat: '42', scopedId: HOSTILE, name: HOSTILE, offeredAt: NOW + 1 };
  const IDS = { chat: '42', scopedId: null };

  inTransaction('link tokens: the first chat of the right messenger makes the offer, in time', async (tx) => {
    await tx.linkTokens.insert(token());
    assert.equal(await tx.linkTokens.offer('another', 'telegram', offered, NOW), undefined);
    assert.equal(await tx.linkTokens.offer('digest', 'viber', offered, NOW), undefined);
    assert.equal(await tx.linkTokens.offer('digest', 'telegram', offered, NOW + 600_000), undefined);
    assert.deepEqual(await tx.linkTokens.offer('digest', 'telegram', offered, NOW + 599_999), token(offer));
    const other = { ...offered, chat: '43' };
    assert.equal(await tx.linkTokens.offer('digest', 'telegram', other, NOW), undefined);
    assert.deepEqual(await tx.linkTokens.ofSession('s', NOW), [token(offer)]);
    assert.deepEqual(await tx.linkTokens.ofSession('s', NOW + 600_000), []);
    assert.deepEqual(await tx.linkTokens.ofSession('another', NOW), []);
  });

  inTransaction('link tokens: only an offer is taken, in time, by the session that asked', async (tx) => {
    await tx.linkTokens.insert(token());
    assert.equal(await tx.linkTokens.take('t', 's', NOW), undefined);
    await tx.linkTokens.offer('digest', 'telegram', offered, NOW);
    assert.equal(await tx.linkTokens.take('t', 'another', NOW), undefined);
    assert.equal(await tx.linkTokens.take('t', 's', NOW + 600_000), undefined);
    assert.deepEqual(await tx.linkTokens.take('t', 's', NOW), token(offer));
    assert.equal(await tx.linkTokens.take('t', 's', NOW), undefined);
  });

  inStore(
    'link tokens: of many chats that bring one back, and of many that take it, exactly one wins',
    async (store) => {
      await store.transaction((tx) => tx.linkTokens.insert(token()));
      const offers = Array.from({ length: 8 }, (_, at) =>
        store.transaction((tx) => tx.linkTokens.offer('digest', 'telegram', { ...offered, chat: `${at}` }, NOW)),
      );
      assert.equal((await Promise.all(offers)).filter(Boolean).length, 1);
      const takers = Array.from({ length: 8 }, () => store.transaction((tx) => tx.linkTokens.take('t', 's', NOW)));
      assert.equal((await Promise.all(takers)).filter(Boolean).length, 1);
    },
  );

  inTransaction('link tokens: discarded by the session, withdrawn by the chat, purged when they end', async (tx) => {
    await tx.linkTokens.insert(token());
    await tx.linkTokens.insert(token({ id: 'v', tokenDigest: 'viber', channel: 'viber' }));
    await tx.linkTokens.insert(token({ id: 'other', tokenDigest: 'other', sessionId: 'other' }));
    assert.equal(await tx.linkTokens.discard('s', 'telegram'), 1);
    assert.deepEqual(
      (await tx.linkTokens.ofSession('s', NOW)).map(({ id }) => id),
      ['v'],
    );
    await tx.linkTokens.offer('other', 'telegram', offered, NOW);
    assert.equal(await tx.linkTokens.withdraw('telegram', IDS, NOW), 0);
    assert.equal(await tx.linkTokens.withdraw('viber', IDS, NOW + 1), 0);
    assert.equal(await tx.linkTokens.withdraw('telegram', IDS, NOW + 1), 1);
    for (const ids of [
      { chat: HOSTILE, scopedId: null },
      { chat: 'shown since', scopedId: HOSTILE },
    ]) {
      await tx.linkTokens.insert(token({ id: 'other', tokenDigest: 'other', sessionId: 'other' }));
      await tx.linkTokens.offer('other', 'telegram', offered, NOW);
      assert.equal(await tx.linkTokens.withdraw('telegram', ids, NOW + 1), 1);
    }
    assert.equal(await tx.linkTokens.purge(NOW + 599_999), 0);
    assert.equal(await tx.linkTokens.purge(NOW + 600_000), 1);
  });
}
