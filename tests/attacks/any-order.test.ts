/**
 * Random orders of events from several claimants, an attacker and a moving clock, played against the program and an
 * oracle: a password changes only after a matched, unexpired, unspent code of this very recovery (ADVISORIES row 1).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CODE_LADDER,
  CODE_LIFETIME_MS,
  PROOF_LIFETIME_MS,
  TRIES_PER_CODE,
  VERIFIED_LIFETIME_MS,
  WAITED_MS,
} from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD, wrongCode } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

const DAY_MS = 86_400_000;

/** What the oracle knows of one recovery: no more than the rules say in words. */
interface Known {
  token: string;
  email: string;
  /** Codes by the moment at which they die. */
  codes: Map<string, number>;
  /** The newest code, and the one before it where that was still good when the newest was made. */
  living: string[];
  tries: number;
  state: 'asked' | 'proven' | 'done' | 'void';
  provenUntil: number;
}

const event = fc.oneof(
  fc.record({ do: fc.constant('ask' as const), who: fc.nat(1) }),
  fc.record({ do: fc.constant('guess' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('type' as const), which: fc.nat(5), codeOf: fc.nat(5) }),
  fc.record({ do: fc.constant('set' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('send again' as const), which: fc.nat(5) }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(1_000, 31_000, 130_000, 400_000, CODE_LIFETIME_MS),
  }),
  fc.record({ do: fc.constant('sign in' as const), who: fc.nat(1) }),
);

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`any order of events on ${engine}`, () => {
    let program: InProcess;
    let round = 0;
    /** By address, since the last right code. */
    const wrongGuesses = new Map<string, number>();
    const mailsRead = new Map<string, number>();
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());
    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });

    test('the password is only ever the one that a proven recovery set', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 25 }), async (events) => {
          round += 1;
          const people = [`a${round}@example.com`, `b${round}@example.com`];
          const passwords = new Map<string, string>();
          wrongGuesses.clear();
          // What earlier rounds took from the breakers of the whole service comes back.
          await program.advance(DAY_MS);
          for (const email of people) {
            await addPerson(program, { emails: [email] });
            passwords.set(email, OLD_PASSWORD);
          }
          const recoveries: Known[] = [];
          for (const [step, move] of events.entries()) await play(move, step, people, passwords, recoveries);
          for (const email of people) {
            const { status } = await post('/sessions', { identifier: email, password: passwords.get(email) });
            // A budget that is used up says nothing of the password.
            if (status !== 429) assert.equal(status, 201, `the password of ${email} is the expected one`);
          }
        }),
        { numRuns: engine === 'sqlite' ? 40 : 20 },
      );
    });

    async function play(
      move: typeof event extends fc.Arbitrary<infer E> ? E : never,
      step: number,
      people: string[],
      passwords: Map<string, string>,
      recoveries: Known[],
    ): Promise<void> {
      const voidOthers = (email: string, but?: Known): void => {
        for (const other of recoveries)
          if (other !== but && other.email === email && other.state !== 'done') other.state = 'void';
      };
      if (move.do === 'wait') return program.advance(move.ms);
      if (move.do === 'ask') {
        const email = people[move.who] as string;
        const { status, json } = await post('/recovery', { identifier: email });
        if (status === 429) return;
        assert.equal(status, 202);
        const known: Known = {
          token: json.token,
          email,
          codes: new Map(),
          living: [],
          tries: TRIES_PER_CODE,
          state: 'asked',
          provenUntil: 0,
        };
        await learn(known);
        recoveries.push(known);
        return;
      }
      if (move.do === 'sign in') {
        const email = people[move.who] as string;
        const { status } = await post('/sessions', { identifier: email, password: passwords.get(email) });
        if (status === 201) voidOthers(email);
        return;
      }
      const recovery = recoveries[move.which % Math.max(1, recoveries.length)];
      if (!recovery) return;
      if (move.do === 'send again') {
        const { status } = await post('/recovery/resend', { token: recovery.token });
        if (status === 202) {
          assert.equal(recovery.state, 'asked');
          await learn(recovery);
        }
        return;
      }
      if (move.do === 'set') {
        const password = `quiet meadow lantern ${round} ${step}`;
        const { status } = await post('/recovery/password', { token: recovery.token, password });
        const may = recovery.state === 'proven' && program.now() < recovery.provenUntil;
        assert.equal(status, may ? 200 : 404, `setting in state ${recovery.state}`);
        if (!may) return;
        recovery.state = 'done';
        passwords.set(recovery.email, password);
        voidOthers(recovery.email, recovery);
        return;
      }
      const source = move.do === 'type' ? recoveries[move.codeOf % recoveries.length] : recovery;
      const newest = [...(source?.codes.keys() ?? [])].at(-1) as string;
      const typed = move.do === 'type' ? newest : wrongCode(newest);
      const { status, json } = await post('/recovery/verify', { token: recovery.token, code: typed });
      if (status === 200) {
        assert.equal(recovery.state, 'asked');
        assert.ok((recovery.codes.get(typed) ?? 0) > program.now(), 'a living code of this very recovery');
        assert.ok(recovery.tries > 0);
        recovery.state = 'proven';
        recovery.provenUntil = program.now() + VERIFIED_LIFETIME_MS;
        wrongGuesses.delete(recovery.email);
      } else if (json.code === 'wrong_code') {
        assert.equal(json.triesLeft, afterWrongGuess(recovery, typed), 'every compared guess was counted');
        recovery.tries = json.triesLeft;
      } else if (json.code === 'too_many_tries' && recovery.tries > 0) {
        assert.ok(afterWrongGuess(recovery, typed) < 0, 'too short for what was guessed at this address');
        recovery.tries = 0;
      }
    }

    /** Tries that are left for a code of this length: its own, and what all guesses at this address leave. */
    function afterWrongGuess(recovery: Known, typed: string): number {
      const compared = recovery.living.filter(
        (code) => code.length === typed.length && (recovery.codes.get(code) ?? 0) > program.now(),
      );
      const wrong = (wrongGuesses.get(recovery.email) ?? 0) + compared.length;
      wrongGuesses.set(recovery.email, wrong);
      const { diesAfter } = CODE_LADDER.find(({ length }) => length === typed.length)!;
      return Math.min(recovery.tries - 1, diesAfter - wrong);
    }

    /** Reads the newest code of a recovery in the mailbox: the message that came last. */
    async function learn(recovery: Known): Promise<void> {
      const askedAt = program.now();
      const mails = () =>
        program.sink.messages.filter(({ to, subject }) => to === recovery.email && /reset/i.test(subject));
      await program.settled();
      // The budget for asking at once is spent: the message leaves a little later.
      if (mails().length === mailsRead.get(recovery.email)) await program.advance(WAITED_MS);
      const mail = mails().at(-1);
      assert.ok(mail);
      mailsRead.set(recovery.email, mails().length);
      const code = codeIn(mail);
      if (recovery.codes.has(code)) return;
      const [before] = recovery.living.slice(-1);
      const stillGood = before !== undefined && recovery.tries > 0 && (recovery.codes.get(before) ?? 0) > askedAt;
      recovery.living = stillGood ? [before, code] : [code];
      recovery.codes.set(code, askedAt + Math.min(CODE_LIFETIME_MS, PROOF_LIFETIME_MS));
      recovery.tries = TRIES_PER_CODE;
    }
  });
