import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canBeTexted } from '../../src/rules/text-numbers.ts';

describe('numbers that texts may go to', () => {
  const rows: [string, string, readonly string[] | 'all', boolean][] = [
    ['a number of North America, mobile or not', '+12125550101', ['US'], true],
    ['a personal number, as +15005550006 of Twilio’s test credentials is', '+15005550006', ['US'], false],
    ['a mobile number', '+33612345678', ['FR'], true],
    ['a mobile number of a country that shares its code with another', '+447911123456', ['GB'], false],
    ['the same, where that one is allowed', '+447911123456', ['GG'], true],
    ['a mobile number of another country', '+33612345678', ['US', 'DE'], false],
    ['no country', '+33612345678', [], false],
    ['every country, in development', '+33612345678', 'all', true],
    ['a landline', '+442079460123', ['GB'], false],
    ['a premium number', '+449098790000', ['GB'], false],
    ['a toll-free number', '+18002530000', ['US'], false],
    ['a shared-cost number', '+448431234567', ['GB'], false],
    ['VoIP', '+33912345678', ['FR'], false],
    ['a number of no country', '+883510000000091', 'all', false],
    ['no number', 'jane@example.com', 'all', false],
  ];
  for (const [title, number, countries, expected] of rows)
    test(title, () => assert.equal(canBeTexted(number, countries), expected));
});
