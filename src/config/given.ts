/** What was given, by variable or in a file, and the lines that say what is wrong with it. */
import { SETTINGS, type SettingName, type Settings } from './settings.ts';

export class ConfigError extends Error {
  /** One line per refused setting. */
  readonly lines: string[];
  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

export interface Given {
  /** Trimmed; undefined where nothing was given. */
  text(name: SettingName): string | undefined;
  /** Notes a refused setting: what is wrong, and an example. */
  refuse(name: SettingName, problem: string, example?: string): undefined;
  /** Notes a whole line, from rules that name the setting themselves. */
  refuseLine(line: string): undefined;
  /** @throws ConfigError where anything was refused */
  requireNoneRefused(): void;
}

/** `env` wins over `file`. Names that are no settings are refused, because a mistyped one would be missed by nobody. */
export function readGiven(env: Record<string, string | undefined>, file: Settings): Given {
  const refused: string[] = [];
  for (const key of Object.keys(file))
    if (!(key in SETTINGS) && key !== 'risk')
      refused.push(`regain.config.ts: '${key}' is not a setting; see docs/reference/settings.md`);
  for (const [variable, value] of Object.entries(env))
    if (variable.startsWith('REGAIN_') && !isSetting(variable) && !isOfKubernetes(variable, value))
      refused.push(`${variable}: is not a setting; see docs/reference/settings.md for the list`);
  return {
    text(name) {
      const value = env[SETTINGS[name].variable] ?? file[name];
      const trimmed = value === undefined ? '' : String(value).trim();
      return trimmed === '' ? undefined : trimmed;
    },
    refuse(name, problem, example = SETTINGS[name].example) {
      const { variable } = SETTINGS[name];
      refused.push(`${variable}: ${withoutLogins(problem)}. Example: ${variable}=${example}`);
      return undefined;
    },
    refuseLine: (line) => void refused.push(line),
    requireNoneRefused() {
      if (refused.length > 0) throw new ConfigError(refused);
    },
  };
}

function isSetting(variable: string): boolean {
  return Object.values(SETTINGS).some((setting) => setting.variable === variable);
}

/**
 * Kubernetes tells every container of a namespace where the Service called `regain` is, in variables that nobody set. A
 * `REGAIN_PORT` that names no such place is a mistyped `PORT`.
 */
function isOfKubernetes(variable: string, value: string | undefined): boolean {
  if (variable === 'REGAIN_PORT') return value?.startsWith('tcp://') === true;
  return /^REGAIN_(SERVICE_HOST|SERVICE_PORT(_[A-Z\d_]+)?|PORT_\d+_TCP(_(PROTO|PORT|ADDR))?)$/.test(variable);
}

/** The address of a provider that stands in the wrong setting has a secret in it, and what is refused ends in logs. */
function withoutLogins(problem: string): string {
  return problem.replace(/([a-z][a-z\d+.-]*:\/\/)[^\s']*[@?][^\s']*/gi, '$1…');
}

export function oneOf<T extends string>(value: string, allowed: readonly T[]): T | undefined {
  return allowed.find((item) => item === value);
}

/** @returns `byDefault` where nothing was given, and where what was given is refused */
export function wholeNumber(given: Given, name: SettingName, byDefault: number, least: number, most: number): number {
  const text = given.text(name);
  const value = text === undefined ? byDefault : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  given.refuse(name, `must be a whole number from ${least} to ${most}`);
  return byDefault;
}

/** Enough to catch a mistyped setting; the provider has the last word. */
export function looksLikeAddress(value: string): boolean {
  return /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(value);
}
