import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hash as argon2Hash, parseOptions } from '@node-rs/argon2';
import { createHasher, hashConcurrency } from '../../src/passwords/hasher.ts';
import { Refusal } from '../../src/rules/errors.ts';

const hasher = createHasher({ concurrency: 2, queueMax: 100 });

describe('hashing (R59)', () => {
  test('Argon2id, 19 MiB, two passes, one lane, 16 bytes of salt, 32 of tag', async () => {
    const phc = await hasher.hash('kV9#mutQ');
    assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.equal(parseOptions(phc).saltLen, 16);
    assert.equal(parseOptions(phc).outputLen, 32);
  });

  test('the same password never hashes alike', async () => {
    assert.notEqual(await hasher.hash('kV9#mutQ'), await hasher.hash('kV9#mutQ'));
  });

  for (const password of [
    'kV9#mutQ',
    ' spaces at both ends ',
    'пароль з літерами',
    '😀'.repeat(256),
    'a'.repeat(256),
    '\u00e9',
  ])
    test(`opens for itself alone: ${password.slice(0, 24)}`, async () => {
      const phc = await hasher.hash(password);
      assert.deepEqual(await hasher.verify(phc, password), { right: true, outdated: false });
      for (const other of [
        `${password}x`,
        password.slice(0, -1),
        password.trim().toUpperCase(),
        password.normalize('NFD'),
        '',
      ])
        if (other !== password)
          assert.deepEqual(await hasher.verify(phc, other), { right: false, outdated: false }, other);
    });

  test('passwords are hashed as UTF-8', async () => {
    const phc = await argon2Hash(new TextEncoder().encode('пароль 😀'));
    assert.equal((await hasher.verify(phc, 'пароль 😀')).right, true);
  });

  test('a hash below the parameters of today is outdated, one above is not', async () => {
    const made = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };
    const outdatedWith = async (change: object) =>
      await hasher.verify(await argon2Hash('kV9#mutQ', { ...made, ...change }), 'kV9#mutQ');
    for (const change of [
      { memoryCost: 19_455 },
      { timeCost: 1 },
      { outputLen: 16 },
      { salt: Buffer.alloc(8, 1) },
      { version: 0 },
    ])
      assert.deepEqual(await outdatedWith(change), { right: true, outdated: true }, JSON.stringify(change));
    for (const change of [{}, { memoryCost: 20_000 }, { timeCost: 3 }, { parallelism: 2 }])
      assert.deepEqual(await outdatedWith(change), { right: true, outdated: false }, JSON.stringify(change));
  });
});

describe('without a hash', () => {
  test('no password is right', async () => {
    for (const password of ['', 'kV9#mutQ', '\0'])
      assert.deepEqual(await hasher.verify(undefined, password), { right: false, outdated: false });
  });

  test('what is no Argon2id hash opens for nobody, and nothing is thrown', async () => {
    const good = await hasher.hash('kV9#mutQ');
    const unreadable = [
      '',
      'kV9#mutQ',
      '$2b$10$abcdefghijklmnopqrstuuJ1E1J1E1J1E1J1E1J1E1J1E1J1E1J1E',
      good.slice(0, -3),
      good.slice(0, 40),
      `${good}$x`,
      good.replace('m=19456', 'm=99999999999'),
      good.replace('$argon2id$', '$argon2i$'),
      '$argon2id$v=19$m=19456,t=2,p=1$$',
    ];
    for (const phc of unreadable)
      assert.deepEqual(await hasher.verify(phc, 'kV9#mutQ'), { right: false, outdated: false }, phc);
  });

  test('it takes its turn like any other', async () => {
    const single = createHasher({ concurrency: 1, queueMax: 1 });
    const order: string[] = [];
    await Promise.all([
      single.verify(undefined, 'x').then(() => order.push('nothing')),
      single.verify('unreadable', 'x').then(() => order.push('unreadable')),
      assert.rejects(single.verify(undefined, 'x'), Refusal),
    ]);
    assert.deepEqual(order, ['nothing', 'unreadable']);
  });
});

