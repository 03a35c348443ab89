/**
 * `regain doctor enumerate`: walks through everything that a stranger can ask, with identifiers of every kind, and shows
 * whatever differs from the answers for an identifier that nobody has.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { asksForHelp, tellUsage } from '../help.ts';
import { CALL_OPTIONS, type Installation, namedBy, readInstallation, runCall } from './call.ts';
import { type DoctorClient, openClient } from './client.ts';
import { enumerateReport } from './enumerate-report.ts';
import { SCENARIOS } from './enumerate-scenarios.ts';
import { startScratchWorld } from './enumerate-scratch.ts';
import type { Scenario } from './enumerate-steps.ts';
import { type Walked, type World, walk } from './enumerate-walk.ts';
import { KINDS, type Kind, makeSubjects, type Subject } from './kinds.ts';
import { type RunningInstallation, requireOperator } from './operator.ts';

const USAGE = `Usage:
  regain doctor enumerate [--only WORD] [--mail-delay-ms 0] [--postgres URL]
      walks a scratch installation on this machine, with a clock and a mail server of its own; no message leaves it
  regain doctor enumerate --url URL --identifiers FILE --yes-send-messages [--only WORD] [--pace-ms 250]
      walks your running installation with identifiers of yours, one kind=identifier a line, or
      --identifier known=you@shop.example --identifier unknown=nobody@shop.example ...; real messages go to them,
      and their limits are used up for hours

See docs/how-to/check-an-installation.md.
`;
/** The longest time that a running installation is waited for: "send again" for the first time. */
const LONGEST_WAIT_MS = 35_000;
const LONGEST_MS = 30 * 60_000;

interface Call extends Installation {
  scenarios: Scenario[];
}

interface Walk {
  title: string;
  walked: Walked[];
}

/** @returns 0, or 1 where something differs or the walk failed, or 2 for a wrong call */
export async function runEnumerate(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  const longest = (): number => LONGEST_MS;
  return runCall(
    'enumerate',
    USAGE,
    () => parseCall(args),
    longest,
    async (call, signal) => {
      const walks = call.running ? [await walkRunning(call, environment, signal)] : await walkScratch(call, signal);
      const { text, alike } = enumerateReport(walks);
      process.stdout.write(text);
      return alike ? 0 : 1;
    },
  );
}

function parseCall(args: string[]): Call {
  const { values } = parseArgs({ args, options: CALL_OPTIONS, strict: true, allowPositionals: false });
  return { ...readInstallation(values, []), scenarios: namedBy(values.only, SCENARIOS, 'scenario') };
}

/** With and without a mail to unknown addresses: what becomes of a message is another thing in each. */
async function walkScratch({ scenarios, mailDelayMs, postgresUrl }: Call, signal: AbortSignal): Promise<Walk[]> {
  const walks: Walk[] = [];
  for (const mailUnknownAddresses of [true, false]) {
    // Fresh identifiers for each scenario: none finds the limits of another used up.
    const subjects = scenarios.map(() => KINDS.flatMap((kind) => makeSubjects(kind, 1)));
    const world = await startScratchWorld({
      subjects: subjects.flat(),
      mailDelayMs,
      mailUnknownAddresses,
      postgresUrl,
    });
    try {
      const title = `A scratch installation, ${mailUnknownAddresses ? 'which writes' : 'which does not write'} to unknown addresses`;
      walks.push({ title, walked: await walkAll(world, scenarios, (at) => subjects[at] as Subject[], signal) });
    } finally {
      await world.stop();
    }
  }
  return walks;
}

async function walkRunning(
  { running, scenarios }: Call,
  environment: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Walk> {
  const { origin, subjects, paceMs } = running as RunningInstallation;
  const client = openClient(origin, { signal, paceMs });
  try {
    await requireOperator(client, environment);
    const world = runningWorld(client, signal);
    return { title: origin, walked: await walkAll(world, scenarios, (at) => oneOfEach(subjects, at), signal) };
  } finally {
    client.close();
  }
}

async function walkAll(
  world: World,
  scenarios: readonly Scenario[],
  subjectsFor: (at: number) => Subject[],
  signal: AbortSignal,
): Promise<Walked[]> {
  const walked: Walked[] = [];
  for (const [at, scenario] of scenarios.entries()) {
    signal.throwIfAborted();
    process.stderr.write(`${scenario.name} ...\n`);
    walked.push(await walk(world, scenario, subjectsFor(at)));
  }
  return walked;
}

/** Several identifiers of one kind take their turns, so that the limits of one last longer. */
function oneOfEach(subjects: readonly Subject[], at: number): Subject[] {
  const kinds = new Set(subjects.map(({ kind }) => kind));
  return [...kinds].map((kind: Kind) => {
    const ofKind = subjects.filter((subject) => subject.kind === kind);
    return ofKind[at % ofKind.length] as Subject;
  });
}

function runningWorld(client: DoctorClient, signal: AbortSignal): World {
  return {
    exactTimes: false,
    setProviders: undefined,
    settled: () => Promise.resolve(),
    async ask(ask) {
      const { status, rawHeaders, body } = await client.ask(ask);
      return { status, headers: rawHeaders, body };
    },
    async pass(ms) {
      if (ms > LONGEST_WAIT_MS) return false;
      await pause(ms, undefined, { signal });
      return true;
    },
  };
}
