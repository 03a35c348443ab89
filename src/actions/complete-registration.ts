/** The last step of registering: the proven address gets an account. */
import { Refusal } from '../rules/errors.ts';
import { NAME_MAX_CHARACTERS } from '../rules/limits.ts';
import { composedName } from '../rules/normal-form.ts';
import { normalizePassword } from '../rules/passwords.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { factsOf, type Profile, requireGoodPassword } from './judge-password.ts';
import { oneAtATime } from './number-holders.ts';

/**
 * @throws Refusal `recovery_not_found`, `invalid_request` for a name or birthday that can't be one, `weak_password`,
 *   `rate_limited`; none of them spends the proof
 */
export async function completeRegistration(
  context: Context,
  token: string,
  person: { name: string; birthday?: string | undefined },
  typed: string,
): Promise<Proof> {
  const profile = readProfile(person, context.clock.now());
  const password = normalizePassword(typed);
  const proven = await context.store.transaction(async (tx) => {
    const found = await findProven(context, tx, token);
    await chargeLimits(tx, { 'judge-password': found.id }, context.clock.now());
    return found;
  });
  await requireGoodPassword(context, password, factsOf(context, proven, profile));
  const passwordHash = await context.hasher.hash(password, { lane: 'proven', source: proven.id });

  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const proof = await findProven(context, tx, token);
    const change = { state: 'completed', completedAt: now } as const;
    if (!(await tx.proofs.transition(proof.id, 'verified', change))) throw new Refusal('recovery_not_found');
    await requireFree(context, tx, proof, now);
    const outcome = await context.accounts.create(
      tx,
      {
        ...profile,
        locale: proof.locale,
        passwordHash,
        addresses: [
          {
            kind: proof.identifierKind,
            value: proof.identifierKind === 'email' ? proof.identifierTyped : proof.identifier,
            canonical: proof.identifier,
            confirmedAt: now,
          },
        ],
      },
      now,
    );
    // Taken since the code was sent: somebody finished a second registration of this very address first.
    if ('taken' in outcome) throw new Refusal('recovery_not_found');
    await tx.audit.append({
      at: now,
      name: 'complete-registration',
      accountId: outcome.created,
      proofId: proof.id,
      detail: { channel: proof.channel, browser: proof.browser },
    });
    return { ...proof, ...change };
  });
}

/** An email address can't be on two accounts. A number can, but nobody registers with one that has an account. */
async function requireFree(context: Context, tx: StoreTransaction, proof: Proof, now: number): Promise<void> {
  if (proof.identifierKind === 'email') return;
  const number = { kind: proof.identifierKind, canonical: proof.identifier };
  await oneAtATime(context, tx, [number], now);
  if ((await context.accounts.findAllByIdentifier(tx, number)).length > 0) throw new Refusal('recovery_not_found');
}

async function findProven(context: Context, tx: StoreTransaction, token: string): Promise<Proof> {
  const proof = await findProof(tx, 'registration', token);
  if (stateAt(proof, context.clock.now()) !== 'verified') throw new Refusal('recovery_not_found');
  return proof;
}

/** @throws Refusal `invalid_request` naming the field */
export function readProfile(person: { name: string; birthday?: string | undefined }, now: number): Profile {
  const name = composedName(person.name);
  if (name === '') throw new Refusal('invalid_request', { field: 'name', detail: 'name: is missing' });
  if (name === undefined || [...name].length > NAME_MAX_CHARACTERS)
    throw new Refusal('invalid_request', { field: 'name', detail: `name: at most ${NAME_MAX_CHARACTERS} characters` });
  if (/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(name))
    throw new Refusal('invalid_request', { field: 'name', detail: 'name: has characters that no name has' });
  const birthday = person.birthday?.trim() || null;
  if (birthday !== null && !isBirthday(birthday, now))
    throw new Refusal('invalid_request', { field: 'birthday', detail: 'birthday: is not a past date like 1990-12-31' });
  return { name, birthday };
}

/** A day that exists, not after today, not more than 130 years ago. */
export function isBirthday(text: string, now: number): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text) return false;
  return at <= now && new Date(now).getUTCFullYear() - Number(text.slice(0, 4)) <= 130;
}
