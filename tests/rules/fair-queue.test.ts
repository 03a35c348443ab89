import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../src/rules/fair-queue.ts';

function queueOf(...entries: [source: string, item: string][]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const [source, item] of entries) queue.add(source, item);
  return queue;
}

function drained(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.next(); item !== undefined; item = queue.next()) items.push(item);
  return items;
}

test('sources take turns; within a line who came first is first', () => {
  const queue = queueOf(['a', 'a1'], ['a', 'a2'], ['a', 'a3'], ['b', 'b1'], ['c', 'c1'], ['b', 'b2']);
  assert.equal(queue.size, 6);
  assert.equal(queue.lengthOf('a'), 3);
  assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  assert.equal(queue.size, 0);
  assert.equal(queue.lengthOf('a'), 0);
});

test('who comes back stands behind those who wait', () => {
  const queue = queueOf(['a', 'a1'], ['b', 'b1'], ['c', 'c1']);
  assert.equal(queue.next(), 'a1');
  queue.add('a', 'a2');
  assert.deepEqual(drained(queue), ['b1', 'c1', 'a2']);
});

test('the last of the longest line is taken, and only from one longer than that', () => {
  const queue = queueOf(['a', 'a1'], ['b', 'b1'], ['b', 'b2'], ['b', 'b3'], ['a', 'a2']);
  assert.equal(queue.stealLongerThan(3), undefined);
  assert.equal(queue.stealLongerThan(2), 'b3');
  assert.equal(queue.stealLongerThan(2), undefined);
  assert.equal(queue.size, 4);
  assert.deepEqual(drained(queue), ['a1', 'b1', 'a2', 'b2']);
  assert.equal(queue.stealLongerThan(0), undefined);
});
