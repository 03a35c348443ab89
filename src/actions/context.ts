/** What every action is given. */
import type {
  Accounts,
  AssessRisk,
  Clock,
  Keys,
  Log,
  PasswordHasher,
  PasswordKnowledge,
  Random,
  Settings,
  Work,
} from '../ports.ts';
import type { Store } from '../store/store.ts';

export interface Context {
  store: Store;
  accounts: Accounts;
  hasher: PasswordHasher;
  knowledge: PasswordKnowledge;
  keys: Keys;
  work: Work;
  /** The host's hook, where it has one. */
  risk?: AssessRisk | undefined;
  clock: Clock;
  random: Random;
  log: Log;
  settings: Settings;
}

/** What is known of the request, from the outside only. */
export interface Origin {
  /** BCP 47 tag of the page or app. */
  locale: string;
  /** "Firefox on Windows"; shown in messages and the list of sessions. */
  browser: string;
  /** Client network that limits are charged to, or undefined where one address stands for everybody. */
  source: string | undefined;
  /** The device cookie, or what an app was given in its place. */
  device?: string | undefined;
  /** Asked for by the API, not on a page. */
  byApp?: boolean | undefined;
  /** A solved proof of work. */
  work?: string | undefined;
}
