/** Cookies: opaque, HttpOnly, SameSite=Lax, and with https bound to this very host by the __Host- prefix (STANDARDS R84). */
import type { Context as HttpContext } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { DEVICE_LIFETIME_MS, SESSION_LIFETIME_MS } from '../rules/limits.ts';

export type CookieName = 'recovery' | 'registration' | 'address' | 'link' | 'session' | 'device' | 'locale';

/** What somebody began while he was signed in: it ends with his session, and the next person in the same browser sees nothing of it. */
export const OWNERS_COOKIES = ['address', 'link'] as const satisfies readonly CookieName[];

/** A recovery is over when the browser is closed; the rest lives as long as what it stands for. */
const LIFETIMES_MS: Partial<Record<CookieName, number>> = {
  session: SESSION_LIFETIME_MS,
  device: DEVICE_LIFETIME_MS,
  locale: DEVICE_LIFETIME_MS,
};

export interface Cookies {
  read(c: HttpContext, name: CookieName): string | undefined;
  write(c: HttpContext, name: CookieName, value: string): void;
  forget(c: HttpContext, name: CookieName): void;
}

/** Browsers drop Secure cookies that come over plain http, Safari on localhost too; so development does without. */
export function cookiesFor(origin: string): Cookies {
  const secure = origin.startsWith('https:');
  const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const;
  const full = (name: CookieName): string => `${secure ? '__Host-' : ''}regain-${name}`;
  return {
    read: (c, name) => getCookie(c, full(name)),
    write(c, name, value) {
      const lifetimeMs = LIFETIMES_MS[name];
      setCookie(c, full(name), value, {
        ...attributes,
        ...(lifetimeMs === undefined ? {} : { maxAge: lifetimeMs / 1000 }),
      });
    },
    forget: (c, name) => void deleteCookie(c, full(name), attributes),
  };
}
