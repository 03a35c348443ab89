import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatName } from '../../src/rules/chat-names.ts';

test('a name is one line of what can be seen', () => {
  assert.equal(chatName('Jane', 'Doe'), 'Jane Doe');
  assert.equal(chatName('Jane', undefined), 'Jane');
  assert.equal(chatName(' Ja\u202ene\r\nBcc: x ', '\u0000'), 'Jane Bcc: x');
  assert.equal(chatName('Zoë 🦊', null), 'Zoë 🦊');
});

test('a name of nothing is none', () => {
  for (const name of ['', ' \n', '\u200b\u2066', undefined]) assert.equal(chatName(name), null);
});

test('a long name is cut between characters', () => {
  assert.equal(chatName('🦊'.repeat(100)), '🦊'.repeat(64));
});
