/** The account that a newcomer recovers; development only, made once. */
import type { Context } from '../actions/context.ts';

const DEMO = { identifier: 'demo@shop.example', password: 'sunny harbour walks 42' };

export async function seedDemoAccount(context: Context): Promise<{ identifier: string; password: string }> {
  const address = { kind: 'email', canonical: DEMO.identifier } as const;
  const existing = await context.store.transaction((tx) => context.accounts.findByIdentifier(tx, address));
  if (existing) return DEMO;
  const passwordHash = await context.hasher.hash(DEMO.password);
  const now = context.clock.now();
  await context.store.transaction((tx) =>
    context.accounts.create(
      tx,
      {
        name: 'Demo Shopper',
        birthday: '1990-12-31',
        locale: 'en',
        passwordHash,
        addresses: [{ ...address, value: DEMO.identifier, confirmedAt: now }],
      },
      now,
    ),
  );
  return DEMO;
}
