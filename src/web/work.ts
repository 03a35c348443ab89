/** The proof of work that the script does where a stranger's budget is spent or the service is busy. */
import { challengeWork } from '../actions/proof-of-work.ts';
import { Refusal } from '../rules/errors.ts';
import { readIdentifier } from '../rules/identifiers.ts';
import { readForm } from './read-body.ts';
import { countryOf } from './request.ts';
import type { Handler } from './routes.ts';

export const challengeWorkFor: Handler = async (web, c) => {
  const form = await readForm(c);
  const read = readIdentifier(form.get('identifier') ?? '', form.get('country') ?? countryOf(web, c));
  if (!read.ok) throw new Refusal('invalid_identifier', { field: 'identifier' });
  return c.json(await challengeWork(web.context, read.identifier));
};
