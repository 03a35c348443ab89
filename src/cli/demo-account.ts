/** The account that a newcomer recovers; development only, made once. */
import type { Context } from '../actions/context.ts';
import type { Address } from '../ports.ts';

/** The number is one of those that are kept free for stories: it rings nowhere. */
const DEMO = { identifier: 'demo@shop.example', phone: '+12125550100', password: 'sunny harbour walks 42' };
export type Demo = typeof DEMO;

export async function seedDemoAccount(context: Context): Promise<Demo> {
  const now = context.clock.now();
  const email: Address = { kind: 'email', canonical: DEMO.identifier, value: DEMO.identifier, confirmedAt: now };
  const phone: Address = { kind: 'phone', canonical: DEMO.phone, value: DEMO.phone, confirmedAt: now };
  const existing = await context.store.transaction((tx) => context.accounts.findByIdentifier(tx, email));
  if (existing) {
    // Of a time when it had none.
    if (!existing.addresses.some(({ kind }) => kind === 'phone'))
      await context.store.transaction((tx) => context.accounts.addAddress(tx, existing, phone, now));
    return DEMO;
  }
  const passwordHash = await context.hasher.hash(DEMO.password);
  const person = { name: 'Demo Shopper', birthday: '1990-12-31', locale: 'en', passwordHash };
  await context.store.transaction((tx) => context.accounts.create(tx, { ...person, addresses: [email, phone] }, now));
  return DEMO;
}
