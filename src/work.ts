/** Proof of work by altcha: challenges signed by our keys, solved in the browser, checked without repeating the work. */
import { createChallenge, type Payload, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import type { Keys, Random, Work, WorkChallenge } from './ports.ts';

const ALGORITHM = 'PBKDF2/SHA-256';
/** A payload of the widget has about 700 characters. */
const SOLUTION_MAX_CHARACTERS = 4_000;

export function createWork(keys: Pick<Keys, 'workSecrets'>, random: Pick<Random, 'below'>): Work {
  return {
    async challenge({ subject, iterations, rounds, expiresAt }) {
      const [secret = ''] = keys.workSecrets();
      const challenge = await createChallenge({
        algorithm: ALGORITHM,
        cost: iterations,
        // The solver counts up to this number: `rounds` on average, and nobody is much luckier than that.
        counter: Math.round(rounds / 2) + random.below(rounds),
        deriveKey,
        data: { subject, expiresAt },
        hmacSignatureSecret: secret,
        hmacKeySignatureSecret: secret,
      });
      return challenge as unknown as WorkChallenge;
    },
    async solved(solution, subject, now) {
      const payload = readPayload(solution);
      const { data, nonce } = payload?.challenge?.parameters ?? {};
      // The library asks the machine's clock; ours is handed to us, so the end is a signed field of our own.
      if (!payload || data?.subject !== subject || !(Number(data.expiresAt) > now)) return undefined;
      for (const secret of keys.workSecrets()) if (await isSolved(payload, secret)) return nonce;
      return undefined;
    },
  };
}

/** What the widget sends is base64 of JSON. */
function readPayload(solution: string): Payload | undefined {
  if (solution.length > SOLUTION_MAX_CHARACTERS) return undefined;
  try {
    return JSON.parse(Buffer.from(solution, 'base64').toString()) as Payload;
  } catch {
    // Whatever it was, it is no work; the request goes on without.
    return undefined;
  }
}

async function isSolved({ challenge, solution }: Payload, secret: string): Promise<boolean> {
  try {
    const result = await verifySolution({
      challenge,
      solution,
      deriveKey,
      hmacSignatureSecret: secret,
      hmacKeySignatureSecret: secret,
    });
    return result.verified;
  } catch {
    // The library throws on documents that it did not make.
    return false;
  }
}
