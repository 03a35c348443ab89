/** The host's risk hook (STANDARDS R17): it raises the bar, says nothing of why, and is asked about decoys as well. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RiskQuestion } from '../../src/ports.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

const OWNER = 'owner@example.com';

describe('a host that knows of risk', () => {
  let program: InProcess;
  const asked: RiskQuestion[] = [];
  let answer: () => Promise<'low' | 'high'>;
  before(async () => {
    const risk = (question: RiskQuestion): Promise<'low' | 'high'> => {
      asked.push(question);
      return answer();
    };
    program = await startInProcess('sqlite', {}, { risk });
    await addPerson(program, { emails: [OWNER] });
  });
  after(() => program.close());
  const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
  const newestMail = (): { text: string } => program.sink.messages.findLast(({ to }) => to === OWNER)!;
  const start = async (identifier: string): Promise<ApiAnswer> => {
    const started = await post('/recovery', { identifier });
    await program.settled();
    return started;
  };
  const status = async (token: string): Promise<unknown> => {
    const { json } = await program.api('GET', '/recovery', { token });
    return { ...json, token: '' };
  };

  test('low: a code as ever', async () => {
    answer = async () => 'low';
    const { json } = await start(OWNER);
    const code = codeIn(newestMail());
    assert.equal((await post('/recovery/verify', { token: json.token, code })).status, 200);
  });

  test('high: a link alone, known and unknown tell the same, and no code opens it', async () => {
    answer = async () => 'high';
    const [known, unknown] = [await start(OWNER), await start('nobody@example.net')];
    assert.throws(() => codeIn(newestMail()));
    assert.match(newestMail().text, /\/recover\/confirm#/);
    assert.deepEqual(await status(known.json.token), await status(unknown.json.token));
    assert.deepEqual(
      asked.slice(-2).map(({ identifier, kind, lane }) => ({ identifier, kind, lane })),
      [
        { identifier: OWNER, kind: 'email', lane: 'stranger' },
        { identifier: 'nobody@example.net', kind: 'email', lane: 'stranger' },
      ],
    );
  });

  test('a hook that fails counts as high, and the operator hears of it', async () => {
    answer = async () => {
      throw new Error('the host is out of order');
    };
    await start(OWNER);
    assert.throws(() => codeIn(newestMail()));
    assert.ok(program.logged.some(({ event }) => event === 'risk-fault'));
  });
});
