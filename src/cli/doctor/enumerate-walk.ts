/** Walks scenarios with one identifier of every kind, in step, and compares what each is told with an unknown one. */
import type { Ask } from './client.ts';
import type { Held, Scenario, Step } from './enumerate-steps.ts';
import { differenceOf, type Reply, transcribe } from './enumerate-transcript.ts';
import { type Kind, REFERENCE_OF, type Subject } from './kinds.ts';
import type { Mood } from './mail-server.ts';

/** An installation that can be walked: a scratch one whose clock can be moved, or a running one. */
export interface World {
  exactTimes: boolean;
  ask(ask: Ask): Promise<Reply>;
  /** Lets time pass; false where that much can't be waited for here. */
  pass(ms: number): Promise<boolean>;
  /** What mail server and provider of texts do from now on; undefined where they are not ours. */
  setProviders: ((mood: Mood | 'down') => Promise<void>) | undefined;
  /** The worker has done what was due. */
  settled(): Promise<void>;
}

export interface Difference {
  scenario: string;
  /** Number of the step, from 1, and its name. */
  step: string;
  kind: Kind;
  reference: Kind;
  /** As `differenceOf` gives them. */
  lines: string[];
}

export interface Walked {
  scenario: string;
  kinds: Kind[];
  /** Steps that were walked, of how many. */
  walked: number;
  of: number;
  /** Why the rest was left out. */
  leftOut: string | undefined;
  differences: Difference[];
}

/** @param subjects one of each kind, with those that they are compared with */
export async function walk(world: World, scenario: Scenario, subjects: readonly Subject[]): Promise<Walked> {
  const claimants = subjects.map((subject) => ({ subject, held: newHeld() }));
  const differences: Difference[] = [];
  const { length: of } = scenario.steps;
  const done = (walked: number, leftOut?: string): Walked => {
    const kinds = subjects.map(({ kind }) => kind);
    return { scenario: scenario.name, kinds, walked, of, leftOut, differences };
  };
  for (const [at, step] of scenario.steps.entries()) {
    if ('mail' in step) {
      if (!world.setProviders) return done(at, 'the mail server is not the doctor’s');
      await world.setProviders(step.mail);
    } else if ('passMs' in step) {
      if (!(await world.pass(step.passMs))) return done(at, `${step.name}: too long to wait for`);
    } else {
      const told = await askAll(world, step, claimants);
      differences.push(...compare(told, { scenario: scenario.name, step: `step ${at + 1}, ${step.name}` }, world));
    }
  }
  return done(of);
}

interface Claimant {
  subject: Subject;
  held: Held;
}

function newHeld(): Held {
  return { token: 'x'.repeat(43), code: { format: 'digits', length: 6 }, cookies: new Map(), otherWay: 'email' };
}

async function askAll(
  world: World,
  step: Extract<Step, { ask: unknown }>,
  claimants: readonly Claimant[],
): Promise<Map<Kind, string[]>> {
  const told = new Map<Kind, string[]>();
  for (const { subject, held } of claimants) {
    if (step.onlyFor && !step.onlyFor.includes(subject.kind)) continue;
    const reply = await world.ask(step.ask(subject.identifier, held));
    if (step.unseen) continue;
    keep(reply, held);
    const { exactTimes } = world;
    told.set(subject.kind, transcribe(reply, { identifier: subject.identifier, exactTimes }));
  }
  await world.settled();
  return told;
}

/** As a browser and an app keep them. */
function keep({ headers, body }: Reply, held: Held): void {
  for (const [, line] of headers.filter(([name]) => name === 'set-cookie')) {
    const pair = line.split(';')[0] as string;
    const at = pair.indexOf('=');
    held.cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
  if (!body.startsWith('{')) return;
  const { token, codeFormat, codeLength, channel, channels } = JSON.parse(body) as Record<string, unknown>;
  if (typeof token === 'string') held.token = token;
  if (typeof codeFormat === 'string' && typeof codeLength === 'number')
    held.code = { format: codeFormat, length: codeLength };
  if (Array.isArray(channels)) held.otherWay = channels.find((other) => other !== channel) ?? 'email';
}

function compare(
  told: ReadonlyMap<Kind, string[]>,
  where: Pick<Difference, 'scenario' | 'step'>,
  { exactTimes }: World,
): Difference[] {
  return [...told].flatMap(([kind, lines]) => {
    const reference = REFERENCE_OF[kind];
    const expected = told.get(reference);
    if (kind === reference || expected === undefined) return [];
    const changed = differenceOf(lines, expected, { exactTimes });
    return changed.length === 0 ? [] : [{ ...where, kind, reference, lines: changed }];
  });
}