describe('the queue (R61)', () => {
  test('first come, first served, and no more than may wait', async () => {
    const single = createHasher({ concurrency: 1, queueMax: 3 });
    const done: number[] = [];
    const asked = [0, 1, 2, 3, 4, 5].map((turn) => single.hash('kV9#mutQ').then(() => done.push(turn)));
    const settled = await Promise.allSettled(asked);
    assert.deepEqual(done, [0, 1, 2, 3]);
    for (const refused of settled.slice(4)) {
      assert.ok(refused.status === 'rejected' && refused.reason instanceof Refusal);
      assert.equal(refused.reason.code, 'unavailable');
      assert.ok((refused.reason.details.retryAfterSeconds ?? 0) > 0);
    }
    assert.match(await single.hash('kV9#mutQ'), /^\$argon2id/);
  });

  test('as many at once as there are cores', async () => {
    const two = createHasher({ concurrency: 2, queueMax: 0 });
    const settled = await Promise.allSettled([two.hash('a'), two.hash('b'), two.hash('c')]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
  });

  test('a turn is handed on, so that who asks later waits', async () => {
    const single = createHasher({ concurrency: 1, queueMax: 1 });
    const first = single.hash('a');
    const second = single.hash('b');
    await first;
    const third = single.hash('c');
    await assert.rejects(single.hash('d'), Refusal);
    await Promise.all([second, third]);
  });
});

describe('lanes', () => {
  /** One hash at a time, whose first turn is taken until `begin`, so that the others queue up as they are asked for. */
  const lanes = (room: { queueMax: number; strangersMax: number }) => {
    const single = createHasher({ concurrency: 1, ...room });
    const order: string[] = [];
    const busy = single.hash('first');
    const note = (name: string) =>
      [
        () => void order.push(name),
        (error: unknown) => {
          assert.ok(error instanceof Refusal && error.code === 'unavailable');
          order.push(`${name} refused`);
        },
      ] as const;
    const asked: Promise<void>[] = [];
    return {
      single,
      proven: (source: string, name: string) =>
        void asked.push(single.hash('x', { lane: 'proven', source }).then(...note(name))),
      stranger: (source: string, name: string, hash?: string) =>
        void asked.push(single.verify(hash, 'x', { lane: 'stranger', source }).then(...note(name))),
      async done(): Promise<string[]> {
        await busy;
        await Promise.all(asked);
        return order;
      },
    };
  };

  test('the proven go before strangers who came first, and one turn in four is still a stranger’s', async () => {
    const { proven, stranger, done } = lanes({ queueMax: 9, strangersMax: 9 });
    for (const name of ['s1', 's2']) stranger(name, name);
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) proven(name, name);
    assert.deepEqual(await done(), ['p1', 'p2', 'p3', 's1', 'p4', 'p5', 's2']);
  });

  test('sources take turns: one that asks for many waits behind itself', async () => {
    const { stranger, done } = lanes({ queueMax: 9, strangersMax: 9 });
    for (const name of ['a1', 'a2', 'a3']) stranger('a', name);
    for (const name of ['b1', 'c1', 'b2']) stranger(name.charAt(0), name);
    assert.deepEqual(await done(), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  test('a full lane gives up the last of its longest line for a source that has less', async () => {
    const { stranger, done } = lanes({ queueMax: 9, strangersMax: 3 });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1']) stranger(name.charAt(0), name);
    assert.deepEqual(await done(), ['a4 refused', 'a3 refused', 'a2 refused', 'a1', 'b1', 'c1']);
  });

  test('where every source has the same, who comes too late is refused', async () => {
    const { stranger, done } = lanes({ queueMax: 9, strangersMax: 2 });
    for (const name of ['a', 'b', 'c']) stranger(name, name);
    assert.deepEqual(await done(), ['c refused', 'a', 'b']);
  });

  test('strangers fill their own room only; one proof fills its own share only', async () => {
    const { proven, stranger, done } = lanes({ queueMax: 2, strangersMax: 1 });
    stranger('a', 's1');
    stranger('b', 's2');
    for (const name of ['p1', 'p2', 'p3']) proven('one proof', name);
    proven('another', 'q1');
    const order = await done();
    assert.deepEqual(order.slice(0, 3).sort(), ['p2 refused', 'p3 refused', 's2 refused']);
    assert.deepEqual(order.slice(3), ['p1', 'q1', 's1']);
  });

  test('a known and an unknown account wait alike', async () => {
    const hash = await hasher.hash('x');
    const { stranger, done } = lanes({ queueMax: 9, strangersMax: 4 });
    stranger('a', 'known', hash);
    stranger('b', 'unknown');
    stranger('c', 'known too', hash);
    stranger('d', 'unknown too');
    stranger('e', 'late', hash);
    assert.deepEqual(await done(), ['late refused', 'known', 'unknown', 'known too', 'unknown too']);
  });

  test('what can be done another day is done only where nobody else wants a hash', async () => {
    const { single, proven, done } = lanes({ queueMax: 9, strangersMax: 9 });
    proven('p', 'p');
    assert.equal(await single.hashIfIdle('x'), undefined);
    await done();
    assert.match((await single.hashIfIdle('x')) ?? '', /^\$argon2id/);
    assert.match(await single.hash('x'), /^\$argon2id/, 'the core is free again');
  });

  test('a thread of libuv’s four stays free for names and files', () => {
    assert.deepEqual([1, 2, 3, 4, 64].map(hashConcurrency), [1, 2, 3, 3, 3]);
  });
});
