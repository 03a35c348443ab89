/** Settings of a command: the environment, then `regain.config.ts` beside it; in development also a secret of its own. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, ConfigError, parseConfig, type Settings } from '../config.ts';

const CONFIG_FILES = ['regain.config.ts', 'regain.config.js', 'regain.config.mjs'];
const DEVELOPMENT_SECRET_FILE = '.regain/secret';

/** @throws ConfigError with one line per refused setting */
export async function loadConfig(environment: Record<string, string | undefined>): Promise<Config> {
  const config = parseConfig(environment, await readConfigFile());
  return config.secrets.length > 0 ? config : { ...config, secrets: [developmentSecret()] };
}

async function readConfigFile(): Promise<Settings> {
  const file = CONFIG_FILES.find((name) => existsSync(name));
  if (!file) return {};
  try {
    const module: { default?: Settings } = await import(pathToFileURL(resolve(file)).href);
    return module.default ?? {};
  } catch (error) {
    throw new ConfigError([`${file}: can't be read: ${(error as Error).message}`]);
  }
}

/** Kept beside the database, so that a restart ends no session. Production asks for REGAIN_SECRET instead. */
function developmentSecret(): string {
  if (existsSync(DEVELOPMENT_SECRET_FILE)) return readFileSync(DEVELOPMENT_SECRET_FILE, 'utf8').trim();
  mkdirSync('.regain', { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(DEVELOPMENT_SECRET_FILE, `${secret}\n`, { mode: 0o600 });
  return secret;
}
